"""TensorFlow operators that make values of any size, where constants make them beyond memory."""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Mapping, Sequence

from mlsec.artifacts.bytes.protobuf import BYTES, FIXED32, FIXED64, VARINT, Field, Wire
from mlsec.artifacts.content.expanded_size import MOST_ELEMENTS
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity

# Field numbers: node_def.proto, attr_value.proto, tensor.proto of TensorFlow.
NODE_NAME, NODE_OPERATOR, NODE_INPUT, NODE_ATTRIBUTE = 1, 2, 3, 5
ENTRY_VALUE, VALUE_TENSOR = 2, 8
TENSOR_TYPE, TENSOR_CONTENT = 1, 4
# The letters of packed elements by data type; the fields that hold numbers one by one.
_PACKED = {1: "f", 2: "d", 3: "i", 9: "q", 4: "B", 6: "b"}
_NUMBERS: Mapping[int, str] = {5: "f", 6: "d", 7: "q", 10: "q"}
_ALONE = {"f": FIXED32, "d": FIXED64, "q": VARINT}
LARGEST_BYTES, MOST_NUMBERS = 1024, 64
# Which input gives the size of what is made.
_BY_INPUT: Mapping[str, int] = {
    "Fill": 0, "BroadcastTo": 1, "Tile": 1, "RandomUniform": 0, "RandomStandardNormal": 0,
    "TruncatedNormal": 0, "RandomUniformInt": 0, "StatelessRandomUniform": 0,
    "StatelessRandomNormal": 0, "StatelessRandomUniformV2": 0, "StatelessRandomNormalV2": 0,
    "StatelessTruncatedNormal": 0, "Empty": 0, "LinSpace": 2, "OneHot": 1, "TensorListReserve": 1,
    "ResizeBilinear": 1, "ResizeNearestNeighbor": 1, "ResizeBicubic": 1, "ResizeArea": 1,
    "Pad": 1, "PadV2": 1, "MirrorPad": 1, "ScatterNd": 2, "SparseToDense": 1,
}  # fmt: skip
SIZED = frozenset(_BY_INPUT) | {"Range"}
Numbers = Sequence[int | float]


def judge_growth(wire: Wire, nodes: Sequence[Field], record: Recorder, where: str) -> None:
    """Note nodes of one graph or function whose result no memory has room for.

    Raises:
        ArtifactError: a message that breaks off.
    """
    constants: dict[str, Numbers] = {}
    sized: list[tuple[str, list[str], int]] = []
    for node in nodes:
        if node.end - node.start > LARGEST_BYTES:
            continue
        name, operator, inputs, attributes = _read(wire, node)
        if operator == "Const":
            constants[name] = _constant(wire, attributes)
        elif operator in SIZED:
            sized.append((operator, inputs, node.start))
    for operator, inputs, offset in sized:
        size = _made(operator, [constants.get(input_, ()) for input_ in inputs])
        if size > MOST_ELEMENTS:
            detail = f"{operator} makes {size:.3g} elements or times what it is given ({where})"
            record.fact(FactKind.BOMB, operator, detail, offset=offset, danger=Severity.MEDIUM)


def _read(wire: Wire, node: Field) -> tuple[str, str, list[str], list[Field]]:
    """Name, operator, inputs and attributes of a node."""
    texts, inputs, attributes = dict[int, str](), list[str](), list[Field]()
    for inner in wire.inside(node):
        if inner.wire != BYTES:
            continue
        if inner.number in {NODE_NAME, NODE_OPERATOR}:
            texts[inner.number] = wire.text(inner)
        elif inner.number == NODE_INPUT:
            # In a function an input is "node:output:number".
            inputs.append(wire.text(inner).split(":", 1)[0])
        elif inner.number == NODE_ATTRIBUTE:
            attributes.append(inner)
    return texts.get(NODE_NAME, ""), texts.get(NODE_OPERATOR, ""), inputs, attributes


def _made(operator: str, inputs: list[Numbers]) -> float:
    if operator == "Range":
        if len(inputs) < 3 or not all(inputs[:3]) or not inputs[2][0]:
            return 1.0
        return (inputs[1][0] - inputs[0][0]) / inputs[2][0]
    place = _BY_INPUT[operator]
    numbers = inputs[place] if place < len(inputs) else ()
    return math.prod(max(1.0, float(number)) for number in numbers)  # NaN counts as 1


def _constant(wire: Wire, attributes: list[Field]) -> Numbers:
    for attribute in attributes:
        for value in wire.inside(attribute):
            if value.number != ENTRY_VALUE or value.wire != BYTES:
                continue
            for tensor in wire.inside(value):
                if tensor.number == VALUE_TENSOR and tensor.wire == BYTES:
                    return _numbers(wire, tensor)
    return ()


def _numbers(wire: Wire, tensor: Field) -> Numbers:
    kind, content, result = 0, b"", list[int | float]()
    for inner in wire.inside(tensor):
        if inner.number == TENSOR_TYPE and inner.wire == VARINT:
            kind = inner.value
        elif inner.number == TENSOR_CONTENT and inner.wire == BYTES:
            content = wire.raw(inner, LARGEST_BYTES)
        elif inner.number in _NUMBERS:
            result += _listed(wire, inner, _NUMBERS[inner.number])
    letter = _PACKED.get(kind)
    if content and letter:
        size = struct.calcsize(letter)
        result += struct.unpack(
            f"<{len(content) // size}{letter}", content[: len(content) // size * size]
        )
    return result[:MOST_NUMBERS]


def _listed(wire: Wire, field: Field, letter: str) -> list[int | float]:
    if field.wire != BYTES and field.wire != _ALONE[letter]:
        return []  # of another type than the field has: loaders pass over it
    if field.wire == VARINT:
        return [_signed(field.value)]
    if letter == "q":
        return [_signed(value) for value in itertools.islice(wire.packed(field), MOST_NUMBERS)]
    raw, size = wire.raw(field, LARGEST_BYTES), struct.calcsize(letter)
    return list(struct.unpack(f"<{len(raw) // size}{letter}", raw[: len(raw) // size * size]))


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
