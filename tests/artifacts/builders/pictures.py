"""Pictures, as they lie beside models: honest ones, and ones with something hung behind."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping

from tests.artifacts.builders.payloads import EVIL_PICKLE_2


def png(words: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0\x80")
    said = chunk(b"tEXt", b"Comment\0" + words) if words else b""
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    return start + said + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def gif(words: bytes = b"hello") -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    remark = b"\x21\xfe" + bytes([len(words)]) + words + b"\0"
    picture = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return screen + remark + picture + b"\x3b"


def jpeg(words: bytes = b"") -> bytes:
    def segment(marker: int, data: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data

    scan = segment(0xDA, bytes(10)) + b"\x12\xff\x00\x34\xff\xd0\x56"
    said = segment(0xFE, words) if words else b""
    return b"\xff\xd8" + segment(0xE0, b"JFIF\0" + bytes(9)) + said + scan + scan + b"\xff\xd9"


def webp(words: bytes = b"") -> bytes:
    said = b"XMP " + struct.pack("<I", len(words)) + words + bytes(len(words) % 2) if words else b""
    parts = b"WEBPVP8 " + struct.pack("<I", 6) + bytes(6) + said
    return b"RIFF" + struct.pack("<I", len(parts)) + parts


def icon() -> bytes:
    picture = png()
    table = struct.pack("<BBBBHHII", 1, 1, 0, 0, 1, 32, len(picture), 22)
    return struct.pack("<HHH", 0, 1, 1) + table + picture


PICTURES: Mapping[str, Callable[[], bytes]] = {
    "png": png, "gif": gif, "jpeg": jpeg, "webp": webp, "icon": icon,
}  # fmt: skip
HOSTILE: Mapping[str, Callable[[], bytes]] = {
    f"image/{name}-with-a-pickle-behind": lambda build=build: build() + EVIL_PICKLE_2
    for name, build in PICTURES.items()
}
HOSTILE = {
    **HOSTILE,
    **{
        f"image/{name}-with-a-pickle-among-its-words": lambda build=build: build(EVIL_PICKLE_2)
        for name, build in (("png", png), ("gif", gif), ("jpeg", jpeg), ("webp", webp))
    },
}
BENIGN: Mapping[str, Callable[[], bytes]] = {
    **{f"image/{name}": build for name, build in PICTURES.items()},
    **{
        f"image/{name}-with-words": lambda build=build: build(b"made by hand: import os; x(1)")
        for name, build in (("png", png), ("gif", gif), ("jpeg", jpeg), ("webp", webp))
    },
}
