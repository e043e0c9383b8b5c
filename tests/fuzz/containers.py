"""Damages what stands inside a container, and writes its sums and lengths anew.

Bytes changed at random end at the container's own check, and nothing in it is met.
"""

from __future__ import annotations

import bz2
import io
import lzma
import random
import struct
import zipfile
import zlib
from collections.abc import Callable

from tests.fuzz.documents import edited, mutate_document
from tests.fuzz.pieces import mutate_pickle
from tests.fuzz.target import Words

MOST_INNER_BYTES = 1 << 18
BLOCK = 512
_LZMA = lzma.LZMADecompressor
CODECS: tuple[tuple[Callable[[], object], Callable[[bytes], bytes]], ...] = (
    (lambda: zlib.decompressobj(31), lambda data: _deflated(data, 31)),
    (lambda: zlib.decompressobj(15), lambda data: _deflated(data, 15)),
    (bz2.BZ2Decompressor, bz2.compress),
    (lambda: _LZMA(lzma.FORMAT_XZ), lzma.compress),
    (lambda: _LZMA(lzma.FORMAT_ALONE), lambda data: lzma.compress(data, lzma.FORMAT_ALONE)),
)


def _deflated(data: bytes, bits: int) -> bytes:
    packer = zlib.compressobj(wbits=bits)
    return packer.compress(data) + packer.flush()


def _inner(data: bytes, source: random.Random, words: Words) -> bytes:
    """Change what a container holds, by its own structure where it has one."""
    for change in source.sample((mutate_document, mutate_pickle), 2):
        found = change(data, source, words)
        if found is not None:
            return found
    return edited(data, source)


def mutate_packed(data: bytes, source: random.Random, words: Words) -> bytes | None:
    """Change what a compressed stream holds, and pack it again."""
    for unpacker, pack in CODECS:
        try:
            plain = unpacker().decompress(data, MOST_INNER_BYTES)  # type: ignore[attr-defined]
        except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError):
            continue
        return pack(_inner(plain, source, words))
    return None


def mutate_zip(data: bytes, source: random.Random, words: Words) -> bytes | None:
    """Change the content or the name of a member, or leave one out, and write the zip anew."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()[:60]
            if sum(info.file_size for info in infos) > MOST_INNER_BYTES:
                return None
            members = [(info.filename, archive.read(info), info.compress_type) for info in infos]
    except Exception:  # noqa: BLE001 - the standard library raises much on a damaged zip
        return None
    if not members:
        return None
    at = source.randrange(len(members))
    name, content, kind = members[at]
    match source.randrange(6):
        case 0:
            del members[at]
        case 1 if words:
            word = source.choice(words).decode("utf-8", "replace").replace("\0", "_")
            members[at] = (f"{name.rpartition('/')[0]}/{word}", content, kind)
        case 2:
            members.insert(at, (source.choice(members)[0], content, kind))
        case 3:
            members[at] = (name, source.choice(members)[1], kind)
        case _:
            members[at] = (name, _inner(content, source, words), kind)
    return _zipped(members)


def _zipped(members: list[tuple[str, bytes, int]]) -> bytes | None:
    held = io.BytesIO()
    try:
        with zipfile.ZipFile(held, "w") as archive:
            for name, content, kind in members:
                info = zipfile.ZipInfo(name)
                info.compress_type = kind
                archive.writestr(info, content)
    except (ValueError, OSError, NotImplementedError, RuntimeError, UserWarning):
        return None
    return held.getvalue()


def mutate_tar(data: bytes, source: random.Random, _words: Words) -> bytes | None:
    """Change bytes and sums every header anew, as far as the sizes lead from one to the next."""
    if len(data) < BLOCK:
        return None
    changed = bytearray(edited(data, source) if source.random() < 0.3 else data)
    heads = _heads(changed)
    at = source.choice(heads) + source.choice((0, 100, 124, 156, 157, 257, 345))
    new = edited(bytes(changed[at : at + 12]), source)[:12].ljust(12, b"\0")
    changed[at : at + 12] = new
    for head in heads:
        block = changed[head : head + BLOCK]
        total = sum(block[:148]) + 256 + sum(block[156:BLOCK])
        changed[head + 148 : head + 156] = b"%06o\0 " % total
    return bytes(changed)


def _heads(data: bytearray) -> list[int]:
    found, at = [0], 0
    while len(found) < 100:
        digits = bytes(data[at + 124 : at + 136]).strip(b" \0")
        size = int(digits, 8) if digits and not digits.strip(b"01234567") else 0
        at += BLOCK + -(-size // BLOCK) * BLOCK
        if at + BLOCK > len(data) or not any(data[at : at + BLOCK]):
            return found
        found.append(at)
    return found


def mutate_seven_zip(data: bytes, source: random.Random, _words: Words) -> bytes | None:
    """Change the header of a 7z archive, or what it has packed, and sum both headers anew."""
    if len(data) < 32:
        return None
    offset, size = struct.unpack_from("<QQ", data, 12)
    if 32 + offset + size > len(data):
        return None
    packed, header = data[32 : 32 + offset], data[32 + offset : 32 + offset + size]
    if source.random() < 0.7:
        header = edited(header, source)
    else:
        packed = edited(packed, source)
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return data[:8] + struct.pack("<I", zlib.crc32(start)) + start + packed + header


def mutate_safetensors(data: bytes, source: random.Random, _words: Words) -> bytes | None:
    """Change the JSON at the beginning of a safetensors file, and its length."""
    size = int.from_bytes(data[:8], "little")
    header = mutate_document(data[8 : 8 + size], source) if size < len(data) else None
    return header and len(header).to_bytes(8, "little") + header + data[8 + size :]


def mutate_numpy(data: bytes, source: random.Random, _words: Words) -> bytes | None:
    """Change the header of an array, and its length."""
    wide = 2 if data[6:7] == b"\1" else 4
    begin = 8 + wide
    size = int.from_bytes(data[8:begin], "little")
    if begin + size > len(data):
        return None
    header = edited(data[begin : begin + size], source)
    length = len(header).to_bytes(4, "little")[:wide]
    return data[:8] + length + header + data[begin + size :]
