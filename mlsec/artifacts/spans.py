"""Byte ranges that were accounted for, and the gaps between them."""

from __future__ import annotations

from collections.abc import Iterator


class Spans:
    """A growing set of byte ranges [start, end) of one file or member."""

    __slots__ = ("_spans",)

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []

    def add(self, start: int, end: int) -> None:
        """Add a range; one that begins where the last one ended only lengthens it."""
        if end <= start:
            return
        if self._spans and self._spans[-1][0] <= start <= self._spans[-1][1]:
            first, last = self._spans[-1]
            self._spans[-1] = (first, max(last, end))
        else:
            self._spans.append((start, end))

    def covers(self, start: int, end: int) -> bool:
        """Whether one range that was added holds all of [start, end)."""
        return any(first <= start and end <= last for first, last in self._spans)

    def gaps(self, size_bytes: int) -> Iterator[tuple[int, int]]:
        """The ranges of [0, size_bytes) that nothing covers, in order."""
        covered = 0
        for start, end in sorted(self._spans):
            if start >= size_bytes:
                break
            if start > covered:
                yield covered, start
            covered = max(covered, end)
        if covered < size_bytes:
            yield covered, size_bytes
