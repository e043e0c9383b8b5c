"""One file, or one part of it, as bounded bytes that are fetched only when asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from mlsec.artifacts.errors import ArtifactError, ChangedError

BLOCK_BYTES = 1 << 20


class Source(Protocol):
    """Where bytes come from: a file, memory, an object in a bucket.

    ``read_at`` gives at most ``length`` bytes from ``offset``; fewer only at the end.
    ``bytes_read`` counts what was fetched, in bytes, for the report.
    """

    size_bytes: int
    bytes_read: int

    def read_at(self, offset: int, length: int) -> bytes: ...


@runtime_checkable
class FarSource(Source, Protocol):
    """A source where every read is a round trip: given beforehand what is needed, it saves some.

    ``prefetch`` gets (offset, length) pairs that will be read soon, each small, in file order.
    """

    def prefetch(self, spans: Sequence[tuple[int, int]]) -> None: ...


class MemorySource:
    """Bytes that are already here: a member that was inflated, a test."""

    __slots__ = ("bytes_read", "data", "size_bytes")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size_bytes = len(data)
        self.bytes_read = 0

    def read_at(self, offset: int, length: int) -> bytes:
        """Give the bytes; they cost nothing."""
        return self.data[offset : offset + length]


class DescriptorSource:
    """An open regular file of a known size, read by position; the caller owns the descriptor.

    Not mapped: a file that is cut short while it is mapped ends the process with SIGBUS.
    """

    __slots__ = ("bytes_read", "descriptor", "size_bytes")

    def __init__(self, descriptor: int, size_bytes: int) -> None:
        self.descriptor = descriptor
        self.size_bytes = size_bytes
        self.bytes_read = 0

    def read_at(self, offset: int, length: int) -> bytes:
        """Read from the file as it is now.

        Raises:
            ChangedError: it is shorter by now than when it was opened (a reader that got fewer
                bytes than there are would ask again for ever), or the system does not give it.
        """
        try:
            data = os.pread(self.descriptor, length, offset)
        except OSError as error:
            raise ChangedError(f"the file cannot be read: {error.strerror}") from None
        self.bytes_read += len(data)
        if len(data) < min(length, self.size_bytes - offset):
            raise ChangedError("the file became shorter while it was read")
        return data


class FileSource(DescriptorSource):
    """The same, where this process may ask whether the file was changed."""

    __slots__ = ("_before",)

    def __init__(self, descriptor: int) -> None:
        self._before = os.fstat(descriptor)
        super().__init__(descriptor, self._before.st_size)

    def is_changed(self) -> bool:
        """Whether the file grew, shrank, was written or replaced since it was opened.

        Anyone who may write to a file may set its time of modification, but not that of the change.
        """
        return self.stamp != stamp_of(os.fstat(self.descriptor))

    @property
    def stamp(self) -> tuple[int, ...]:
        """How it was when it was opened."""
        return stamp_of(self._before)


def stamp_of(item: os.stat_result) -> tuple[int, ...]:
    """What is different about a file after any change of it."""
    return item.st_size, item.st_mtime_ns, item.st_ctime_ns


class Window(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Bytes [start, start + size_bytes) of a source, addressed from 0.

    ``name`` is what the file or member is called, foreign text and at most a hint: formats are
    recognised by content, and only where content says nothing (plain text) may the name be asked.
    """

    source: Source
    start: int = 0
    size_bytes: int
    name: str = ""

    @classmethod
    def over(cls, source: Source, name: str = "") -> Window:
        """A window over all of a source."""
        return cls(source=source, size_bytes=source.size_bytes, name=name)

    @classmethod
    def of(cls, data: bytes, name: str = "") -> Window:
        """A window over bytes in memory."""
        return cls.over(MemorySource(data), name)

    def named(self, name: str) -> Window:
        """The same bytes under another name."""
        return Window(source=self.source, start=self.start, size_bytes=self.size_bytes, name=name)

    def prefetch(self, spans: Sequence[tuple[int, int]]) -> None:
        """Say that these (offset, length) pairs will be read soon; only far sources care."""
        if isinstance(self.source, FarSource):
            self.source.prefetch([(self.start + offset, length) for offset, length in spans])

    def part(self, offset: int, size_bytes: int) -> Window:
        """A window inside this one.

        Raises:
            ArtifactError: the part does not lie inside.
        """
        if offset < 0 or size_bytes < 0 or offset + size_bytes > self.size_bytes:
            raise ArtifactError(
                f"{size_bytes} bytes from {offset} lie outside the {self.size_bytes} that are there"
            )
        return Window(source=self.source, start=self.start + offset, size_bytes=size_bytes)

    def read(self, offset: int, length: int) -> bytes:
        """At most ``length`` bytes from ``offset``; fewer where the window ends."""
        if offset < 0 or offset >= self.size_bytes:
            return b""
        wanted = min(length, self.size_bytes - offset)
        return self.source.read_at(self.start + offset, wanted)

    def exactly(self, offset: int, length: int) -> bytes:
        """``length`` bytes from ``offset``.

        Raises:
            ArtifactError: the file ends before.
        """
        data = self.read(offset, length)
        if len(data) != length:
            raise ArtifactError(
                f"{length - len(data)} of the {length} bytes declared at {offset} are not there"
            )
        return data

    def blocks(self, offset: int = 0, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
        """All bytes from ``offset`` on, block by block."""
        while data := self.read(offset, block_bytes):
            yield data
            offset += len(data)
