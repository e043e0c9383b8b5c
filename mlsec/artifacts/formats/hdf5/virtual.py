"""Virtual datasets of HDF5: the files that their parts lie in."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.artifacts.errors import ArtifactError, UnsupportedError
from mlsec.artifacts.formats.hdf5.layout import Cursor

# What stands for the file itself.
SELF = "."
ENTRIES = 1_000_000
# Flags of an entry since HDF5 2.0: the name is that of an earlier entry, or it is this file.
_FILE_AGAIN, _DATASET_AGAIN, _SAME_FILE = 1, 2, 4
_NONE, _POINTS, _BLOCKS, _ALL = range(4)


def source_files(data: bytes, offset_bytes: int, length_bytes: int) -> Iterator[str]:
    """The file of each part of a virtual dataset, from the heap object that lists them.

    Raises:
        ArtifactError: the list breaks off.
        UnsupportedError: a list or a selection in a form that is not known here.
    Source: HDF5 File Format Specification 4.0, "Virtual Dataset Global Heap Block".
    """
    cursor = Cursor(data, offset_bytes, length_bytes)
    version, count = cursor.number(1), cursor.length()
    if version > 1:
        raise UnsupportedError(f"virtual datasets in form {version} are not known here")
    if count > ENTRIES:
        raise ArtifactError(f"a virtual dataset of {count} parts is not plausible")
    for _ in range(count):
        flags = cursor.number(1) if version else 0
        if flags & _SAME_FILE:
            yield SELF
        elif flags & _FILE_AGAIN:
            cursor.length()
        else:
            yield cursor.until_nul().decode("utf-8", "replace")
        if flags & _DATASET_AGAIN:
            cursor.length()
        else:
            cursor.until_nul()
        for _ in range(2):
            _step_over_selection(cursor)


def _step_over_selection(cursor: Cursor) -> None:
    kind, version = cursor.number(4), cursor.number(4)
    if kind in {_NONE, _ALL} or (kind in {_POINTS, _BLOCKS} and version == 1):
        cursor.take(4)
        cursor.take(cursor.number(4))
    elif kind == _BLOCKS and version == 2:
        cursor.take(1)
        cursor.take(cursor.number(4))
    elif kind == _BLOCKS and version == 3:
        flags, width, rank = cursor.number(1), cursor.number(1), cursor.number(4)
        # A regular pattern is four numbers an axis; else each block has two corners.
        count = 4 if flags & 1 else 2 * cursor.number(width)
        cursor.take(count * rank * width)
    elif kind == _POINTS and version == 2:
        width, rank = cursor.number(1), cursor.number(4)
        cursor.take(cursor.number(width) * rank * width)
    else:
        raise UnsupportedError(f"a selection of kind {kind} in form {version} is not known here")
