"""Signatures over a single file (``cosign sign-blob``), treated as signatures over its model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mlsec.signing.bundles.bundle import Base64, Bundle, Envelope, EnvelopeSignature
from mlsec.signing.content.signed_content import SignedContent
from mlsec.signing.errors import SigningError
from mlsec.signing.files.hash_plan import HashPlan, Progress
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
    return BlobEnvelope(payload=Base64(), payload_type="", signatures=(signature,))


def file_digests(
    model: Model, bundles: Iterable[Bundle], progress: Progress | None
) -> Mapping[str, bytes]:
    """Hash the one file of a model with each hash that a signature over it names, and SHA-256.

    Raises:
        SigningError: it cannot be read, or changed meanwhile.
    """
    stated = [bundle.message.digest_algorithm for bundle in bundles if bundle.message is not None]
    if not stated:
        return {}
    names = {"sha256", *(_HASHES[name] for name in stated if name in _HASHES)}
    digests: dict[str, bytes] = {}
    with model.opened() as opened:
        states = opened.listing(1).files()
        for name in sorted(names):
            hashed = [*opened.hashed(states, HashPlan(hash_name=name), progress).values()]
            problem = ": ".join(
                text for file in hashed for text in (file.problem, file.detail) if text
            )
            if problem or len(hashed) != 1:
                raise SigningError(
                    f"the file was not hashed: {problem or 'it is not a regular file'}"
                )
            digests[name] = hashed[0].digests[0]
    return digests


def blob_content(model: Model, digests: Mapping[str, bytes]) -> SignedContent:
    """Return what a good signature over the file says: this one file, under its name here."""
    entry = Entry(path=model.name, digest=digests["sha256"])
    manifest = Manifest(serialization=Serialization(), entries=(entry,), is_sorted=True)
    return SignedContent(model_name="", predicate_type="", manifest=manifest)
