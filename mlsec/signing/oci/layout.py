"""An OCI image layout on disk: its manifests, and the signatures that lie among them."""

from __future__ import annotations

import enum
import hashlib
import re
from collections.abc import Iterator, Mapping

import msgspec

from mlsec.signing.encodings.json_fields import JsonFields
from mlsec.signing.encodings.strict_json import JsonLimits, loads
from mlsec.signing.errors import MalformedError, OverLimitError
from mlsec.signing.models.model import Model, ModelFiles
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

    cosign's older attestations are told from content, and not read.
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
        """Everything that an artifact vouches for by digest, itself included; by digest."""
        found: dict[str, Descriptor] = {}
        waiting = [artifact]
        while waiting:
            each = waiting.pop()
            if each.digest not in found:
                found[each.digest] = each
                manifest = self.manifests.get(each.digest)
                waiting.extend(manifest.content if manifest else ())
        return found


def is_layout(model: Model) -> bool:
    """Say whether a folder is an OCI image layout."""
    return model.has("oci-layout") and model.has("index.json")


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
    marker = JsonFields(
        loads(_capped(opened, "oci-layout", 4096), "oci-layout", _LIMITS), "oci-layout"
    )
    if marker.text("imageLayoutVersion") != "1.0.0":
        raise MalformedError("the image layout is of another version than 1.0.0")
    data = _capped(opened, "index.json", MAX_MANIFEST_BYTES)
    listed = _index(JsonFields(loads(data, "index.json", _LIMITS), "index.json"))
    manifests: dict[str, OciManifest] = {}
    for each in listed:
        _collect(opened, each, manifests, 1)
    signatures = tuple(one for each in manifests.values() for one in _signatures(each))
    called = {each.digest for each in listed if _is_called(each)}
    filed = {each.descriptor.digest for each in manifests.values() if _form(each)} - called
    offered = {
        each.digest: each
        for each in listed
        if each.digest not in filed and not _is_of_signatures(manifests.get(each.digest), filed)
    }
    return OciLayout(artifacts=tuple(offered.values()), manifests=manifests, signatures=signatures)


def _capped(opened: ModelFiles, path: str, at_most: int) -> bytes:
    data = opened.read(path, at_most + 1)
    if len(data) > at_most:
        raise OverLimitError(f"{path} is larger than {at_most} bytes")
    return data


def _index(index: JsonFields) -> tuple[Descriptor, ...]:
    return tuple(read_descriptor(each) for each in index.objects("manifests", MAX_MANIFESTS))


def _collect(
    opened: ModelFiles, descriptor: Descriptor, found: dict[str, OciManifest], depth: int
) -> None:
    if descriptor.digest in found:
        return
    if len(found) >= MAX_MANIFESTS or depth > MAX_DEPTH:
        raise OverLimitError(f"more than {MAX_MANIFESTS} manifests, or nested too deep")
    if descriptor.media_type not in _INDEXES | _MANIFESTS:
        return
    data = read_blob(opened, descriptor, MAX_MANIFEST_BYTES)
    manifest = _manifest(descriptor, JsonFields(loads(data, "manifest", _LIMITS), "manifest"))
    found[descriptor.digest] = manifest
    for each in manifest.content if manifest.is_index else ():
        _collect(opened, each, found, depth + 1)


def _manifest(descriptor: Descriptor, found: JsonFields) -> OciManifest:
    # A document that could be taken for either kind is how CVE-2021-41190 confused clients.
    is_index = descriptor.media_type in _INDEXES
    kind = found.text_or("mediaType", descriptor.media_type)
    if kind != descriptor.media_type or found.has("manifests") is not is_index:
        raise MalformedError("a manifest is of another kind than its descriptor says")
    subject = read_descriptor(found.object("subject")) if found.has("subject") else None
    config = read_descriptor(found.object("config")) if found.has("config") else None
    if is_index:
        content = _index(found)
    else:
        name = "layers" if found.has("layers") else "blobs"
        layers = tuple(read_descriptor(each) for each in found.objects(name, MAX_LAYERS))
        content = (config, *layers) if config else layers
    usual = config.media_type if config and not is_index else ""
    return OciManifest(
        descriptor=descriptor,
        content=content,
        subject=subject,
        artifact_type=found.text_or("artifactType", usual),
        is_index=is_index,
    )


def _form(manifest: OciManifest) -> SignatureForm | None:
    """Tell a manifest of signatures from one of content, by its own words."""
    if manifest.is_index:
        return None
    if manifest.artifact_type == _NOTARY:
        return SignatureForm.NOTARY
    if manifest.artifact_type.startswith(_BUNDLE):
        return SignatureForm.BUNDLE
    kinds = {each.media_type for each in manifest.content}
    if _SIMPLE_SIGNING in kinds:
        return SignatureForm.COSIGN
    return SignatureForm.ATTESTATION if _ENVELOPE in kinds else None


def _is_of_signatures(manifest: OciManifest | None, filed: set[str]) -> bool:
    """Whether an index lists only signatures (the referrers of some artifact)."""
    if manifest is None or not manifest.is_index or not manifest.content:
        return False
    return all(each.digest in filed for each in manifest.content)


def _is_called(descriptor: Descriptor) -> bool:
    """Whether a client could ask for this under a name, other than the tags that signatures have.

    What can be pulled by name is an artifact, whatever it says of itself.
    """
    names = [descriptor.annotations.get(key, "") for key in _NAMES]
    return any(name and not _SIGNATURE_TAG.search(name) for name in names)


def _signatures(manifest: OciManifest) -> Iterator[OciSignature]:
    form = _form(manifest)
    if form is None:
        return
    subject = manifest.subject.digest if manifest.subject else ""
    for each in manifest.content:
        is_one = {
            SignatureForm.NOTARY: "jose" in each.media_type or "cose" in each.media_type,
            SignatureForm.BUNDLE: each.media_type.startswith(_BUNDLE),
            SignatureForm.COSIGN: each.media_type == _SIMPLE_SIGNING,
            SignatureForm.ATTESTATION: False,
        }[form]
        if is_one:
            yield OciSignature(form=form, layer=each, subject=subject)
