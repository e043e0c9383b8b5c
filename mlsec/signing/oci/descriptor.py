"""OCI descriptors: which content, by its digest, size and type."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from mlsec.signing.encodings.json_fields import JsonFields
from mlsec.signing.errors import MalformedError, UnsupportedError

_DIGEST = re.compile(r"(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\Z")


class Descriptor(msgspec.Struct, frozen=True, kw_only=True):
    """What a manifest or signature points to; ``digest`` is ``sha256:`` or ``sha512:`` and hex."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = {}
    artifact_type: str = ""

    @property
    def algorithm(self) -> str:
        """``sha256`` or ``sha512``."""
        return self.digest.partition(":")[0]

    @property
    def path(self) -> str:
        """Where an image layout keeps the content."""
        return f"blobs/{self.digest.replace(':', '/')}"


def read_descriptor(fields: JsonFields) -> Descriptor:
    """Read a descriptor.

    Raises:
        MalformedError: a field is missing or of another type, or the digest is not lower-case hex.
        UnsupportedError: a digest that is neither SHA-256 nor SHA-512.
    """
    digest = fields.text("digest")
    if not _DIGEST.match(digest):
        kind = digest.partition(":")[0]
        if kind not in ("sha256", "sha512"):
            raise UnsupportedError(f"{fields.where} names content by {kind[:40]}, not by SHA-2")
        raise MalformedError(f"{fields.where}.digest is not a digest in lower-case hex")
    annotations = fields.object("annotations") if fields.has("annotations") else None
    return Descriptor(
        media_type=fields.text("mediaType"),
        digest=digest,
        size=fields.number("size"),
        annotations=(
            {name: annotations.text_or(name) for name in sorted(annotations.names())}
            if annotations
            else {}
        ),
        artifact_type=fields.text_or("artifactType"),
    )
