"""Python beside a model: every class of road to commands, keys and files; honest code like it."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.python.scope import Scope
from mlsec.artifacts.python.syntax import tree_of
from mlsec.core.enums import Severity
from tests.loops import for_each
from tests.steps import steps

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}


def blocks(name: str) -> dict[str, str]:
    text = Path(__file__).with_name(name).read_text("utf-8")
    parts = (part.partition("\n") for part in re.split(r"^### ", text, flags=re.MULTILINE)[1:])
    return {name.strip(): body for name, _, body in parts}


HOSTILE = blocks("python_hostile.txt")
HONEST = blocks("python_honest.txt")
BOMBS = (
    "x = 'a' * 10**9",
    "x = '%999999999d' % 1",
    "x = '{:999999999}'.format(1)",
    "x = 9**9**9",
    "x = [[[0] * 999] * 999] * 999\nf'{x}'",
    "x = ','.join([str(n) for n in range(10**9)])",
    "x = x + x",
    "def f(a):\n    return f(a)\nx = f(1)",
    "x = 'a'.translate({97: 'b' * 99999}) * 99999",
    "x = " + "('a' + " * 90 + "'b'" + ")" * 90,
    "x = int('9' * 99999)",
    "s = 's' * 260000\nx = s.join(list('y' * 10000))",
    "s = 's' * 260000\nx = str.join(s, 'y' * 10000)",
    "import os\ns = 's' * 260000\nx = os.path.join(" + "s, " * 200 + "s)",
    "import pathlib\ns = 's' * 260000\nx = pathlib.Path(s).joinpath(" + "s, " * 200 + "s)",
    "s = 's' * 260000\nx = zip(" + "s, " * 200 + "s)[0][0]",
    "x = '{:{}}'.format('x', 99999999)",
    "x = '{:{w}}'.format('x', w=99999999)",
    "t = ['x' * 260000]\nx = ('\\0' * 200).translate(t)",
)
# What each of a few steps takes long for, though little comes of it.
SLOW = {
    "searched from behind": "a = 'a' * 260000\nx = 'x' + str(a.rfind('b' + 'a' * 130000))",
    "stripped": "a = 'a' * 260000\nx = 'x' + a.strip('b' * 260000 + 'a')",
    "divided": "b = int.from_bytes(b'w' * 120000, 'big')\nx = 'x' + str((b % (b >> 400000)) & 1)",
    "multiplied": "b = int.from_bytes(b'w' * 120000, 'big')\nx = 'x' + str((b * b) & 1)",
    "hashed": "x = 'x' + str(len(set([n * (2**61 - 1) for n in range(9000)])))",
    "counted": "def f(n):\n    for i in range(200000):\n        'text'\n    return 'a'\nx = f(1)",
}


def seen(source: str, name: str = "model.py") -> Inspection:
    return inspect(Window.of(source.encode("utf-8", "surrogatepass"), name))


def is_flagged(found: Inspection) -> bool:
    return bool(FLAGGING & {fact.danger for fact in found.facts})


@for_each("name", HOSTILE)
def test_what_reaches_out_of_a_model_is_found_by_whatever_road(name: str) -> None:
    assert is_flagged(seen(HOSTILE[name]))


@for_each("name", HONEST)
def test_honest_code_beside_a_model_is_not_flagged(name: str) -> None:
    found = seen(HONEST[name])
    assert not is_flagged(found)
    assert not found.gaps


@for_each("name", list(HOSTILE)[::12])
def test_the_same_is_found_within_archives(name: str) -> None:
    content, handler, packed = HOSTILE[name].encode(), io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(handler, "w") as archive:
        archive.writestr("MAR-INF/MANIFEST.json", '{"model": {"handler": "handler.py"}}')
        archive.writestr("handler.py", content)
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("code/inference.py")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    assert is_flagged(inspect(Window.of(handler.getvalue(), "m.mar")))
    assert is_flagged(inspect(Window.of(packed.getvalue(), "model.tar.gz")))


@pytest.mark.parametrize("source", BOMBS)
def test_folding_ends_within_its_bounds(source: str) -> None:
    scope = Scope(tree_of(source.encode()))
    for value in scope.bound_to("x"):
        assert len(scope.folder.text(value) or "") <= 1 << 18


@pytest.mark.parametrize("name", SLOW)
def test_what_takes_long_and_makes_little_is_not_carried_out(name: str) -> None:
    scope = Scope(tree_of(SLOW[name].encode()))
    assert [scope.folder.text(value) for value in scope.bound_to("x")] == [None]


def test_texts_that_are_made_alike_are_not_mistaken_for_each_other() -> None:
    lines = [f"x{n} = ''.join(map(chr, [{n}, {n + 1}]))" for n in range(97, 117)]
    scope = Scope(tree_of("\n".join(lines).encode()))
    texts = [scope.folder.text(scope.bound_to(f"x{n}")[0]) for n in range(97, 117)]
    assert texts == [chr(n) + chr(n + 1) for n in range(97, 117)]


@pytest.mark.parametrize("body", ["a\n", "import os\n", "class A: pass\n"])
def test_the_statements_of_a_file_are_not_compared_with_each_other(body: str) -> None:
    def taken(count: int) -> int:
        return steps(lambda: inspect(Window.of((body * count).encode(), "model.py")))

    # Four times as many take four times as long, and sixteen times if each meets each.
    assert taken(2_000) < 6 * taken(500)


@pytest.mark.parametrize(
    "source",
    [
        "def go(cfg):\n    exec(cfg.text)\n",
        "def go(cfg):\n    return eval(cfg['x'])\n",
        "import importlib\ndef go(cfg):\n    return importlib.import_module(cfg.name)\n",
        "def go(name):\n    return __import__(name)\n",
        "import sympy\ndef go(text):\n    return sympy.sympify(text)\n",
    ],
)
def test_what_cannot_be_followed_is_a_gap(source: str) -> None:
    assert seen(source).gaps


def test_a_name_of_many_meanings_hides_none() -> None:
    lines = "".join(f"run = print{number}\n" for number in range(99))
    assert is_flagged(seen(f"import os\n{lines}run = os.system\nrun('echo inert')\n"))
    assert is_flagged(seen(f"import os\n{lines}run = os\nrun.system('echo inert')\n"))


def test_a_later_function_of_the_name_hides_no_builtin() -> None:
    source = "exec('import os; os.system(\"echo inert\")')\ndef exec(text):\n    return text\n"
    assert is_flagged(seen(source))


def test_pickled_bytes_in_a_text_are_read_as_a_pickle() -> None:
    found = seen("import pickle\nDATA = b\"cos\\nsystem\\n(S'echo'\\ntR.\"\npickle.loads(DATA)\n")
    assert any("system" in fact.subject and fact.place for fact in found.facts)


def test_more_star_imports_than_are_followed_are_a_gap() -> None:
    stars = "".join(f"from module{number} import *\n" for number in range(200))
    assert seen(f"{stars}from os import *\nsystem('echo inert')\n").gaps


def test_a_very_long_name_is_judged_by_its_ends_at_once() -> None:
    source = f"import ctypes\ngetattr(ctypes, {'a' + '.a' * 500_000 + '.system'!r})()\n"
    assert is_flagged(seen(source))


@pytest.mark.parametrize("source", ["x = next(iter(()))", "x = next(iter([]), 'a')"])
def test_first_of_nothing_ends_no_reader(source: str) -> None:
    found = inspect(Window.of(f"import os\n{source}\n".encode(), "a.py"))
    assert found.facts == ()
