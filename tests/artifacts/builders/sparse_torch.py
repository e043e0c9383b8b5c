"""A torch archive as large as one likes, of which only the bytes that are not zero exist."""

from __future__ import annotations

import struct
from bisect import bisect_right

from tests.artifacts.builders.payloads import GOOD_PICKLE
from tests.artifacts.builders.zips import end

FULL = 0xFFFFFFFF
ALIGNMENT = 64


class SparseSource:
    """Pieces at offsets, zeros between them; counts what is asked for."""

    def __init__(self, pieces: dict[int, bytes], size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self.bytes_read = 0
        self.requests = 0
        self.soon: list[tuple[int, int]] = []
        self.pieces = pieces
        self._starts = sorted(pieces)

    def read_at(self, offset: int, length: int) -> bytes:
        length = max(0, min(length, self.size_bytes - offset))
        self.bytes_read += length
        self.requests += 1
        found = bytearray(length)
        number = max(0, bisect_right(self._starts, offset) - 1)
        for start in self._starts[number:]:
            if start >= offset + length:
                break
            data = self.pieces[start]
            begin, stop = max(start, offset), min(start + len(data), offset + length)
            if begin < stop:
                found[begin - offset : stop - offset] = data[begin - start : stop - start]
        return bytes(found)


class FarSparseSource(SparseSource):
    """One that is told beforehand what will be read."""

    def prefetch(self, spans: list[tuple[int, int]]) -> None:
        self.soon.extend(spans)


def local_header(name: bytes, offset: int) -> bytes:
    """As torch writes it: sizes in the descriptor, data aligned by a padding field."""
    padding = -(offset + 30 + len(name) + 4) % ALIGNMENT
    extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
    head = struct.pack(
        "<IHHHHHIIIHH", 0x04034B50, 0, 0x0808, 0, 0, 0, 0, 0, 0, len(name), len(extra)
    )
    return head + name + extra


def entry(name: bytes, size_bytes: int, offset: int) -> bytes:
    wide = struct.pack("<HHQQQ", 1, 24, size_bytes, size_bytes, offset)
    return (
        struct.pack(
            "<IHHHHHHIIIHHHHHII", 0x02014B50, 0, 0, 0x0808, 0, 0, 0, 0, FULL, FULL, len(name),
            len(wide), 0, 0, 0, 0, FULL,
        )
        + name
        + wide
    )  # fmt: skip


def torch_pieces(
    storages: int, storage_bytes: int, pickle: bytes = GOOD_PICKLE
) -> tuple[dict[int, bytes], int]:
    """The pieces and the size of an archive with ``storages`` tensors of ``storage_bytes``."""
    members = [(b"archive/data.pkl", pickle), (b"archive/byteorder", b"little")]
    members += [(b"archive/data/%d" % number, b"") for number in range(storages)]
    members += [(b"archive/version", b"3\n")]
    pieces, directory, offset = dict[int, bytes](), b"", 0
    for name, data in members:
        size_bytes = len(data) or storage_bytes
        head = local_header(name, offset)
        pieces[offset] = head + data
        directory += entry(name, size_bytes, offset)
        offset += len(head) + size_bytes
        pieces[offset] = struct.pack("<IIQQ", 0x08074B50, 0, size_bytes, size_bytes)
        offset += 24
    record = struct.pack(
        "<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, len(members), len(members), len(directory),
        offset,
    )  # fmt: skip
    locator = struct.pack("<IIQI", 0x07064B50, 0, offset + len(directory), 1)
    tail = directory + record + locator + end(len(members), len(directory), FULL)
    pieces[offset] = tail
    return pieces, offset + len(tail)
