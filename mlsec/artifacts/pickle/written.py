"""Which memo entries a skipped stretch writes."""

from __future__ import annotations

import sys
from array import array

from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.pickle.literals import read_index
from mlsec.artifacts.pickle.memo import Memo
from mlsec.artifacts.pickle.patterns import (
    ENTRIES_AT_ONCE,
    entries,
    memo_writes,
    next_frame,
    next_write,
)
from mlsec.artifacts.pickle.tape import Tape
from mlsec.artifacts.pickle.values import Stretch

MEMOIZE, FRAME, NOTHING = b"\x94", b"\x95", b""
PUT = ord("p")


def note_writes(tape: Tape, memo: Memo, stretch: Stretch, end: int) -> list[int] | None:
    """Store a stretch under all memo entries that it writes; it ends at the position ``end``.

    Gives where the FRAMEs in it are. None when it mixes both ways of writing the memo (then
    entries cannot be numbered afterwards) or writes over an entry, which no pickler does.
    """
    start = end - stretch.size_bytes
    if memo.is_consecutive:
        frames: list[int] = []
        count = _memoized(tape.block, start, end, frames)
        if count >= 0:
            memo.memoize_all(stretch, count)
            return frames
    return _put(tape.block, memo, stretch, end)


def _memoized(block: bytes, at: int, end: int, frames: list[int]) -> int:
    """How many MEMOIZE there are, and where FRAMEs; -1 where there is a PUT."""
    count = 0
    while True:
        for many in ENTRIES_AT_ONCE if block.find(MEMOIZE, at, end) >= 0 else ():
            match = entries(many).match
            while found := match(block, at, end):
                count, at = count + many, found.end()
        found = next_write().match(block, at, end)
        opcode = found.group(1) if found else None
        if found is None or opcode not in (MEMOIZE, FRAME, NOTHING):
            return -1
        at = found.end()
        if opcode == NOTHING:
            return count
        if opcode == FRAME:
            frames.append(at - 1)
            at += 8
        else:
            count += 1


def _frames(block: bytes, at: int, end: int) -> list[int]:
    frames: list[int] = []
    while block.find(FRAME, at, end) >= 0:
        found = next_frame().match(block, at, end)
        if found is None or found.group(1) != FRAME:
            break
        frames.append(found.end() - 1)
        at = found.end() + 8
    return frames


def _put(block: bytes, memo: Memo, stretch: Stretch, end: int) -> list[int] | None:
    start = end - stretch.size_bytes
    writes: list[bytes] = memo_writes().findall(block, start, end)
    while writes and not writes[-1]:
        writes.pop()
    first, frames = stretch.first_index, list[int]()
    if memo.is_consecutive and writes:
        expected = _consecutive(first, len(writes), is_line=writes[0][0] == PUT)
        if b"".join(writes) == expected:
            memo.memoize_all(stretch, len(writes))
            return frames
    if FRAME in {write[:1] for write in writes}:
        frames = _frames(block, start, end)
        writes = [write for write in writes if write[:1] != FRAME]
    if MEMOIZE in writes:
        return None
    try:
        indexes = [
            read_index(write[1:-1]) if write[0] == PUT else int.from_bytes(write[1:], "little")
            for write in writes
        ]
    except ArtifactError:
        # Followed opcode by opcode it breaks where it does.
        return None
    if indexes and min(indexes) < first:
        return None
    if memo.is_consecutive and indexes == list(range(first, first + len(indexes))):
        memo.memoize_all(stretch, len(indexes))
        return frames
    for index in indexes:
        memo.put(index, stretch)
    return frames


def _consecutive(first: int, count: int, *, is_line: bool) -> bytes:
    """What PUTs of so many entries from the first on look like, one after the other."""
    if is_line:
        return b"".join([b"p%d\n" % index for index in range(first, first + count)])
    if first + count > 1 << 32:
        return b""
    short = range(first, min(first + count, 256))
    written = b"".join([bytes((ord("q"), index)) for index in short])
    numbers = array("I", range(first + len(short), first + count))
    if sys.byteorder == "big":
        numbers.byteswap()
    plain = numbers.tobytes()
    wide = bytearray(b"r" * (5 * len(numbers)))
    for place in range(4):
        wide[place + 1 :: 5] = plain[place::4]
    return written + bytes(wide)
