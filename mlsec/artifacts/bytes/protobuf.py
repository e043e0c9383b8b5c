"""Walks protobuf messages on the wire, lazily: a large field is stepped over, not read."""

# Why not the protobuf runtime: it needs a compiled schema for each format, builds whole messages
# in memory (up to 2 GB) and gives no offsets; fields that a schema lacks would not be searched.

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.limits import Budget

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
SMALLEST_CHUNK, LARGEST_CHUNK = 4096, 256 * 1024
STRING_BYTES = 1 << 20


class Field(msgspec.Struct, frozen=True, gc=False):
    """One field: ``value`` of a varint; ``start`` and ``end`` of the payload in the window."""

    number: int
    wire: int
    value: int
    start: int
    end: int


class Wire:
    """A protobuf file, read in chunks that grow while reading goes straight on.

    Source: the encoding page of the protobuf documentation. Groups are refused: no model
    format has them, and the content of one would not be read.
    """

    __slots__ = ("base", "budget", "chunk", "chunk_bytes", "steps", "window")

    def __init__(self, window: Window, budget: Budget | None = None) -> None:
        self.window = window
        self.budget = budget
        self.base = 0
        self.chunk = b""
        self.chunk_bytes = SMALLEST_CHUNK
        self.steps = 0

    def fields(self, start: int = 0, end: int | None = None) -> Iterator[Field]:
        """The fields of the message at [start, end), in file order.

        Raises:
            ArtifactError: a field that runs over the end, an unknown wire type.
            OverLimitError: the budget's time is spent.
        """
        stop = self.window.size_bytes if end is None else end
        position = start
        while position < stop:
            self._tick()
            tag, position = self._varint(position, stop)
            number, wire = tag >> 3, tag & 7
            value, body = 0, position
            if wire == VARINT:
                value, position = self._varint(position, stop)
            elif wire == BYTES:
                length, body = self._varint(position, stop)
                position = body + length
            elif wire in {FIXED64, FIXED32}:
                position += 8 if wire == FIXED64 else 4
            else:
                raise ArtifactError(f"wire type {wire} of field {number} at {position} is unknown")
            if position > stop or number == 0:
                raise ArtifactError(f"field {number} at {body} runs over the end of its message")
            yield Field(number, wire, value, body, position)

    def text(self, field: Field) -> str:
        """A field as text; what is not UTF-8 is replaced, what is longer than 1 MiB is cut."""
        return self.raw(field).decode("utf-8", "replace")

    def raw(self, field: Field, most_bytes: int = STRING_BYTES) -> bytes:
        """The bytes of a field, at most ``most_bytes``."""
        length = min(field.end - field.start, most_bytes)
        offset = field.start - self.base
        if offset >= 0 and offset + length <= len(self.chunk):
            return self.chunk[offset : offset + length]
        return self.window.exactly(field.start, length)

    def holds(self, start: int, count: int) -> bool:
        """Whether bytes lie in what was fetched last, so that they cost nothing."""
        return self.base <= start and start + count <= self.base + len(self.chunk)

    def packed(self, field: Field) -> Iterator[int]:
        """The varints of a packed field.

        Raises:
            ArtifactError: the last one runs over the end.
        """
        position = field.start
        while position < field.end:
            self._tick()
            value, position = self._varint(position, field.end)
            yield value

    def inside(self, field: Field) -> Iterator[Field]:
        """The fields of the message that a field holds."""
        return self.fields(field.start, field.end)

    def _tick(self) -> None:
        self.steps += 1
        if self.budget is not None and not self.steps & 0xFFF:
            self.budget.check_time()

    def _varint(self, position: int, stop: int) -> tuple[int, int]:
        value = shift = 0
        offset = position - self.base
        if offset < 0 or offset + 10 > len(self.chunk):
            self._fetch(position)
            offset = 0
        for index, byte in enumerate(self.chunk[offset : offset + 10]):
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                after = position + index + 1
                if after > stop:
                    break
                return value & 0xFFFF_FFFF_FFFF_FFFF, after
            shift += 7
        raise ArtifactError(f"the number at {position} does not end")

    def _fetch(self, position: int) -> None:
        goes_on = self.base < position <= self.base + len(self.chunk)
        larger = min(self.chunk_bytes * 2, LARGEST_CHUNK)
        self.chunk_bytes = larger if goes_on and self.chunk else SMALLEST_CHUNK
        self.base = position
        self.chunk = self.window.read(position, self.chunk_bytes)
