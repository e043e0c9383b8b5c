"""A stretch of an open file, block by block."""

from __future__ import annotations

import os
from collections.abc import Iterator

from mlsec.signing.errors import ChangedError

BUFFER_BYTES = 1 << 20


def blocks(descriptor: int, start: int, end: int, buffer: memoryview) -> Iterator[memoryview]:
    """Yield the bytes [start, end) in pieces that live in ``buffer`` until the next.

    Raises:
        ChangedError: the file ends before ``end``.
        OSError: it cannot be read.
    """
    at = start
    while at < end:
        size = _fill(descriptor, buffer, at, end)
        yield buffer[:size]
        at += size


def _fill(descriptor: int, buffer: memoryview, at: int, end: int) -> int:
    size = os.preadv(descriptor, [buffer[: min(len(buffer), end - at)]], at)
    if not size:
        raise ChangedError("it became shorter")
    return size
