"""Reads protobuf files that are recognised by their name, since their shape is incomplete."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import PurePosixPath

from mlsec.artifacts.bytes.protobuf import BYTES, Field, Wire
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.json_text import read_json
from mlsec.artifacts.content.references import note_reference
from mlsec.artifacts.content.unaccounted_bytes import search
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.formats.onnx.operators import PYTHON_OPERATORS
from mlsec.artifacts.formats.tensorflow.operators import REASONS, known_operators
from mlsec.artifacts.formats.tensorflow.shape import TOP_FIELDS
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity
from mlsec.core.regex import regex

SEARCHED_BYTES = 1 << 20
TRIES = 200
STEPS = 20_000
DEEP = 16
LONGEST = 4096
# The field of a node that names its operator, in TensorFlow (2) and in ONNX (4), with its length.
_WORD = regex(rb"[\x12\x22](?=([\x04-\x40])([A-Z][A-Za-z0-9_]{3,63}))")
_OWN = regex(r"__\w+__")
_OUTSIDE = regex(rb"(?:\.\.[\\/]){2,}[\w./\\-]{1,200}|/(?:etc|root|proc|home)/[\w./-]{1,200}")


def sniff_named_onnx(_head: bytes, window: Window) -> bool:
    """Whether the name ends in .onnx and the first fields are those of a message."""
    return window.name.lower().endswith(".onnx") and _is_message(window)


def sniff_named_saved_model(_head: bytes, window: Window) -> bool:
    """Whether the name is saved_model.pb and the first fields are those of a message."""
    return PurePosixPath(window.name).name == "saved_model.pb" and _is_message(window)


def sniff_named_graph(_head: bytes, window: Window) -> bool:
    """Whether the name ends in .pb, and a message begins that names an operator of a graph."""
    return window.name.lower().endswith(".pb") and _is_message(window) and _names_operator(window)


def sniff_named_keras(_head: bytes, window: Window) -> bool:
    """Whether the name is keras_metadata.pb, and the file may contain a Keras object."""
    is_named = PurePosixPath(window.name).name == "keras_metadata.pb"
    return is_named and b'"class_name"' in window.read(0, SEARCHED_BYTES)


def read_named_onnx(window: Window, record: Recorder) -> None:
    """Judge the texts at any depth: a loader of its own may read what the standard one refuses."""
    _note_partly("an ONNX model", window, record)
    _judge_texts(window, record, PYTHON_OPERATORS)


def read_named_saved_model(window: Window, record: Recorder) -> None:
    """Judge the texts at any depth, and with them the operators."""
    _note_partly("a SavedModel", window, record)
    _judge_texts(window, record, frozenset(REASONS))


def read_named_graph(window: Window, record: Recorder) -> None:
    """Judge the texts at any depth: a part of a graph may be loaded by what knows the rest."""
    _note_partly("a graph or another message", window, record)
    _judge_texts(window, record, frozenset(REASONS) | PYTHON_OPERATORS)


def read_named_keras(window: Window, record: Recorder) -> None:
    """Judge every Keras object in the file, at any place."""
    from mlsec.artifacts.formats.tensorflow.keras.config import is_keras_config, judge_keras  # noqa: PLC0415 - only for such a file

    _note_partly("Keras metadata", window, record)
    for data, offset in _objects(window, record):
        value = read_json(data, record, offset=offset)
        if is_keras_config(value):
            judge_keras(value, record)


def _note_partly(what: str, window: Window, record: Recorder) -> None:
    detail = f"is named as {what} is, and has its shape only in part"
    record.fact(FactKind.BROKEN, PurePosixPath(window.name).name, detail, danger=Severity.LOW)
    record.gap(GapReason.MALFORMED, detail, size_bytes=window.size_bytes)
    record.understood(0, window.size_bytes)
    search(window, record)


def _is_message(window: Window) -> bool:
    """Whether a message begins here, which may break off behind its second field."""
    count = 0
    try:
        for _ in itertools.islice(Wire(window).fields(), TOP_FIELDS):
            count += 1
    except ArtifactError:
        return count >= 2
    return count > 0


def _names_operator(window: Window) -> bool:
    """Whether some field is the name of an operator: every program writes messages to .pb files."""
    for match in _WORD.finditer(window.read(0, SEARCHED_BYTES)):
        word = match[2][: match[1][0]].decode("ascii")
        if len(word) == match[1][0] and (word in PYTHON_OPERATORS or word in known_operators()):
            return True
    return False


def _objects(window: Window, record: Recorder) -> Iterator[tuple[bytes, int]]:
    """JSON objects among other bytes, and where they start. A byte is read as one character."""
    text = window.read(0, SEARCHED_BYTES).decode("latin-1")
    decoder, at = json.JSONDecoder(strict=False), 0
    for _ in range(TRIES):
        record.budget.check_time()
        at = text.find("{", at)
        if at < 0:
            return
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at += 1
            continue
        yield text[at:end].encode("latin-1"), at
        at = end


def _judge_texts(window: Window, record: Recorder, operators: frozenset[str]) -> None:
    """Note operators that run code and external paths, in any field."""
    for text, offset in _texts(window, record):
        if text in operators:
            detail = "an operator that reaches out, in a field where none belongs"
            record.fact(FactKind.UNSAFE_OPERATOR, text, detail, offset=offset)
        elif _OWN.fullmatch(text):
            detail = "the name of an attribute of Python's own, which a loader would set"
            record.fact(FactKind.PATCHED_OBJECT, text, detail, offset=offset)
        elif "/" in text or "\\" in text:
            note_reference(record, text, "what a field of no known meaning names", offset=offset)
    for match in _OUTSIDE.finditer(window.read(0, SEARCHED_BYTES)):
        path = match.group().decode("ascii")
        note_reference(record, path, "what stands in no readable field", offset=match.start())


def _texts(window: Window, record: Recorder) -> Iterator[tuple[str, int]]:
    wire = Wire(window, record.budget)
    left = [(Field(0, BYTES, 0, 0, window.size_bytes), 0)]
    for _ in range(STEPS):
        if not left:
            return
        if len(left) > STEPS:
            break
        field, depth = left.pop()
        raw = wire.raw(field, LONGEST)
        if depth and raw.isascii() and (text := raw.decode("ascii")).isprintable():
            yield text, field.start
        if depth < DEEP:
            left.extend((inner, depth + 1) for inner in _inside(wire, field))
    record.unread(GapReason.OVER_LIMIT, f"more than {STEPS} fields in no known shape")


def _inside(wire: Wire, field: Field) -> list[Field]:
    """The fields of what may be a message; none where it is not."""
    try:
        fields = (inner for inner in wire.inside(field) if inner.wire == BYTES)
        return list(itertools.islice(fields, STEPS))
    except ArtifactError:
        return []
