"""Reads a TensorFlow GraphDef: every node of the graph and of each function in its library."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.protobuf import BYTES, Field, Wire
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.references import is_remote, note_reference
from mlsec.artifacts.tensorflow.operators import FILE_OPERATORS, judge_operator

# Field numbers: graph.proto, function.proto, node_def.proto, attr_value.proto of TensorFlow.
GRAPH_NODE, GRAPH_LIBRARY = 1, 2
FUNCTION_SIGNATURE, FUNCTION_NODE = 1, 3
NODE_OPERATOR, NODE_ATTRIBUTE = 2, 5
VALUE_TEXT, VALUE_TENSOR = 2, 8
TENSOR_STRINGS = 8
LONGEST_PATH = 4096
# Attributes that name a place outside of the graph.
PLACE_ATTRIBUTES = frozenset({"output_stream", "debug_urls", "descriptor_source", "file_name"})
HARMLESS_PLACES = ("stdout", "stderr", "log(", "local://", "bytes://")


class GraphReader:
    """Judges the nodes of one GraphDef; counts them in ``nodes``."""

    def __init__(self, wire: Wire, record: Recorder) -> None:
        self.wire = wire
        self.record = record
        self.nodes = 0

    def read(self, graph: Field) -> None:
        """Read the graph in a field's payload.

        Raises:
            ArtifactError: a message that breaks off.
        """
        libraries = list(self._messages(graph, {GRAPH_LIBRARY}))
        functions = [f for library in libraries for f in self._messages(library, {1})]
        local = frozenset(self._signature(function) for function in functions)
        main = list(self._messages(graph, {GRAPH_NODE}))
        self._nodes(main, local, "in the main graph")
        for function in functions:
            nodes = list(self._messages(function, {FUNCTION_NODE}))
            self._nodes(nodes, local, f"in the function {self._signature(function)}"[:120])

    def _messages(self, field: Field, numbers: set[int]) -> Iterator[Field]:
        for inner in self.wire.inside(field):
            if inner.number in numbers and inner.wire == BYTES:
                yield inner

    def _signature(self, function: Field) -> str:
        for signature in self._messages(function, {FUNCTION_SIGNATURE}):
            for name in self._messages(signature, {1}):
                return self.wire.text(name)
        return ""

    def _nodes(self, nodes: list[Field], local: frozenset[str], where: str) -> None:
        paths: list[str] = []
        writes = False
        for node in nodes:
            self.nodes += 1
            for inner in self._messages(node, {NODE_OPERATOR, NODE_ATTRIBUTE}):
                if inner.number == NODE_OPERATOR:
                    operator = self.wire.text(inner)
                    writes |= operator in FILE_OPERATORS
                    judge_operator(self.record, operator, local, where=where, offset=node.start)
                else:
                    paths.extend(self._attribute(inner))
        if writes:
            for path in paths:
                if path.count("/") >= 2 or path.count("\\") >= 2:
                    note_reference(self.record, path, f"what a saving operator {where} names")

    def _attribute(self, entry: Field) -> Iterator[str]:
        """Judge one attribute; gives the strings that its tensor holds."""
        key = ""
        for inner in self._messages(entry, {1, 2}):
            if inner.number == 1:
                key = self.wire.text(inner)
                continue
            for value in self._messages(inner, {VALUE_TEXT, VALUE_TENSOR}):
                if value.number == VALUE_TEXT:
                    if key in PLACE_ATTRIBUTES:
                        self._place(key, self.wire.text(value), value.start)
                else:
                    yield from self._strings(value)

    def _strings(self, tensor: Field) -> Iterator[str]:
        for text in self._messages(tensor, {TENSOR_STRINGS}):
            if text.end - text.start <= LONGEST_PATH:
                yield self.wire.text(text)

    def _place(self, key: str, place: str, offset: int) -> None:
        if not place or place.startswith(HARMLESS_PLACES):
            return
        if not note_reference(self.record, place, f"what {key} names", offset=offset):
            kind = FactKind.REMOTE_REFERENCE if is_remote(place) else FactKind.OUTSIDE_REFERENCE
            self.record.fact(kind, place, f"{key} names a file", offset=offset)
