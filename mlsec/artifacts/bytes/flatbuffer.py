"""Reads tables of a flatbuffer by position, without a schema compiler."""

# Why not the flatbuffers package: it needs generated code for each schema and the whole file in
# memory, and its Python side has no verifier; in a hostile file offsets point anywhere.

from __future__ import annotations

import struct
from collections.abc import Iterator

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError, OverLimitError

MOST_ENTRIES, TEXT_BYTES = 1_000_000, 1 << 20


class Flatbuffer:
    """Reads tables of a flatbuffer by position; ``reached`` is the highest byte that was used."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.reached = 8

    def root(self) -> int:
        """Where the root table is."""
        return self._unsigned(0)

    def tables(self, table: int, slot: int) -> Iterator[int]:
        """Where the tables of a vector of tables are.

        Raises:
            ArtifactError: more of them than could be.
        """
        start, count = self.vector(table, slot, item_bytes=4)
        count //= 4
        if count > MOST_ENTRIES:
            raise ArtifactError(f"a vector of {count} tables is longer than any model's")
        data = self.window.exactly(start, count * 4) if count else b""
        for index in range(count):
            yield start + index * 4 + int(struct.unpack_from("<I", data, index * 4)[0])

    def vector(self, table: int, slot: int, item_bytes: int = 1) -> tuple[int, int]:
        """Start and size in bytes of a vector; (0, 0) where the field is not set."""
        place = self._place(table, slot)
        if not place:
            return 0, 0
        start = place + self._unsigned(place)
        size = self._unsigned(start) * item_bytes
        if start + 4 + size > self.window.size_bytes:
            raise ArtifactError(f"a vector at {start} runs over the end of the file")
        self.reached = max(self.reached, start + 4 + size)
        return start + 4, size

    def text(self, table: int, slot: int) -> str:
        """A string field, "" where it is not set."""
        start, size = self.vector(table, slot)
        return self._text(start, size) if size else ""

    def _text(self, start: int, size: int) -> str:
        if size > TEXT_BYTES:
            raise OverLimitError(f"a text of {size} bytes at {start} is longer than {TEXT_BYTES}")
        return self.window.exactly(start, size).decode("utf-8", "replace")

    def texts(self, table: int, slot: int) -> list[str]:
        """The strings of a vector of strings."""
        result = []
        for start in self.tables(table, slot):
            size = self._unsigned(start)
            result.append(self._text(start + 4, size))
        return result

    def byte(self, table: int, slot: int) -> int:
        """A signed byte, 0 where it is not set."""
        place = self._place(table, slot)
        return int(struct.unpack("<b", self._field(place, 1))[0]) if place else 0

    def integer(self, table: int, slot: int) -> int:
        """A signed 32-bit number, 0 where it is not set."""
        place = self._place(table, slot)
        return int(struct.unpack("<i", self._field(place, 4))[0]) if place else 0

    def long(self, table: int, slot: int) -> int:
        """An unsigned 64-bit number, 0 where it is not set."""
        place = self._place(table, slot)
        return int(struct.unpack("<Q", self._field(place, 8))[0]) if place else 0

    def _place(self, table: int, slot: int) -> int:
        distance = int(struct.unpack("<i", self.window.exactly(table, 4))[0])
        table_of_fields = table - distance
        size = int(struct.unpack("<H", self.window.exactly(table_of_fields, 2))[0])
        self.reached = max(self.reached, table + 4, table_of_fields + size)
        if 4 + slot * 2 + 2 > size:
            return 0
        field = self.window.exactly(table_of_fields + 4 + slot * 2, 2)
        offset = int(struct.unpack("<H", field)[0])
        return table + offset if offset else 0

    def _unsigned(self, place: int) -> int:
        return int(struct.unpack("<I", self._field(place, 4))[0])

    def _field(self, place: int, size_bytes: int) -> bytes:
        data = self.window.exactly(place, size_bytes)
        self.reached = max(self.reached, place + size_bytes)
        return data
