"""The shapes that an ONNX model declares, of its tensors and of what goes in and out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from mlsec.artifacts.bytes.protobuf import BYTES, VARINT, Field, Wire
from mlsec.artifacts.content.expanded_size import note_shape
from mlsec.artifacts.recorder import Recorder

# Field numbers: onnx.proto of the ONNX specification.
VALUE_TYPE, TYPE_TENSOR, TENSOR_SHAPE, SHAPE_DIM, DIM_VALUE = 2, 1, 2, 1, 1
TENSOR_DIMS = 1
_FIELDS, _AXES = 4096, 64


def judge_value_shape(wire: Wire, field: Field, record: Recorder) -> None:
    """Judge what goes into a graph, comes out of it, or is passed on in it.

    Raises:
        ArtifactError: a message that breaks off.
    """
    for kind in _inside(wire, field, VALUE_TYPE):
        for tensor in _inside(wire, kind, TYPE_TENSOR):
            for shape in _inside(wire, tensor, TENSOR_SHAPE):
                axes = itertools.islice(_inside(wire, shape, SHAPE_DIM), _AXES)
                sizes = [size for axis in axes for size in _numbers(wire, axis, DIM_VALUE)]
                note_shape(record, sizes, "a value of the graph", offset=field.start)


def judge_tensor_shape(wire: Wire, field: Field, record: Recorder) -> None:
    """Judge the shape of a tensor, wherever its numbers lie.

    Raises:
        ArtifactError: a message that breaks off.
    """
    sizes = list(_numbers(wire, field, TENSOR_DIMS))
    note_shape(record, sizes, "a tensor", offset=field.start)


def _inside(wire: Wire, field: Field, number: int) -> Iterator[Field]:
    for inner in itertools.islice(wire.inside(field), _FIELDS):
        if inner.number == number and inner.wire == BYTES:
            yield inner


def _numbers(wire: Wire, field: Field, number: int) -> Iterator[int]:
    """Sizes of axes; what is negative stands for one that is open."""
    for inner in itertools.islice(wire.inside(field), _FIELDS):
        if inner.number != number:
            continue
        values = [inner.value] if inner.wire == VARINT else []
        if inner.wire == BYTES:
            values = list(itertools.islice(wire.packed(inner), _AXES))
        yield from (value for value in values if value < 1 << 63)
