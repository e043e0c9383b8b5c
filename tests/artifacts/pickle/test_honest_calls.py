"""Calls that libraries write to keep functions, zones, graphs and texts; and what looks so."""

from __future__ import annotations

import pickle

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity
from tests.artifacts.builders import pickles as make

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
LOADS = make.stacked("torch.storage", "_load_from_bytes")
CURRY = make.stacked("toolz.functoolz", "curry")
RESTORE = make.stacked("toolz.functoolz", "_restore_curry")
SYSTEM = make.stacked("os", "system")
LATER = make.stacked("unheard.of", "run")
TYPE = make.stacked("cloudpickle.cloudpickle", "_builtin_type")
METHOD = TYPE + make.text("MethodType") + b"\x85R"
SCALER = make.stacked("sklearn.preprocessing._data", "StandardScaler")
COLLECT = make.stacked("dask._collections", "new_collection")
EXPRESSION = make.stacked("dask._expr", "Expr._reconstruct")
OPERATION = make.stacked("dask.dataframe.dask_expr._expr", "Add")
GRAPH = make.stacked("torch.fx.graph_module", "reduce_graph_module")
TRACER = make.stacked("torch.fx._symbolic_trace", "Tracer")
IMPORTS = """NoneType = type(None)
from builtins import getattr as getattr
from math import inf
from torch import device
import torch
import torch.fx._pytree as fx_pytree
import torch.utils._pytree as pytree"""
FORWARD = """


def forward(self, x : torch.Tensor, y = None, k = 2.0) -> torch.Tensor:
    conv = self.conv1(x);  x = None
    block = getattr(self.layer1, "0").conv1(conv);  conv = None
    relu = torch.nn.functional.relu(block, inplace = False);  block = None
    size = relu.size(0)
    item = relu[(slice(None, None, None), slice(0, 2, None))]
    cat = torch.cat([item, item], dim = -1)
    ops = torch.ops.aten.add.Tensor(cat, 1)
    full = torch.full((2, 2), inf, device = device(type='cpu'))
    weight = self._weight
    return {'a': cat.view(size, -1).to(torch.float32).softmax(dim = 1), 'b': ops + full * weight}
"""


def curried(function: bytes, kind: bytes = CURRY) -> bytes:
    return RESTORE + b"(" + kind + function + b")}}\x89tR"


def traced(forward: str, imports: str = IMPORTS, more: bytes = b"") -> bytes:
    body = b"}(" + make.text("_tracer_cls") + TRACER + more
    return (
        GRAPH
        + body
        + make.text("_code")
        + make.long_text(forward)
        + b"u"
        + (make.long_text(imports) + b"\x86R")
    )


def steps(*lines: str) -> bytes:
    return traced("\n\ndef forward(self, x):\n" + "".join(f"    {one}\n" for one in lines))


def look(*parts: bytes) -> Inspection:
    return inspect(Window.of(make.stream(*parts), name="a.pkl"))


def is_flagged(found: Inspection) -> bool:
    return any(fact.danger in FLAGGING for fact in found.facts)


HONEST = {
    "curry-by-text": (curried(make.text("toolz.itertoolz:get")),),
    "curry-of-a-class": (curried(SCALER),),
    "method-of-an-object": (METHOD, SCALER, SCALER, b")\x81\x86R"),
    "method-of-a-class": (
        METHOD, make.stacked("builtins", "getattr"), SCALER, make.text("fit"), b"\x86R", SCALER,
        b"\x86R",
    ),
    "flags-of-a-pattern": (make.stacked("re", "RegexFlag"), b"K\2\x85R"),
    "zone-by-path": (
        make.stacked("dateutil.tz.tz", "tzfile"), b"N",
        make.text("/usr/share/zoneinfo/Europe/Paris"), b"\x86R}b",
    ),
    "zone-with-data": (
        make.stacked("dateutil.tz._tzfile", "_unpickle"), b"(",
        make.stacked("dateutil.tz._tzfile", "tzfile"), b"N", make.text("/usr/share/zoneinfo/UTC"),
        b")tR",
    ),
    "distance-of-old": (
        make.stacked("sklearn.neighbors._dist_metrics", "newObj"),
        make.stacked("sklearn.neighbors._dist_metrics", "EuclideanDistance"), b"\x85R",
    ),
    "interpolation-of-old": (
        make.stacked("scipy.interpolate.interpolate", "interp1d._call_linear"),
    ),
    "type-of-a-partial": (
        make.stacked("dill._dill", "_create_ftype"), b"(", make.stacked("functools", "partial"),
        SCALER, b")}tR",
    ),
    "graph": (COLLECT, EXPRESSION, b"(", OPERATION, b"K\1", make.text("token"), b"}tR\x85R"),
    "traced-module": (traced(FORWARD),),
    "traced-with-a-class": (traced(FORWARD, more=make.text("norm") + SCALER),),
    "traced-with-a-function-of-torch": (
        traced(FORWARD, more=make.text("act") + make.stacked("torch.nn.functional", "relu")),
    ),
}  # fmt: skip
HOSTILE = {
    "curry-by-text": (curried(make.text("os:system")),),
    "curry-by-hook": (curried(make.text("toolz.itertoolz:get.__globals__")),),
    "curry-of-a-command": (curried(SYSTEM),),
    "curry-of-another-class": (curried(make.text("x"), kind=LATER),),
    "curry-that-is-called": (curried(make.text("toolz.itertoolz:get")), b"(K\1tR"),
    "method-of-a-command": (METHOD, SYSTEM, make.text("id"), b"\x86R"),
    "method-that-is-called": (METHOD, LATER, make.text("id"), b"\x86R)R"),
    "method-as-key": (
        make.stacked("functools", "partial"), make.stacked("builtins", "sorted"), b"\x85R(",
        make.stacked("builtins", "sorted"), b"](K\1K\2e\x85}", make.text("key"),
        METHOD, LATER, make.text("id"), b"\x86RsNtb)R",
    ),
    "static-command": (make.stacked("builtins", "staticmethod"), SYSTEM, b"\x85R"),
    "zone-that-is-opened": (
        make.stacked("dateutil.tz.tz", "tzfile"), make.text("/etc/passwd"), b"\x85R",
    ),
    "zone-of-another-class": (
        make.stacked("dateutil.tz._tzfile", "_unpickle"), b"(", LATER, b"N", make.text("x"),
        b")tR",
    ),
    "distance-of-a-command": (
        make.stacked("sklearn.neighbors._dist_metrics", "newObj"), LATER, b"\x85R",
    ),
    "type-of-a-command": (
        make.stacked("dill._dill", "_create_ftype"), b"(", LATER, make.text("id"), b")}tR",
    ),
    "named-tuple-by-command": (
        make.stacked("dill._dill", "_create_namedtuple"), b"(", make.text("system"), b")",
        make.text("os"), b"tR",
    ),
    "graph-of-a-function": (
        COLLECT, EXPRESSION, b"(", OPERATION, LATER, make.text("token"), b"}tR\x85R",
    ),
    "graph-by-a-partial": (
        COLLECT, EXPRESSION, b"(", OPERATION, make.stacked("functools", "partial"), LATER,
        b"\x85R", make.text("token"), b"}tR\x85R",
    ),
    "name-that-is-called": (
        make.stacked("dill._dill", "_get_attr"), make.text("unheard.of"), make.text("run"),
        b"\x86R)R",
    ),
    "name-given-to-a-maker": (
        make.stacked("sklearn.neighbors._dist_metrics", "newObj"),
        make.stacked("dill._dill", "_get_attr"), make.text("unheard.of"), make.text("run"),
        b"\x86R\x85R",
    ),
    "traced-command": (traced(FORWARD, imports="import os\n" + IMPORTS),),
    "traced-at-once": (traced("\nprint(1)\n" + FORWARD),),
    "traced-decorated": (traced("\n@torch.compile\n" + FORWARD.lstrip()),),
    "traced-default": (traced("\ndef forward(self, x=exec('x')):\n    return x\n"),),
    "traced-unknown": (traced(FORWARD, imports="from unheard.of import run\n" + IMPORTS),),
    "traced-load": (steps("return torch.load('x')"),),
    "traced-hub": (steps("return torch.hub.load('x', 'y')"),),
    "traced-extension": (steps("return torch.utils.cpp_extension.load('x', 'y')"),),
    "traced-library": (steps("return torch.ops.load_library('x')"),),
    "traced-through-torch": (steps("return torch.os.system('id')"),),
    "traced-through-a-namespace": (steps("return torch.nn.functional.os.system('x')"),),
    "traced-alias": (steps("run = torch.hub", "return run.load('x', 'y')"),),
    "traced-builtin": (steps("return eval('x')"),),
    "traced-import": (steps("return __import__('os').system('id')"),),
    "traced-hook": (steps("return x.__class__.__base__.__subclasses__()"),),
    "traced-hook-by-name": (steps("return getattr(x, '__class__')"),),
    "traced-name-computed": (steps("return getattr(torch, 'lo' + 'ad')('x')"),),
    "traced-module-by-name": (steps("return getattr(torch, 'load')('x')"),),
    "traced-lambda": (steps("return (lambda: x)()"),),
    "traced-item": (steps("return [x][0](x)"),),
    "traced-file": (steps("return torch.zeros(3).numpy().tofile('x')"),),
    "traced-shadow": (steps("torch = self.x", "return torch.cat(x)"),),
    "traced-patch": (steps("torch.Tensor.add = self.run", "return x"),),
    "traced-nested": (steps("def run(): pass", "return x"),),
    "traced-part": (traced(FORWARD, more=make.text("conv1") + LATER),),
    "traced-part-that-loads": (
        traced(FORWARD, more=make.text("conv1") + LOADS),
    ),
    "traced-by-another": (
        GRAPH, b"}(", make.text("_tracer_cls"), make.stacked("unheard.of", "Tracer"),
        make.text("_code"), make.long_text(FORWARD), b"u", make.text(IMPORTS[:60]), b"\x86R",
    ),
    "traced-source-unknown": (GRAPH, b"}", make.text("x"), b"\x86R"),
    "traced-no-python": (traced("\ndef forward(self, x:\n"),),
}  # fmt: skip


@pytest.mark.parametrize("parts", HONEST.values(), ids=HONEST)
def test_what_libraries_write_for_functions_zones_and_graphs_is_not_flagged(
    parts: tuple[bytes, ...],
) -> None:
    found = look(*parts)
    assert not is_flagged(found), found.facts


@pytest.mark.parametrize("parts", HOSTILE.values(), ids=HOSTILE)
def test_what_looks_like_it_and_acts_is_flagged(parts: tuple[bytes, ...]) -> None:
    assert is_flagged(look(*parts))


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_source_of_a_traced_module_is_read_however_it_is_written(protocol: int) -> None:
    class Traced:
        def __init__(self, source: str) -> None:
            self.source = source

        def __reduce__(self) -> tuple[object, ...]:
            return _reduce_graph_module, ({"_code": self.source}, IMPORTS)

    for forward, expected in (
        (FORWARD * 1, False),
        (FORWARD.replace("torch.cat", "torch.load"), True),
    ):
        data = pickle.dumps(Traced(forward.replace("    conv", "    conv", 1)), protocol=protocol)
        data = _renamed(data, protocol)
        assert is_flagged(inspect(Window.of(data, name="a.pkl"))) is expected


def _reduce_graph_module(*_: object) -> None:
    """Stands for the function of torch, which is not installed here."""


def _renamed(data: bytes, protocol: int) -> bytes:
    module, name = b"torch.fx.graph_module", b"reduce_graph_module"
    here = __name__.encode()
    if protocol < 4:
        return data.replace(here + b"\n_reduce_graph_module", module + b"\n" + name)
    plain = bytes([0x8C, len(here)]) + here, bytes([0x8C, len(name) + 1]) + b"_" + name
    wanted = bytes([0x8C, len(module)]) + module, bytes([0x8C, len(name)]) + name
    framed = data[:2] + data[11:] if data[2:3] == b"\x95" else data
    return framed.replace(plain[0], wanted[0]).replace(plain[1], wanted[1])


PROGRAM = make.text("import os; os.system('id')")
DTYPE = make.stacked("numpy", "dtype") + make.text("O8") + b"\x89\x88\x87R"
ARRAY = (
    make.stacked("numpy._core.multiarray", "_reconstruct") + make.stacked("numpy", "ndarray")
    + b"K\0\x85" + b"C\1b" + b"\x87R(K\1K\2\x85" + DTYPE + b"\x89](" + PROGRAM
    + make.text("ok") + b"etb"
)  # fmt: skip
COLUMN = (
    make.stacked("pyarrow.lib", "py_buffer") + b"C\x14os.system('id')xxxxx"
    + b"\x85R"
)  # fmt: skip


@pytest.mark.parametrize("kept", [ARRAY, COLUMN], ids=["array", "column"])
def test_program_text_among_the_values_of_an_array_is_told_and_not_flagged(kept: bytes) -> None:
    found = look(kept)
    (fact,) = [fact for fact in found.facts if fact.kind is FactKind.EMBEDDED_CODE]
    assert fact.danger is Severity.LOW


@pytest.mark.parametrize(
    "parts", [(PROGRAM,), (ARRAY, b"0", PROGRAM), (PROGRAM, b"0", ARRAY)],
    ids=["alone", "behind-an-array", "before-an-array"],
)  # fmt: skip
def test_program_text_that_is_no_value_of_an_array_is_flagged(parts: tuple[bytes, ...]) -> None:
    assert is_flagged(look(*parts))
