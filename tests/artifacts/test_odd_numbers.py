"""Numbers of a model that no arithmetic expects: they are judged or passed over, never a crash."""

from __future__ import annotations

import math
import re
import struct

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.limits import Limits
from tests.artifacts.builders import tars
from tests.artifacts.builders.onnx_models import graph, model
from tests.artifacts.builders.onnx_sizes import floats, integers, loop, wired
from tests.artifacts.builders.protobufs import number, text
from tests.fuzz.samples import named_samples

LIMITS = Limits(inflated_bytes=4 << 20, held_bytes=1 << 18, members=200, facts=300)
ONE_FLOAT, ONE_DOUBLE = struct.pack("<f", 1.5), struct.pack("<d", 1.5)
ODD = (math.nan, math.inf, -math.inf, 3e38, -0.0)
PLACES = (
    *(("Tile", "x,s"), ("Pad", "x,s"), ("Range", "s,s,s"), ("Range", "a,s,b"), ("Resize", "x,,s")),
    *(("ConstantOfShape", "s"), ("Loop", "s,t,x")),
)


def look(data: bytes) -> Inspection:
    return inspect(Window.of(data))


def used(operator: str, inputs: str, *tensors: bytes, nodes: tuple[bytes, ...] = ()) -> bytes:
    """A model where an operator whose result may grow is given the value ``s``."""
    known = (integers("a", 1), integers("b", 2), *tensors)
    if operator == "Loop":
        return loop("s", "t", wired("Identity", "c", "go"), *nodes, tensors=known)
    return model(graph(*nodes, wired(operator, inputs, "y"), tensors=known))


def alone(field: int, wire: int, value: bytes) -> bytes:
    """One number of a tensor, in a field that stands by itself."""
    return number(1, 1) + number(2, 1) + text(8, "s") + bytes((field << 3 | wire,)) + value


@pytest.mark.parametrize("field", [4, 5, 7, 10, 11])
@pytest.mark.parametrize(("wire", "value"), [(5, ONE_FLOAT), (1, ONE_DOUBLE), (0, b"\x02")])
def test_a_number_written_as_another_type_is_passed_over(
    field: int, wire: int, value: bytes
) -> None:
    found = look(used("Tile", "x,s", alone(field, wire, value)))
    assert [fact for fact in found.facts if fact.kind is FactKind.BOMB] == []


@pytest.mark.parametrize(("operator", "inputs"), PLACES)
@pytest.mark.parametrize("odd", ODD)
def test_a_size_that_is_no_number_is_read_to_an_answer(
    operator: str, inputs: str, odd: float
) -> None:
    assert look(used(operator, inputs, floats("s", odd, odd))).formats


@pytest.mark.parametrize(("operator", "inputs"), PLACES)
def test_a_root_of_less_than_nothing_is_read_to_an_answer(operator: str, inputs: str) -> None:
    nodes = (wired("Pow", "n,h", "s"),)
    data = used(operator, inputs, floats("n", -1.5, -2), floats("h", 0.5, 0.5), nodes=nodes)
    assert look(data).formats


@pytest.mark.parametrize(("operator", "inputs"), PLACES)
def test_a_size_beyond_every_number_is_a_bomb(operator: str, inputs: str) -> None:
    levels = 12
    nodes = [wired("Mul", f"s{step},s{step}", f"s{step + 1}") for step in range(levels)]
    nodes.append(wired("Identity", f"s{levels}", "s"))
    data = used(operator, inputs, integers("s0", 1 << 62, 1 << 62), nodes=tuple(nodes))
    found = look(data)
    assert operator in {"Loop", "Range"} or any(fact.kind is FactKind.BOMB for fact in found.facts)


def test_an_extent_that_is_no_number_does_not_hide_one_without_end() -> None:
    found = look(used("Upsample", "x,s", floats("s", math.nan, 1e30)))
    assert any(fact.kind is FactKind.BOMB for fact in found.facts)


NUMBERS = {
    "long": b"9" * 5000, "long below zero": b"-" + b"8" * 5000,
    "long in base 16": b"0x" + b"f" * 5000,
    "long in base 8": b"0o" + b"7" * 6000, "far exponent": b"1e999999999",
    "raised": "²".encode(), "of another script": "٣".encode() * 30,
}  # fmt: skip
_NUMBER = re.compile(rb"(?<![\w.])\d+(?![\w.])")


@pytest.mark.parametrize("kind", NUMBERS)
def test_any_text_with_an_odd_number_in_it_is_read_to_an_answer(kind: str) -> None:
    tried = 0
    for name, data in named_samples():
        spots = [] if b"\0" in data else [found.span() for found in _NUMBER.finditer(data)]
        for begin, end in spots[:1] + spots[1:][-1:]:
            odd = data[:begin] + NUMBERS[kind] + data[end:]
            assert inspect(Window.of(odd, name), LIMITS).size_bytes == len(odd)
            tried += 1
    assert tried > 400


TEMPLATES = (
    "{{ '²' | int }}", "{{ " + "9" * 5000 + " }}{{ x.__class__.__mro__ }}",
    "{% for a in range(999999999) %}" * 90 + "{% endfor %}" * 90,
    "{% for a in range(99999) %}" * 60 + "{% endfor %}" * 60, "{{ 0x" + "f" * 5000 + " ~ 'a' }}",
    "{{ 'x' * " + "9_" * 4000 + "9 }}", "{% set n = 9 ** 9 ** 9 %}{{ n | string }}",
)  # fmt: skip


@pytest.mark.parametrize("text", TEMPLATES, ids=range(len(TEMPLATES)))
def test_a_template_with_an_odd_number_is_read_to_an_answer(text: str) -> None:
    assert inspect(Window.of(text.encode(), "chat_template.jinja")).formats


def test_a_long_number_does_not_hide_what_stands_beside_it() -> None:
    facts = inspect(Window.of(TEMPLATES[1].encode(), "chat_template.jinja")).facts
    assert FactKind.TEMPLATE_CODE in {fact.kind for fact in facts}


@pytest.mark.parametrize("size", ["²", "٣", "9" * 5000, "-1", "1_0", " 4"])
def test_a_tar_whose_size_is_no_plain_number_is_read_to_an_answer(size: str) -> None:
    assert inspect(Window.of(tars.tar(tars.pax(size=size), tars.member(b"a", b"words")))).formats
