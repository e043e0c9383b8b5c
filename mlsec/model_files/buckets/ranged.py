"""Bytes of an object in a bucket, fetched in ranges: only the parts that are asked for."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from mlsec.collect.folders.entry import StoreError

BLOCK_BYTES = 64 << 10
KEPT_BLOCKS = 64
# Announced spans nearer to each other than this are fetched with one request.
JOINED_BYTES = 4096
ANNOUNCED_BYTES = 8 << 20
IN_FLIGHT = 16

Fetch = Callable[[int, int], bytes]


class RangedSource:
    """Reads by aligned blocks, so that neighbours cost one request; large reads go through whole.

    ``fetch(offset, length)`` asks the store for one range. ``bytes_read`` counts what was
    transferred, ``requests`` how often the store was asked; ``refused`` is the last error
    that this brought.
    """

    __slots__ = (
        "_blocks", "_fetch", "_parts", "_starts", "bytes_read", "refused", "requests",
        "size_bytes",
    )  # fmt: skip

    def __init__(self, fetch: Fetch, size_bytes: int) -> None:
        self._fetch = fetch
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._parts: dict[int, bytes] = {}
        self._starts: list[int] = []
        self.size_bytes = size_bytes
        self.bytes_read = 0
        self.requests = 0
        self.refused: StoreError | None = None

    def read_at(self, offset: int, length: int) -> bytes:
        """Give at most ``length`` bytes; fewer only at the end."""
        length = min(length, self.size_bytes - offset)
        if length <= 0:
            return b""
        if (announced := self._announced(offset, length)) is not None:
            return announced
        first, last = offset // BLOCK_BYTES, (offset + length - 1) // BLOCK_BYTES
        if last - first >= KEPT_BLOCKS // 2:
            return self._ask(offset, length)
        self._load(first, last)
        joined = b"".join(self._take(number) for number in range(first, last + 1))
        start = offset - first * BLOCK_BYTES
        return joined[start : start + length]

    def prefetch(self, spans: Sequence[tuple[int, int]]) -> None:
        """Fetch what will be read soon exactly, where whole blocks would cost more."""
        runs: list[list[int]] = []
        for offset, length in sorted(spans):
            end = min(offset + length, self.size_bytes)
            if runs and offset <= runs[-1][1] + JOINED_BYTES:
                runs[-1][1] = max(runs[-1][1], end)
            else:
                runs.append([offset, end])
        wanted = sum(end - start for start, end in runs)
        if len(runs) < KEPT_BLOCKS // 2 or wanted > ANNOUNCED_BYTES:
            return
        with ThreadPoolExecutor(IN_FLIGHT, "ranges") as pool:
            parts = list(pool.map(lambda run: self._given(run[0], run[1] - run[0]), runs))
        for part in parts:
            self._count(part)
        self._parts = {run[0]: part for run, part in zip(runs, parts, strict=True)}
        self._starts = sorted(self._parts)

    def _announced(self, offset: int, length: int) -> bytes | None:
        """Bytes that were announced and fetched, or None where they were not."""
        number = bisect_right(self._starts, offset) - 1
        if number < 0:
            return None
        at = offset - self._starts[number]
        part = self._parts[self._starts[number]]
        return part[at : at + length] if at + length <= len(part) else None

    def _load(self, first: int, last: int) -> None:
        """Fetch the blocks that are missing, each run of them with one request."""
        missing = [number for number in range(first, last + 1) if number not in self._blocks]
        while missing:
            run = 1
            while run < len(missing) and missing[run] == missing[0] + run:
                run += 1
            start = missing[0] * BLOCK_BYTES
            data = self._ask(start, min(run * BLOCK_BYTES, self.size_bytes - start))
            for n in range(run):
                self._blocks[missing[n]] = data[n * BLOCK_BYTES : (n + 1) * BLOCK_BYTES]
            missing = missing[run:]

    def _take(self, number: int) -> bytes:
        self._blocks.move_to_end(number)
        block = self._blocks[number]
        while len(self._blocks) > KEPT_BLOCKS:
            self._blocks.popitem(last=False)
        return block

    def _ask(self, offset: int, length: int) -> bytes:
        data = self._given(offset, length)
        self._count(data)
        return data

    def _given(self, offset: int, length: int) -> bytes:
        try:
            return self._fetch(offset, length)
        except StoreError as error:
            self.refused = error
            raise

    def _count(self, data: bytes) -> None:
        self.requests += 1
        self.bytes_read += len(data)
