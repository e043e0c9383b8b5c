"""A stretch of an open file, block by block, read by this thread or ahead of it by another."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator

from mlsec.signing.errors import ChangedError

BUFFER_BYTES = 1 << 20
BUFFERS = 4


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


def blocks_ahead(descriptor: int, start: int, end: int) -> Iterator[memoryview]:
    """As ``blocks``, with a thread that reads the next ones while one is hashed."""
    free: queue.SimpleQueue[memoryview | None] = queue.SimpleQueue()
    full: queue.SimpleQueue[tuple[memoryview, int] | Exception | None] = queue.SimpleQueue()
    for _ in range(BUFFERS):
        free.put(memoryview(bytearray(BUFFER_BYTES)))

    def read() -> None:
        at = start
        try:
            while at < end and (buffer := free.get()) is not None:
                size = _fill(descriptor, buffer, at, end)
                full.put((buffer, size))
                at += size
            full.put(None)
        except (OSError, ChangedError) as error:
            full.put(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        while (block := full.get()) is not None:
            if isinstance(block, Exception):
                raise block
            yield block[0][: block[1]]
            free.put(block[0])
    finally:
        free.put(None)
        thread.join()
