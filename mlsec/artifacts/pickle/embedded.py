"""Finds pickles kept as plain data inside a pickle: as bytes, as base64 or as hexadecimal text."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from mlsec.artifacts.window import Window

# PROTO 2 to 5 and what picklers write next: FRAME, a dict, a list, an import, a MARK, text.
_RAW = (
    b"\x80\x04\x95", b"\x80\x05\x95", b"\x80\x02}", b"\x80\x03}", b"\x80\x04}", b"\x80\x02]",
    b"\x80\x03]", b"\x80\x04]", b"\x80\x02c", b"\x80\x03c", b"\x80\x04c", b"\x80\x02(",
    b"\x80\x03(", b"\x80\x04\x8c", b"\x80\x05\x8c", b"\x80\x04(",
)  # fmt: skip
_BASE64 = (
    b"gASV", b"gAWV", b"gAJ9", b"gAN9", b"gAJd", b"gANd", b"gAJj", b"gANj", b"gASM", b"Y29z",
    b"Y3Bvc2l4",
)  # fmt: skip
_HEX = (b"800495", b"800595", b"80027d", b"80037d", b"800263", b"800363", b"80048c")
DECODED_BYTES = 4 << 20
SHORTEST_BYTES = 8


def payloads(window: Window, base: int, block: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Where literals in a block begin like a pickle: offset, how they are written, their size."""
    for marks in (_RAW, _BASE64, _HEX):
        for mark in marks:
            start = block.find(mark)
            while start >= 0:
                size_bytes = _declared(block, start)
                offset = base + start
                if SHORTEST_BYTES <= size_bytes <= window.size_bytes - offset:
                    yield offset, mark, size_bytes
                start = block.find(mark, start + 1)


def _declared(block: bytes, start: int) -> int:
    """The length that an opcode right before ``start`` gives; -1 where there is none."""
    if start >= 2 and block[start - 2] in b"CU\x8c":
        return block[start - 1]
    if start >= 5 and block[start - 5] in b"BXT":
        return int.from_bytes(block[start - 4 : start], "little")
    if start >= 9 and block[start - 9] in b"\x8d\x8e\x96":
        return int.from_bytes(block[start - 8 : start], "little")
    return -1


def opened(window: Window, offset: int, mark: bytes, size_bytes: int) -> Window | None:
    """The pickle itself; None where the text is none after all, or too long to decode."""
    if mark in _RAW:
        part = window.part(offset, size_bytes)
        return part if part.read(size_bytes - 1, 1) == b"." else None
    if size_bytes > DECODED_BYTES:
        return None
    text = window.exactly(offset, size_bytes)
    try:
        if mark in _HEX:
            return Window.of(binascii.unhexlify(text))
        return Window.of(base64.b64decode(text.strip() + b"=" * (-len(text.strip()) % 4)))
    except ValueError:
        return None
