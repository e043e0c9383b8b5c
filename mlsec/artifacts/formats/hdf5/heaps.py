"""HDF5's dense storage: the fractal heap with its objects, and the B-tree that lists them."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.formats.hdf5.layout import HEAP_BYTES, Cursor, Hdf5File

RECORDS = 1_000_000
# Record types of a version 2 B-tree: bytes before the heap id.
_BEFORE_ID = {5: 4, 6: 8, 8: 0, 9: 0}
_HUGE = 1


class FractalHeap:
    """A heap of objects in blocks whose size doubles, and of huge ones that lie by themselves.

    Source: HDF5 File Format Specification 3.0, III.G; filters are refused.
    """

    def __init__(self, file: Hdf5File, address: int) -> None:
        self.file = file
        head = file.cursor(address, 256)
        if head.take(4) != b"FRHP":
            raise ArtifactError(f"there is no HDF5 fractal heap at {address}")
        head.take(1)
        self.id_bytes = head.number(2)
        filters = head.number(2)
        head.take(1)
        self.most_managed = head.number(4)
        head.length()
        self.huge_at = head.offset()
        self.huge: dict[int, tuple[int, int]] | None = None
        head.length()
        head.offset()
        for _ in range(8):
            head.length()
        self.width = head.number(2)
        self.start_bytes, self.most_direct = head.length(), head.length()
        self.offset_width = (head.number(2) + 7) // 8
        head.number(2)
        self.root = head.offset()
        self.rows = head.number(2)
        if filters or not self.width or not self.start_bytes:
            raise ArtifactError("an HDF5 fractal heap with filters or without blocks")

    def object(self, heap_id: bytes) -> bytes:
        """The bytes of one object.

        Raises:
            ArtifactError: an id that leads nowhere.
        """
        kind = heap_id[0] >> 4 & 3
        if kind == 2:
            return heap_id[1 : 2 + (heap_id[0] & 0x0F)]
        if kind == 1:
            return self._huge(heap_id)
        if kind != 0:
            raise ArtifactError("an HDF5 heap id is of no known kind")
        offset = int.from_bytes(heap_id[1 : 1 + self.offset_width], "little")
        smaller = min(self.most_managed, self.most_direct)
        width = (smaller.bit_length() + 7) // 8
        length = int.from_bytes(heap_id[1 + self.offset_width :][:width], "little")
        place = self._find(self.root, self.rows, offset, 0)
        return self.file.cursor(place, length).take(length)

    def _huge(self, heap_id: bytes) -> bytes:
        """An object too large for the blocks: its address is in the id, or in a B-tree."""
        wide, long = self.file.offset_bytes, self.file.length_bytes
        if len(heap_id) > wide + long:
            place = int.from_bytes(heap_id[1 : 1 + wide], "little")
            length = int.from_bytes(heap_id[1 + wide : 1 + wide + long], "little")
        else:
            if self.huge is None:
                self.huge = dict(_huge_places(self.file, self.huge_at))
            key = int.from_bytes(heap_id[1:], "little")
            if key not in self.huge:
                raise ArtifactError(f"the HDF5 heap has no huge object {key}")
            place, length = self.huge[key]
        if length > HEAP_BYTES:
            raise OverLimitError(f"a huge HDF5 object of {length} bytes is not read")
        return self.file.cursor(place, length).take(length)

    def _row_bytes(self, row: int) -> int:
        return self.start_bytes << max(row - 1, 0)

    def _find(self, block: int | None, rows: int, offset: int, depth: int) -> int:
        """The address of heap offset ``offset`` in the block that starts at heap offset 0."""
        if block is None or depth > 16:
            raise ArtifactError("an HDF5 heap id leads to no block")
        if rows == 0:
            return block + offset
        entry = self.file.cursor(block, 13 + self.offset_width + 16 * self.width * (rows + 1))
        if entry.take(4) != b"FHIB":
            raise ArtifactError(f"there is no HDF5 indirect block at {block}")
        entry.take(1)
        entry.offset()
        entry.take(self.offset_width)
        for row in range(min(rows, 64)):
            size = self._row_bytes(row)
            if offset >= size * self.width:
                offset -= size * self.width
                entry.take(self.file.offset_bytes * self.width)
                continue
            entry.take(self.file.offset_bytes * (offset // size))
            child = entry.offset()
            inner_rows = 0 if size <= self.most_direct else self._rows_within(size)
            return self._find(child, inner_rows, offset % size, depth + 1)
        raise ArtifactError("an HDF5 heap id leads beyond the last block")

    def _rows_within(self, size: int) -> int:
        rows, total = 0, 0
        while total < size:
            total += self._row_bytes(rows) * self.width
            rows += 1
        return rows


def _huge_places(file: Hdf5File, address: int | None) -> Iterator[tuple[int, tuple[int, int]]]:
    """The number of each huge object, and its (address, length)."""
    if address is None:
        return
    kind, _, records = _tree(file, address)
    if kind != _HUGE:
        raise ArtifactError(f"an HDF5 B-tree of kind {kind} is not one of huge objects")
    for record in records:
        cursor = Cursor(record, file.offset_bytes, file.length_bytes)
        place, length, number = cursor.offset(), cursor.length(), cursor.length()
        if place is not None:
            yield number, (place, length)


def heap_ids(file: Hdf5File, address: int, id_bytes: int) -> Iterator[bytes]:
    """The heap ids that a version 2 B-tree lists.

    Raises:
        ArtifactError: no such tree, or one of another kind.
    """
    kind, record_bytes, records = _tree(file, address)
    before = _BEFORE_ID.get(kind)
    if before is None or record_bytes < before + id_bytes:
        raise ArtifactError(f"an HDF5 B-tree of kind {kind} is not one of links or attributes")
    for record in records:
        yield record[before : before + id_bytes]


def _tree(file: Hdf5File, address: int) -> tuple[int, int, Iterator[bytes]]:
    """The kind of a version 2 B-tree, how long its records are, and these."""
    head = file.cursor(address, 64)
    if head.take(4) != b"BTHD":
        raise ArtifactError(f"there is no HDF5 B-tree at {address}")
    head.take(1)
    kind, node_bytes, record_bytes, depth = (head.number(size) for size in (1, 4, 2, 2))
    head.take(2)
    root, count = head.offset(), head.number(2)
    if root is None or not record_bytes or depth > 16:
        raise ArtifactError(f"the HDF5 B-tree at {address} has no root, or is too deep")
    return kind, record_bytes, _Tree(file, node_bytes, record_bytes).records(root, count, depth)


class _Tree:
    """The nodes of one version 2 B-tree."""

    def __init__(self, file: Hdf5File, node_bytes: int, record_bytes: int) -> None:
        self.file = file
        self.node_bytes = node_bytes
        self.record_bytes = record_bytes
        self.left = RECORDS

    def _most(self, depth: int) -> tuple[int, int]:
        """The most records in a node of this depth, and in all that hangs below it."""
        most = total = (self.node_bytes - 10) // self.record_bytes
        leaf_width = (most.bit_length() + 7) // 8
        for level in range(1, depth + 1):
            total_width = (total.bit_length() + 7) // 8 if level > 1 else 0
            pointer = self.file.offset_bytes + leaf_width + total_width
            most = (self.node_bytes - 10 - pointer) // (self.record_bytes + pointer)
            total = (most + 1) * total + most
        return most, total

    def records(self, address: int, count: int, depth: int) -> Iterator[bytes]:
        """The records of a node and of all below it."""
        self.left -= count + 1
        if self.left < 0:
            raise ArtifactError(f"an HDF5 B-tree has more than {RECORDS} records")
        node = self.file.cursor(address, min(self.node_bytes, 1 << 20))
        if node.take(4) != (b"BTIN" if depth else b"BTLF"):
            raise ArtifactError(f"there is no HDF5 B-tree node at {address}")
        node.take(2)
        yield from [node.take(self.record_bytes) for _ in range(count)]
        if depth == 0:
            return
        leaf_most, _ = self._most(0)
        width = (leaf_most.bit_length() + 7) // 8
        _, below = self._most(depth - 1)
        for _ in range(count + 1):
            child, inner = node.offset(), node.number(width)
            if depth > 1:
                node.take((below.bit_length() + 7) // 8)
            if child is None:
                raise ArtifactError("an HDF5 B-tree points at an undefined address")
            yield from self.records(child, inner, depth - 1)
