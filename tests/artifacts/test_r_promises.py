"""Promises of R: a constant runs nothing, harmless calls little, and all else may run anything."""

from __future__ import annotations

import struct

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity
from tests.artifacts.builders import r_objects as r

TEXT = r.strings("logit")


def worst(expression: bytes, *frame: tuple[str, bytes]) -> set[Severity]:
    """The severities of the code that a file holds with this promise."""
    held = r.pairs(*frame, ("y", r.promise(r.UNBOUND, expression)))
    found = inspect(Window.of(r.rds(r.environment(held)), name="model.rds"))
    assert found.formats
    return {fact.danger for fact in found.facts if fact.kind is FactKind.EMBEDDED_CODE}


def of_package(package: str, name: str) -> bytes:
    return r.call("::", r.symbol(package), r.symbol(name))


def called(function: bytes, *arguments: bytes) -> bytes:
    return r.flags(6) + function + b"".join(r.flags(2) + one for one in arguments) + r.NIL


@pytest.mark.parametrize("constant", [TEXT, r.numbers(0.5), r.NIL, r.frame(("a", r.numbers(1.0)))])
def test_a_promise_of_a_constant_is_no_finding(constant: bytes) -> None:
    assert worst(constant) == set()


@pytest.mark.parametrize(
    "expression",
    [
        r.call("list", r.call("$", r.symbol("x"), r.symbol("y"))),
        r.call("~", r.symbol("y"), r.call("length", r.symbol("x"))),
        of_package("stats", "binomial"),
        r.call("parent.frame"),
    ],
)
def test_a_promise_that_calls_harmless_functions_only_is_low(expression: bytes) -> None:
    assert worst(expression) == {Severity.LOW}


@pytest.mark.parametrize(
    "expression",
    [
        r.symbol("x"),
        r.call("print", TEXT),
        r.call("list", r.call("anything")),
        r.call("list", of_package("base", "system")),
        called(of_package("stats", "anything"), TEXT),
        called(r.call("$", r.symbol("x"), r.symbol("f")), TEXT),
        called(r.closure(r.call("list")), TEXT),
    ],
)
def test_a_promise_that_may_call_anything_stays_high(expression: bytes) -> None:
    assert max(worst(expression), key=lambda one: -one.rank) in {Severity.HIGH, Severity.CRITICAL}


@pytest.mark.parametrize("name", ["list", "list.words"])
def test_a_harmless_name_that_the_file_defines_anew_is_not_harmless(name: str) -> None:
    own = (name, r.closure(r.call("anything")))
    assert Severity.HIGH in worst(r.call("list", r.symbol("x")), own)


def test_a_name_written_as_a_reference_counts_as_named() -> None:
    """The second time, R writes a symbol as its number."""
    again = struct.pack(">I", 255 | 2 << 8)  # the environment is the first
    found = worst(called(again, TEXT), ("system", r.numbers(1.0)))
    assert Severity.CRITICAL in found


def test_commands_in_a_harmless_call_stay_critical() -> None:
    assert Severity.CRITICAL in worst(r.call("list", r.RUNS))
