"""Reads Core ML models: their metadata, the classes they need, the files they name."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.artifacts.bytes.protobuf import BYTES, VARINT, Field, Wire
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.known_formats import is_core_ml
from mlsec.artifacts.content.references import note_reference
from mlsec.artifacts.embedded.contents import judge_value
from mlsec.artifacts.embedded.embedded_search import search_inside
from mlsec.artifacts.embedded.metadata_text import judge_metadata
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason

# Field numbers: Model.proto, NeuralNetwork.proto, MIL.proto of coremltools.
VERSION, DESCRIPTION, UPDATABLE, METADATA = 1, 2, 10, 100
PIPELINES, NETWORKS = {200: 1, 201: 1, 202: 0}, frozenset({303, 403, 500})
PROGRAM, CUSTOM_MODEL, LINKED_MODEL, SERIALIZED = 502, 555, 556, 3000
# Trees, vectors and tables of numbers and words.
PLAIN = frozenset(
    (300, 301, 302, 304, 400, 401, 402, 404, 501, 560, *range(600, 605), 606, 607, 609, 610, 900,
     *range(2000, 2007))
)  # fmt: skip
LAYERS, LAYER_CUSTOM, CUSTOM_CLASS = 1, 500, 10
# Layers with networks in them, and where these are.
NESTED = {605: {1, 2}, 615: {3, 4}}
DEEP = 32
_OWN_FOLDER = "@model_path/"


def sniff_core_ml(_head: bytes, window: Window) -> bool:
    """Whether the fields are those of a Core ML model: a version, then a description and a type."""
    return is_core_ml(window)


def read_core_ml(window: Window, record: Recorder) -> None:
    """Walk the model; numbers of layers, trees and tables are searched, not followed.

    Raises:
        ArtifactError: a message that breaks off, or models beyond all depth in one another.
    """
    wire = Wire(window, record.budget)
    record.property("producer", "coreml")
    _Model(wire, record).read(Field(0, BYTES, 0, 0, window.size_bytes), 0)
    record.understood(0, window.size_bytes)
    search_inside(window, record, "a Core ML model")


class _Model:
    """One model while it is read, with those in it."""

    def __init__(self, wire: Wire, record: Recorder) -> None:
        self.wire = wire
        self.record = record

    def read(self, model: Field, depth: int) -> None:
        """Judge one model.

        Raises:
            ArtifactError: as ``read_core_ml``.
        """
        if depth > DEEP:
            raise ArtifactError(f"models lie more than {DEEP} deep in one another")
        for field in self.wire.inside(model):
            if field.number == VERSION and field.wire == VARINT:
                self.record.property("format_version", field.value)
            elif field.wire != BYTES:
                continue
            elif field.number == DESCRIPTION:
                self._description(field)
            elif field.number in PIPELINES:
                self._pipeline(field, depth)
            elif field.number in NETWORKS:
                self._network(field, depth)
            else:
                self._other(field)

    def _inside(self, field: Field, *numbers: int) -> Iterator[Field]:
        for inner in self.wire.inside(field):
            if inner.wire == BYTES and inner.number in numbers:
                yield inner

    def _texts(self, field: Field, *numbers: int) -> Iterator[str]:
        yield from (self.wire.text(inner) for inner in self._inside(field, *numbers))

    def _description(self, field: Field) -> None:
        for metadata in self._inside(field, METADATA):
            for inner in self._inside(metadata, 1, 2, 3, 4):
                judge_metadata(self.wire.text(inner), "the description", self.record)
            for license_ in self._texts(metadata, 4):
                self.record.property("license", license_[:200])
            for entry in self._inside(metadata, 100):
                key, value = ("".join(self._texts(entry, number)) for number in (1, 2))
                judge_metadata(value, key, self.record, offset=entry.start)

    def _pipeline(self, field: Field, depth: int) -> None:
        listed = self._inside(field, 1) if PIPELINES[field.number] else iter((field,))
        for pipeline in listed:
            for model in self._inside(pipeline, 1):
                self.read(model, depth + 1)

    def _network(self, field: Field, depth: int) -> None:
        if depth > DEEP:
            raise ArtifactError(f"networks lie more than {DEEP} deep in one another")
        for layer in self._inside(field, LAYERS):
            for kind in self.wire.inside(layer):
                if kind.wire != BYTES:
                    continue
                if kind.number == LAYER_CUSTOM:
                    self._custom(kind, "a layer")
                if numbers := NESTED.get(kind.number):
                    for inner in self._inside(kind, *numbers):
                        self._network(inner, depth + 1)

    def _custom(self, field: Field, what: str) -> None:
        name = next(self._texts(field, CUSTOM_CLASS), "")
        detail = f"{what} of a class that the loading program must bring"
        self.record.fact(FactKind.CUSTOM_CODE, name, detail, offset=field.start)
        for entry in self._inside(field, 30):
            for value in self._inside(entry, 2):
                for text in self._inside(value, 20, 60):
                    judge_value(self.wire.raw(text), "a parameter", self.record, offset=text.start)

    def _other(self, field: Field) -> None:
        if field.number == CUSTOM_MODEL:
            self._custom(field, "a model")
        elif field.number == LINKED_MODEL:
            for file in self._inside(field, 1):
                for parameter in self._inside(file, 1, 2):
                    for path in self._texts(parameter, 1):
                        note_reference(self.record, path, "a linked model", offset=file.start)
            detail = "the model itself lies in another file"
            self.record.gap(GapReason.UNRESOLVED, detail, start=field.start)
        elif field.number == PROGRAM:
            self._program(field)
        elif field.number not in PLAIN:
            detail = f"a model of kind {field.number}, which is not read"
            size_bytes = field.end - field.start
            self.record.gap(GapReason.UNSUPPORTED, detail, start=field.start, size_bytes=size_bytes)

    def _program(self, program: Field) -> None:
        """The blocks of all functions: each value may lie in a file."""
        for function in self._inside(program, 2):
            for body in self._inside(function, 2):
                for block in self._inside(body, 3):
                    for inner in self._inside(block, 2):
                        self._block(inner, 0)

    def _block(self, block: Field, depth: int) -> None:
        if depth > DEEP:
            raise ArtifactError(f"blocks lie more than {DEEP} deep in one another")
        for operation in self._inside(block, 3):
            self.record.budget.check_time()
            for inner in self._inside(operation, 4):
                self._block(inner, depth + 1)
            for entry in self._inside(operation, 5):
                for value in self._inside(entry, 2):
                    self._value(value)
            for entry in self._inside(operation, 2):
                for argument in self._inside(entry, 2):
                    for binding in self._inside(argument, 1):
                        for value in self._inside(binding, 2):
                            self._value(value)

    def _value(self, value: Field) -> None:
        for blob in self._inside(value, 5):
            for path in self._texts(blob, 1):
                place = path.removeprefix(_OWN_FOLDER)
                note_reference(self.record, place, "data of the program", offset=blob.start)
