"""The shape of an ONNX model, which has no magic: what its fields must look like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlsec.artifacts.bytes.protobuf import BYTES, VARINT, Field, Wire

MODEL_GRAPH, MODEL_OPSET = 7, 8
LAST_OF_GRAPH = 16
# Where a part of a graph has its name: the operator of a node, that of an input or output.
NAMED_PARTS: Mapping[int, int] = {1: 4, 11: 1, 12: 1}


def looks_like_onnx(wire: Wire, top: tuple[Field, ...]) -> bool:
    """Whether these top fields are an ONNX model: a version as a number, and a graph of nodes."""
    graphs = [f for f in top if f.number == MODEL_GRAPH and f.wire == BYTES]
    if not graphs or any(f.number == 1 and f.wire == BYTES for f in top):
        return False
    if not any(f.number in {1, 5} and f.wire == VARINT for f in top) and not any(
        f.number == MODEL_OPSET for f in top
    ):
        return False
    return _is_graph(wire, graphs[0]) or any(f.number == MODEL_OPSET for f in top)


def _is_graph(wire: Wire, graph: Field) -> bool:
    """Whether a field is a graph of ONNX: nodes with operators, or inputs and outputs by name."""
    fields = list(_first(wire, graph))
    if any(inner.number > LAST_OF_GRAPH for inner in fields):
        return False
    parts = (inner for inner in fields if inner.number in NAMED_PARTS and inner.wire == BYTES)
    return not fields or any(_has_name(wire, inner, NAMED_PARTS[inner.number]) for inner in parts)


def _has_name(wire: Wire, part: Field, number: int) -> bool:
    name = next((field for field in _first(wire, part) if field.number == number), None)
    if name is None or name.wire != BYTES:
        return False
    return wire.raw(name, 200).decode("latin-1").isprintable()


def _first(wire: Wire, field: Field, most: int = 64) -> Iterator[Field]:
    for index, inner in enumerate(wire.inside(field)):
        if index >= most:
            return
        yield inner
