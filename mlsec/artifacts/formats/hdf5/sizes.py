"""Compares the declared size of an HDF5 dataset with what the file stores of it."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.artifacts.content.expanded_size import elements, note_shape, note_unstored
from mlsec.artifacts.embedded.contents import judge_beginnings
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.formats.hdf5.layout import (
    DATASPACE,
    DATATYPE,
    EXTERNAL_FILES,
    LAYOUT,
    SHARED,
    Cursor,
    Hdf5File,
    Message,
)
from mlsec.artifacts.recorder import Recorder

_RANKS = 32
_CONTIGUOUS = 1
SIZED = frozenset((DATASPACE, DATATYPE, EXTERNAL_FILES, LAYOUT))


def judge_dataset(
    file: Hdf5File, messages: Mapping[int, Message], path: str, record: Recorder
) -> None:
    """Judge the messages of one object, by kind; objects that are no dataset say nothing.

    Raises:
        ArtifactError: a message ends before its last field.
    """
    space, layout = messages.get(DATASPACE), messages.get(LAYOUT)
    if space is None or layout is None or space.flags & SHARED:
        return
    shape = _shape(Cursor(space.data, file.offset_bytes, file.length_bytes))
    what = f"the dataset {path}"
    if note_shape(record, shape, what, offset=space.address):
        return
    _judge_beginning(file, Cursor(layout.data, file.offset_bytes, file.length_bytes), record)
    stored = _stored_bytes(file, Cursor(layout.data, file.offset_bytes, file.length_bytes))
    if stored is not None and EXTERNAL_FILES not in messages:
        declared = int(elements(shape)) * _element_bytes(messages.get(DATATYPE))
        note_unstored(record, declared, stored, what, offset=space.address)


def _judge_beginning(file: Hdf5File, cursor: Cursor, record: Recorder) -> None:
    """Look at how the data begin, where they lie in one piece: anywhere in a file of any size."""
    version = cursor.number(1)
    if version not in {3, 4} or cursor.number(1) != _CONTIGUOUS:
        return
    address, size = cursor.offset(), cursor.length()
    if address is not None:
        judge_beginnings(file.window, [(file.base + address, size)], record)


def _shape(cursor: Cursor) -> list[int]:
    version, rank = cursor.number(1), cursor.number(1)
    if rank > _RANKS:
        raise ArtifactError(f"an HDF5 dataset has {rank} axes, {_RANKS} are the most there may be")
    cursor.take(6 if version == 1 else 2)
    return [cursor.length() for _ in range(rank)]


def _element_bytes(datatype: Message | None) -> int:
    if datatype is None or datatype.flags & SHARED or len(datatype.data) < 8:
        return 1
    return int.from_bytes(datatype.data[4:8], "little")


def _stored_bytes(file: Hdf5File, cursor: Cursor) -> int | None:
    """The bytes of a dataset that lies in one piece; None where chunks are filled one by one."""
    version = cursor.number(1)
    if version not in {3, 4} or cursor.number(1) != _CONTIGUOUS:
        return None
    address, size = cursor.offset(), cursor.length()
    if address is None:
        return 0
    return max(0, min(size, file.window.size_bytes - file.base - address))
