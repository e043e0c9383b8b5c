"""Graphs and configurations: each technique is named by its sample, honest files stay quiet."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.dispatch.named_protobuf import STEPS
from mlsec.artifacts.facts import FactKind, Format, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity
from tests.artifacts.builders import (
    hdf5_files,
    keras_configs,
    onnx_models,
    skops_files,
    tensorflow_graphs,
    tflites,
)
from tests.artifacts.builders.protobufs import message, number, text
from tests.loops import for_each

MODULES = (onnx_models, tensorflow_graphs, tflites, keras_configs, hdf5_files, skops_files)
HOSTILE = {name: build for module in MODULES for name, build in module.HOSTILE.items()}
BENIGN = {name: build for module in MODULES for name, build in module.BENIGN.items()}
# The technique, a sample of it, and the kind of fact that must say so.
TECHNIQUES: tuple[tuple[str, str, FactKind], ...] = (
    ("Keras Lambda, encoded", "keras/lambda", FactKind.EMBEDDED_CODE),
    ("Keras Lambda, old form", "keras/lambda-old", FactKind.EMBEDDED_CODE),
    ("Keras Lambda, nested", "keras/lambda-nested", FactKind.CUSTOM_CODE),
    ("Keras Lambda as activation", "keras/lambda-as-activation", FactKind.EMBEDDED_CODE),
    ("Keras Lambda behind escapes", "keras/lambda-escaped", FactKind.CUSTOM_CODE),
    ("Keras Lambda in UTF-16", "keras/lambda-utf-16", FactKind.CUSTOM_CODE),
    ("Keras duplicate keys", "keras/duplicate-key", FactKind.TWO_READINGS),
    ("Keras arbitrary function", "keras/function-of-os", FactKind.DENIED_CALL),
    ("Keras arbitrary class", "keras/class-of-subprocess", FactKind.DENIED_CALL),
    ("Keras unknown module", "keras/unknown-module", FactKind.CUSTOM_CODE),
    ("Keras registered name", "keras/registered-name", FactKind.CUSTOM_CODE),
    ("Keras get_file", "keras/get-file", FactKind.DENIED_CALL),
    ("Keras TFSMLayer", "keras/tfsm-layer", FactKind.UNSAFE_OPERATOR),
    ("Keras torch wrapper", "keras/torch-wrapper", FactKind.UNSAFE_OPERATOR),
    ("Keras StringLookup path", "keras/lookup-path", FactKind.OUTSIDE_REFERENCE),
    ("HDF5 model of its own class", "hdf5/own-model", FactKind.CUSTOM_CODE),
    ("HDF5 Lambda", "hdf5/lambda", FactKind.EMBEDDED_CODE),
    ("HDF5 Lambda in the heap", "hdf5/lambda-in-heap", FactKind.EMBEDDED_CODE),
    ("HDF5 external link", "hdf5/external-link", FactKind.OUTSIDE_REFERENCE),
    ("HDF5 external storage", "hdf5/external-storage", FactKind.OUTSIDE_REFERENCE),
    ("SavedModel unsafe operator", "saved-model/unsafe-main", FactKind.UNSAFE_OPERATOR),
    ("SavedModel function", "saved-model/unsafe-function", FactKind.UNSAFE_OPERATOR),
    ("SavedModel second graph", "saved-model/unsafe-second-graph", FactKind.UNSAFE_OPERATOR),
    ("frozen GraphDef", "graph-def/unsafe-main", FactKind.UNSAFE_OPERATOR),
    ("MetaGraph", "meta-graph/unsafe", FactKind.UNSAFE_OPERATOR),
    ("pbtxt", "pbtxt/escaped-operator", FactKind.UNSAFE_OPERATOR),
    ("keras_metadata", "saved-model/keras-metadata-lambda", FactKind.CUSTOM_CODE),
    ("ONNX external data", "onnx/external-traversal", FactKind.OUTSIDE_REFERENCE),
    ("ONNX external data in attribute", "onnx/external-in-constant", FactKind.OUTSIDE_REFERENCE),
    ("ONNX PyOp", "onnx/python-operator", FactKind.UNSAFE_OPERATOR),
    ("ONNX PyOp in a subgraph", "onnx/python-operator-in-subgraph", FactKind.UNSAFE_OPERATOR),
    ("ONNX PyOp in a function", "onnx/python-operator-in-function", FactKind.UNSAFE_OPERATOR),
    ("skops function", "skops/function", FactKind.DENIED_CALL),
    ("skops method", "skops/method-dunder", FactKind.DENIED_CALL),
    ("skops operator", "skops/operator-call", FactKind.DENIED_CALL),
    ("tflite custom operator", "tflite/custom-operator", FactKind.CUSTOM_OPERATOR),
)


def flagged(seen: Inspection) -> bool:
    return any(fact.danger.rank <= Severity.MEDIUM.rank for fact in seen.facts)


def look(table: Mapping[str, Callable[[], bytes]], name: str) -> Inspection:
    return inspect(Window.of(table[name]()))


@for_each("name", sorted(HOSTILE))
def test_a_hostile_graph_is_flagged(name: str) -> None:
    assert flagged(look(HOSTILE, name))


@for_each("name", sorted(BENIGN))
def test_an_honest_graph_is_not_flagged(name: str) -> None:
    seen = look(BENIGN, name)
    assert [fact for fact in seen.facts if fact.danger.rank <= Severity.MEDIUM.rank] == []


@for_each(("technique", "name", "kind"), TECHNIQUES)
def test_a_technique_is_called_by_its_name(technique: str, name: str, kind: FactKind) -> None:
    assert kind in {fact.kind for fact in look(HOSTILE, name).facts}


@for_each("name", sorted(name for name in BENIGN if "archive" not in name))
def test_an_honest_graph_is_recognised(name: str) -> None:
    assert look(BENIGN, name).formats != (Format.UNKNOWN,)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(sorted(HOSTILE | BENIGN)), data=st.data())
def test_a_changed_file_never_breaks_the_reader(name: str, data: st.DataObject) -> None:
    content = bytearray((HOSTILE | BENIGN)[name]())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    seen = inspect(Window.of(bytes(content[:cut] if data.draw(st.booleans()) else content)))
    assert seen.size_bytes >= 0


def test_a_large_tensor_is_stepped_over() -> None:
    window = Window.of(onnx_models.model(onnx_models.graph(tensors=(onnx_models.tensor(),))))
    big = Window.of(BENIGN["onnx/large-tensor"]())
    assert inspect(window).formats == inspect(big).formats == (Format.ONNX,)


def test_the_producer_of_a_model_is_told() -> None:
    properties = look(BENIGN, "onnx/plain").properties
    assert (properties["producer"], properties["nodes"]) == ("pytorch", 2)


# Files whose shape is not whole, told by their name: the name, the bytes, what must be said.
NAMED: tuple[tuple[str, bytes, FactKind], ...] = (
    (
        "keras_metadata.pb",
        message(2, b'{"class_name": "Lambda", "config": {}}'),
        FactKind.CUSTOM_CODE,
    ),
    (
        "keras_metadata.pb",
        b'x{"class_name": "Dense", "config": {}}y{"class_name": "Lambda", "config": {}}',
        FactKind.CUSTOM_CODE,
    ),
    ("saved_model.pb", message(2, message(2, text(2, "ReadFile"))), FactKind.UNSAFE_OPERATOR),
    ("a.onnx", message(7, message(1, text(4, "PyOp"))), FactKind.UNSAFE_OPERATOR),
    ("a.onnx", message(13, text(1, "__class__"), text(2, "x")), FactKind.PATCHED_OBJECT),
    ("a.onnx", message(1, text(2, "file:///etc/passwd")), FactKind.OUTSIDE_REFERENCE),
    (
        "a.onnx",
        number(1, 7) + text(2, "x") + b"\x22\x60../../etc/passwd",
        FactKind.OUTSIDE_REFERENCE,
    ),
)


@pytest.mark.parametrize(("name", "content", "kind"), NAMED)
def test_a_file_of_partial_shape_is_read_by_its_name(
    name: str, content: bytes, kind: FactKind
) -> None:
    assert kind in {fact.kind for fact in inspect(Window.of(content, name)).facts}


@pytest.mark.parametrize("name", sorted({name for name, _, _ in NAMED}))
def test_a_name_alone_flags_nothing_and_passes_nothing(name: str) -> None:
    content = message(2, message(2, text(2, '{"class_name": "Dense", "config": {}}')))
    seen = inspect(Window.of(content, name))
    assert seen.gaps
    assert not flagged(seen)


def test_a_flood_of_fields_under_a_name_is_cut_off_and_said() -> None:
    flood = message(1, text(2, "x")) * (STEPS + 1)
    assert FactKind.NOT_FULLY_READ in {
        fact.kind for fact in inspect(Window.of(flood, "a.onnx")).facts
    }


@settings(max_examples=200, deadline=None)
@given(named=st.sampled_from(NAMED), data=st.data())
def test_a_changed_named_file_never_breaks_the_reader(
    named: tuple[str, bytes, FactKind], data: st.DataObject
) -> None:
    content = bytearray(named[1])
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    seen = inspect(Window.of(bytes(content), named[0]))
    assert seen.facts or seen.gaps or seen.formats != (Format.UNKNOWN,)
