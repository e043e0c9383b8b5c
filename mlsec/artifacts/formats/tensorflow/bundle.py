"""Reads the index of a TensorFlow checkpoint: which tensors there are, and where they lie."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import msgspec

from mlsec.artifacts.bytes.protobuf import BYTES, FIXED32, VARINT, Wire
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.unaccounted_bytes import search
from mlsec.artifacts.errors import ArtifactError, OverLimitError, UnsupportedError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.formats.tensorflow.sorted_table import Item, has_footer, items
from mlsec.artifacts.recorder import Recorder

# TensorFlow's DataType and the bytes an element takes; 0 where elements have no fixed size.
# Source: tensorflow/core/framework/types.proto.
DTYPES: Mapping[int, tuple[str, int]] = {
    1: ("float32", 4), 2: ("float64", 8), 3: ("int32", 4), 4: ("uint8", 1), 5: ("int16", 2),
    6: ("int8", 1), 7: ("string", 0), 8: ("complex64", 8), 9: ("int64", 8), 10: ("bool", 1),
    11: ("qint8", 1), 12: ("quint8", 1), 13: ("qint32", 4), 14: ("bfloat16", 2),
    15: ("qint16", 2), 16: ("quint16", 2), 17: ("uint16", 2), 18: ("complex128", 16),
    19: ("float16", 2), 20: ("resource", 0), 21: ("variant", 0), 22: ("uint32", 4),
    23: ("uint64", 8), 24: ("float8_e5m2", 1), 25: ("float8_e4m3fn", 1),
    26: ("float8_e4m3fnuz", 1), 27: ("float8_e4m3b11fnuz", 1), 28: ("float8_e5m2fnuz", 1),
    29: ("int4", 1), 30: ("uint4", 1), 31: ("int2", 1), 32: ("uint2", 1),
    33: ("float4_e2m1fn", 1),
}  # fmt: skip
TENSORS = 1_000_000
# Keys are written by what they share with the one before: a small file may hold very many.
NAMES_BYTES = 64 << 20
SHARDS = 100_000
SPANS = 2_000
DIMENSIONS = 254
_LISTED = 50
_NOTED = 20
# BundleEntryProto, and how each of its fields is written.
DTYPE, SHAPE, SHARD, OFFSET, SIZE, CHECKSUM, SLICES = range(1, 8)
_ENTRY: Mapping[int, int] = {
    DTYPE: VARINT, SHAPE: BYTES, SHARD: VARINT, OFFSET: VARINT, SIZE: VARINT, CHECKSUM: FIXED32,
    SLICES: BYTES,
}  # fmt: skip


class Tensor(msgspec.Struct, frozen=True, kw_only=True):
    """One tensor: ``shape`` in elements per axis; its bytes are [offset, offset + size_bytes)
    of shard number ``shard``.
    """

    name: str
    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size_bytes: int
    is_sliced: bool = False


def sniff_bundle(head: bytes, window: Window) -> bool:
    """Whether the file is a sorted table whose first key is empty, as that of a checkpoint is."""
    may_be = head[:2] == b"\0\0" or window.name.endswith(".index")
    return may_be and has_footer(window)


def read_bundle(window: Window, record: Recorder) -> None:
    """List the tensors, note those that share bytes, and say what each shard should hold.

    The property ``shard_spans`` holds [shard, start, end] of the bytes that tensors account for.

    Raises:
        ArtifactError: no sorted table, or its first entry is not that of a checkpoint.
        OverLimitError: more tensors than the cap.
        UnsupportedError: a checkpoint of TensorFlow's first format, or a compressed table.
    """
    search(window, record)
    try:
        shards, tensors = read_index(window, record)
    except UnsupportedError:
        record.understood(0, window.size_bytes)  # as a whole it was not read: one gap says so
        raise
    record.property("tensors", len(tensors))
    record.property("tensor_list", [_shown(tensor) for tensor in tensors[:_LISTED]])
    spans = list(itertools.islice(_spans(tensors, record), SPANS + 1))
    if len(spans) > SPANS:
        raise OverLimitError(f"the tensors leave more than {SPANS} holes in their shards")
    record.property("shard_spans", [list(span) for span in spans])
    record.property("shards", shards)
    if window.name:
        prefix = PurePosixPath(window.name).name.removesuffix(".index")
        names = [shard_name(prefix, number, shards) for number in range(min(shards, _LISTED))]
        record.property("weight_files", names)


def shard_name(prefix: str, number: int, shards: int) -> str:
    """What TensorFlow calls a shard of the checkpoint ``prefix``."""
    return f"{prefix}.data-{number:05d}-of-{shards:05d}"


def read_index(window: Window, record: Recorder) -> tuple[int, list[Tensor]]:
    """How many shards there are, and the tensors in the order of their names.

    Raises:
        As ``read_bundle``.
    """
    result = items(window, record)
    first = next(result, None)
    if first is None or first.key:
        raise ArtifactError("the table has no first entry that says how many shards there are")
    shards = _shards(first)
    tensors, wrong, names_bytes = list[Tensor](), 0, 0
    for item in result:
        names_bytes += len(item.key)
        if len(tensors) + wrong >= TENSORS or names_bytes > NAMES_BYTES:
            raise OverLimitError(f"has more than {TENSORS} tensors, or names beyond all measure")
        if not len(tensors) & 0xFFF:
            record.budget.check_time()
        try:
            tensor = _tensor(item)
            _check(tensor, shards)
        except ArtifactError as error:
            wrong += 1
            if wrong <= _NOTED:
                _note(error, item, record)
        else:
            tensors.append(tensor)
    return shards, tensors


def _note(error: ArtifactError, item: Item, record: Recorder) -> None:
    if isinstance(error, UnsupportedError):
        record.unread(error.reason, f"{_name(item)}: {error.message}", start=item.offset)
        return
    record.fact(FactKind.BROKEN, _name(item), error.message, offset=item.offset)
    record.gap(error.reason, error.message)


def _shards(first: Item) -> int:
    shards = 0
    for field in Wire(Window.of(first.value)).fields():
        if field.number == 1 and field.wire == BYTES:
            raise UnsupportedError("is a checkpoint in the first format of TensorFlow")
        if field.number == 1 and field.wire == VARINT:
            shards = field.value
        elif field.number not in {2, 3}:
            raise ArtifactError(f"field {field.number} of the first entry is unknown")
    if not 0 < shards <= SHARDS:
        raise ArtifactError(f"the checkpoint has {shards} shards, which none can have")
    return shards


def _name(item: Item) -> str:
    return item.key.decode("utf-8", "backslashreplace")


def _tensor(item: Item) -> Tensor:
    wire = Wire(Window.of(item.value))
    numbers, is_sliced = Counter[int](), False
    shape: tuple[int, ...] = ()
    for field in wire.fields():
        if _ENTRY.get(field.number) != field.wire:
            raise ArtifactError(f"field {field.number} is none that a tensor's entry has")
        if field.wire == VARINT:
            numbers[field.number] = field.value
        elif field.number == SHAPE:
            shape = tuple(_shape(wire, field.start, field.end))
        is_sliced |= field.number == SLICES
    return Tensor(
        name=_name(item),
        dtype=numbers[DTYPE],
        shape=shape,
        shard=numbers[SHARD],
        offset=numbers[OFFSET],
        size_bytes=numbers[SIZE],
        is_sliced=is_sliced,
    )


def _shape(wire: Wire, start: int, end: int) -> Iterator[int]:
    for count, field in enumerate(wire.fields(start, end)):
        if count >= DIMENSIONS:
            raise ArtifactError(f"the shape has more than {DIMENSIONS} axes")
        if field.number == 2 and field.wire == BYTES:
            sizes = [inner.value for inner in wire.inside(field) if inner.number == 1]
            yield sizes[-1] if sizes else 0


def _check(tensor: Tensor, shards: int) -> None:
    """Raises ArtifactError where the entry contradicts itself, or names a type not known here."""
    if tensor.dtype not in DTYPES:
        raise UnsupportedError(f"the data type {tensor.dtype} is unknown")
    if tensor.shard >= shards or tensor.offset + tensor.size_bytes >= 1 << 63:
        raise ArtifactError(f"lies in shard {tensor.shard} of {shards}, from {tensor.offset}")
    name, width = DTYPES[tensor.dtype]
    if tensor.is_sliced:
        if tensor.size_bytes:
            raise ArtifactError("is kept in slices and has bytes of its own as well")
    elif width and math.prod(tensor.shape) * width != tensor.size_bytes:
        raise ArtifactError(f"shape {tensor.shape!r:.60} of {name} does not fill its bytes")


def _spans(tensors: Sequence[Tensor], record: Recorder) -> Iterator[tuple[int, int, int]]:
    """The bytes that tensors account for, joined where they touch; overlaps are noted."""
    noted, open_shard, start, end, owner = 0, -1, 0, 0, ""
    result = (tensor for tensor in tensors if tensor.size_bytes)
    for tensor in sorted(result, key=lambda item: (item.shard, item.offset, item.name)):
        if tensor.shard != open_shard or tensor.offset > end:
            if open_shard >= 0:
                yield open_shard, start, end
            open_shard, start, end = tensor.shard, tensor.offset, tensor.offset
        elif tensor.offset < end and noted < _NOTED:
            noted += 1
            detail = f"its bytes in shard {tensor.shard} are also those of {owner!r:.80}"
            record.fact(FactKind.TWO_READINGS, tensor.name, detail)
        if tensor.offset + tensor.size_bytes > end:
            end, owner = tensor.offset + tensor.size_bytes, tensor.name
    if open_shard >= 0:
        yield open_shard, start, end


def _shown(tensor: Tensor) -> dict[str, Any]:
    return {
        "name": tensor.name[:400].encode("utf-8", "backslashreplace").decode("utf-8"),
        "dtype": DTYPES[tensor.dtype][0],
        "shape": list(tensor.shape[:16]),
        "shard": tensor.shard,
        "offset": tensor.offset,
        "size_bytes": tensor.size_bytes,
    }
