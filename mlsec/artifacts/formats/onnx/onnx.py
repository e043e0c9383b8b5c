"""Reads ONNX models: every node of every graph, the files its tensors lie in, who made it."""

# Why not the onnx package: it loads a model whole (2 GB at most), follows the paths of external
# data and shows no field that its schema lacks.

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mlsec.artifacts.bytes.protobuf import BYTES, STRING_BYTES, Field, Wire
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.references import leaves_folder, note_reference
from mlsec.artifacts.embedded.contents import (
    judge_bytes,
    judge_field,
    judge_long,
    judge_value,
    judged_fields,
)
from mlsec.artifacts.embedded.metadata_text import judge_metadata
from mlsec.artifacts.embedded.recognition import may_begin
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.formats.onnx.constants import LARGEST_BYTES
from mlsec.artifacts.formats.onnx.functions import judge_calls
from mlsec.artifacts.formats.onnx.growth import judge_growth
from mlsec.artifacts.formats.onnx.operators import (
    EXTENSION_OPERATORS,
    EXTENSIONS,
    KNOWN_DOMAINS,
    LISTED,
    PYTHON_OPERATORS,
    STANDARD,
    asks_a_public_service,
)
from mlsec.artifacts.formats.onnx.sizes import judge_tensor_shape, judge_value_shape
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity

# Field numbers: onnx.proto of the ONNX specification.
MODEL_GRAPH, MODEL_OPSET, MODEL_METADATA, MODEL_TRAINING, MODEL_FUNCTIONS = 7, 8, 14, 20, 25
GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_SPARSE, GRAPH_VALUES = 1, 5, 15, (11, 12, 13)
FUNCTION_NODE, FUNCTION_ATTRIBUTE, FUNCTION_DOMAIN = 7, 11, 10
NODE_OPERATOR, NODE_ATTRIBUTE, NODE_DOMAIN = 4, 5, 7
EXTERNAL_KEYS = frozenset({"location", "offset", "length", "checksum", "basepath"})
GRAPHS_DEEP = 64
LONGEST_WORD, LONGEST_NUMBER = 64, 19
# Fields with names, types and numbers: nothing in them is kept for somebody else to read. What is
# neither of these nor followed below is judged as bytes of no known meaning.
MODEL_PLAIN, GRAPH_PLAIN, NODE_PLAIN = {MODEL_OPSET}, {2}, {1, 2, 3, 8}
ATTRIBUTE_PLAIN, TENSOR_PLAIN = {7, 8, 14, 15, 21}, {1, 4, 5, 7, 8, 10, 11}
FUNCTION_PLAIN = {1, 4, 5, 6, 9, FUNCTION_DOMAIN, 12, 13}
TENSOR_STRING, TENSOR_RAW, TENSOR_EXTERNAL = 6, 9, 13


def read_onnx(window: Window, record: Recorder) -> None:
    """Walk the whole model but for the bytes of its tensors.

    Raises:
        ArtifactError: not a model, or a message that breaks off.
    """
    wire = Wire(window, record.budget)
    top = tuple(wire.fields())
    if not any(field.number == MODEL_GRAPH for field in top):
        raise ArtifactError("an ONNX model has a graph, this has none")
    _Model(wire, record, top).read()
    record.understood(0, window.size_bytes)


class _Model:
    """One model while it is read: its local functions, and where to note what is found."""

    def __init__(self, wire: Wire, record: Recorder, top: tuple[Field, ...]) -> None:
        self.wire = wire
        self.record = record
        self.top = top
        self.functions = {self._function_name(f) for f in top if f.number == MODEL_FUNCTIONS}
        self.nodes = 0
        self.external: set[str] = set()
        # What each local function calls, and that of the one which is read just now.
        self.calls: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
        self.calling: Counter[tuple[str, str]] | None = None
        self.node_fields: list[Field] = []
        # What is small enough to say by itself how large something else becomes.
        self.small_tensors: list[Field] = []

    def read(self) -> None:
        for field in self.top:
            match field.number:
                case 2 | 3 | 4 if field.wire == BYTES:
                    name = {2: "producer", 3: "producer_version", 4: "domain"}[field.number]
                    self.record.property(name, self.wire.text(field)[:200])
                case 7:  # the graph
                    self._graph(field, 0)
                case 14:  # metadata
                    self._metadata(field)
                case 20:  # training: two graphs
                    for graph in self._messages(field, {1, 2}):
                        self._graph(graph, 0)
                case 25:  # a local function
                    self._function(field)
                case _ if field.wire == BYTES and field.number not in MODEL_PLAIN:
                    judge_field(self.wire, field, f"field {field.number} of the model", self.record)
                case _:
                    pass
        judge_calls(self.calls, self.record)
        judge_growth(self.wire, self.small_tensors, self.node_fields, self.record)
        self.record.property("nodes", self.nodes)
        if self.external:
            self.record.property("external_files", tuple(sorted(self.external)[:1000]))

    def _messages(
        self, field: Field, numbers: set[int], plain: set[int] | None = None
    ) -> Iterator[Field]:
        """The fields of these numbers; others that are not ``plain`` are judged here and now."""
        return judged_fields(self.wire, field, numbers, plain, self.record)

    def _function_name(self, field: Field) -> tuple[str, str]:
        texts = {f.number: self.wire.text(f) for f in self._messages(field, {1, FUNCTION_DOMAIN})}
        return texts.get(FUNCTION_DOMAIN, ""), texts.get(1, "")

    def _metadata(self, field: Field) -> None:
        key, value = self._pair(field)
        if key.lower() in {"license", "licence"}:
            self.record.property("license", value[:200])
        self.record.in_part(f"the metadata {key!r:.60}", STRING_BYTES, field.end - field.start)
        judge_metadata(value, key, self.record, offset=field.start)

    def _pair(self, field: Field) -> tuple[str, str]:
        texts = {f.number: self.wire.text(f) for f in self._messages(field, {1, 2})}
        return texts.get(1, ""), texts.get(2, "")

    def _function(self, field: Field) -> None:
        self.calling = self.calls.setdefault(self._function_name(field), Counter())
        for inner in self._messages(field, {FUNCTION_NODE, FUNCTION_ATTRIBUTE}, FUNCTION_PLAIN):
            if inner.number == FUNCTION_NODE:
                self._node(inner, 0)
            else:
                self._attribute(inner, 0)
        self.calling = None

    def _graph(self, field: Field, depth: int) -> None:
        if depth > GRAPHS_DEEP:
            raise ArtifactError(f"graphs lie more than {GRAPHS_DEEP} deep in one another")
        numbers = {GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_SPARSE, *GRAPH_VALUES}
        for inner in self._messages(field, numbers, GRAPH_PLAIN):
            if inner.number == GRAPH_NODE:
                self._node(inner, depth)
            elif inner.number in GRAPH_VALUES:
                judge_value_shape(self.wire, inner, self.record)
            elif inner.number == GRAPH_INITIALIZER:
                self._tensor(inner)
            else:
                self._sparse(inner)

    def _node(self, field: Field, depth: int) -> None:
        self.nodes += 1
        self.node_fields.append(field)
        operator = domain = ""
        strings: dict[str, str] = {}
        numbers = {NODE_OPERATOR, NODE_ATTRIBUTE, NODE_DOMAIN}
        for inner in self._messages(field, numbers, NODE_PLAIN):
            if inner.number == NODE_OPERATOR:
                operator = self.wire.text(inner)
            elif inner.number == NODE_DOMAIN:
                domain = self.wire.text(inner)
            else:
                name, value = self._attribute(inner, depth)
                strings[name] = value
        self._judge(domain, operator, strings, field.start)

    def _judge(self, domain: str, operator: str, strings: dict[str, str], offset: int) -> None:
        if self.calling is not None:
            self.calling[domain, operator] += 1
        subject = f"{domain}::{operator}" if domain else operator
        if operator in PYTHON_OPERATORS:
            detail = "an operator that calls Python code"
            self.record.fact(FactKind.UNSAFE_OPERATOR, subject, detail, offset=offset)
        elif (domain, operator) in self.functions:
            return
        elif domain in {"", "ai.onnx"}:
            if operator in STANDARD:
                return
            detail = "no operator of the standard: it needs a library of its own"
            self.record.fact(FactKind.CUSTOM_OPERATOR, subject, detail, offset=offset)
        elif domain in EXTENSIONS and operator in EXTENSION_OPERATORS:
            return
        elif domain in EXTENSIONS and asks_a_public_service(operator, strings.get("model_uri", "")):
            detail = f"sends what it is given to {strings['model_uri']}"[:200]
            danger = Severity.LOW
            self.record.fact(
                FactKind.CUSTOM_OPERATOR, subject, detail, offset=offset, danger=danger
            )
        elif domain in KNOWN_DOMAINS and operator not in LISTED.get(domain, frozenset()):
            detail = f"what {subject} does is not known: no list of that domain's operators has it"
            self.record.gap(GapReason.UNRESOLVED, detail[:400])
        elif domain and domain not in KNOWN_DOMAINS:
            detail = "an operator of a domain that no stock runtime carries"
            self.record.fact(FactKind.CUSTOM_OPERATOR, subject, detail, offset=offset)
        elif operator == "EPContext" and strings.get("ep_cache_context"):
            note_reference(self.record, strings["ep_cache_context"], "an engine", offset=offset)

    def _attribute(self, field: Field, depth: int) -> tuple[str, str]:
        """Judge what an attribute holds; gives its name and its text."""
        name = value = ""
        for inner in self._messages(field, {1, 4, 5, 6, 9, 10, 11, 22, 23}, ATTRIBUTE_PLAIN):
            match inner.number:
                case 1:
                    name = self.wire.text(inner)
                case 4 if inner.end - inner.start <= 4096:
                    value = self.wire.text(inner)
                    judge_value(self.wire.raw(inner), f"attribute {name}", self.record)
                case 4 | 9:
                    size_bytes = inner.end - inner.start
                    # Words of a vocabulary come by the hundred thousand, and hide nothing.
                    judge = judge_long if size_bytes > LONGEST_WORD else judge_bytes
                    part = self.wire.window.part(inner.start, size_bytes)
                    judge(part, f"attribute {name}", self.record, offset=inner.start)
                case 5 | 10:
                    self._tensor(inner)
                case 6 | 11:
                    self._graph(inner, depth + 1)
                case 22 | 23:
                    self._sparse(inner)
                case _:
                    pass
        return name, value

    def _sparse(self, field: Field) -> None:
        for inner in self._messages(field, {1, 2}):
            self._tensor(inner)

    def _tensor(self, field: Field) -> None:
        if field.end - field.start <= LARGEST_BYTES:
            self.small_tensors.append(field)
        judge_tensor_shape(self.wire, field, self.record)
        numbers = {TENSOR_STRING, TENSOR_RAW, TENSOR_EXTERNAL}
        for inner in self._messages(field, numbers, TENSOR_PLAIN):
            if inner.number == TENSOR_EXTERNAL:
                note_external(self.wire, inner, self.record, self.external)
            elif self._is_doubtful(inner):
                part = self.wire.window.part(inner.start, inner.end - inner.start)
                judge_bytes(part, "a tensor", self.record, offset=inner.start)

    def _is_doubtful(self, field: Field) -> bool:
        """Whether a tensor begins like what can be loaded; nothing is fetched to find out."""
        return self.wire.holds(field.start, 16) and may_begin(self.wire.raw(field, 16))


def note_external(
    wire: Wire, field: Field, record: Recorder, external: set[str] | None = None
) -> None:
    """Judge one entry of a tensor's external data; ``external`` gathers the files that it names."""
    texts = {f.number: wire.text(f) for f in wire.inside(field) if f.wire == BYTES}
    key, value = texts.get(1, ""), texts.get(2, "")
    if key not in EXTERNAL_KEYS:
        detail = "external data sets an attribute of the loader's own object"
        record.fact(FactKind.PATCHED_OBJECT, key, detail, offset=field.start)
    elif key in {"location", "basepath"}:
        _location(value, field.start, record, external if external is not None else set())
    elif key in {"offset", "length"} and not (value.isdecimal() and len(value) < LONGEST_NUMBER):
        detail = f"external data has the {key} {value!r:.60}, which is no place in a file"
        record.fact(FactKind.BROKEN, key, detail, offset=field.start)


def _location(path: str, offset: int, record: Recorder, external: set[str]) -> None:
    if path.startswith("*/"):
        detail = "names an address in the runtime's own memory"
        record.fact(FactKind.OUTSIDE_REFERENCE, path, detail, offset=offset)
    elif not note_reference(record, path, "tensor data", offset=offset):
        external.add(path)
        if len(external) <= 1000 and leaves_folder(path.strip()):
            note_reference(record, path.strip(), "tensor data", offset=offset)
