"""Signatures over one file as it is (``cosign sign-blob``), taken as over a model of that file."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.signing.bundles.bundle import Bundle, Envelope, EnvelopeSignature
from mlsec.signing.content.signed_content import SignedContent
from mlsec.signing.errors import SigningError
from mlsec.signing.files.hash_files import Progress
from mlsec.signing.files.hash_plan import HashedFile, HashPlan
from mlsec.signing.manifests.manifest import Entry, Manifest
from mlsec.signing.manifests.serialization import Serialization
from mlsec.signing.models.model import Model

_HASHES = {"": "sha256", "SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}


class BlobEnvelope(Envelope, frozen=True, kw_only=True):
    """Stands in for the envelope that a signature over a blob does not have.

    A class of its own: no document, whatever it holds, can be taken for one.
    """


def blob_envelope(bundle: Bundle, model: Model) -> BlobEnvelope:
    """Make the stand-in for a bundle over a blob.

    Raises:
        SigningError: the model is a folder, which no such signature can be over.
    """
    if bundle.message is None or model.is_folder:
        raise SigningError("the bundle signs a single blob, not a model's files")
    signature = EnvelopeSignature(signature=bundle.message.signature)
    return BlobEnvelope(payload=b"", payload_type="", signatures=(signature,))


def file_digests(
    model: Model, bundles: list[Bundle], progress: Progress | None
) -> Mapping[str, bytes]:
    """Hash the one file of a model with each hash that a signature over it names, and SHA-256.

    Raises:
        SigningError: it cannot be read, or changed meanwhile.
    """
    stated = [one.message.digest_algorithm for one in bundles if one.message is not None]
    if not stated:
        return {}
    names = {"sha256", *(_HASHES[one] for one in stated if one in _HASHES)}
    found: dict[str, bytes] = {}
    with model.opened() as files:
        stamps = files.listing(1).files()
        for name in sorted(names):
            (hashed,) = files.hashed(stamps, HashPlan(hash_name=name), progress).values() or (None,)
            if hashed is None or hashed.problem:
                raise SigningError(f"the file was not hashed: {hashed and _why(hashed)}")
            found[name] = hashed.digests[0]
    return found


def _why(hashed: HashedFile) -> str:
    return ": ".join(part for part in (hashed.problem, hashed.detail) if part)


def blob_content(model: Model, digests: Mapping[str, bytes]) -> SignedContent:
    """What a good signature over the file says: this one file, under its name here."""
    entry = Entry(path=model.name, digest=digests["sha256"])
    manifest = Manifest(serialization=Serialization(), entries=(entry,), is_sorted=True)
    return SignedContent(model_name="", predicate_type="", manifest=manifest)
