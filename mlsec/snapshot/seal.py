"""The seal of a snapshot: one digest over its sorted rows, and the check that it still holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

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


def check_seal(meta: Mapping[str, str], calls: Iterable[Call], location: str) -> None:
    """Check that the rows are those that the snapshot was finished with.

    Raises:
        MlsecError: they were changed, added or taken away.
    """
    if seal_of(meta, calls) != meta.get("seal"):
        raise MlsecError(
            "the seal does not hold: rows were changed, added or taken away", location=location
        )


def _add(digest: hashlib._Hash, parts: tuple[str, ...]) -> None:
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(raw) + raw)
    digest.update(b"\n")
