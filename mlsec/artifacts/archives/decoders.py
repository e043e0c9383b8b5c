"""The decompressors of the standard library under one shape, with bounded output and memory."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError

PIECE_BYTES = 1 << 20
PACKED_BYTES = 64 << 10
# xz at its highest preset needs 65 MiB; more is asked only by those who mean harm.
LZMA_MEMORY_BYTES = 80 << 20


class Decoder(Protocol):
    """A decompressor of one stream: the shape that bz2, lzma and lz4 share."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class Zlib:
    """zlib's decompressor in the shape of the others."""

    __slots__ = ("_inner", "_is_full")

    def __init__(self, window_bits: int) -> None:
        self._inner = zlib.decompressobj(window_bits)
        self._is_full = False

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not (self._inner.unconsumed_tail or self._is_full)

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        piece = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self._is_full = len(piece) == max_length
        return piece

    def copy(self) -> Zlib:
        """A decompressor that goes on from here too."""
        other = Zlib.__new__(Zlib)
        other._inner, other._is_full = self._inner.copy(), self._is_full
        return other

    def before_error(self, data: bytes, max_length: int) -> bytes:
        """What the bytes give before the one at which they are broken: loaders have it by then."""
        good, bad = 0, len(data)
        while bad - good > 1:
            middle = (good + bad) // 2
            try:
                self.copy().decompress(data[:middle], max_length)
                good = middle
            except zlib.error:
                bad = middle
        return self.copy().decompress(data[:good], max_length)


class DecoderStream:
    """One compressed stream of a window, read forward; ``offset`` bytes come before it."""

    __slots__ = ("_at", "_decoder", "_problem", "_window", "consumed")

    def __init__(self, window: Window, offset: int, decoder: Decoder) -> None:
        self.consumed = offset
        self._window = window
        self._at = offset
        self._decoder = decoder
        self._problem: ArtifactError | None = None

    def next(self) -> bytes:
        """Give the next piece; b"" at the end.

        Raises:
            ArtifactError: the stream is broken or ends too early.
        """
        decoder = self._decoder
        if self._problem:
            raise self._problem
        while not decoder.eof:
            data = self._window.read(self._at, PACKED_BYTES) if decoder.needs_input else b""
            if decoder.needs_input and not data:
                raise ArtifactError("the compressed data end before their end mark")
            self._at += len(data)
            before = decoder.copy() if isinstance(decoder, Zlib) else None
            try:
                piece = decoder.decompress(data, PIECE_BYTES)
            except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError, RuntimeError) as bad:
                self._problem = ArtifactError(f"the compressed data are broken: {bad}")
                piece = before.before_error(data, PIECE_BYTES) if before else b""
                if not piece:
                    raise self._problem from None
                return piece
            unused = len(decoder.unused_data or b"") if decoder.eof else 0
            self.consumed = self._at - unused
            if piece:
                return piece
        return b""


def raw_deflate(window: Window) -> DecoderStream:
    """Deflate without a header, as in zip."""
    return DecoderStream(window, 0, Zlib(-15))


def bzip2(window: Window) -> DecoderStream:
    """One bzip2 stream."""
    return DecoderStream(window, 0, bz2.BZ2Decompressor())


def xz(window: Window) -> DecoderStream:
    """One xz stream."""
    return DecoderStream(
        window, 0, lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=LZMA_MEMORY_BYTES)
    )


def zip_lzma(window: Window) -> DecoderStream:
    """LZMA as zip stores it: version, length of the properties, properties, raw stream.

    Raises:
        ArtifactError: the properties are not those of LZMA1.
    """
    head = window.exactly(0, 9)
    first, dictionary = head[4], int.from_bytes(head[5:9], "little")
    if head[2:4] != b"\5\0" or first >= 9 * 5 * 5 or dictionary > LZMA_MEMORY_BYTES:
        raise ArtifactError("these are no LZMA properties that can be followed")
    settings = {
        "id": lzma.FILTER_LZMA1,
        "dict_size": max(dictionary, 4096),
        "lc": first % 9,
        "lp": first // 9 % 5,
        "pb": first // 45,
    }
    try:
        decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[settings])
    except (lzma.LZMAError, ValueError) as bad:
        raise ArtifactError(f"these LZMA properties cannot be followed: {bad}") from None
    return _Unmarked(window, 9, decoder)


class _Unmarked(DecoderStream):
    """A raw LZMA stream, whose end may be where the bytes end instead of a mark."""

    __slots__ = ()

    def next(self) -> bytes:
        if self._decoder.needs_input and self._at >= self._window.size_bytes > 9:
            self.consumed = self._window.size_bytes
            return b""
        return super().next()


Begin = Callable[[Window], DecoderStream]
