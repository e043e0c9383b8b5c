"""The opcode table of pickle protocols 0 to 5, as the unpickler reads them.

Source: CPython ``Lib/pickle.py`` and ``Modules/_pickle.c``; PEP 307, PEP 3154, PEP 574.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping


class Argument(enum.Enum):
    """How the bytes after an opcode are laid out."""

    NONE = "none"
    BYTES_1 = "one byte"
    BYTES_2 = "two bytes"
    BYTES_4 = "four bytes"
    BYTES_8 = "eight bytes"
    LINE = "a line"
    TWO_LINES = "two lines"
    COUNTED_1 = "a one-byte length and that many bytes"
    COUNTED_4 = "a four-byte length and that many bytes"
    COUNTED_8 = "an eight-byte length and that many bytes"


_A = Argument
ARGUMENTS: Mapping[int, Argument] = {
    **dict.fromkeys(b"(012N])}aesutldbRo.Q", _A.NONE),
    **dict.fromkeys(b"\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98", _A.NONE),
    **dict.fromkeys(b"Khq\x80\x82", _A.BYTES_1),
    **dict.fromkeys(b"M\x83", _A.BYTES_2),
    **dict.fromkeys(b"Jjr\x84", _A.BYTES_4),
    **dict.fromkeys(b"G\x95", _A.BYTES_8),
    **dict.fromkeys(b"ILFSVpgP", _A.LINE),
    **dict.fromkeys(b"ci", _A.TWO_LINES),
    **dict.fromkeys(b"UC\x8a\x8c", _A.COUNTED_1),
    **dict.fromkeys(b"TXB\x8b", _A.COUNTED_4),
    **dict.fromkeys(b"\x8d\x8e\x96", _A.COUNTED_8),
}

# How long an opcode is with its argument, where that says no length of its own.
WIDTHS: Mapping[Argument, int] = {
    _A.NONE: 1, _A.BYTES_1: 2, _A.BYTES_2: 3, _A.BYTES_4: 5, _A.BYTES_8: 9,
}  # fmt: skip
# How many bytes say the length of a payload.
LENGTH_BYTES: Mapping[Argument, int] = {_A.COUNTED_1: 1, _A.COUNTED_4: 4, _A.COUNTED_8: 8}

# These can import, call, patch or reach outside: a stream without any of them is plain data.
ACTING = frozenset(b"ciRob\x81\x82\x83\x84\x92\x93PQ")

STOP = ord(".")
PROTO = 0x80
FRAME = 0x95
