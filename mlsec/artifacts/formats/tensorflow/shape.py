"""The shapes of TensorFlow's messages, which have no magic: what their fields must look like."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.artifacts.bytes.protobuf import BYTES, Field, Wire
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import Format
from mlsec.artifacts.formats.tensorflow.operators import known_operators

META_GRAPH_DEF = 2
TOP_FIELDS = 2_000
MOST_NODES, LONGEST_OPERATOR = 200, 100


def top_fields(wire: Wire) -> tuple[Field, ...]:
    """Give the fields of a message, as far as they are whole."""
    fields = []
    try:
        for index, field in enumerate(wire.fields()):
            if index >= TOP_FIELDS:
                break
            fields.append(field)
    except ArtifactError:
        # A file cut short is still what it was, if its first fields say so.
        return tuple(fields) if len(fields) > 2 else ()
    return tuple(fields)


def tensorflow_format(wire: Wire, top: tuple[Field, ...]) -> Format | None:
    """Say which container of a graph these fields are; None if none."""
    by_number: dict[int, list[Field]] = {}
    for field in top:
        by_number.setdefault(field.number, []).append(field)
    ones, twos = by_number.get(1, []), by_number.get(2, [])
    messages = [field for field in ones if field.wire == BYTES]
    if messages and all(_is_keras_node(wire, field) for field in messages[:8]):
        return Format.SAVED_MODEL
    if any(_is_node(wire, field) for field in messages[:8]):
        return Format.GRAPH_DEF if _is_of_tensorflow(wire, by_number, messages) else None
    blocks = [field for field in twos if field.wire == BYTES]
    if any(_is_meta_graph(wire, field) for field in blocks[:8]) and not messages:
        return Format.SAVED_MODEL
    if any(_is_graph(wire, field) for field in blocks[:8]):
        return Format.META_GRAPH
    if any(_is_library(wire, field) for field in blocks[:8]):
        return Format.GRAPH_DEF
    return None


def _is_of_tensorflow(wire: Wire, by_number: dict[int, list[Field]], nodes: list[Field]) -> bool:
    """Whether more than two texts in a message say so: versions, functions or a known operator."""
    if any(field.wire == BYTES for number in (2, 4) for field in by_number.get(number, ())):
        return True
    operators = (next(_bytes_of(wire, node, 2), None) for node in nodes[:MOST_NODES])
    return any(
        wire.raw(operator).decode("ascii", "replace") in known_operators()
        for operator in operators
        if operator is not None and operator.end - operator.start < LONGEST_OPERATOR
    )


def _bytes_of(wire: Wire, field: Field, number: int, most: int = 64) -> Iterator[Field]:
    try:
        for index, inner in enumerate(wire.inside(field)):
            if index >= most:
                return
            if inner.number == number and inner.wire == BYTES:
                yield inner
    except ArtifactError:
        return


def _is_node(wire: Wire, field: Field) -> bool:
    """A NodeDef: a name and an operator, both plain words."""
    texts = []
    for number in (1, 2):
        result = next(_bytes_of(wire, field, number), None)
        if result is None or result.end - result.start > 1000:
            return False
        texts.append(wire.raw(result))
    is_plain = all(text.isascii() and text.decode("ascii").isprintable() for text in texts)
    # Descriptors of protobuf itself have the name of a file and of a package in these places.
    return is_plain and all(texts) and not texts[0].endswith(b".proto")


def _is_graph(wire: Wire, field: Field) -> bool:
    nodes = _bytes_of(wire, field, 1)
    first = next(nodes, None)
    if first is not None:
        return _is_node(wire, first)
    return any(_is_library(wire, library) for library in _bytes_of(wire, field, 2))


def _is_library(wire: Wire, field: Field) -> bool:
    """A FunctionDefLibrary: functions with nodes in them."""
    return any(
        _is_node(wire, node)
        for function in _bytes_of(wire, field, 1, 4)
        for node in _bytes_of(wire, function, 3)
    )


def _is_meta_graph(wire: Wire, field: Field) -> bool:
    graphs = list(_bytes_of(wire, field, META_GRAPH_DEF, 16))
    return any(_is_graph(wire, graph) for graph in graphs)


def _is_keras_node(wire: Wire, field: Field) -> bool:
    text = next(_bytes_of(wire, field, 5), None)
    path = next(_bytes_of(wire, field, 3), None)
    if text is None or path is None:
        return False
    return wire.raw(text, 64).lstrip()[:1] == b"{" and wire.raw(path, 4) == b"root"


def is_keras_metadata(window: Window) -> bool:
    """Whether a protobuf file is a keras_metadata.pb rather than a graph."""
    wire = Wire(window)
    first = next((f for f in top_fields(wire)[:8] if f.number == 1 and f.wire == BYTES), None)
    return first is not None and _is_keras_node(wire, first)
