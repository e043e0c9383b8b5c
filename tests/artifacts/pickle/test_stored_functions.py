"""Functions that cloudpickle and dill store with their code: what it does is read from it."""

from __future__ import annotations

import dis
import pickle
import sys
from types import CodeType
from typing import Any

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.python import bytecode
from mlsec.core.enums import Severity
from tests.artifacts.builders import pickles as make

TYPE = make.stacked("cloudpickle.cloudpickle", "_builtin_type") + make.text("CodeType") + b"\x85R"
MAKE = make.stacked("cloudpickle.cloudpickle", "_make_function")
CELL = make.stacked("cloudpickle.cloudpickle", "_make_cell")
CODE_OF_DILL = make.stacked("dill._dill", "_create_code")
# What Python 3.8 writes for ``return value``, and for ``return abs(value)``.
OLD = (1, 0, 0, 1, 1, 19, b"\x88\x00S\x00", (None,), (), ("_",), "a.py", "f", 1, b"", ("v",), ())
OLD_CALL = (*OLD[:6], b"t\x00\x88\x00\x83\x01S\x00", (None,), ("abs",), *OLD[9:])


def parts_of(code: CodeType) -> bytes:
    """A code object as cloudpickle takes it apart; code that it holds likewise."""
    constants = b"".join(
        TYPE + parts_of(item) + b"R" if isinstance(item, CodeType) else alone(item)
        for item in code.co_consts
    )
    before = (
        code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_nlocals,
        code.co_stacksize, code.co_flags, code.co_code,
    )  # fmt: skip
    behind = (
        code.co_names, code.co_varnames, "a.py", code.co_name, code.co_qualname,
        code.co_firstlineno, code.co_linetable, code.co_exceptiontable, code.co_freevars,
        code.co_cellvars,
    )  # fmt: skip
    items = b"".join(map(alone, before)) + b"(" + constants + b"t" + b"".join(map(alone, behind))
    return b"(" + items + b"t"


def alone(value: object) -> bytes:
    """A value as the pickler writes it."""
    return pickle.dumps(value, protocol=3)[2:-1]


def inner(code: CodeType) -> CodeType:
    return next(item for item in code.co_consts if isinstance(item, CodeType))


def stored(text: str, *cells: bytes, names: bytes = b"}") -> Inspection:
    """A function of this text; with cells, the function that it gives."""
    function = inner(compile(text, "a.py", "exec"))
    code = TYPE + parts_of(inner(function) if cells else function) + b"R"
    closure = b"(" + b"".join(CELL + cell + b"\x85R" for cell in cells) + b"t"
    return look(MAKE + b"(" + code + names + b"NN" + closure + b"tR")


def look(*parts: bytes) -> Inspection:
    return inspect(Window.of(make.stream(*parts), name="a.pkl"))


def dangers(found: Inspection) -> set[Severity]:
    return {fact.danger for fact in found.facts}


SCHEDULED = """
def schedule(start, end):
    return lambda left: end + (start - end) * max(left, 0.0)
"""
CALLED = """
def calls(given):
    return lambda left: given(left)
"""
IN_A_LOOP = """
def in_a_loop(x):
    total = 0
    for i, item in enumerate(x):
        if i > 2 and item is not None:
            total += item[0] * 2
    return f"{total:.2f}" if total else [total, *x]
"""
BY_IMPORT = """
def by_import(x):
    import math
    return math.sqrt(x)
"""
THAT_SETS = """
def that_sets(x):
    x.forward = 1
"""
ONLY_COMPUTE = [
    "lambda x: x.lower().split()",
    "lambda x: np.log1p(x).mean(axis=0)",
    "lambda rows: sorted(rows, key=lambda row: -row['open'])",
    "lambda x: {k: v**2 for k, v in x.items() if k != 'eval'}",
    "lambda input, file: abs(input - file)",
    IN_A_LOOP,
]
# What they do is not known, and nothing that they name does harm.
NOT_KNOWN = [
    "lambda x: x.apply('to_pickle', 'a')",
    "lambda model: model.eval()",
    "lambda x: np.signal.resample(x, 8)",
    "lambda x: unheard_of(x)",
    "lambda x: x.__class__",
    BY_IMPORT,
    THAT_SETS,
]
DO_HARM = [
    "lambda x: eval(x)",
    "lambda x: np.os.popen(x)",
    "lambda x: __import__('os').system(x)",
    "lambda x: [eval(item) for item in x]",
    "lambda: ().__class__.__base__.__subclasses__()",
    "lambda x: __builtins__['exec'](x)",
    "lambda x: open(x).read()",
    "lambda x, name: getattr(x, name)()",
]


@pytest.mark.parametrize("text", ONLY_COMPUTE)
def test_code_that_only_computes_is_low_and_assessed(text: str) -> None:
    found = stored(text)
    assert dangers(found) <= {Severity.LOW, Severity.INFO}, found.facts
    assert not found.gaps


@pytest.mark.parametrize("text", NOT_KNOWN)
def test_code_of_which_nothing_is_known_is_not_assessed(text: str) -> None:
    found = stored(text)
    assert dangers(found) <= {Severity.LOW, Severity.INFO}, found.facts
    assert found.gaps


@pytest.mark.parametrize("text", DO_HARM)
def test_code_that_names_what_does_harm_is_flagged(text: str) -> None:
    found = stored(text)
    assert any(
        fact.kind is FactKind.EMBEDDED_CODE and fact.danger is Severity.HIGH for fact in found.facts
    )
    assert found.gaps


def test_a_closure_over_numbers_only_computes() -> None:
    found = stored(SCHEDULED, alone(0.5), alone(0.1))
    assert not found.gaps
    assert dangers(found) <= {Severity.LOW, Severity.INFO}


def test_a_closure_over_an_unknown_function_is_not_assessed() -> None:
    assert stored(CALLED, make.stacked("unheard.of", "run")).gaps


def test_a_closure_over_a_command_is_flagged() -> None:
    found = stored(CALLED, make.stacked("os", "system"))
    assert Severity.HIGH in dangers(found)


def test_a_global_name_that_stands_for_an_unknown_function_is_not_assessed() -> None:
    names = b"}" + make.text("max") + make.stacked("unheard.of", "run") + b"s"
    assert stored(SCHEDULED, alone(0.5), alone(0.1), names=names).gaps


@pytest.mark.parametrize("parts", [OLD, OLD_CALL])
def test_code_of_an_older_python_is_read(parts: tuple[Any, ...]) -> None:
    items = b"(" + b"".join(map(alone, parts)) + b"t"
    assert not look(TYPE + items + b"R").gaps
    assert not look(CODE_OF_DILL + b"(" + alone(b"") + items[1:] + b"R").gaps


@pytest.mark.parametrize(
    "instructions",
    [b"d\x01S\x00", b"|\x01S\x00", b"\x88\x01S\x00", b"t\x00S\x00", b"l\x00S\x00", b"\x88\x00S"],
)
def test_a_place_beyond_what_there_is_is_not_taken_for_computing(instructions: bytes) -> None:
    parts = (*OLD[:6], instructions, *OLD[7:])
    assert look(TYPE + b"(" + b"".join(map(alone, parts)) + b"tR").gaps


def test_the_numbers_of_instructions_are_those_of_this_python() -> None:
    place = {(3, 11): 0, (3, 12): 1, (3, 13): 2, (3, 14): 3}[sys.version_info[:2]]
    release = bytecode._RELEASES[18][place]
    named = {number: name for name, number in dis.opmap.items()}
    kinds = {
        "LOAD_CONST": release.const, "LOAD_FAST": release.local, "LOAD_DEREF": release.cell,
        "LOAD_GLOBAL": release.globals_, "LOAD_ATTR": release.attribute, "RESUME": release.plain,
    }  # fmt: skip
    assert all(dis.opmap[name] in numbers for name, numbers in kinds.items())
    assert dis.opmap["EXTENDED_ARG"] == release.extended
    plain = {named[number] for number in release.plain}
    with_names = {named[n] for n in dis.hasname if n in named}
    assert not plain & with_names
    assert not [name for name in plain if name.startswith(("IMPORT", "DELETE", "LOAD_BUILD"))]
