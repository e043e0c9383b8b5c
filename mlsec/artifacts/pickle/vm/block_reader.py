"""The bytes of a window under a moving position, a block at a time, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Callable

from mlsec.artifacts.bytes.window import BLOCK_BYTES, Window
from mlsec.artifacts.errors import ArtifactError

# Longer than any opcode with a one-byte length: within the margin nothing short is cut off.
MARGIN_BYTES = 600
LINE_BYTES = 64 << 10

# Shown every block once, with the offset where it begins.
Watch = Callable[[int, bytes], None]


class BlockReader:
    """``block`` holds bytes from ``base`` on; positions are counted from the start of the block.

    An opcode that begins before ``safe_end`` is whole but for a long payload. Zeros follow the last
    byte of the window, so that a short opcode can be read without asking whether it is whole.
    """

    __slots__ = ("_block_bytes", "_watch", "base", "block", "safe_end", "size_bytes", "window")

    def __init__(
        self,
        window: Window,
        offset: int,
        watch: Watch | None = None,
        block_bytes: int = BLOCK_BYTES,
    ) -> None:
        self.window = window
        self._watch = watch
        self._block_bytes = block_bytes
        self.seek(offset)

    def seek(self, offset: int) -> None:
        """Hold the block that begins at ``offset``; one past the end holds nothing."""
        self.base = offset
        data = self.window.read(offset, self._block_bytes)
        self.size_bytes = len(data)
        is_last = offset + self.size_bytes >= self.window.size_bytes
        self.safe_end = self.size_bytes if is_last else self.size_bytes - MARGIN_BYTES
        self.block = data + bytes(MARGIN_BYTES) if is_last else data
        if self._watch:
            self._watch(offset, data)

    def line(self, position: int) -> tuple[bytes, int]:
        """The bytes up to the next newline (at most ``LINE_BYTES`` kept), and where it ends.

        Raises:
            ArtifactError: no newline until the end.
        """
        end = self.block.find(b"\n", position, self.size_bytes)
        if end >= 0:
            return self.block[position : min(end, position + LINE_BYTES)], end + 1
        offset = self.base + max(position, self.size_bytes)
        for data in self.window.blocks(offset):
            newline = data.find(b"\n")
            if newline >= 0:
                end = offset - self.base + newline
                kept = min(end - position, LINE_BYTES)
                return self.window.read(self.base + position, kept), end + 1
            offset += len(data)
        raise ArtifactError("the file ends inside a line")

    def counted(self, position: int, size_bytes: int, kept_bytes: int) -> bytes:
        """The first ``kept_bytes`` of a payload.

        Raises:
            ArtifactError: the file ends before the payload does.
        """
        if self.base + position + size_bytes > self.window.size_bytes:
            raise ArtifactError(f"{size_bytes} bytes are declared where the file ends before")
        kept = min(size_bytes, kept_bytes)
        if position + kept <= self.size_bytes:
            return self.block[position : position + kept]
        return self.window.read(self.base + position, kept)
