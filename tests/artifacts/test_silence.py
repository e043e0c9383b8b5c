"""What is not understood never reads as clean: it is a finding, or a gap with its reason."""

from __future__ import annotations

import gzip
import json
import struct

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import Format, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity
from tests.artifacts.builders import carried
from tests.artifacts.builders import onnx_models as onnx
from tests.artifacts.builders import pickles as make
from tests.artifacts.builders import tensorflow_graphs as tensorflow
from tests.artifacts.builders.protobufs import message, number, text

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
PLAIN = bytes(range(1, 200))
LAYERS = text(1, "net") + message(100, text(1, "l"), text(2, "Convolution"))
CORE_ML = number(1, 4) + message(2, text(1, "d")) + message(3000, text(1, "x"))

# Name of the file and its content: harmless or not, nobody here can tell.
NOT_UNDERSTOOD = {
    "class-of-a-known-library": (
        "a.pkl", make.stream(make.stacked("sklearn.new", "Model"), b")\x81")
    ),
    "class-called-otherwise": (
        "a.pkl", make.stream(make.stacked("sklearn.tree._classes", "DecisionTreeClassifier"),
                             b"K\x01\x85R")
    ),
    "persistent-id": ("a.pkl", make.stream(make.text("abc"), b"Q")),
    "function-by-value": ("a.pkl", carried.by_value("math")),
    "operator-of-a-runtime": (
        "a.onnx", onnx.model(onnx.graph(onnx.node("Unheard", domain="com.microsoft")))
    ),
    "operator-of-plugins": (
        "a.onnx", onnx.model(onnx.graph(onnx.node("Unheard", domain="trt.plugins")))
    ),
    "layer-of-no-set": (
        "a.xml",
        (b"<?xml version='1.0'?><net name='n' version='11'><layers>"
        b"<layer id='0' type='Unheard' version='opset1'/></layers></net>"),
    ),
    "loader-of-skops": (
        "schema.json",
        json.dumps({"__loader__": "UnheardNode", "__class__": "list", "__module__": "builtins",
                    "protocol": 2}).encode(),
    ),
    "operator-that-exchanges": (
        "saved_model.pb",
        tensorflow.saved_model(tensorflow.meta_graph(tensorflow.graph(tensorflow.node("_Recv")))),
    ),
    "callable-of-settings": ("a.yaml", b"model:\n  _target_: unheard.of.Run\n"),
    "target-of-settings": ("a.yaml", b"model:\n  target: unheard.of.Run\n  params: {}\n"),
    "core-ml": ("a.mlmodel", CORE_ML), "caffe": ("a.caffemodel", LAYERS),
    "paddle": ("a.pdmodel", message(1, number(1, 0), number(2, 0)) + message(4, number(1, 0))),
    "paddle-program": (
        "a.pdmodel",
        message(
            1, number(1, 0),
            message(4, text(3, "relu"),
                    message(4, text(1, "op_callstack"), text(8, "exec(code, run_globals)"))),
        ),
    ),
    "mxnet": ("a.params", b"\x12\1" + bytes(6) + PLAIN),
    "msgpack": ("a.msgpack", b"\x81\xa1a\xc4\2"),
    "darknet": ("a.weights", struct.pack("<iiiq", 0, 2, 5, 9) + PLAIN),
    "r": ("a.rds", gzip.compress(b"A\n3\n262144\n" + b"words\n" * 9)),
    "matlab": ("a.mat", b"MATLAB 5.0 MAT-file".ljust(128) + PLAIN),
    "fasttext": ("a.bin", b"\xba\x16\x4f\x2f" + PLAIN), "ggml": ("a.bin", b"lmgg" + PLAIN),
    "java": ("a.model", b"\xac\xed\0\5sr\0\x11java.util.HashMap" + bytes(30)),
    "lua": ("a.t7", b"\4\0\0\0\1\0\0\0\3\0\0\0V 1\x11\0\0\0torch.FloatTensor" + PLAIN),
    "parquet": ("a.parquet", b"PAR1" + PLAIN), "runtime": ("a.ort", b"\x20\0\0\0ORTM" + PLAIN),
    "layer-of-a-module": (
        "a.json", json.dumps({"class_name": "OwnLayer", "module": "keras.src.layers.core.dense",
                              "config": {"units": 3}}).encode()
    ),
    "function-of-pmml": (
        "a.pmml", carried.PMML.replace(b"X", b"<Apply function='own'/>")
    ),
    "document-of-xml": ("a.xml", b"<?xml version='1.0'?><own><thing/></own>"),
    "filter-of-its-own": ("a.json", carried.template("{{ 'x' | own }}")),
    "rar": ("a.pt", b"Rar!\x1a\7\1\0" + PLAIN), "cabinet": ("a.bin", b"MSCF\0\0\0\0" + PLAIN),
    "mleap": ("model.json", json.dumps({"op": "own", "attributes": {}}).encode()),
    "zeros": ("a.safetensors", bytes(100)), "text": ("a.pt", b"some words\n"),
    "json": ("a.pkl", b'{"a": 1}'), "script": ("a.sh", b"#!/bin/sh\necho inert\n"),
    "other-language": ("a.lua", b"print('x')\n"),
    "registered": ("config.cfg", b'@misc = "mine.v1"\n'),
    "notebook": ("a.ipynb", json.dumps({"cells": [], "nbformat": 4}).encode()),
}  # fmt: skip

# What a package that no list knows keeps in a file that only stores data: told, and no more.
TOLD = {
    "layer-of-its-own": (
        "a.json", json.dumps({"class_name": "OwnLayer", "config": {"units": 3}}).encode()
    ),
    "function-kept": (
        "a.pkl",
        make.stream(
            make.stacked("functools", "partial"), make.stacked("unheard", "run"), b"\x85R"
        ),
    ),
    "class-instantiated": ("a.pkl", make.stream(make.stacked("unheard", "Model"), b")\x81}b")),
    "class-called": ("a.pkl", make.stream(make.stacked("unheard", "Model"), b"K\x01\x85R")),
    "name-imported": ("a.pkl", make.stream(make.stacked("unheard", "Model"))),
}  # fmt: skip


def look(name: str, data: bytes) -> Inspection:
    return inspect(Window.of(data, name))


@pytest.mark.parametrize("case", NOT_UNDERSTOOD)
def test_what_is_not_understood_is_a_gap_and_no_alarm(case: str) -> None:
    found = look(*NOT_UNDERSTOOD[case])
    assert found.gaps
    assert not [fact for fact in found.facts if fact.danger in FLAGGING]


@pytest.mark.parametrize("name", ["Adam", "RMSprop"])
def test_an_optimizer_that_keras_registered_without_a_package_is_known(name: str) -> None:
    named = {"class_name": f"Custom>{name}", "config": {"name": name}}
    model = {"class_name": "Sequential", "config": {"layers": []}, "optimizer_config": named}
    found = look("a.json", json.dumps(model).encode())
    assert (found.facts, found.gaps) == ((), ())


@pytest.mark.parametrize("case", TOLD)
def test_what_a_package_that_no_list_knows_stores_is_low_and_the_file_is_assessed(
    case: str,
) -> None:
    found = look(*TOLD[case])
    assert {fact.danger for fact in found.facts} <= {Severity.LOW, Severity.INFO}
    assert (bool(found.facts), found.gaps) == (True, ())


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        (
            "a.rds",
            b"B\n\3\0\0\0" + PLAIN,
            "objects of R, which may hold code that runs when it is used",
        ),
        ("a.caffemodel", LAYERS, "a Caffe model"),
        ("x", b"\xba\x16\x4f\x2f" + PLAIN, "a fastText model"),
        ("x", b"tjgg" + PLAIN, "an old ggjt model"),
    ],
)
def test_a_format_that_nobody_reads_is_told_by_its_name(name: str, data: bytes, said: str) -> None:
    found = look(name, data)
    assert found.formats == (Format.UNKNOWN,)
    assert said in found.gaps[0].detail
    assert found.properties["looks_like"] == said


def test_a_layer_of_caffe_that_runs_python_is_found() -> None:
    layer = b'layer {\n type: "Python"\n python_param { module: "own" layer: "L" }\n}\n'
    found = look("net.prototxt", layer)
    assert [fact.subject for fact in found.facts] == ["own"]


def test_pieces_of_words_are_read_whole() -> None:
    pieces = [message(1, text(1, word), b"\x15\0\0\0\0") for word in ("<unk>", "a", "b", "c")]
    found = look("tokenizer.model", b"".join(pieces) + message(2, text(1, "in.txt")))
    assert (found.formats, found.gaps, found.facts) == ((Format.SENTENCEPIECE,), (), ())
