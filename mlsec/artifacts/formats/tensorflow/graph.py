"""Reads a TensorFlow GraphDef: every node of the graph and of each function in its library."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from mlsec.artifacts.bytes.protobuf import STRING_BYTES, Field, Wire
from mlsec.artifacts.content.expanded_size import MOST_AXES, note_shape
from mlsec.artifacts.content.references import is_remote, leaves_folder, note_reference
from mlsec.artifacts.embedded.contents import judge_bytes, judge_long, judge_value, judged_fields
from mlsec.artifacts.embedded.metadata_text import judge_metadata
from mlsec.artifacts.embedded.recognition import may_begin
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.formats.tensorflow.assets import node_name, nodes_of, unsaved
from mlsec.artifacts.formats.tensorflow.growth import SIZED, judge_growth
from mlsec.artifacts.formats.tensorflow.operators import (
    FILE_OPERATORS,
    PATH_READERS,
    REASONS,
    RESTORERS,
    judge_operator,
)
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity
from mlsec.core.regex import regex

# Field numbers: graph.proto, function.proto, node_def.proto, attr_value.proto of TensorFlow.
GRAPH_NODE, GRAPH_LIBRARY = 1, 2
FUNCTION_SIGNATURE, FUNCTION_NODE = 1, 3
NODE_OPERATOR, NODE_ATTRIBUTE = 2, 5
VALUE_TEXT, VALUE_TENSOR = 2, 8
VALUE_LIST, VALUE_FUNCTION, LIST_TEXT, FUNCTION_NAME, FUNCTION_ATTRIBUTE = 1, 10, 2, 1, 2
TENSOR_SHAPE, SHAPE_AXIS, TENSOR_CONTENT, TENSOR_STRINGS = 2, 2, 4, 8
# Fields with names, types, shapes and numbers. What is neither of these nor followed is judged as
# bytes of no known meaning.
GRAPH_PLAIN, NODE_PLAIN, ENTRY_PLAIN, VALUE_PLAIN = {4}, {1, 3, 4, 6, 7}, {1}, {7, 9}
TENSOR_PLAIN = {1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17}
FUNCTION_PLAIN, LIST_PLAIN = {1, 2, 4, 5, 6, 7}, {3, 4, 5, 6, 7, 8, 9}
MAIN, IN_FUNCTION = "in the main graph", "in the function "
LONGEST_PATH = 4096
SHORTEST_CODE = 20
# Attributes that name a place outside of the graph.
PLACE_ATTRIBUTES = frozenset(
    {"output_stream", "debug_urls", "descriptor_source", "file_name", "vocab_file",
     "file_pattern", "debug_ops_spec", "output_file_path", "memory_region_name"}
)  # fmt: skip
# What JAX writes into a compiled module that calls back into the process which made it.
_CALLS_BACK = regex(rb"xla_(?:ffi_)?(?:partitioned_)?python_[cg]pu_callback")
CALLS_BYTES = 8 << 20
HARMLESS_PLACES = ("stdout", "stderr", "log(", "local://", "bytes://")


class GraphReader:
    """Judges the nodes of one GraphDef; counts them in ``nodes``."""

    def __init__(self, wire: Wire, record: Recorder) -> None:
        self.wire = wire
        self.record = record
        self.nodes = 0
        # Where the graph saves in places that are no saver's, and whether it restores at all.
        self.strays: list[tuple[str, str]] = []
        self.restores = False
        # The main graph's constants whose paths the loader replaces, and nothing saves to.
        self.replaced: frozenset[str] = frozenset()

    def read(self, graph: Field, assets: frozenset[str] = frozenset()) -> None:
        """Read the graph in a field's payload; ``assets`` are the names of its assets' nodes.

        Raises:
            ArtifactError: a message that breaks off.
        """
        libraries = list(self._messages(graph, {GRAPH_LIBRARY}))
        functions = [f for library in libraries for f in self._messages(library, {1})]
        local = frozenset(self._signature(function) for function in functions)
        main = list(self._messages(graph, {GRAPH_NODE}, GRAPH_PLAIN | {GRAPH_LIBRARY}))
        if assets:
            self.replaced = unsaved(nodes_of(self.wire, main), assets)
        self._nodes(main, local, MAIN)
        self.replaced = frozenset()
        for function in functions:
            nodes = list(self._messages(function, {FUNCTION_NODE}, FUNCTION_PLAIN))
            self._nodes(nodes, local, f"{IN_FUNCTION}{self._signature(function)}"[:120])
        self._savers()

    def _messages(
        self, field: Field, numbers: set[int], plain: set[int] | None = None
    ) -> Iterator[Field]:
        """The fields of these numbers; others that are not ``plain`` are judged here and now."""
        return judged_fields(self.wire, field, numbers, plain, self.record)

    def _signature(self, function: Field) -> str:
        for signature in self._messages(function, {FUNCTION_SIGNATURE}):
            for name in self._messages(signature, {1}):
                return self.wire.text(name)
        return ""

    def _nodes(self, nodes: list[Field], local: frozenset[str], where: str) -> None:
        paths: list[str] = []
        assets: list[str] = []
        seen: set[str] = set()
        for node in nodes:
            is_asset = bool(self.replaced) and node_name(self.wire, node) in self.replaced
            self.nodes += 1
            for inner in self._messages(node, {NODE_OPERATOR, NODE_ATTRIBUTE}, NODE_PLAIN):
                if inner.number == NODE_OPERATOR:
                    operator = self.wire.text(inner)
                    seen.add(operator)
                    judge_operator(self.record, operator, local, where=where, offset=node.start)
                else:
                    (assets if is_asset else paths).extend(self._attribute(inner))
        self._paths(paths, assets, seen, where)
        if not SIZED.isdisjoint(seen):
            judge_growth(self.wire, nodes, self.record, where)

    def node(self, node: Field, where: str) -> None:
        """Judge one node by itself, as another format keeps it; whether it saves is not asked."""
        self._nodes([node], frozenset(), where)
        self.strays = []

    def _paths(self, paths: list[str], assets: list[str], seen: set[str], where: str) -> None:
        """Judge texts that may be paths, where an operator reads or writes the file it is given."""
        far = list(filter(_is_far, paths))
        self.restores |= not RESTORERS.isdisjoint(seen)
        if not FILE_OPERATORS.isdisjoint(seen):
            self.strays.append((min(FILE_OPERATORS & seen), where))
            for path in far:
                note_reference(self.record, path, f"what a saving operator {where} names")
        elif readers := sorted(PATH_READERS & seen):
            for path in filter(leaves_folder, [*far, *filter(_is_far, assets)]):
                self._read_by(readers[0], path, where)

    def _read_by(self, reader: str, path: str, where: str) -> None:
        if where.startswith(IN_FUNCTION):
            # Loaders replace constants of the main graph only.
            detail = f"{reader} {where} reads it when the function is called"
            danger = Severity.MEDIUM
            self.record.fact(FactKind.OUTSIDE_REFERENCE, path, detail, danger=danger)
            return
        # Tables are reported where the vocabulary lay when they were made; loaders replace it.
        detail = f"{reader} {where} may read {path}, unless the loader replaces it"
        self.record.gap(GapReason.UNRESOLVED, detail[:400])

    def _savers(self) -> None:
        """Note operators that save though they are no part of a saver, which restores as well.

        TensorFlow 2 keeps its saver in functions that it names after it; version 1 puts it into
        the main graph.
        """
        for operator, where in self.strays:
            if self.restores and ("save" in where.lower() or where == MAIN):
                continue
            detail = f"writes a file {where}, which is not a saver of a model's variables"
            danger = Severity.MEDIUM
            self.record.fact(FactKind.UNSAFE_OPERATOR, operator, detail, danger=danger)
        self.strays, self.restores = [], False

    def _attribute(self, entry: Field) -> Iterator[str]:
        """Judge one attribute; gives the strings that its tensor holds."""
        key = ""
        for inner in self._messages(entry, {1, 2}, ENTRY_PLAIN):
            if inner.number == 1:
                key = self.wire.text(inner)
            else:
                yield from self._value(key, inner)

    def _value(self, key: str, field: Field) -> Iterator[str]:
        numbers = {VALUE_LIST, VALUE_TEXT, VALUE_TENSOR, VALUE_FUNCTION}
        for value in self._messages(field, numbers, VALUE_PLAIN):
            if value.number == VALUE_TEXT:
                if key in PLACE_ATTRIBUTES:
                    judge_place(key, self.wire.text(value), value.start, self.record)
                self._text(value, f"attribute {key}")
            elif value.number == VALUE_TENSOR:
                yield from self._strings(value)
            elif value.number == VALUE_LIST:
                for text in self._messages(value, {LIST_TEXT}, LIST_PLAIN):
                    if key in PLACE_ATTRIBUTES:
                        judge_place(key, self.wire.text(text), text.start, self.record)
                    self._text(text, f"attribute {key}")
            else:
                for inner in self._messages(value, {FUNCTION_NAME, FUNCTION_ATTRIBUTE}):
                    if inner.number == FUNCTION_ATTRIBUTE:
                        yield from self._attribute(inner)
                    elif (name := self.wire.text(inner)) in REASONS:
                        # Whatever is called by a name may be an operator.
                        judge_operator(self.record, name, frozenset(), where=f"as {key}")

    def _text(self, field: Field, where: str) -> None:
        size_bytes = field.end - field.start
        if size_bytes > SHORTEST_CODE and _CALLS_BACK.search(self.wire.raw(field, CALLS_BYTES)):
            self.record.fact(
                FactKind.UNSAFE_OPERATOR, "python_callback", f"calls Python by {where}",
                offset=field.start, danger=Severity.CRITICAL,
            )  # fmt: skip
        if size_bytes > STRING_BYTES:
            judge_long(self.wire.window.part(field.start, size_bytes), where, self.record)
        elif size_bytes > 12:
            judge_value(self.wire.raw(field), where, self.record, offset=field.start)

    def _strings(self, tensor: Field) -> Iterator[str]:
        for shape in self._messages(tensor, {TENSOR_SHAPE}):
            axes = itertools.islice(self._messages(shape, {SHAPE_AXIS}), MOST_AXES)
            sizes = [f.value for axis in axes for f in self.wire.inside(axis) if f.number == 1]
            # A constant of one number and any shape is filled up when the graph is loaded.
            whole = [size for size in sizes if size < 1 << 63]
            note_shape(self.record, whole, "a constant", offset=tensor.start)
        for text in self._messages(tensor, {TENSOR_CONTENT, TENSOR_STRINGS}, TENSOR_PLAIN):
            is_at_hand = self.wire.holds(text.start, min(16, text.end - text.start))
            if is_at_hand and may_begin(self.wire.raw(text, 16)):
                part = self.wire.window.part(text.start, text.end - text.start)
                judge_bytes(part, "a constant", self.record, offset=text.start)
            if text.number != TENSOR_STRINGS:
                continue
            if text.end - text.start <= LONGEST_PATH:
                yield self._constant(text)
            elif is_at_hand:
                self._text(text, "a constant")

    def _constant(self, field: Field) -> str:
        text = self.wire.text(field)
        # Entries of a vocabulary are shorter than a line of code.
        if len(text) >= SHORTEST_CODE:
            judge_metadata(text, "a constant", self.record, offset=field.start)
        return text


def _is_far(path: str) -> bool:
    return path.count("/") >= 2 or path.count("\\") >= 2


def judge_place(key: str, place: str, offset: int, record: Recorder) -> None:
    """Note a place outside of the graph that an attribute names."""
    if not place or place.startswith(HARMLESS_PLACES):
        return
    if not note_reference(record, place, f"what {key} names", offset=offset):
        kind = FactKind.REMOTE_REFERENCE if is_remote(place) else FactKind.OUTSIDE_REFERENCE
        record.fact(kind, place, f"{key} names a file", offset=offset)
