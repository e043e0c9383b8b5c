"""Compressed files of one stream or several: gzip, zlib, bzip2, xz, lzma, lz4, zstd, old joblib."""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable
from functools import partial

import msgspec

from mlsec.artifacts.archives.decoders import LZMA_MEMORY_BYTES, DecoderStream, Zlib
from mlsec.artifacts.archives.frames import LZ4, ZSTD, lz4, skippable_bytes, zstd
from mlsec.artifacts.archives.inflate import Stream, inflated
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason

PADDING_BYTES = 4096
SKIPPED_BYTES = 64
# joblib before 0.10: a mark, the length in hexadecimal padded to 19 characters, zlib.
OLD_JOBLIB = re.compile(rb"ZF0x[0-9a-fA-F]{1,16}[ L]*")
OLD_JOBLIB_HEAD = 2 + 19
TRIED_BYTES = 4096


class Codec(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of compression.

    ``begins`` looks at the first bytes; ``stream`` reads one stream from the start of a window.
    Where ``chains`` is set, libraries read streams that follow one another as one file;
    ``padding`` then may lie between them.
    """

    name: str
    begins: Callable[[bytes], bool]
    stream: Callable[[Window], Stream]
    chains: bool = True
    padding: bool = False


def _is_zlib(head: bytes) -> bool:
    if len(head) < 6 or head[0] & 0x0F != 8 or head[0] >> 4 > 7 or head[1] & 0x20:
        return False
    return not (head[0] << 8 | head[1]) % 31 and _starts(Zlib(15), head)


def _is_lzma(head: bytes) -> bool:
    if len(head) < 18 or head[0] >= 225:
        return False
    dictionary, size_bytes = int.from_bytes(head[1:5], "little"), head[5:13]
    is_round = dictionary.bit_count() in {1, 2} and dictionary >= 4096
    # A stream that declares no content is not one.
    is_sized = size_bytes[5:] == b"\0\0\0" and any(size_bytes)
    if not is_round or not (size_bytes == b"\xff" * 8 or is_sized):
        return False
    return _starts(lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=LZMA_MEMORY_BYTES), head)


def _starts(decoder: Zlib | lzma.LZMADecompressor, head: bytes) -> bool:
    """Whether a decoder makes sense of the first bytes."""
    try:
        return bool(decoder.decompress(head[:TRIED_BYTES], 4096)) or decoder.eof
    except (zlib.error, lzma.LZMAError, EOFError):
        return False


def _gzip(window: Window) -> DecoderStream:
    return DecoderStream(window, 0, Zlib(31))


def _zlib(window: Window) -> DecoderStream:
    return DecoderStream(window, 0, Zlib(15))


def _bzip2(window: Window) -> DecoderStream:
    return DecoderStream(window, 0, bz2.BZ2Decompressor())


def _lzma(window: Window) -> DecoderStream:
    decoder = lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=LZMA_MEMORY_BYTES)
    return DecoderStream(window, 0, decoder)


def _old_joblib(window: Window) -> DecoderStream:
    # Python 2 wrote an L behind the length, which made the head one character wider.
    is_wider = window.read(OLD_JOBLIB_HEAD, 1) == b" "
    return DecoderStream(window, OLD_JOBLIB_HEAD + is_wider, Zlib(15))


def _starting(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(marks)


CODECS = (
    Codec(name="gzip", begins=_starting(b"\x1f\x8b\x08"), stream=_gzip, padding=True),
    Codec(
        name="bzip2",
        begins=lambda head: bool(re.match(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)", head)),
        stream=_bzip2,
    ),
    Codec(name="xz", begins=_starting(b"\xfd7zXZ\0"), stream=_lzma, padding=True),
    Codec(name="lz4", begins=_starting(LZ4), stream=lz4),
    Codec(name="zstd", begins=_starting(ZSTD), stream=zstd),
    Codec(
        name="joblib-zlib",
        begins=lambda head: bool(OLD_JOBLIB.match(head)),
        stream=_old_joblib,
        chains=False,
    ),
    Codec(name="lzma", begins=_is_lzma, stream=_lzma),
    Codec(name="zlib", begins=_is_zlib, stream=_zlib, chains=False),
)
# Known by their marks and read by nothing here.
UNREAD = {b"\x1f\x9d": "compress (.Z)", b"LZIP": "lzip", b"\xff\x06\0\0sNaPpY": "snappy"}


class _Chain:
    """Streams of one codec that follow one another, as one."""

    __slots__ = ("_at", "_codec", "_stream", "_window")

    def __init__(self, codec: Codec, window: Window) -> None:
        self._codec = codec
        self._window = window
        self._at = _skip_frames(window, 0)
        self._stream = codec.stream(window.part(self._at, window.size_bytes - self._at))

    @property
    def consumed(self) -> int:
        return self._at + self._stream.consumed

    def next(self) -> bytes:
        """Give the next piece; b"" after the last stream."""
        while not (piece := self._stream.next()):
            start = self._following()
            if start is None:
                return b""
            self._at = start
            self._stream = self._codec.stream(
                self._window.part(start, self._window.size_bytes - start)
            )
        return piece

    def _following(self) -> int | None:
        """Where the next stream of the same kind begins, or None."""
        at = self.consumed
        if not self._codec.chains or at <= self._at:
            return None
        if self._codec.padding:
            filling = self._window.read(at, PADDING_BYTES)
            at += len(filling) - len(filling.lstrip(b"\0"))
        at = _skip_frames(self._window, at)
        return at if self._codec.begins(self._window.read(at, TRIED_BYTES)) else None


def _skip_frames(window: Window, at: int) -> int:
    while 0 < (length := skippable_bytes(window.read(at, 8))) <= SKIPPED_BYTES:
        at += length
    return at


def codec_of(head: bytes, window: Window) -> Codec | None:
    """The codec whose mark the window begins with."""
    skipped = _skip_frames(window, 0)
    if skipped:
        head = window.read(skipped, TRIED_BYTES)
    return next((codec for codec in CODECS if codec.begins(head)), None)


def sniff_compressed(head: bytes, window: Window) -> bool:
    """Whether the file begins with a compressed stream."""
    return head.startswith(tuple(UNREAD)) or codec_of(head, window) is not None


def read_compressed(window: Window, record: Recorder) -> None:
    """Inflate the streams as one file and read that; what follows them is left unaccounted.

    Raises:
        ArtifactError: a stream is broken; what came before was read.
    """
    head = window.read(0, TRIED_BYTES)
    codec = codec_of(head, window)
    if codec is None:
        name = next(name for mark, name in UNREAD.items() if head.startswith(mark))
        record.understood(0, window.size_bytes)
        record.unread(GapReason.UNSUPPORTED, f"{name} streams cannot be read here")
        return
    record.property("compression", codec.name)
    try:
        with inflated(partial(_Chain, codec, window), record) as result:
            problem = result.problem
            record.understood(0, window.size_bytes if problem else result.consumed)
            if result.window.size_bytes:
                # The name says what the bytes are where they do not say it themselves.
                is_array = window.name.lower().endswith(".npy.z")
                name = f"({codec.name}) {window.name.rpartition('/')[2]}" if is_array else ""
                record.member(name or f"({codec.name})", result.window)
    except ArtifactError as error:  # the stream could not even begin
        record.understood(0, window.size_bytes)
        problem = error
    _note_problem(problem, codec, record)


def _note_problem(problem: ArtifactError | None, codec: Codec, record: Recorder) -> None:
    if problem is None:
        return
    if isinstance(problem, OverLimitError) or problem.reason is GapReason.UNSUPPORTED:
        record.unread(problem.reason, problem.message)
        return
    record.broken(codec.name, problem)
