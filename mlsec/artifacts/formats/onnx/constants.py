"""Small constants of an ONNX model, and what follows from them alone: shapes, counts, repeats."""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Mapping, Sequence

import msgspec

from mlsec.artifacts.bytes.protobuf import BYTES, FIXED32, FIXED64, VARINT, Field, Wire

# Field numbers: onnx.proto of the ONNX specification.
TENSOR_TYPE, TENSOR_NAME, TENSOR_RAW = 2, 8, 9
NODE_INPUT, NODE_OUTPUT, NODE_OPERATOR, NODE_ATTRIBUTE = 1, 2, 4, 5
ATTRIBUTE_TENSOR, ATTRIBUTE_GRAPH = 5, 6
# The letters of raw elements by data type; the fields of TensorProto and AttributeProto with
# numbers, and how one of them is written where it stands alone.
_RAW = {1: "f", 6: "i", 7: "q", 9: "?", 11: "d", 3: "b", 2: "B", 12: "I", 13: "Q"}
_TENSOR_NUMBERS: Mapping[int, str] = {4: "f", 5: "q", 7: "q", 10: "d", 11: "q"}
_ALONE = {"f": FIXED32, "d": FIXED64, "q": VARINT}
_ATTRIBUTE_NUMBERS: Mapping[int, str] = {2: "f", 3: "q", 7: "f", 8: "q"}
LARGEST_BYTES, MOST_NUMBERS = 1024, 64
Numbers = Sequence[int | float]


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One node: its operator, what goes in and out, its attributes of numbers, its graphs."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    numbers: Mapping[str, Numbers]
    graphs: Mapping[str, Field]
    offset: int


def read_node(wire: Wire, field: Field) -> Node:
    """A node without what its attributes hold beside small numbers.

    Raises:
        ArtifactError: a message that breaks off.
    """
    operator, inputs, outputs = "", list[str](), list[str]()
    numbers, graphs = dict[str, Numbers](), dict[str, Field]()
    for inner in wire.inside(field):
        if inner.wire != BYTES:
            continue
        if inner.number == NODE_INPUT:
            inputs.append(wire.text(inner))
        elif inner.number == NODE_OUTPUT:
            outputs.append(wire.text(inner))
        elif inner.number == NODE_OPERATOR:
            operator = wire.text(inner)
        elif inner.number == NODE_ATTRIBUTE:
            _attribute(wire, inner, numbers, graphs)
    return Node(
        operator=operator,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        numbers=numbers,
        graphs=graphs,
        offset=field.start,
    )


def _attribute(
    wire: Wire, field: Field, numbers: dict[str, Numbers], graphs: dict[str, Field]
) -> None:
    name, result = "", list[int | float]()
    for inner in wire.inside(field):
        if inner.number == 1 and inner.wire == BYTES:
            name = wire.text(inner)
        elif inner.number in _ATTRIBUTE_NUMBERS and len(result) < MOST_NUMBERS:
            result += _numbers(wire, inner, _ATTRIBUTE_NUMBERS[inner.number])
        elif inner.number == ATTRIBUTE_TENSOR and inner.wire == BYTES and _is_small(inner):
            result += read_tensor_numbers(wire, inner)[1]
        elif inner.number == ATTRIBUTE_GRAPH and inner.wire == BYTES:
            graphs[name] = inner
    numbers[name] = tuple(result)


def _is_small(field: Field) -> bool:
    return field.end - field.start <= LARGEST_BYTES


def read_tensor_numbers(wire: Wire, field: Field) -> tuple[str, Numbers]:
    """The name and the numbers of a small tensor; none where they lie elsewhere.

    Raises:
        ArtifactError: a message that breaks off.
    """
    name, kind, result, raw = "", 0, list[int | float](), b""
    for inner in wire.inside(field):
        if inner.number == TENSOR_NAME and inner.wire == BYTES:
            name = wire.text(inner)
        elif inner.number == TENSOR_TYPE and inner.wire == VARINT:
            kind = inner.value
        elif inner.number == TENSOR_RAW and inner.wire == BYTES:
            raw = wire.raw(inner, LARGEST_BYTES)
        elif inner.number in _TENSOR_NUMBERS and len(result) < MOST_NUMBERS:
            result += _numbers(wire, inner, _TENSOR_NUMBERS[inner.number])
    letter = _RAW.get(kind)
    if raw and letter and not len(raw) % struct.calcsize(f"<{letter}"):
        count = len(raw) // struct.calcsize(f"<{letter}")
        result += struct.unpack(f"<{count}{letter}", raw)
    return name, tuple(result[:MOST_NUMBERS])


def _numbers(wire: Wire, field: Field, letter: str) -> list[int | float]:
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


class Constants:
    """The constants of a whole model by name, and the nodes that only rearrange or combine them."""

    def __init__(self) -> None:
        self.values: dict[str, Numbers] = {}
        self.makers: dict[str, Node] = {}
        self._known: dict[str, Numbers] = {}

    def add(self, name: str, numbers: Numbers) -> None:
        """Take a constant; of two with one name the larger counts, as scopes are not followed."""
        before = self.values.get(name, ())
        if name and numbers and _size(numbers) >= _size(before):
            self.values[name] = numbers

    def of(self, name: str) -> Numbers:
        """The numbers behind a name, as far as constants alone give them; else none.

        Each name is worked out once, however many nodes use it and however long the chain is.
        """
        known, opened, waiting = self._known, set[str](), [name]
        while waiting:
            result = waiting[-1]
            node = None if result in known or self.values.get(result) else self.makers.get(result)
            left = [] if node is None else [inner for inner in node.inputs if inner not in known]
            if left and result not in opened:  # names that lead back to themselves stay without
                opened.add(result)
                waiting.extend(left)
                continue
            if node is not None:
                known[result] = _combined(
                    node.operator, [known.get(inner, ()) for inner in node.inputs]
                )
            known.setdefault(result, self.values.get(result, ()))
            waiting.pop()
        return known[name]


# Operators that give their first input in another form, or join or combine their inputs.
_SAME = frozenset("Identity Cast Unsqueeze Squeeze Reshape Flatten CastLike".split())  # noqa: SIM905
COMBINING = _SAME | {"Concat", "Mul", "Add", "Sub", "Pow"}


def _combined(operator: str, inputs: list[Numbers]) -> Numbers:
    if not inputs or not all(inputs[:1] if operator in _SAME else inputs):
        return ()
    if operator in _SAME:
        return inputs[0]
    if operator == "Concat":
        return tuple(itertools.islice(itertools.chain.from_iterable(inputs), MOST_NUMBERS))
    first, second = inputs[0], inputs[-1]
    pairs = zip(*_broadcast(first, second), strict=False)
    try:
        match operator:
            case "Mul":
                return tuple(_bounded(value * two) for value, two in pairs)
            case "Add":
                return tuple(_bounded(value + two) for value, two in pairs)
            case "Sub":
                return tuple(_bounded(value - two) for value, two in pairs)
            case "Pow":
                return tuple(_bounded(float(value) ** float(two)) for value, two in pairs)
            case _:
                return ()
    except (OverflowError, ZeroDivisionError, TypeError):
        return (math.inf,)


def _bounded(number: complex) -> int | float:
    """As a tensor can hold it: no root of what is below zero, and no number without end."""
    if not isinstance(number, int | float):
        return math.nan
    return number if abs(number) < 1 << 64 else math.copysign(math.inf, number)


def _broadcast(first: Numbers, second: Numbers) -> tuple[Numbers, Numbers]:
    count = max(len(first), len(second))
    return (
        tuple(first) * count if len(first) == 1 else first,
        tuple(second) * count if len(second) == 1 else second,
    )


def _size(numbers: Numbers) -> float:
    return max((abs(number) for number in numbers if number == number), default=0.0)  # noqa: PLR0124


def constants_of(wire: Wire, tensors: Sequence[Field], nodes: Sequence[Node]) -> Constants:
    """The constants that tensors and nodes of a model give.

    Raises:
        ArtifactError: a message that breaks off.
    """
    constants = Constants()
    for tensor in tensors:
        constants.add(*read_tensor_numbers(wire, tensor))
    for node in nodes:
        for output in node.outputs[:1]:
            if node.operator == "Constant":
                for numbers in node.numbers.values():
                    constants.add(output, numbers)
            elif node.operator in COMBINING:
                constants.makers[output] = node
    return constants
