"""Numbers of a model that no arithmetic expects: they are judged or passed over, never a crash."""

from __future__ import annotations

import math
import struct

import pytest

from mlsec.artifacts.facts import FactKind, Inspection
from mlsec.artifacts.inspect import inspect
from mlsec.artifacts.window import Window
from tests.artifacts.builders.onnx_models import graph, model
from tests.artifacts.builders.onnx_sizes import floats, integers, loop, wired
from tests.artifacts.builders.protobufs import number, text

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
