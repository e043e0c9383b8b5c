"""Parts of a window one behind the other, as a window of their own."""

from __future__ import annotations

from collections.abc import Sequence

from mlsec.artifacts.bytes.window import Window

Parts = Sequence[tuple[int, int]]


class JoinedSource:
    """The bytes [start, end) of each part, in this order; nothing is copied beforehand."""

    __slots__ = ("_parts", "_window", "bytes_read", "size_bytes")

    def __init__(self, window: Window, parts: Parts) -> None:
        self._window = window
        self._parts = parts
        self.size_bytes = sum(end - start for start, end in parts)
        self.bytes_read = 0  # they are counted where they lie

    def read_at(self, offset: int, length: int) -> bytes:
        """Read from the parts that hold these bytes."""
        pieces = []
        for start, end in self._parts:
            wanted = min(length, end - start - offset)
            if wanted > 0:
                pieces.append(self._window.read(start + offset, wanted))
                length -= wanted
            offset = max(0, offset - (end - start))
        return b"".join(pieces)


def joined(window: Window, parts: Parts) -> Window:
    """A window over these parts of ``window``."""
    source = JoinedSource(window, [(start, end) for start, end in parts if start < end])
    return Window.over(source, window.name)
