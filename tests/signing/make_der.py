"""Writes DER for the tests' own timestamps and certificates."""

from __future__ import annotations

from datetime import datetime


def element(tag: int, *parts: bytes) -> bytes:
    """One element around its parts, with the length in its shortest form."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*parts: bytes) -> bytes:
    return element(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    return element(0x31, *sorted(parts))


def octets(content: bytes) -> bytes:
    return element(0x04, content)


def integer(value: int) -> bytes:
    return element(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    encoded = bytearray()
    for arc in (first * 40 + second, *rest):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(arc & 0x7F | 0x80)
        encoded.extend(reversed(digits))
    return element(0x06, bytes(encoded))


def utf8(text: str) -> bytes:
    return element(0x0C, text.encode())


def moment(at: datetime) -> bytes:
    return element(0x18, at.strftime("%Y%m%d%H%M%SZ").encode())
