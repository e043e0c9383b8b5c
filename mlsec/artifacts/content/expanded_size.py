"""Declared sizes: a loader that allocates what exceeds memory fails."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity

# Two terabytes in half precision; the largest tables of words that models have are some billions
# of elements, hundreds of times less.
MOST_ELEMENTS = 1 << 40
# Below this size a file that declares more than it holds is harmless.
LEAST_BYTES = 4 << 30
# Numbers that were never written are filled in by the reader: up to this factor is normal.
TIMES_STORED = 1_000
MOST_AXES = 64


def elements(shape: Sequence[int | float]) -> int | float:
    """How many elements a shape gives, of axes whose length is known."""
    return math.prod(shape[:MOST_AXES])


def note_shape(
    record: Recorder, shape: Sequence[int | float], what: str, *, offset: int = -1
) -> bool:
    """Note a shape of more elements than can be meant; gives whether it is one."""
    count = elements(shape)
    if count <= MOST_ELEMENTS:
        return False
    said = " x ".join(str(axis)[:30] for axis in shape[:8])
    detail = f"{what} declares {said} elements, for which no memory has room"
    record.fact(FactKind.BOMB, what[:200], detail, offset=offset, danger=Severity.MEDIUM)
    return True


def note_unstored(
    record: Recorder, declared_bytes: int, stored_bytes: int, what: str, *, offset: int = -1
) -> None:
    """Note data of which the file holds next to nothing, though a reader makes room for all."""
    if declared_bytes > LEAST_BYTES and declared_bytes > TIMES_STORED * stored_bytes:
        detail = f"{what} declares {declared_bytes} bytes, of which {stored_bytes} are in the file"
        record.fact(FactKind.BOMB, what[:200], detail, offset=offset, danger=Severity.MEDIUM)
