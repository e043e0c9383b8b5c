"""Locates and unpacks the bytes of a zip's members, without trust in their headers."""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import msgspec

from mlsec.artifacts.archives.decoders import bzip2, raw_deflate, xz, zip_lzma
from mlsec.artifacts.archives.frames import zstd
from mlsec.artifacts.archives.inflate import Inflated, Stream, inflated
from mlsec.artifacts.archives.zip_directory import Entry
from mlsec.artifacts.archives.zip_local import ENCRYPTED, MASKED, STRONG, Header
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason

STORED = 0
OLD_CIPHER_BYTES = 12
# Small stored members are read once and summed; larger ones stay where they are.
COPIED_BYTES = 4 << 20

METHODS: Mapping[int, Callable[[Window], Stream]] = {
    8: raw_deflate,
    12: bzip2,
    14: zip_lzma,
    93: zstd,
    95: xz,
}


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One way to take a member: where its packed bytes lie and by which method."""

    entry: Entry
    header: Header
    method: int
    packed_bytes: int

    @property
    def is_locked(self) -> bool:
        """Whether either header says that the member is encrypted."""
        return bool((self.entry.flags | self.header.flags) & (ENCRYPTED | STRONG | MASKED))


@contextmanager
def opened(window: Window, reading: Reading, name: str, record: Recorder) -> Iterator[Window]:
    """The bytes of a member; what is odd about them is noted at its place.

    Raises:
        ArtifactError: the packed bytes do not lie in the file.
    """
    inner = record.inner(name)
    packed = window.part(reading.header.data, reading.packed_bytes)
    if reading.is_locked:
        inner.fact(FactKind.ENCRYPTED_MEMBER, name, "cannot be read without its password")
    if reading.method == STORED:
        yield _stored(packed, reading, name, inner)
    elif reading.method in METHODS:
        with inflated(partial(METHODS[reading.method], packed), inner) as result:
            _judge(result, packed, reading, name, inner)
            yield result.window
    else:
        inner.unread(GapReason.UNSUPPORTED, f"zip method {reading.method} is not known here")
        with inflated(partial(raw_deflate, packed), inner) as guess:
            yield packed if guess.problem else guess.window


def _stored(packed: Window, reading: Reading, name: str, inner: Recorder) -> Window:
    # Encryption of the old kind puts twelve bytes of its own before the data.
    own = OLD_CIPHER_BYTES if reading.is_locked else 0
    if packed.size_bytes - reading.entry.size_bytes not in {0, own}:
        detail = f"stores {packed.size_bytes} bytes and announces {reading.entry.size_bytes}"
        inner.fact(FactKind.TWO_READINGS, name, detail)
    if packed.size_bytes > COPIED_BYTES:
        if reading.is_locked:
            inner.gap(GapReason.UNSUPPORTED, "is said to be encrypted")
        return packed
    data = packed.exactly(0, packed.size_bytes)
    _judge_sum(binascii.crc32(data), reading, name, inner)
    return Window.of(data)


def _judge(value: Inflated, packed: Window, reading: Reading, name: str, inner: Recorder) -> None:
    if isinstance(value.problem, OverLimitError):
        inner.unread(GapReason.OVER_LIMIT, value.problem.message)
        return
    if value.problem:
        reason = GapReason.UNSUPPORTED if reading.is_locked else value.problem.reason
        if not reading.is_locked:
            inner.fact(FactKind.BROKEN, name, value.problem.message)
        inner.gap(reason, value.problem.message)
        return
    if value.window.size_bytes != reading.entry.size_bytes:
        detail = f"gives {value.window.size_bytes} bytes and announces {reading.entry.size_bytes}"
        inner.fact(FactKind.TWO_READINGS, name, detail)
    _judge_sum(value.crc, reading, name, inner)
    left = packed.size_bytes - value.consumed
    if left > 0:
        inner.fact(
            FactKind.UNACCOUNTED_BYTES, f"{left} bytes", "follow the end of the compressed data",
            offset=value.consumed,
        )  # fmt: skip
        inner.member(f"(packed bytes from {value.consumed})", packed.part(value.consumed, left))


def _judge_sum(crc: int, reading: Reading, name: str, inner: Recorder) -> None:
    if crc != reading.entry.crc:
        if reading.is_locked:
            inner.gap(GapReason.UNSUPPORTED, "is encrypted, or said to be")
            return
        detail = f"has CRC-32 {crc:08x} and announces {reading.entry.crc:08x}"
        inner.fact(FactKind.BROKEN, name, detail)
    elif reading.is_locked:
        detail = "is marked as encrypted and is not: some will read it, some refuse"
        inner.fact(FactKind.TWO_READINGS, name, detail)


def packed_length(window: Window, header: Header, record: Recorder) -> int:
    """How long a member is that announces no length: by inflating it, or by the next header.

    Raises:
        ArtifactError: neither says.
    """
    rest = window.part(header.data, window.size_bytes - header.data)
    if header.method in METHODS:
        with inflated(partial(METHODS[header.method], rest), record) as result:
            return result.consumed
    before = b""
    for block, at in _blocks(rest):
        data = before + block
        hits = [data.find(mark) for mark in (b"PK\x07\x08", b"PK\x03\x04", b"PK\x01\x02")]
        if first := [hit for hit in hits if hit >= 0]:
            return at - len(before) + min(first)
        before = data[-3:]
    raise ArtifactError("the length of a member is announced nowhere")


def _blocks(window: Window) -> Iterator[tuple[bytes, int]]:
    at = 0
    for block in window.blocks():
        yield block, at
        at += len(block)
