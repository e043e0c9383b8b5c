"""Zstandard and lz4 frames: their ends given by their own headers, read where a library is."""

# Why the headers are read here: zstandard and lz4 decode; where a frame ends, and what lies
# behind it, has to be known without decoding anything.

from __future__ import annotations

import io
from collections.abc import Iterator

from mlsec.artifacts.archives.decoders import PIECE_BYTES, DecoderStream
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.bytes.window_file import WindowFile
from mlsec.artifacts.errors import ArtifactError, UnsupportedError

ZSTD, LZ4 = b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18"
# The window that a decoder has to keep; the command-line tool refuses more than 128 MiB.
ZSTD_WINDOW_BYTES = 64 << 20
SKIPPABLE = range(0x184D2A50, 0x184D2A60)


class _ZstdStream:
    """One zstd frame, read forward."""

    __slots__ = ("_error", "_frame", "_reader", "consumed")

    def __init__(self, frame: Window) -> None:
        try:
            import zstandard  # noqa: PLC0415 - optional
        except ImportError:
            raise UnsupportedError("reading zstd needs the zstandard package") from None
        self._error = zstandard.ZstdError
        self._frame = WindowFile(frame)
        decoder = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)
        self._reader = decoder.stream_reader(io.BufferedReader(self._frame), read_size=1 << 16)
        self.consumed = 0

    def next(self) -> bytes:
        """Give the next piece; b"" at the end.

        Raises:
            ArtifactError: the frame is broken.
        """
        try:
            piece = self._reader.read(PIECE_BYTES)
        except self._error as bad:
            raise ArtifactError(f"the compressed data are broken: {bad}") from None
        self.consumed = self._frame.tell()
        return piece


def zstd(window: Window) -> _ZstdStream:
    """The zstd frame a window begins with.

    Raises:
        ArtifactError: it is not a frame, or cut off.
        UnsupportedError: the library is not installed.
    """
    return _ZstdStream(window.part(0, zstd_frame_bytes(window)))


def lz4(window: Window) -> DecoderStream:
    """The lz4 frame a window begins with.

    Raises:
        UnsupportedError: the library is not installed.
    """
    try:
        from lz4 import frame  # type: ignore[import-untyped]  # noqa: PLC0415 - optional
    except ImportError:
        raise UnsupportedError("reading lz4 needs the lz4 package") from None
    return DecoderStream(window, 0, frame.LZ4FrameDecompressor())


def zstd_frame_bytes(window: Window) -> int:
    """The length of the zstd frame a window begins with, from its block headers alone.

    Raises:
        ArtifactError: no frame, or it does not end in the window.
    """
    head = window.exactly(0, 5)
    if head[:4] != ZSTD:
        raise ArtifactError("no zstd frame begins here")
    flags = head[4]
    is_single, has_sum = bool(flags & 0x20), bool(flags & 0x04)
    size_field = (1 if is_single else 0, 2, 4, 8)[flags >> 6]
    at = 5 + (not is_single) + (0, 1, 2, 4)[flags & 3] + size_field
    for length in _zstd_blocks(window, at):
        at += length
    at += 4 * has_sum
    if at > window.size_bytes:
        raise ArtifactError("the zstd frame is cut off")
    return at


def _zstd_blocks(window: Window, at: int) -> Iterator[int]:
    is_last = False
    while not is_last:
        block = int.from_bytes(window.exactly(at, 3), "little")
        is_last, kind, size_bytes = bool(block & 1), block >> 1 & 3, block >> 3
        length = 3 + (1 if kind == 1 else size_bytes)
        at += length
        yield length


def skippable_bytes(head: bytes) -> int:
    """The length of the skippable frame that begins here (zstd and lz4 share it), or 0."""
    if len(head) < 8 or int.from_bytes(head[:4], "little") not in SKIPPABLE:
        return 0
    return 8 + int.from_bytes(head[4:8], "little")
