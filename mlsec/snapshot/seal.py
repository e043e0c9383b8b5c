"""The seal of a snapshot: one digest over its sorted rows, and the check that it still holds."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping

from mlsec.core.errors import MlsecError
from mlsec.snapshot.records import Call


def seal_of(meta: Mapping[str, str], clock: Mapping[str, str], calls: Iterable[Call]) -> str:
    """Digest all that a snapshot holds: facts, times, host and user, calls with their times."""
    digest = hashlib.sha256(b"mlsnap/2\n")
    for table, pairs in (("meta", meta), ("clock", clock)):
        for key, value in sorted(pairs.items()):
            if key != "seal":
                _add(digest, (table, key, value))
    for call in sorted(calls, key=lambda call: call.lasting()):
        times = (call.started_at, str(call.took_ms), str(call.attempts))
        _add(digest, ("call", *call.lasting(), *times))
    return digest.hexdigest()


def content_digest(meta: Mapping[str, str], calls: Iterable[Call]) -> str:
    """Digest what was asked and answered, times aside: equal for two looks at an equal world."""
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


def check_seal(
    meta: Mapping[str, str], clock: Mapping[str, str], calls: Collection[Call], location: str
) -> None:
    """Check that the rows are those that the snapshot was finished with.

    Raises:
        MlsecError: rows were changed, added or taken away.
    """
    if seal_of(meta, clock, calls) != meta.get("seal"):
        raise MlsecError(
            "the seal does not hold: rows were changed, added or taken away", location=location
        )


def _add(digest: hashlib._Hash, parts: tuple[str, ...]) -> None:
    # One update for a row: a snapshot of an organisation has millions of parts.
    raw = [part.encode("utf-8", "surrogatepass") for part in parts]
    digest.update(b"".join([b"%d:%b" % (len(part), part) for part in raw]) + b"\n")
