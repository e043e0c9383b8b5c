"""Compressed streams as windows: read forward, held in memory only up to a cap."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import msgspec

from mlsec.artifacts.bytes.window import MemorySource, Window
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.limits import Budget
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity

# How much earlier than the last read a streamed source still remembers.
KEPT_BYTES = 1 << 20
# How much of the end is kept: many formats are recognised, or begin to be read, from there.
TAIL_BYTES = 80 << 10
# Arrays of zeros pack a thousandfold and are honest; their shape accounts for each byte. A pickle
# of joblib's says in its first bytes that raw arrays lie between its opcodes.
ARRAY = b"\x93NUMPY"
ARRAYS = re.compile(rb"\x80[\x02-\x05].{0,4000}?NumpyArrayWrapper", re.DOTALL)


class Stream(Protocol):
    """Compressed bytes read forward. ``consumed`` counts the packed bytes used so far."""

    @property
    def consumed(self) -> int: ...

    def next(self) -> bytes:
        """Give the next piece, at most about 1 MiB; b"" at the end.

        Raises:
            ArtifactError: the stream is broken or ends too early.
        """


Begin = Callable[[], Stream]


class StreamSource:
    """What a compressed stream gives, too large to hold: inflated again for a read backwards."""

    __slots__ = (
        "_base",
        "_begin",
        "_budget",
        "_kept",
        "_stream",
        "_tail",
        "bytes_read",
        "size_bytes",
    )

    def __init__(self, begin: Begin, size_bytes: int, tail: bytes, budget: Budget) -> None:
        self._tail = tail
        self.size_bytes = size_bytes
        self.bytes_read = 0
        self._begin = begin
        self._budget = budget
        self._stream = begin()
        self._base = 0
        self._kept = b""

    def read_at(self, offset: int, length: int) -> bytes:
        """Give bytes; those long past cost an inflation from the start.

        Raises:
            OverLimitError: too much had to be inflated again.
        """
        if offset >= self.size_bytes - len(self._tail):
            at = offset - self.size_bytes + len(self._tail)
            return self._tail[at : at + length]
        if offset < self._base:
            self._stream, self._base, self._kept = self._begin(), 0, b""
        end = min(offset + length, self.size_bytes)
        pieces, reached = [self._kept], self._base + len(self._kept)
        while reached < end and (piece := self._stream.next()):
            self._budget.repeat(len(piece))
            reached += len(piece)
            pieces.append(piece)
            if reached <= offset - KEPT_BYTES:
                self._base, pieces = reached, []
        kept = b"".join(pieces)
        result = kept[offset - self._base : end - self._base]
        forget = max(0, min(offset - KEPT_BYTES - self._base, len(kept)))
        self._base, self._kept = self._base + forget, kept[forget:]
        return result


class Inflated(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A stream that was inflated to its end, or to where that went wrong.

    ``consumed`` packed bytes became ``window``; ``crc`` is the CRC-32 of all of it. ``problem``
    says why it stopped early; what came before is still there to be read.
    """

    window: Window
    consumed: int
    crc: int
    problem: ArtifactError | None = None


@contextmanager
def inflated(begin: Begin, record: Recorder) -> Iterator[Inflated]:
    """Inflate a stream once, counting; its memory is given back when the block ends."""
    budget = record.budget
    stream, pieces = begin(), list[bytes]()
    size_bytes = crc = result = 0
    is_held, is_known, is_array = True, False, False
    tail, problem = b"", None
    try:
        while piece := stream.next():
            budget.check_time()
            budget.inflate(len(piece))
            size_bytes += len(piece)
            crc = binascii.crc32(piece, crc)
            tail = piece[-TAIL_BYTES:] if len(piece) >= TAIL_BYTES else (tail + piece)[-TAIL_BYTES:]
            if is_held and (is_held := budget.hold(len(piece))):
                result += len(piece)
                pieces.append(piece)
            elif pieces:
                pieces.clear()
                budget.release(result)
                result = 0
            is_array = is_array or (size_bytes == len(piece) and _is_of_arrays(piece))
            is_known = is_known or _note_ratio(size_bytes, stream.consumed, record, is_array)
    except ArtifactError as error:
        problem = error
        if isinstance(error, OverLimitError):
            record.fact(FactKind.BOMB, f"{size_bytes} bytes so far", error.message)
    window = (
        Window.over(MemorySource(b"".join(pieces)))
        if is_held
        else Window.over(StreamSource(begin, size_bytes, tail, budget))
    )
    pieces.clear()
    try:
        yield Inflated(window=window, consumed=stream.consumed, crc=crc, problem=problem)
    finally:
        budget.release(result)


def _is_of_arrays(piece: bytes) -> bool:
    return piece.startswith(ARRAY) or bool(ARRAYS.match(piece))


def _note_ratio(size_bytes: int, packed_bytes: int, record: Recorder, is_array: bool) -> bool:  # noqa: FBT001
    limits = record.limits
    if size_bytes < limits.ratio_from_bytes:
        return False
    if size_bytes < limits.inflation_ratio * max(packed_bytes, 1):
        return False
    # Tables of words pack as well, and memory has room for them. In archives of archives what a
    # member gives is only a part of what the whole does.
    is_small = size_bytes < limits.large_from_bytes and record.depth <= 1
    detail = f"inflates to more than {limits.inflation_ratio} times its size"
    danger = Severity.LOW if is_array or is_small else None
    record.fact(FactKind.BOMB, "ratio", detail, danger=danger)
    return not is_small
