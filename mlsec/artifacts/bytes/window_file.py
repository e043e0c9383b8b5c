"""A window as the file object that libraries want."""

from __future__ import annotations

import io

from mlsec.artifacts.bytes.window import Window


class WindowFile(io.RawIOBase):
    """Reads and seeks in a window; it cannot be written."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._at = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; before the beginning is the beginning."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._window.size_bytes}
        self._at = max(0, base[whence] + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Read on; all that is left for -1."""
        left = max(0, self._window.size_bytes - self._at)
        data = self._window.read(self._at, left if size is None or size < 0 else size)
        self._at += len(data)
        return data

    def readinto(self, buffer: object) -> int:
        """Read into a buffer, as buffered readers ask."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)
