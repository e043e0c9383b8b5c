"""ONNX operators that make values of any size: whether constants make them larger than memory."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from mlsec.artifacts.bytes.protobuf import BYTES, Field, Wire
from mlsec.artifacts.content.expanded_size import MOST_ELEMENTS
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.formats.onnx.constants import Constants, Node, Numbers, constants_of, read_node
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity

# Field numbers: onnx.proto of the ONNX specification.
GRAPH_NODE, GRAPH_INPUT, GRAPH_OUTPUT, VALUE_NAME = 1, 11, 12, 1
# An exporter writes the largest number of 64 bits where a condition alone ends a loop.
MOST_ROUNDS = 1 << 31
_NOTED = 10


def _count(values: Sequence[Numbers]) -> float:
    start, limit, delta = ((*item, 0)[0] for item in (*values, (), (), ())[:3])
    return math.inf if not delta else (limit - start) / delta


def _padded(numbers: Numbers) -> float:
    half = len(numbers) // 2
    pairs = zip(numbers[:half], numbers[half:], strict=False)
    return math.prod(max(1.0, float(begin) + float(end)) for begin, end in pairs)


def _product(numbers: Numbers) -> float:
    return math.prod(max(1.0, float(number)) for number in numbers)  # NaN counts as 1


# By operator: which inputs give the size of what is made, and how.
_BY_INPUT: Mapping[str, tuple[int, Callable[[Numbers], float]]] = {
    "ConstantOfShape": (0, _product), "Expand": (1, _product), "Tile": (1, _product),
    "OneHot": (1, _product), "CenterCropPad": (1, _product), "AffineGrid": (1, _product),
    "Col2Im": (0, _product), "MaxUnpool": (2, _product), "Pad": (1, _padded),
    "HannWindow": (0, _product), "HammingWindow": (0, _product), "BlackmanWindow": (0, _product),
    "MelWeightMatrix": (1, _product), "DFT": (1, _product), "Upsample": (1, _product),
}  # fmt: skip
# Resize is given factors or sizes.
_RESIZE = (2, 3)
_BY_ATTRIBUTE: Mapping[str, Callable[[Numbers], float]] = {
    "shape": _product, "pads": _padded, "paddings": _padded, "output_shape": _product,
    "output_padding": _product, "scales": _product, "repeats": _product, "tiles": _product,
    "sample_size": _product,
}  # fmt: skip
# In a chain of these nothing but them decides how large a value is.
_CHAIN = frozenset("Concat Tile Identity Cast Add Mul Sub Neg Relu Abs Sum Max Min".split())  # noqa: SIM905
GROWING = frozenset((*_BY_INPUT, "Range", "Resize", "Loop", "Concat"))
_SHORTEST_CHAIN = 8


def judge_growth(
    wire: Wire, tensors: Sequence[Field], nodes: Sequence[Field], record: Recorder
) -> None:
    """Note nodes whose result no memory has room for, and loops that nothing ends.

    ``tensors`` and ``nodes`` are the small ones of all graphs of a model, in file order.

    Raises:
        ArtifactError: a message that breaks off.
    """
    read = [read_node(wire, node) for node in nodes]
    if not any(node.operator in GROWING or _sized(node) for node in read):
        return
    constants, noted = constants_of(wire, tensors, read), 0
    for node in read:
        said = _endless(wire, node, constants) if node.operator == "Loop" else ""
        size = _made(node, constants)
        if size > MOST_ELEMENTS:
            said = f"{node.operator} makes {size:.3g} times what it is given, or elements"
        if said and noted < _NOTED:
            noted += 1
            record.fact(
                FactKind.BOMB, node.operator, said, offset=node.offset, danger=Severity.MEDIUM
            )
    if not noted and (swelled := _chained(read, constants)):
        detail = f"a chain of operators makes a value {swelled[1]:.3g} times as large"
        record.fact(
            FactKind.BOMB, swelled[0].operator, detail, offset=swelled[0].offset,
            danger=Severity.MEDIUM,
        )  # fmt: skip


def _sized(node: Node) -> bool:
    return any(name in _BY_ATTRIBUTE for name in node.numbers)


def _made(node: Node, constants: Constants) -> float:
    """The most that constants say the node makes."""
    result = [1.0]
    if rule := _BY_INPUT.get(node.operator):
        place, measure = rule
        result.append(measure(_input(node, place, constants)))
    elif node.operator == "Resize":
        result += [_product(_input(node, place, constants)) for place in _RESIZE]
    elif node.operator == "Range":
        values = [_input(node, place, constants) for place in range(3)]
        result.append(_count(values) if all(values) else 1.0)
    result += [
        measure(node.numbers[name])
        for name, measure in _BY_ATTRIBUTE.items()
        if name in node.numbers
    ]
    return max(result)


def _input(node: Node, place: int, constants: Constants) -> Numbers:
    return constants.of(node.inputs[place]) if place < len(node.inputs) else ()


def _chained(nodes: Sequence[Node], constants: Constants) -> tuple[Node, float] | None:
    """The first node of a chain whose value swells beyond all memory, and how many times."""
    if sum(node.operator in {"Concat", "Tile"} for node in nodes) < _SHORTEST_CHAIN:
        return None
    sizes: dict[str, float] = {}
    for node in nodes:
        if node.operator not in _CHAIN:
            continue
        inputs = [sizes.get(name, 1.0) for name in node.inputs] or [1.0]
        size = sum(inputs) if node.operator == "Concat" else max(inputs)
        if node.operator == "Tile":
            size *= _product(_input(node, 1, constants))
        if size > MOST_ELEMENTS:
            return node, size
        sizes.update(dict.fromkeys(node.outputs, size))
    return None


def _endless(wire: Wire, node: Node, constants: Constants) -> str:
    """Why nothing ends a loop, or ""."""
    rounds = _input(node, 0, constants)
    is_open = not node.inputs[:1] or not node.inputs[0]
    if not is_open and not (rounds and rounds[0] > MOST_ROUNDS):
        return ""
    condition = node.inputs[1] if len(node.inputs) > 1 else ""
    begins = constants.of(condition) if condition else (1,)
    body = node.graphs.get("body")
    if not begins or not begins[0] or body is None or not _always_goes_on(wire, body, constants):
        return ""
    count = "without end" if is_open else f"{rounds[0]} times"
    return f"runs its graph {count}, and no condition ends it"


def _always_goes_on(wire: Wire, body: Field, constants: Constants) -> bool:
    """Whether a loop's graph gives its condition as it came, or one that is always true."""
    names = {GRAPH_INPUT: list[str](), GRAPH_OUTPUT: list[str]()}
    makers: dict[str, Node] = {}
    for inner in wire.inside(body):
        if inner.wire != BYTES:
            continue
        if inner.number in names:
            names[inner.number] += itertools.islice(_name(wire, inner), 1)
        elif inner.number == GRAPH_NODE:
            node = read_node(wire, inner)
            makers.update(dict.fromkeys(node.outputs, node))
    if not names[GRAPH_OUTPUT]:
        return False
    current = names[GRAPH_OUTPUT][0]
    for _ in range(16):
        if current in names[GRAPH_INPUT][1:2]:
            return True
        if result := constants.of(current):
            return bool(result[0])
        node_before = makers.get(current)
        if node_before is None or node_before.operator not in {"Identity", "Cast"}:
            return False
        current = (*node_before.inputs, "")[0]
    return False


def _name(wire: Wire, field: Field) -> Iterator[str]:
    for inner in wire.inside(field):
        if inner.number == VALUE_NAME and inner.wire == BYTES:
            yield wire.text(inner)
