"""The links and attributes of an HDF5 object, and the files it refers to."""

from __future__ import annotations

import enum
from collections.abc import Iterator

import msgspec

from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.formats.hdf5.heaps import FractalHeap, heap_ids
from mlsec.artifacts.formats.hdf5.layout import (
    ATTRIBUTE,
    ATTRIBUTE_INFO,
    LINK,
    LINK_INFO,
    SHARED,
    SYMBOL_TABLE,
    Cursor,
    Hdf5File,
    Message,
)

SYMBOLS = 1_000_000


class LinkKind(enum.Enum):
    """How a group names another object."""

    HARD = "hard"
    SOFT = "soft"
    EXTERNAL = "external"
    USER = "user"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One link: ``address`` of a hard one, ``target`` of the others (external: the file)."""

    kind: LinkKind
    name: str
    address: int = -1
    target: str = ""


class Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """One attribute: its texts or raw bytes; ``values`` is empty for what is neither."""

    name: str
    values: tuple[bytes, ...]


def links_of(file: Hdf5File, message: Message) -> Iterator[Link]:
    """The links that one message of a group's header gives."""
    cursor = Cursor(message.data, file.offset_bytes, file.length_bytes)
    if message.kind == SYMBOL_TABLE:
        tree, heap = cursor.offset(), cursor.offset()
        if tree is not None and heap is not None:
            yield from _symbols(file, tree, file.local_heap(heap), [0])
    elif message.kind == LINK:
        yield _link(cursor)
    elif message.kind == LINK_INFO:
        cursor.take(1)
        flags = cursor.number(1)
        cursor.take(8 if flags & 1 else 0)
        for data in _dense(file, cursor):
            yield _link(Cursor(data, file.offset_bytes, file.length_bytes))


def attributes_of(file: Hdf5File, message: Message) -> Iterator[Attribute]:
    """The attributes that one message of an object's header gives."""
    if message.kind == ATTRIBUTE:
        if message.flags & SHARED:
            raise ArtifactError("an HDF5 attribute that is shared between objects")
        yield _attribute(file, message.data)
    elif message.kind == ATTRIBUTE_INFO:
        cursor = Cursor(message.data, file.offset_bytes, file.length_bytes)
        cursor.take(1)
        flags = cursor.number(1)
        cursor.take(2 if flags & 1 else 0)
        for data in _dense(file, cursor):
            yield _attribute(file, data)


def _dense(file: Hdf5File, cursor: Cursor) -> Iterator[bytes]:
    heap_at, tree_at = cursor.offset(), cursor.offset()
    if heap_at is None or tree_at is None:
        return
    heap = FractalHeap(file, heap_at)
    for heap_id in heap_ids(file, tree_at, heap.id_bytes):
        yield heap.object(heap_id)


def _symbols(file: Hdf5File, address: int, heap: bytes, count: list[int]) -> Iterator[Link]:
    """The entries of an old group: a B-tree whose leaves are tables of symbols."""
    count[0] += 1
    if count[0] > SYMBOLS:
        raise ArtifactError("an HDF5 group's tree leads in a circle")
    node = file.cursor(address, 640)
    signature = node.take(4)
    if signature == b"SNOD":
        node.take(2)
        entries = node.number(2)
        node = file.cursor(address, 8 + entries * (2 * file.offset_bytes + 24))
        node.take(8)
        for _ in range(entries):
            yield _symbol(node, heap)
        return
    if signature != b"TREE":
        raise ArtifactError(f"there is no HDF5 group node at {address}")
    kind, level, used = node.number(1), node.number(1), node.number(2)
    if kind != 0 or level > 32 or count[0] > SYMBOLS:
        raise ArtifactError("an HDF5 group's tree is of another kind")
    needed = 24 + used * (file.offset_bytes + file.length_bytes) + 64
    node = file.cursor(address, needed)
    node.take(8 + 2 * file.offset_bytes)
    for _ in range(used):
        node.length()
        child = node.offset()
        if child is not None:
            yield from _symbols(file, child, heap, count)


def _symbol(node: Cursor, heap: bytes) -> Link:
    name_at, address = node.number(node.offset_bytes), node.offset()
    cached = node.number(4)
    node.take(4)
    scratch = node.take(16)
    name = _text_at(heap, name_at)
    if cached == 2:
        target = _text_at(heap, int.from_bytes(scratch[:4], "little"))
        return Link(kind=LinkKind.SOFT, name=name, target=target)
    if address is None:
        raise ArtifactError(f"the HDF5 link {name!r} leads nowhere")
    return Link(kind=LinkKind.HARD, name=name, address=address)


def _text_at(heap: bytes, offset: int) -> str:
    return heap[offset : offset + 4096].split(b"\0", 1)[0].decode("utf-8", "replace")


def _link(cursor: Cursor) -> Link:
    cursor.take(1)
    flags = cursor.number(1)
    kind = cursor.number(1) if flags & 8 else 0
    cursor.take((8 if flags & 4 else 0) + (1 if flags & 16 else 0))
    name = cursor.take(cursor.number(1 << (flags & 3))).decode("utf-8", "replace")
    if kind == 0:
        address = cursor.offset()
        return Link(kind=LinkKind.HARD, name=name, address=-1 if address is None else address)
    target = cursor.take(cursor.number(2))
    if kind == 1:
        return Link(kind=LinkKind.SOFT, name=name, target=target.decode("utf-8", "replace"))
    if kind == 64:
        path = target[1:].split(b"\0", 1)[0].decode("utf-8", "replace")
        return Link(kind=LinkKind.EXTERNAL, name=name, target=path)
    return Link(kind=LinkKind.USER, name=name, target=target[:100].decode("utf-8", "replace"))


def _attribute(file: Hdf5File, data: bytes) -> Attribute:
    cursor = Cursor(data, file.offset_bytes, file.length_bytes)
    version, flags = cursor.number(1), cursor.number(1)
    if version not in {1, 2, 3}:
        raise ArtifactError(f"HDF5 attribute version {version} is unknown")
    sizes = [cursor.number(2) for _ in range(3)]
    if version == 3:
        cursor.take(1)
    padded = [(size + 7) // 8 * 8 for size in sizes] if version == 1 else sizes
    name, datatype, _ = (cursor.take(size) for size in padded)
    text = name.split(b"\0", 1)[0].decode("utf-8", "replace")
    value = data[cursor.position :]
    if version > 1 and flags & 1:
        # The type lies elsewhere; texts are found by their look.
        return Attribute(name=text, values=(value,))
    return Attribute(name=text, values=_values(file, datatype, value))


def _values(file: Hdf5File, datatype: bytes, value: bytes) -> tuple[bytes, ...]:
    """The texts that a value of this type holds, or its bytes where it is opaque."""
    if len(datatype) < 8:
        raise ArtifactError("an HDF5 datatype ends before its size")
    size = int.from_bytes(datatype[4:8], "little")
    match datatype[0] & 0x0F:
        case 3 | 5 if size:
            return tuple(value[start : start + size] for start in range(0, len(value), size))
        case 9:
            return tuple(_variable(file, value))
        case _:
            return ()


def _variable(file: Hdf5File, value: bytes) -> Iterator[bytes]:
    cursor = Cursor(value, file.offset_bytes, file.length_bytes)
    result = 8 + file.offset_bytes
    for _ in range(len(value) // result):
        length = cursor.number(4)
        address, index = cursor.offset(), cursor.number(4)
        if address and length:
            yield file.global_object(address, index)[:length]
