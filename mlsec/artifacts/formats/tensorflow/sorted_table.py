"""Reads the sorted tables that TensorFlow keeps the index of a checkpoint in, block by block."""

# Why no library: LevelDB bindings open a folder and write locks and logs into it; TensorFlow's
# own reader is TensorFlow.

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator

import msgspec

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError, OverLimitError, UnsupportedError
from mlsec.artifacts.recorder import Recorder

MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
FOOTER_BYTES = 48
HANDLES_BYTES = 40
# Behind each block: how it is compressed, and a checksum (which is not checked here).
TRAILER_BYTES = 5
BLOCK_BYTES = 64 << 20
KEY_BYTES = 64 << 10
PLAIN, SNAPPY = 0, 1


class Item(msgspec.Struct, frozen=True, gc=False):
    """One key with its value; ``offset`` is where its block begins in the file."""

    key: bytes
    value: bytes
    offset: int


def has_footer(window: Window) -> bool:
    """Whether the file ends as a sorted table does."""
    size = window.size_bytes
    return size > FOOTER_BYTES and window.read(size - len(MAGIC), len(MAGIC)) == MAGIC


def items(window: Window, record: Recorder) -> Iterator[Item]:
    """Give all keys and values in the order of the table, and account for its blocks.

    Raises:
        ArtifactError: blocks outside the file or over one another, keys that are out of order.
        OverLimitError: a block or a key over the cap.
        UnsupportedError: a compressed block.
    Source: LevelDB's table_format.md, which TensorFlow's lib/io/table follows.
    """
    footer_at = window.size_bytes - FOOTER_BYTES
    footer = window.exactly(footer_at, FOOTER_BYTES)
    *more, after = _handle(footer, 0)
    *top, used = _handle(footer, after)
    if used > HANDLES_BYTES or footer[HANDLES_BYTES:] != MAGIC:
        raise ArtifactError("the footer is none of a sorted table")
    record.understood(footer_at, footer_at + used)
    record.understood(footer_at + HANDLES_BYTES, window.size_bytes)
    if any(True for _ in _block(window, more[0], more[1], record)):
        raise ArtifactError("the block about blocks holds something, where none is written")
    before, ended = b"", 0
    is_first = True
    for pointer in _block(window, top[0], top[1], record):
        start, size_bytes, length = _handle(pointer.value, 0)
        if start < ended or length != len(pointer.value):
            raise ArtifactError(f"the block at {start} lies over the one before, or out of order")
        ended = start + size_bytes + TRAILER_BYTES
        for item in _block(window, start, size_bytes, record):
            if item.key <= before and not is_first:
                raise ArtifactError(f"the keys at {start} are not in order: readers may differ")
            before, is_first = item.key, False
            yield item
        if before > pointer.key:
            raise ArtifactError(f"the block at {start} holds keys that its index does not lead to")


def _block(window: Window, start: int, size_bytes: int, record: Recorder) -> Iterator[Item]:
    if size_bytes > BLOCK_BYTES:
        raise OverLimitError(f"a block of {size_bytes} bytes is over the cap of {BLOCK_BYTES}")
    record.budget.check_time()
    data = window.exactly(start, size_bytes + TRAILER_BYTES)
    method, data = data[size_bytes], data[:size_bytes]
    if method == SNAPPY:
        raise UnsupportedError(f"the block at {start} is compressed with snappy")
    if method != PLAIN:
        raise ArtifactError(f"the block at {start} is compressed in the unknown way {method}")
    stop = _restarts(data, start)
    record.understood(start, start + size_bytes + TRAILER_BYTES)
    key, position = b"", 0
    while position < stop:
        shared, position = varint(data, position)
        own, position = varint(data, position)
        length, position = varint(data, position)
        if shared > len(key) or position + own + length > stop:
            raise ArtifactError(f"an entry of the block at {start} runs over its end")
        if shared + own > KEY_BYTES:
            raise OverLimitError(f"a key of the block at {start} is longer than {KEY_BYTES} bytes")
        key = key[:shared] + data[position : position + own]
        position += own + length
        yield Item(key, data[position - length : position], start)


def _restarts(data: bytes, start: int) -> int:
    """Where the entries of a block end: before the list of restart points."""
    count = int.from_bytes(data[-4:], "little")
    stop = len(data) - 4 - 4 * count
    if len(data) < 4 or stop < 0:
        raise ArtifactError(f"the block at {start} is shorter than what should end it")
    places = struct.unpack_from(f"<{count}I", data, stop)
    is_empty = not stop and places in {(), (0,)}
    in_order = all(first < second for first, second in itertools.pairwise(places))
    if not is_empty and not (places and places[0] == 0 and in_order and places[-1] < stop):
        raise ArtifactError(f"the restarts of the block at {start} are no places in it, in order")
    return stop


def _handle(data: bytes, position: int) -> tuple[int, int, int]:
    """Offset and size of a block, and where the next handle begins."""
    offset, position = varint(data, position)
    size_bytes, position = varint(data, position)
    return offset, size_bytes, position


def varint(data: bytes, position: int) -> tuple[int, int]:
    """A number of seven bits a byte, least first, and where it ends.

    Raises:
        ArtifactError: it does not end within ten bytes, or the data end before.
    """
    value = 0
    for index, byte in enumerate(data[position : position + 10]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, position + index + 1
    raise ArtifactError("a number does not end")
