"""Finds pickles kept as plain data inside a pickle: as bytes, as base64 or as hexadecimal text."""

from __future__ import annotations

import base64
import binascii
import enum
import re
from collections.abc import Iterator

from mlsec.artifacts.window import Window

# PROTO 2 to 5 and what picklers write next: FRAME, a container, an import, a MARK, text. Each
# pattern begins with a fixed text, which the engine looks for fast; all blocks pass through them.
_RAW = re.compile(rb"\x80[\x02-\x05][\x95}\]c(\x8c]")
_BASE64 = re.compile(rb"gA(?:[SW][VM]|[JN][9dj])")
_HEX = re.compile(rb"800(?:[45](?:95|8c)|[23](?:7d|63|5d))")


class Written(enum.Enum):
    """How a pickle stands in a literal."""

    RAW = "raw"
    BASE64 = "base64"
    HEX = "hexadecimal"


_PATTERNS = {Written.RAW: _RAW, Written.BASE64: _BASE64, Written.HEX: _HEX}
DECODED_BYTES = 4 << 20
SHORTEST_BYTES = 8


def payloads(window: Window, base: int, block: bytes) -> Iterator[tuple[int, Written, int]]:
    """Where literals in a block begin like a pickle: offset, how they are written, their size."""
    for written, pattern in _PATTERNS.items():
        for match in pattern.finditer(block):
            size_bytes = _declared(block, match.start())
            offset = base + match.start()
            if SHORTEST_BYTES <= size_bytes <= window.size_bytes - offset:
                yield offset, written, size_bytes


def _declared(block: bytes, start: int) -> int:
    """The length that an opcode right before ``start`` gives; -1 where there is none."""
    if start >= 2 and block[start - 2] in b"CU\x8c":
        return block[start - 1]
    if start >= 5 and block[start - 5] in b"BXT":
        return int.from_bytes(block[start - 4 : start], "little")
    if start >= 9 and block[start - 9] in b"\x8d\x8e\x96":
        return int.from_bytes(block[start - 8 : start], "little")
    return -1


def opened(window: Window, offset: int, written: Written, size_bytes: int) -> Window | None:
    """The pickle itself; None where the text is none after all, or too long to decode."""
    if written is Written.RAW:
        part = window.part(offset, size_bytes)
        return part if part.read(size_bytes - 1, 1) == b"." else None
    if size_bytes > DECODED_BYTES:
        return None
    text = window.exactly(offset, size_bytes)
    try:
        if written is Written.HEX:
            return Window.of(binascii.unhexlify(text))
        return Window.of(base64.b64decode(text.strip() + b"=" * (-len(text.strip()) % 4)))
    except ValueError:
        return None
