"""Reads a window one field behind the other, some bytes ahead."""

from __future__ import annotations

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError


class ByteReader:
    """What readers of nested values have in common: where they are, and the bytes there."""

    chunk_bytes = 1 << 16

    def __init__(self, window: Window, position: int = 0) -> None:
        self.window = window
        self.position = position
        self.base = 0
        self.chunk = b""

    def _take(self, count: int) -> bytes:
        """The next bytes.

        Raises:
            ArtifactError: the file ends before, or a length is below zero.
        """
        if count < 0:
            raise ArtifactError(f"a length below zero at {self.position}")
        offset = self.position - self.base
        if offset < 0 or offset + count > len(self.chunk):
            self.base, offset = self.position, 0
            self.chunk = self.window.read(self.position, max(count, self.chunk_bytes))
        data = self.chunk[offset : offset + count]
        if len(data) != count:
            raise ArtifactError(f"the file ends inside of a value at {self.position}")
        self.position += count
        return data

    def _skip(self, count: int) -> None:
        """Step over bytes without reading them.

        Raises:
            ArtifactError: they are not there.
        """
        if count < 0 or self.position + count > self.window.size_bytes:
            raise ArtifactError(f"{count} bytes at {self.position} are not there")
        self.position += count
