"""What a cap keeps from being searched is said: a statement beside, or a gap, never nothing."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Callable, Mapping

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.json_text import MOST_BYTES
from mlsec.artifacts.embedded import pickle_literals
from mlsec.artifacts.embedded.contents import LOOKED_AT_NEAR, READ_BYTES, STEPS
from mlsec.artifacts.embedded.embedded_search import SEARCHED_BYTES
from mlsec.artifacts.facts import FactKind, Inspection
from mlsec.artifacts.formats.numpy.reader import TEXT_BYTES
from mlsec.artifacts.formats.trees.lightgbm import LONGEST_LINE
from mlsec.artifacts.formats.trees.ubjson import MOST_TEXTS
from mlsec.artifacts.formats.trees.ubjson import TEXT_BYTES as LONG_TEXT
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.settings.class_settings import MOST_TEXTS as MOST_SETTINGS
from mlsec.artifacts.text.text_files import LISTED_BYTES, SNIFFED_BYTES
from mlsec.artifacts.text.xml_text import MOST_TEXTS as MOST_XML_TEXTS
from mlsec.core.enums import Severity
from tests.artifacts.builders import ggufs, hdf5_files, numpy_files, pictures, tflites
from tests.artifacts.builders import onnx_models as onnx
from tests.artifacts.builders import tensorflow_graphs as tensorflow
from tests.artifacts.builders import tree_models as trees
from tests.artifacts.builders.protobufs import message, number, text

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
LONG = b"w" * (SEARCHED_BYTES + 1)
WORDS = b"word " * (READ_BYTES // 5 + 1)
RELU = onnx.graph(onnx.node("Relu"))


def safetensors(value: str) -> bytes:
    header = json.dumps({"__metadata__": {"note": value}}).encode()
    return struct.pack("<Q", len(header)) + header


def many_tensors(count: int) -> bytes:
    held = {
        f"w{at}": {"dtype": "F32", "shape": [1], "data_offsets": [4 * at, 4 * at + 4]}
        for at in range(count)
    }
    header = json.dumps(held).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4 * count)


def text_array(size_bytes: int) -> bytes:
    header = f"{{'descr': '|S{size_bytes}', 'fortran_order': False, 'shape': (1,), }}"
    return numpy_files.npy(header, b"w" * size_bytes)


def xgboost(*values: str) -> bytes:
    listed = b"[#" + trees.length(len(values))
    listed += b"".join(b"S" + trees.text(value) for value in values)
    return trees.xgboost(trees.text("more") + listed)


# One more than the cap of each reader that has one: how it is called, and its content.
BEYOND: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "hdf5": ("a.h5", lambda: hdf5_files.dataset(SEARCHED_BYTES, stored=8 * SEARCHED_BYTES)),
    "hdf5-packed-datasets": (
        "a.h5", lambda: hdf5_files.file(hdf5_files.message(0x0B, b"\2\1\1\0\1\0\1\0\6\0\0\0"))
    ),
    "tflite": ("a.tflite", lambda: tflites.model("3", buffers=(b"", LONG))),
    "catboost": ("a.cbm", lambda: trees.catboost(tail=LONG)),
    "numpy-texts": ("a.npy", lambda: text_array(TEXT_BYTES + 4)),
    "joblib-raw-array": ("a_01.npy.z", lambda: LONG),
    "safetensors-metadata": ("a.safetensors", lambda: safetensors(WORDS.decode())),
    "gguf-text": ("a.gguf", lambda: ggufs.PLAIN.file(("general.note", WORDS.decode()))),
    "onnx-metadata": (
        "a.onnx", lambda: onnx.model(RELU, message(14, text(1, "note"), message(2, WORDS)))
    ),
    "onnx-attribute": (
        "a.onnx",
        lambda: onnx.model(onnx.graph(onnx.node("Relu", onnx.attribute("a", message(4, LONG))))),
    ),
    "onnx-unknown-field": ("a.onnx", lambda: onnx.model(RELU, message(99, LONG))),
    "onnx-many-unknown-fields": (
        "a.onnx", lambda: onnx.model(RELU, message(99, message(1, b"a" * 9) * (STEPS + 1)))
    ),
    "saved-model-attribute": (
        "saved_model.pb",
        lambda: tensorflow.saved_model(
            tensorflow.meta_graph(tensorflow.graph(tensorflow.node("Add", x=message(2, LONG))))
        ),
    ),
    "lightgbm-line": (
        "a.txt", lambda: trees.LIGHTGBM.replace(b"feature_names=a b", b"feature_names=" + WORDS)
    ),
    "lightgbm-endless-line": (
        "a.txt", lambda: trees.LIGHTGBM + b"pandas_categorical:" + bytes([32]) * LONGEST_LINE + LONG
    ),
    "xgboost-text": ("a.ubj", lambda: xgboost("w" * (SEARCHED_BYTES + LONG_TEXT))),
    "xgboost-many-texts": (
        "a.ubj", lambda: xgboost(*(f"f{index}" for index in range(MOST_TEXTS + 1)))
    ),
    "xgboost-json": (
        "a.json", lambda: b'{"learner": {"a": "' + b"w" * MOST_BYTES + b'"}, "version": [3,0,0]}'
    ),
    "xml-texts": (
        "a.pmml",
        lambda: (
            b"<?xml version='1.0'?><PMML version='4.4'>"
            + b"<Extension name='a long enough name'/>" * (MOST_XML_TEXTS + 1)
            + b"</PMML>"
        ),
    ),
    "picture-comment": ("a.png", lambda: pictures.png(LONG)),
    "sentencepiece-field": (
        "a.model",
        lambda: b"".join(
            message(1, text(1, word), b"\x15\0\0\0\0") for word in ("<unk>", "a", "b", "c")
        ) + message(2, message(99, LONG)),
    ),
    "pickle-many-literals": (
        "a.pkl", lambda: pickle.dumps([f"eJ{n:09}" for n in range(pickle_literals.MOST + 1)])
    ),
    "pickle-long-literal": (
        "a.pkl", lambda: pickle.dumps("eJ" + "w" * pickle_literals.DECODED_BYTES)
    ),
    "safetensors-many-tensors": ("a.safetensors", lambda: many_tensors(LOOKED_AT_NEAR + 1)),
    "settings-many-texts": (
        "a.json", lambda: json.dumps({"a": ["a setting"] * (MOST_SETTINGS + 1)}).encode()
    ),
    "plain-text": ("merges.txt", lambda: WORDS),
    "model-card": ("README.md", lambda: b"---\nlicense: mit\n---\n" + WORDS),
    "list-of-packages": ("requirements.txt", lambda: b"torch==2.4.0\n" * (LISTED_BYTES // 13 + 1)),
    "template-of-wide-characters": (
        "a.jinja", ("{{ x }}" + "\N{GRINNING FACE}" * (1 << 20)).encode
    ),
}  # fmt: skip


def look(name: str, data: bytes) -> Inspection:
    return inspect(Window.of(data, name))


@pytest.mark.parametrize("case", BEYOND)
def test_what_lies_beyond_a_cap_is_said_and_is_no_alarm(case: str) -> None:
    name, build = BEYOND[case]
    found = look(name, build())
    said = [fact for fact in found.facts if fact.kind is FactKind.NOT_FULLY_READ]
    assert said or found.gaps
    honest = [fact for fact in found.facts if fact.kind is not FactKind.NOT_FULLY_READ]
    assert not [fact for fact in honest if fact.danger in FLAGGING]


WITHIN: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "pickle": ("a.pkl", lambda: pickle.dumps([f"eJ{number:09}" for number in range(900)])),
    "pickle-long-text": ("a.pkl", lambda: pickle.dumps("w" * (pickle_literals.DECODED_BYTES + 9))),
    "hdf5": ("a.h5", lambda: hdf5_files.dataset(64, stored=512)),
    "tflite": ("a.tflite", lambda: tflites.model("3", buffers=(b"", bytes(4096)))),
    "numpy-texts": ("a.npy", lambda: text_array(4096)),
    "safetensors-metadata": ("a.safetensors", lambda: safetensors("words")),
    "onnx-attribute": (
        "a.onnx",
        lambda: onnx.model(
            onnx.graph(onnx.node("Relu", onnx.attribute("a", message(4, WORDS[:9000]))))
        ),
    ),
    "lightgbm": ("a.txt", lambda: trees.LIGHTGBM),
    "xgboost": ("a.ubj", lambda: xgboost("f1", "f2")),
    "safetensors-tensors": ("a.safetensors", lambda: many_tensors(LOOKED_AT_NEAR)),
    "onnx-unknown-field": (
        "a.onnx", lambda: onnx.model(RELU, message(99, number(1, 5), text(2, "words of any kind")))
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WITHIN)
def test_what_was_searched_whole_brings_no_statement(case: str) -> None:
    name, build = WITHIN[case]
    found = look(name, build())
    assert (found.gaps, [f for f in found.facts if f.kind is FactKind.NOT_FULLY_READ]) == ((), [])


def test_of_texts_at_one_path_each_is_judged() -> None:
    found = look("a.ubj", xgboost("import os; os.system('echo inert')", "last"))
    assert [fact.kind for fact in found.facts] == [FactKind.EMBEDDED_CODE]


def test_words_of_a_vocabulary_do_not_use_up_the_texts_that_are_judged() -> None:
    words = {
        "merges": ["a setting"] * MOST_SETTINGS,
        "hook": "__import__('os').system('echo inert')",
    }
    for value in (words, dict(reversed(words.items()))):
        found = look("a.json", json.dumps(value).encode())
        assert [fact.kind for fact in found.facts] == [FactKind.EMBEDDED_CODE]


ELSEWHERE = b"--extra-index-url http://192.0.2.1/simple\n"


def test_a_long_list_of_packages_is_read_to_its_end() -> None:
    data = b"torch==2.4.0\n" * (SNIFFED_BYTES // 13 + 1) + ELSEWHERE
    found = look("requirements.txt", data)
    assert [fact.subject for fact in found.facts] == ["http://192.0.2.1/simple"]
    assert not found.gaps


def test_a_start_file_is_searched_beyond_its_first_lines() -> None:
    lines = b"# a comment, as long as one likes\n" * 200 + b"import os; os.getpid()\n"
    found = look("own.pth", lines)
    assert [(fact.kind, fact.offset) for fact in found.facts] == [
        (FactKind.EMBEDDED_CODE, lines.index(b"import"))
    ]
