"""An OCI image layout on disk: its manifests, and the signatures that lie among them."""

from __future__ import annotations

import enum
import hashlib
import re
from collections.abc import Iterator, Mapping

import msgspec

from mlsec.signing.encodings.json_fields import JsonFields, read_json
from mlsec.signing.encodings.strict_json import JsonLimits
from mlsec.signing.errors import MalformedError, OverLimitError
from mlsec.signing.models.model import ModelFiles
from mlsec.signing.oci.descriptor import Descriptor, read_descriptor

MAX_MANIFESTS = 1000
MAX_MANIFEST_BYTES = 4 << 20
MAX_SIGNATURE_BYTES = 16 << 20
MAX_LAYERS = 10_000
MAX_DEPTH = 4
_LIMITS = JsonLimits(size_bytes=MAX_MANIFEST_BYTES, depth=24, values=200_000)
_INDEXES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
_MANIFESTS = frozenset(
    {
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.artifact.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    }
)
_NAMES = ("org.opencontainers.image.ref.name", "io.containerd.image.name")
_SIGNATURE_TAG = re.compile(r"(?:\A|:)sha256-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?\Z")
_NOTARY = "application/vnd.cncf.notary.signature"
_SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
_ENVELOPE = "application/vnd.dsse.envelope.v1+json"
_BUNDLE = "application/vnd.dev.sigstore.bundle"


class SignatureForm(enum.Enum):
    """How a signature in a layout is written.

    cosign's older attestations are recognised, but not read.
    """

    NOTARY = "notary"
    COSIGN = "cosign"
    BUNDLE = "bundle"
    ATTESTATION = "attestation"


class OciManifest(msgspec.Struct, frozen=True, kw_only=True):
    """One manifest or index: its descriptor and everything that it points to directly."""

    descriptor: Descriptor
    content: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    artifact_type: str = ""
    is_index: bool = False


class OciSignature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature: its form, the layer that holds it, and which artifact it is filed under.

    ``subject`` is the digest that the manifest refers to, "" where only the payload says.
    """

    form: SignatureForm
    layer: Descriptor
    subject: str = ""


class OciLayout(msgspec.Struct, frozen=True, kw_only=True):
    """A layout as read. ``artifacts`` are what the index offers, but for signatures;
    ``manifests`` all that can be reached, by digest.
    """

    artifacts: tuple[Descriptor, ...]
    manifests: Mapping[str, OciManifest]
    signatures: tuple[OciSignature, ...]

    def reached_from(self, artifact: Descriptor) -> dict[str, Descriptor]:
        """Return everything that an artifact vouches for by digest, itself included."""
        reached: dict[str, Descriptor] = {}
        waiting = [artifact]
        while waiting:
            descriptor = waiting.pop()
            if descriptor.digest not in reached:
                reached[descriptor.digest] = descriptor
                manifest = self.manifests.get(descriptor.digest)
                waiting.extend(manifest.content if manifest else ())
        return reached


def read_blob(opened: ModelFiles, descriptor: Descriptor, at_most: int) -> bytes:
    """Read content and compare it with its digest.

    Raises:
        UnreadError: the store does not give it now.
        SigningError: not there, a link, over ``at_most``, or other content than the digest's.
    """
    if descriptor.size > at_most:
        raise OverLimitError(f"{descriptor.digest} is larger than {at_most} bytes")
    data = opened.read(descriptor.path, descriptor.size + 1)
    actual = hashlib.new(descriptor.algorithm, data).hexdigest()
    if len(data) != descriptor.size or actual != descriptor.digest.partition(":")[2]:
        raise MalformedError(f"{descriptor.path} does not hold what its name says")
    return data


def read_layout(opened: ModelFiles) -> OciLayout:
    """Read the index and every manifest that it leads to.

    Raises:
        SigningError: no layout of version 1, a manifest that cannot be read or is not what its
            digest says, or a cap was reached.
    """
    if _read(opened, "oci-layout", 4096).text("imageLayoutVersion") != "1.0.0":
        raise MalformedError("the image layout is of another version than 1.0.0")
    listed = _descriptors(_read(opened, "index.json", MAX_MANIFEST_BYTES), "manifests")
    manifests: dict[str, OciManifest] = {}
    for descriptor in listed:
        _collect(opened, descriptor, manifests, 1)
    named = {descriptor.digest for descriptor in listed if _has_name(descriptor)}
    filed = {digest for digest, manifest in manifests.items() if _form(manifest)} - named
    artifacts = {
        descriptor.digest: descriptor
        for descriptor in listed
        if descriptor.digest not in filed
        and not _lists_signatures(manifests.get(descriptor.digest), filed)
    }
    return OciLayout(
        artifacts=tuple(artifacts.values()),
        manifests=manifests,
        signatures=tuple(
            signature for manifest in manifests.values() for signature in _signatures(manifest)
        ),
    )


def _read(opened: ModelFiles, path: str, at_most: int) -> JsonFields:
    data = opened.read(path, at_most + 1)
    if len(data) > at_most:
        raise OverLimitError(f"{path} is larger than {at_most} bytes")
    return read_json(data, path, _LIMITS)


def _descriptors(document: JsonFields, name: str) -> tuple[Descriptor, ...]:
    at_most = MAX_MANIFESTS if name == "manifests" else MAX_LAYERS
    return tuple(read_descriptor(descriptor) for descriptor in document.objects(name, at_most))


def _collect(
    opened: ModelFiles, descriptor: Descriptor, manifests: dict[str, OciManifest], depth: int
) -> None:
    if descriptor.digest in manifests:
        return
    if len(manifests) >= MAX_MANIFESTS or depth > MAX_DEPTH:
        raise OverLimitError(f"more than {MAX_MANIFESTS} manifests, or nested too deep")
    if descriptor.media_type not in _INDEXES | _MANIFESTS:
        return
    data = read_blob(opened, descriptor, MAX_MANIFEST_BYTES)
    manifest = _manifest(descriptor, read_json(data, "manifest", _LIMITS))
    manifests[descriptor.digest] = manifest
    for listed in manifest.content if manifest.is_index else ():
        _collect(opened, listed, manifests, depth + 1)


def _manifest(descriptor: Descriptor, document: JsonFields) -> OciManifest:
    # A document that could be taken for either kind is how CVE-2021-41190 confused clients.
    is_index = descriptor.media_type in _INDEXES
    media_type = document.text_or("mediaType", descriptor.media_type)
    if media_type != descriptor.media_type or document.has("manifests") is not is_index:
        raise MalformedError("a manifest is of another kind than its descriptor says")
    subject = read_descriptor(document.object("subject")) if document.has("subject") else None
    config = read_descriptor(document.object("config")) if document.has("config") else None
    if is_index:
        content = _descriptors(document, "manifests")
    else:
        layers = _descriptors(document, "layers" if document.has("layers") else "blobs")
        content = (config, *layers) if config else layers
    config_type = config.media_type if config and not is_index else ""
    return OciManifest(
        descriptor=descriptor,
        content=content,
        subject=subject,
        artifact_type=document.text_or("artifactType", config_type),
        is_index=is_index,
    )


def _form(manifest: OciManifest) -> SignatureForm | None:
    """Return the form of the signatures that a manifest holds, None for other content."""
    if manifest.is_index:
        return None
    if manifest.artifact_type == _NOTARY:
        return SignatureForm.NOTARY
    if manifest.artifact_type.startswith(_BUNDLE):
        return SignatureForm.BUNDLE
    media_types = {descriptor.media_type for descriptor in manifest.content}
    if _SIMPLE_SIGNING in media_types:
        return SignatureForm.COSIGN
    return SignatureForm.ATTESTATION if _ENVELOPE in media_types else None


def _lists_signatures(manifest: OciManifest | None, filed: set[str]) -> bool:
    """Whether an index lists only signatures (the referrers of some artifact)."""
    if manifest is None or not manifest.is_index or not manifest.content:
        return False
    return all(descriptor.digest in filed for descriptor in manifest.content)


def _has_name(descriptor: Descriptor) -> bool:
    """Whether a client could ask for this under a name, other than the tags that signatures have.

    What can be pulled by name is an artifact, whatever it says of itself.
    """
    names = [descriptor.annotations.get(key, "") for key in _NAMES]
    return any(name and not _SIGNATURE_TAG.search(name) for name in names)


def _signatures(manifest: OciManifest) -> Iterator[OciSignature]:
    form = _form(manifest)
    subject = manifest.subject.digest if manifest.subject else ""
    for descriptor in manifest.content if form else ():
        media_type = descriptor.media_type
        match form:
            case SignatureForm.NOTARY:
                is_signature = "jose" in media_type or "cose" in media_type
            case SignatureForm.BUNDLE:
                is_signature = media_type.startswith(_BUNDLE)
            case SignatureForm.COSIGN:
                is_signature = media_type == _SIMPLE_SIGNING
            case _:
                is_signature = False
        if form and is_signature:
            yield OciSignature(form=form, layer=descriptor, subject=subject)
