"""Which memo entries a skipped stretch writes."""

from __future__ import annotations

import sys
from array import array

from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.pickle.literals import read_index
from mlsec.artifacts.pickle.memo import Memo
from mlsec.artifacts.pickle.patterns import ENTRIES_AT_ONCE, entries, memo_writes, memoized
from mlsec.artifacts.pickle.tape import Tape
from mlsec.artifacts.pickle.values import Stretch

MEMOIZE = b"\x94"
PUT = ord("p")


def note_writes(tape: Tape, memo: Memo, stretch: Stretch, end: int) -> bool:
    """Store a stretch under all memo entries that it writes; it ends at the position ``end``.

    False when it mixes both ways of writing the memo (then entries cannot be numbered afterwards)
    or writes over an entry, which no pickler does.
    """
    start = end - stretch.size_bytes
    first = memo_writes().match(tape.block, start, end)
    if memo.is_consecutive and first and first.group(1) in (MEMOIZE, b""):
        # Each match is a MEMOIZE, but for the empty one at the end: a PUT would be another.
        count, at, many = 0, start, entries().match
        while found := many(tape.block, at, end):
            count, at = count + ENTRIES_AT_ONCE, found.end()
        writes = memoized().findall(tape.block, at, end)
        left = writes.count(MEMOIZE)
        if left + writes.count(b"") == len(writes):
            memo.memoize_all(stretch, count + left)
            return True
    return _put(tape, memo, stretch, end)


def _put(tape: Tape, memo: Memo, stretch: Stretch, end: int) -> bool:
    writes = memo_writes().findall(tape.block, end - stretch.size_bytes, end)
    writes = writes[: writes.index(b"")]
    first = stretch.first_index
    if memo.is_consecutive and writes:
        expected = _consecutive(first, len(writes), is_line=writes[0][0] == PUT)
        if b"".join(writes) == expected:
            memo.memoize_all(stretch, len(writes))
            return True
    if MEMOIZE in writes:
        return False
    try:
        indexes = [
            read_index(write[1:-1]) if write[0] == PUT else int.from_bytes(write[1:], "little")
            for write in writes
        ]
    except ArtifactError:
        # Followed opcode by opcode it breaks where it does.
        return False
    if indexes and min(indexes) < first:
        return False
    if memo.is_consecutive and indexes == list(range(first, first + len(indexes))):
        memo.memoize_all(stretch, len(indexes))
        return True
    for index in indexes:
        memo.put(index, stretch)
    return True


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
