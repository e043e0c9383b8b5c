"""Compressed files: each codec, several streams, what follows them, and bombs."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import zlib
from collections.abc import Callable, Mapping

import lz4.frame
import zstandard

from tests.artifacts.builders.payloads import EVIL_PICKLE, EVIL_PICKLE_2, GOOD_PICKLE
from tests.artifacts.builders.tars import member, tar


def gz(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def old_joblib(data: bytes) -> bytes:
    return b"ZF" + hex(len(data)).encode().ljust(19) + zlib.compress(data)


def lzma_alone(data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_ALONE)


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def lz4_frame(data: bytes) -> bytes:
    return bytes(lz4.frame.compress(data))


CODECS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gz,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lzma_alone,
    "zlib": zlib.compress,
    "lz4": lz4_frame,
    "zstd": zstd,
    "old-joblib": old_joblib,
    "old-joblib-python-2": lambda data: b"ZF" + b"0x10L".ljust(20) + zlib.compress(data),
}
CHAINED = ("gzip", "bzip2", "xz", "lz4", "zstd")


def wrapped(levels: int) -> bytes:
    """Gzip in gzip; stored blocks, as what was packed packs no further."""
    data = GOOD_PICKLE
    for _ in range(levels):
        body = b"".join(
            struct.pack("<BHH", last, len(part), len(part) ^ 0xFFFF) + part
            for last, part in _parts(data)
        )
        end = struct.pack("<II", zlib.crc32(data), len(data))
        data = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + body + end
    return data


def _parts(data: bytes) -> list[tuple[bool, bytes]]:
    starts = range(0, len(data), 0xFFFF)
    return [(start + 0xFFFF >= len(data), data[start : start + 0xFFFF]) for start in starts]


def bomb(name: str) -> bytes:
    """512 MiB of zeros as several streams, which libraries read as one."""
    return CODECS[name](bytes(32 << 20)) * 16


HOSTILE: Mapping[str, Callable[[], bytes]] = {
    **{
        f"compressed/{name}-payload": lambda pack=pack: pack(EVIL_PICKLE_2)
        for name, pack in CODECS.items()
    },
    **{
        f"compressed/{name}-split-payload": lambda pack=CODECS[name]: (
            pack(EVIL_PICKLE[:12]) + pack(EVIL_PICKLE[12:])
        )
        for name in CHAINED
    },
    **{
        f"compressed/{name}-tail": lambda pack=pack: pack(GOOD_PICKLE) + EVIL_PICKLE_2
        for name, pack in CODECS.items()
    },
    **{
        f"compressed/{name}-cut-off": lambda pack=pack: pack(EVIL_PICKLE_2)[:-5]
        for name, pack in CODECS.items()
    },
    **{f"compressed/{name}-bomb": lambda name=name: bomb(name) for name in CHAINED},
    "compressed/gzip-in-bzip2": lambda: bz2.compress(gz(EVIL_PICKLE)),
    "compressed/tar-gzip": lambda: gz(tar(member(b"m.pkl", EVIL_PICKLE))),
    "compressed/nested-deep": lambda: wrapped(2_000),
}

BENIGN: Mapping[str, Callable[[], bytes]] = {
    **{f"compressed/{name}": lambda pack=pack: pack(GOOD_PICKLE) for name, pack in CODECS.items()},
    **{
        f"compressed/{name}-split": lambda pack=CODECS[name]: (
            pack(GOOD_PICKLE[:12]) + pack(GOOD_PICKLE[12:])
        )
        for name in CHAINED
    },
    "compressed/gzip-padded": lambda: gz(GOOD_PICKLE) + bytes(512),
    "compressed/tar-gzip": lambda: gz(tar(member(b"m.pkl", GOOD_PICKLE))),
}  # fmt: skip
