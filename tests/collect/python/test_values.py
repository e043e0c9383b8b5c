"""What the arguments of calls are, as far as one file says it."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.collect.located.located import UnknownValue, plain
from mlsec.collect.python.call import Call, CallResult, NamedValue
from mlsec.collect.python.module import PythonModule


def calls_of(text: str) -> dict[str, Call]:
    """The calls of a text by their names; of several with one name the last."""
    return {call.name: call for call in PythonModule(text).calls()}


def value_of(text: str) -> Any:
    """The first argument of ``show(...)``, which the text calls."""
    return plain(calls_of(f"from x import show\n{text}")["x.show"].args[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A = 'a'\nshow(A)", "a"),
        ("A = 'a'\nshow(f'{A}/b')", "a/b"),
        ("A = 'a'\nshow('s3://' + A + '/c')", "s3://a/c"),
        ("show('{}-{name}'.format('a', name='b'))", "a-b"),
        ("import os\nshow(os.path.join('a', 'b'))", "a/b"),
        ("from pathlib import Path\nshow(Path('a') / 'b')", "a/b"),
        ("import os\nshow(os.environ.get('A', 'a'))", "a"),
        ("import os\nshow(os.getenv('A') or 'a')", "a"),
        ("def f(a='x'):\n    show(a)", "x"),
        ("D = {'a': {'b': [1, True]}}\nshow(D)", {"a": {"b": [1, True]}}),
        ("D = {'a': {'b': 1}}\nshow(D['a']['b'])", 1),
        ("B = dict(a=1)\nshow({**B, 'c': 2})", {"a": 1, "c": 2}),
        ("D = {}\nD['a'] = 1\nshow(D)", {"a": 1}),
        ("import json\nshow(json.dumps({'Version': 'x'}))", {"Version": "x"}),
        ("a, b = 'x', 'y'\nshow(b)", "y"),
        ("A = 'a'\nA = 'b'\nshow(A)", "b"),
        ("if __name__ == '__main__':\n    A = 'a'\n    show(A)", "a"),
        ("with f() as g:\n    A = 1\nshow(A)", 1),
        ("class C:\n    a = 'x'\n    def m(self):\n        show(self.a)", "x"),
        ("class C:\n def __init__(self):\n  self.a = 'x'\n def m(self):\n  show(self.a)", "x"),
        ("show(60 * 60)", 3600),
        ("show(not False)", True),
        ("if x:\n    A = 'a'\nelse:\n    A = 'a'\nshow(A)", "a"),
    ],
)  # fmt: skip
def test_a_value_that_the_file_says_is_known(text: str, expected: Any) -> None:
    assert value_of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "show(A)",
        "A = input()\nshow(A)",
        "def f(a):\n    show(a)",
        "if x:\n    A = 'a'\nelse:\n    A = 'b'\nshow(A)",
        "A = 'a'\nif x:\n    A = 'b'\nshow(A)",
        "A = 'a'\nwhile x:\n    show(A)\n    A = 'b'",
        "for A in x:\n    show(A)",
        "A = 'a'\nA += 'b'\nshow(A)",
        "A = [1]\nA.append(2)\nshow(A)",
        "D = {'a': 1}\nD.update(x)\nshow(D)",
        "D = {'a': 1}\nD[x] = 2\nshow(D)",
        "A = 'a'\ndef f():\n    show(A)\nA = 'b'",
        "A = 'a'\ndef g():\n    global A\n    A = 'b'\ndef f():\n    show(A)",
        "show('a' if x else 'b')",
        "import os\nshow(os.environ['A'])",
        "show([a for a in 'x'])",
        "show({**x, 'a': 1})",
        "A = A\nshow(A)",
        "show(lambda: 1)",
        "show('%s' % x)",
        "show('a' * 10**9)",
    ],
)
def test_a_value_that_only_a_run_gives_is_unknown(text: str) -> None:
    assert isinstance(value_of(text), UnknownValue)


def test_what_is_known_of_a_text_stands_in_it() -> None:
    value = value_of("B = input()\nshow(f's3://{B}/models')")
    assert value.text == "s3://‹B›/models"


def test_an_entry_that_a_branch_adds_is_unknown_and_the_others_are_not() -> None:
    value = value_of("D = {'a': 1}\nif x:\n    D['b'] = 2\nshow(D)")
    assert value["a"] == 1
    assert isinstance(value["b"], UnknownValue)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import torch\ntorch.load(x)", "torch.load"),
        ("import torch as t\nt.load(x)", "torch.load"),
        ("from torch import load as l\nl(x)", "torch.load"),
        ("import torch\nl = torch.load\nl(x)", "torch.load"),
        ("import torch.hub\ntorch.hub.load(x)", "torch.hub.load"),
        ("import boto3\nboto3.client('s3').create_bucket()", "boto3.client().create_bucket"),
        ("import boto3\nc = boto3.client('s3')\nc.create_bucket()", "boto3.client().create_bucket"),
        ("import boto3\nclass A:\n def f(self):\n  self.c = boto3.client()\n  self.c.tag()",
         "boto3.client().tag"),
        ("import boto3\nasync def f():\n    c = await boto3.client('s3')\n    c.create_bucket()",
         "boto3.client().create_bucket"),
        ("from .own import load\nload(x)", ".own.load"),
        ("def load(): ...\nload(x)", ".load"),
        ("def f(client):\n    client.create_bucket()", "?.create_bucket"),
        ("open(x)", "open"),
        ("def open(x): ...\nopen(x)", ".open"),
    ],
)  # fmt: skip
def test_a_call_has_its_qualified_name(text: str, name: str) -> None:
    assert name in calls_of(text)


def test_one_of_several_meanings_is_no_name() -> None:
    text = "import torch, pickle\nif x:\n    l = torch.load\nelse:\n    l = pickle.load\nl(f)"
    assert [call.name for call in PythonModule(text).calls()] == ["?"]


def test_a_method_knows_the_call_that_made_its_object() -> None:
    call = calls_of("import boto3\nc = boto3.client('sagemaker')\nc.create_model(ModelName='a')")[
        "boto3.client().create_model"
    ]
    assert call.on is not None
    assert call.on.args[0].value == "sagemaker"
    assert (call.line, call.column, call.kwargs["ModelName"].column) == (3, 1, 16)


def test_what_a_call_or_an_enum_gives_says_so() -> None:
    call = calls_of("from m import f, K, B\nk = K('a')\nf(k, kind=B.KMS)")["m.f"]
    made, named = call.args[0].value, call.kwargs["kind"].value
    assert isinstance(made, CallResult)
    assert (made.call.name, made.call.assigned) == ("m.K", "k")
    assert isinstance(named, NamedValue)
    assert named.name == "m.B.KMS"


def test_an_argument_behind_stars_is_unknown_not_absent() -> None:
    known = calls_of("from m import f\nf(**{'a': 1})")["m.f"]
    hidden = calls_of("from m import f\nf(b=2, **x)")["m.f"]
    assert plain(known.kwargs["a"]) == 1
    assert known.argument("b") is None
    assert hidden.argument("b") is not None
    missing = hidden.argument("a")
    assert missing is not None
    assert isinstance(missing.value, UnknownValue)


def test_a_call_in_a_loop_or_branch_is_conditional() -> None:
    text = "from m import f, g\ng()\nfor i in x:\n    f()"
    assert {call.name: call.is_conditional for call in PythonModule(text).calls()} == {
        "m.g": False,
        "m.f": True,
    }


def test_a_call_in_a_loop_over_a_list_is_given_once_for_each_element() -> None:
    text = "ARNS = ['a', 'b']\nfor arn in ARNS:\n    iam.attach(role=r, arn=arn)\n"
    found = [call.kwargs["arn"].value for call in PythonModule(text).calls(_is_attach)]
    assert found == ["a", "b"]


def test_a_loop_over_what_only_a_run_gives_leaves_its_call_unknown() -> None:
    text = "for arn in arns():\n    iam.attach(role=r, arn=arn)\n"
    (call,) = PythonModule(text).calls(_is_attach)
    assert isinstance(call.kwargs["arn"].value, UnknownValue)


def _is_attach(name: str) -> bool:
    return name.endswith(".attach")
