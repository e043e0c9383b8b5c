"""A stored answer as the value that was kept, whoever wrote the snapshot."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible
from mlsec.snapshot.records import Call
from mlsec.snapshot.store import Snapshot

T = TypeVar("T")


def answer_of(snapshot: Snapshot, call: Call, kind: type[T]) -> T:
    """Give the answer of a call.

    Raises:
        MlsecError: it has none, or the evidence is damaged.
    """
    try:
        return msgspec.json.decode(snapshot.payload_bytes(call.payload), type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        asked = f"{call.service}:{call.operation} {call.params}"
        raise MlsecError(
            f"the evidence of {visible(asked, 200)} is damaged: {error}",
            location=str(snapshot.path),
        ) from None
