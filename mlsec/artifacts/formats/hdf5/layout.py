"""HDF5 as bytes: the superblock, object headers and their messages, local and global heaps."""

# Why not h5py: the HDF5 library is C code that trusts offsets, loads filter plugins and follows
# external links as members are read, and cannot say which bytes nothing refers to. Files are
# hostile here.

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError

SIGNATURE = b"\x89HDF\r\n\x1a\n"
NIL, LINK_INFO, LINK, EXTERNAL_FILES, LAYOUT, FILTERS = 0x00, 0x02, 0x06, 0x07, 0x08, 0x0B
ATTRIBUTE, CONTINUATION, SYMBOL_TABLE, ATTRIBUTE_INFO = 0x0C, 0x10, 0x11, 0x15
DATASPACE, DATATYPE = 0x01, 0x03
SHARED = 0x02
MESSAGES = 100_000
HEAP_BYTES = 64 << 20


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message of an object header: its type, flags and bytes, and where they lie."""

    kind: int
    flags: int
    data: bytes
    address: int


class Cursor:
    """Reads numbers one behind the other from bytes, in the widths that the file uses."""

    __slots__ = ("data", "length_bytes", "offset_bytes", "position")

    def __init__(self, data: bytes, offset_bytes: int, length_bytes: int) -> None:
        self.data = data
        self.offset_bytes = offset_bytes
        self.length_bytes = length_bytes
        self.position = 0

    def take(self, count: int) -> bytes:
        """The next bytes.

        Raises:
            ArtifactError: fewer are left.
        """
        part = self.data[self.position : self.position + count]
        if len(part) != count:
            raise ArtifactError("an HDF5 structure ends before its last field")
        self.position += count
        return part

    def number(self, count: int) -> int:
        """An unsigned number of ``count`` bytes, little-endian."""
        return int.from_bytes(self.take(count), "little")

    def offset(self) -> int | None:
        """A file address; None where it is undefined (all ones)."""
        raw = self.take(self.offset_bytes)
        return None if raw.count(0xFF) == len(raw) else int.from_bytes(raw, "little")

    def length(self) -> int:
        """A length, in the file's width."""
        return self.number(self.length_bytes)

    def until_nul(self) -> bytes:
        """The bytes up to the next zero, which is stepped over."""
        end = self.data.find(b"\0", self.position)
        end = len(self.data) if end < 0 else end
        part = self.data[self.position : end]
        self.position = end + 1
        return part


class Hdf5File:
    """An HDF5 file by addresses; ``root`` is the root group's header, ``end`` the end of file.

    Source: HDF5 File Format Specification, version 3.0; superblocks 0 to 3.
    """

    def __init__(self, window: Window, start: int = 0) -> None:
        self.window = window
        self.base = start
        head = Cursor(window.read(start, 256), 8, 8)
        if head.take(8) != SIGNATURE:
            raise ArtifactError("no HDF5 signature")
        version = head.number(1)
        if version > 3:
            raise ArtifactError(f"HDF5 superblock version {version} is unknown")
        self.offset_bytes = self.length_bytes = 8
        self.root, self.end = self._old(head, version) if version < 2 else self._new(head)

    def _sizes(self, head: Cursor) -> None:
        head.offset_bytes, head.length_bytes = head.number(1), head.number(1)
        if {head.offset_bytes, head.length_bytes} - {2, 4, 8, 16}:
            raise ArtifactError("HDF5 addresses are 2, 4, 8 or 16 bytes wide")
        self.offset_bytes, self.length_bytes = head.offset_bytes, head.length_bytes

    def _old(self, head: Cursor, version: int) -> tuple[int, int]:
        head.take(4)
        self._sizes(head)
        head.take(9 if version == 0 else 13)
        base = head.offset()
        head.offset()
        end = head.offset()
        head.offset()
        head.offset()
        root = head.offset()
        return self._placed(base, root, end)

    def _new(self, head: Cursor) -> tuple[int, int]:
        self._sizes(head)
        head.take(1)
        base = head.offset()
        head.offset()
        end = head.offset()
        root = head.offset()
        return self._placed(base, root, end)

    def _placed(self, base: int | None, root: int | None, end: int | None) -> tuple[int, int]:
        if base is None or root is None or end is None:
            raise ArtifactError("the HDF5 superblock names no root group or no end of file")
        if base not in {0, self.base}:
            raise ArtifactError(f"the HDF5 base address {base} is not where the superblock is")
        # The end counts from the start of the file, all other addresses from the superblock.
        return root, min(end, 1 << 62)

    def cursor(self, address: int, count: int) -> Cursor:
        """At most ``count`` bytes from an address."""
        data = self.window.read(address + self.base, count)
        return Cursor(data, self.offset_bytes, self.length_bytes)

    def messages(self, address: int) -> Iterator[Message]:
        """The messages of the object header at ``address``, continuations included.

        Raises:
            ArtifactError: no object header there, or blocks that lead in a circle.
        """
        start = self.cursor(address, 48)
        if start.data[:4] == b"OHDR":
            blocks, width = [self._second_header(start, address)], 4
        elif start.data[:1] == b"\x01":
            start.take(8)
            blocks, width = [(address + 16, start.number(4))], 8
        else:
            raise ArtifactError(f"there is no HDF5 object header at {address}")
        tracked = width == 4 and bool(start.data[5] & 4)
        seen: set[int] = set()
        count = 0
        while blocks:
            place, size = blocks.pop(0)
            if place in seen:
                raise ArtifactError(f"the HDF5 header block at {place} comes twice")
            seen.add(place)
            for message in self._block(place, size, new=width == 4, tracked=tracked):
                count += 1
                if count > MESSAGES:
                    raise ArtifactError(f"an HDF5 header has more than {MESSAGES} messages")
                if message.kind == CONTINUATION:
                    blocks.append(self._continuation(message, new=width == 4))
                elif message.kind != NIL:
                    yield message

    def _second_header(self, start: Cursor, address: int) -> tuple[int, int]:
        start.take(5)
        flags = start.number(1)
        start.take((16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0))
        size = start.number(1 << (flags & 3))
        return address + start.position, size

    def _continuation(self, message: Message, *, new: bool) -> tuple[int, int]:
        cursor = Cursor(message.data, self.offset_bytes, self.length_bytes)
        place, size = cursor.offset(), cursor.length()
        if place is None:
            raise ArtifactError("an HDF5 header goes on at an undefined address")
        return (place + 4, size - 8) if new else (place, size)

    def _block(self, place: int, size: int, *, new: bool, tracked: bool) -> Iterator[Message]:
        if size < 0 or size > HEAP_BYTES:
            raise ArtifactError(f"an HDF5 header block of {size} bytes is not plausible")
        block = self.cursor(place, size)
        if len(block.data) < size:
            raise ArtifactError(f"the HDF5 header block at {place} is not there")
        least = (4 if new else 8) + (2 if tracked else 0)
        while block.position + least <= len(block.data):
            kind = block.number(1 if new else 2)
            length, flags = block.number(2), block.number(1)
            block.take(3 if not new else 2 if tracked else 0)
            address = place + block.position
            yield Message(kind=kind, flags=flags, data=block.take(length), address=address)

    def local_heap(self, address: int) -> bytes:
        """The data segment of a local heap, where names of old groups lie."""
        head = self.cursor(address, 64)
        if head.take(4) != b"HEAP":
            raise ArtifactError(f"there is no HDF5 local heap at {address}")
        head.take(4)
        size = head.length()
        head.length()
        place = head.offset()
        if place is None or size > HEAP_BYTES:
            raise ArtifactError("an HDF5 local heap has no data segment")
        return self.cursor(place, size).data

    def global_object(self, address: int, index: int) -> bytes:
        """One object of a global heap, where texts of variable length lie.

        Raises:
            ArtifactError: no heap there, or no such object in it.
        """
        head = self.cursor(address, 64)
        if head.take(4) != b"GCOL":
            raise ArtifactError(f"there is no HDF5 global heap at {address}")
        head.take(4)
        size = head.length()
        if size > HEAP_BYTES:
            raise ArtifactError(f"an HDF5 global heap of {size} bytes is not plausible")
        heap = self.cursor(address, size)
        heap.position = head.position
        while heap.position + 8 + self.length_bytes <= len(heap.data):
            number = heap.number(2)
            heap.take(6)
            length = heap.length()
            if number == index:
                return heap.take(length)
            if number == 0:
                break
            heap.take((length + 7) // 8 * 8)
        raise ArtifactError(f"the HDF5 global heap at {address} has no object {index}")
