"""The seal of a snapshot: one digest over its sorted rows, and the check that it still holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from mlsec.core.errors import MlsecError
from mlsec.snapshot.records import Call


def seal_of(meta: Mapping[str, str], calls: Iterable[Call]) -> str:
    """Digest the lasting facts and every call with its payload's digest; times are left out."""
    digest = hashlib.sha256(b"mlsnap/1\n")
    for key, value in sorted(meta.items()):
        if key != "seal":
            _add(digest, ("meta", key, value))
    for row in sorted(call.lasting() for call in calls):
        _add(digest, ("call", *row))
    return digest.hexdigest()


def digest_of(body: bytes) -> str:
    """Name a payload by its content."""
    return hashlib.sha256(body).hexdigest()


class Sealed(Protocol):
    """What verify needs of a snapshot."""

    path: Path

    def meta(self) -> dict[str, str]:
        """Give the lasting facts."""

    def calls(self) -> Iterator[Call]:
        """Give every call."""

    def payload_bytes(self, digest: str) -> bytes:
        """Give one payload."""


def verify(snapshot: Sealed) -> None:
    """Check that nothing is missing and nothing was changed since the snapshot was finished.

    Raises:
        MlsecError: the seal does not hold, or a payload is not what its digest says.
    """
    meta, calls, location = snapshot.meta(), list(snapshot.calls()), str(snapshot.path)
    if seal_of(meta, calls) != meta.get("seal"):
        raise MlsecError(
            "the seal does not hold: rows were changed, added or taken away", location=location
        )
    for digest in sorted({call.payload for call in calls if call.payload}):
        if digest_of(snapshot.payload_bytes(digest)) != digest:
            raise MlsecError(
                f"payload {digest[:12]} was changed after collection", location=location
            )


def _add(digest: hashlib._Hash, parts: tuple[str, ...]) -> None:
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(raw) + raw)
    digest.update(b"\n")
