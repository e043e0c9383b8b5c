"""Programs of torch.export: texts of theirs that torch evaluates, runs or imports."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
TARGET = "torch.ops.aten.mul.Tensor"
SPEC = json.dumps([1, {"type": "builtins.tuple", "context": "null", "children_spec": []}])


def program(
    size: str = "Symbol('s77', positive=True, integer=True)",
    *,
    guards: tuple[str, ...] = (),
    target: str = TARGET,
    spec: str = SPEC,
) -> dict[str, Any]:
    sizes = [{"as_expr": {"expr_str": size, "hint": {"as_int": 4}}}]
    graph = {"nodes": [{"target": target, "inputs": []}], "tensor_values": {"x": {"sizes": sizes}}}
    calls = [{"fqn": "", "signature": {"in_spec": spec, "out_spec": SPEC}}]
    return {
        "graph_module": {"graph": graph, "module_call_graph": calls},
        "schema_version": {"major": 8, "minor": 1},
        "guards_code": list(guards),
    }


def look(value: dict[str, Any]) -> Inspection:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("m/archive_format", "pt2")
        archive.writestr("m/archive_version", "0")
        archive.writestr("m/models/model.json", json.dumps(value))
    return inspect(Window.of(data.getvalue(), "m.pt2"))


def is_flagged(found: Inspection) -> bool:
    return any(fact.danger in FLAGGING for fact in found.facts)


FACTORY = {"default_factory_module": "evil", "default_factory_name": "x", "dict_context": []}


def spec_with(context: object) -> str:
    return json.dumps([1, {"type": "x", "context": json.dumps(context), "children_spec": []}])


@pytest.mark.parametrize(
    "size",
    [
        "__import__('os').system('echo inert')", "open('x', 'w')", "(exec)('\\x6f')",
        "S('open(1)')", "[open][0]", "Symbol('s0').func", 'Symbol("a b")', "s0 if x else lambda: 1",
        "exec(s0)", "x" * 70_000,
    ],
)  # fmt: skip
def test_an_expression_of_a_size_that_is_more_is_flagged(size: str) -> None:
    assert FactKind.EMBEDDED_CODE in {fact.kind for fact in look(program(size)).facts}


@pytest.mark.parametrize(
    "guard",
    [
        "__import__('os').system('echo inert')", "(1)#\n,'a')\nopen('x','w')", "L['x'].tofile('y')",
        "math.__loader__", "open('x')", "L['x'].size()(1)",
    ],
)  # fmt: skip
def test_a_guard_that_does_more_than_compare_sizes_is_flagged(guard: str) -> None:
    assert FactKind.EMBEDDED_CODE in {fact.kind for fact in look(program(guards=(guard,))).facts}


@pytest.mark.parametrize(
    "value",
    [
        program(target="torch.hub.load"),
        program(target="torch.ops.evil.run.default"),
        program(spec=spec_with(FACTORY)),
        program(spec=spec_with({"__enum__": True, "fqn": "subprocess:Popen", "name": "x"})),
    ],
    ids=["hub", "operator", "factory", "enum"],
)
def test_what_a_program_reaches_beyond_torch_is_flagged(value: dict[str, Any]) -> None:
    assert is_flagged(look(value))


@pytest.mark.parametrize(
    "value",
    [
        program(),
        program("s77 + 2*u0", guards=("L['x'].size()[0] <= 64", "-9 + L['a']['k'].size()[1] != 0")),
        program("FloorDiv(Symbol('s0', integer=True), 2) + Max(1, Mod(s1, 2)) + 0.5"),
        program("Mul(Integer(4), Add(Symbol('u0'), Integer(-1)))", target="_operator.add"),
        program("1.5", guards=("Eq(Mod(L['x'].size()[0], 2), 0)", "math.trunc(L['y']) >= 1")),
        program(spec=spec_with({**FACTORY, "default_factory_module": "builtins"})),
        program(target="torch.sym_max"),
    ],
)
def test_programs_as_torch_writes_them_stay_quiet(value: dict[str, Any]) -> None:
    found = look(value)
    assert not is_flagged(found)
    assert not found.gaps
