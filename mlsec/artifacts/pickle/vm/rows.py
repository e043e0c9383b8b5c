"""What no pickler writes and a loader pays for: long rows of marks, of nesting, of digits."""

from __future__ import annotations

import re

# A row of so many opcodes; picklers write items in batches of a thousand.
ROW_BYTES = 64 << 10
_STEP = ROW_BYTES // 2
# More digits than Python makes a number of; before it had a limit the time grew with the square.
DIGITS = 4300
# A number of this many bytes is no number that a model holds.
NUMBER_BYTES = 1 << 20
_MARKS, _COPIES = frozenset(b"("), frozenset(b"2\x94")
# What closes a value: as many in a row close values that lie as deep in one another.
_CLOSING = frozenset(b"aesutld\x85\x86\x87\x94")
_DIGITS = re.compile(rb"[0-9]++")
_PERIODS = (1, 2, 3, 4)


def row_in(block: bytes, start: int, end: int, run: re.Pattern[bytes]) -> str:
    """Say what stands in a long row in a run of whole opcodes [start, end); "" for nothing."""
    for at in range(start, end - _STEP, _STEP):
        kind = _kind(block[at : at + _STEP])
        # Bytes of a payload may repeat as they like: only opcodes count.
        if kind and (passed := run.match(block, start, at)) and passed.end() == at:
            return kind
        if _DIGITS.fullmatch(block, at, at + _STEP):
            opcode = _begins(block, start, at)
            passed = run.match(block, start, opcode)
            if passed and passed.end() == opcode and block[opcode] in b"IL":
                return "a number of tens of thousands of digits"
    return ""


def _begins(block: bytes, start: int, at: int) -> int:
    """Where the opcode stands to whose line the digits at ``at`` belong."""
    digits = len(block[start:at]) - len(block[start:at].rstrip(b"0123456789-"))
    return max(start, at - digits - 1)


def _kind(part: bytes) -> str:
    for period in _PERIODS:
        if part[0] != part[period] or part[:-period] != part[period:]:
            continue
        codes = frozenset(part[:period])
        if codes <= _MARKS:
            return "tens of thousands of marks in a row"
        if codes <= _COPIES:
            return "one value tens of thousands of times over"
        if codes <= _CLOSING:
            return "values nested tens of thousands deep"
    return ""
