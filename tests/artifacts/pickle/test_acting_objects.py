"""Names that are allowed and act all the same: by a state, by items, or by what they are given."""

from __future__ import annotations

import itertools
import pickle

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import GapReason, Severity
from tests.artifacts.builders import pickles as make

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
NORMAL = make.stacked("scipy.stats._continuous_distns", "norm_gen")
RUN = make.stacked("unheard.of", "run")
NAME = make.text("X")
PLAIN_CLASS = make.stacked("builtins", "object") + b"\x85"
COUNT = make.stacked("itertools", "count") + b"K\1\x85R"
TEMPLATE = """
def _parse_args(self, a, b, loc=0, scale=1):
    return (a, b,), loc, scale

def _parse_args_rvs(self, a, b, loc=0, scale=1, size=None):
    return self._argcheck_rvs(a, b, loc, scale, size=size)

def _parse_args_stats(self, a, b, loc=0, scale=1, moments='mv'):
    return (a, b,), loc, scale, moments
"""
ITSELF = "def _parse_args(self, x=open('/tmp/x', 'w')): pass"


class Stored:
    """Is written as an iterator of itertools writes itself; 3.13 warns of it and 3.14 refuses."""

    def __init__(self, *reduction: object) -> None:
        self.reduction = reduction

    def __reduce__(self) -> tuple[object, ...]:
        return self.reduction


def state(key: str, value: bytes, before: int = 0) -> bytes:
    """A state with a key, behind so many others."""
    others = b"".join(make.text(f"k{n}") + b"K\1" for n in range(before))
    return b"}(" + others + make.text(key) + value + b"ub"


def partial(function: bytes, arguments: bytes, named: bytes = b"}") -> bytes:
    """A partial whose state gives it arguments with names."""
    made = make.stacked("functools", "partial") + function + b"\x85R"
    return made + b"(" + function + arguments + named + b"Ntb"


def stored_class(hook: str) -> bytes:
    """A class that dill stores by value, with one method that another module has."""
    kind = make.stacked("builtins", "type")
    names = b"}" + make.text(hook) + RUN + b"s"
    return (
        make.stacked("dill._dill", "_create_type")
        + b"("
        + kind
        + NAME
        + PLAIN_CLASS
        + names
        + b"tR"
    )


def look(*parts: bytes) -> Inspection:
    return inspect(Window.of(make.stream(*parts), name="a.pkl"))


def is_flagged(found: Inspection) -> bool:
    return any(fact.danger in FLAGGING for fact in found.facts)


HOOKS = b"}" + make.text("__setstate__") + RUN + b"s"
NAMED = b"}" + make.text("key") + RUN + b"s"
FRAME = make.stacked("pandas", "DataFrame") + b")\x81"
NUMBERS = b"](K\2K\1e\x85"
FETCHED = make.stacked("cloudpickle.cloudpickle", "subimport") + make.text("json") + b"\x85R"
HOSTILE = {
    "text-that-runs": (NORMAL, b")\x81", state("_parse_arg_template", make.text("print(1)"))),
    "text-that-looks-so": (
        NORMAL, b")\x81", state("_parse_arg_template", make.long_text(TEMPLATE + "\nx()")),
    ),
    "default-that-runs": (NORMAL, b")\x81", state("_parse_arg_template", make.text(ITSELF))),
    "text-behind-many": (NORMAL, b")\x81", state("_parse_arg_template", make.text("x()"), 400)),
    "text-too-long": (
        NORMAL, b")\x81", state("_parse_arg_template", make.long_text("x()".rjust(9_000))),
    ),
    "text-of-protocol-0": (
        make.stacked("copyreg", "_reconstructor"), NORMAL, make.stacked("builtins", "object"),
        b"N\x87R", state("_parse_arg_template", make.text("x()")),
    ),
    "method-replaced": (NORMAL, b")\x81", state("_attach_methods", RUN)),
    "method-behind-many": (NORMAL, b")\x81", state("_attach_methods", RUN, 400)),
    "method-by-slots": (
        make.stacked("sklearn.isotonic", "IsotonicRegression"), b")\x81N}",
        make.text("_build_f"), RUN, b"s\x86b",
    ),
    "module-patched": (FETCHED, b"}", make.text("loads"), RUN, b"sb"),
    "logger-patched": (
        make.stacked("logging", "getLogger"), make.text("x"), b"\x85R}", make.text("handlers"),
        b"]sb",
    ),
    "method-patched": (
        make.stacked("builtins", "getattr"), make.stacked("collections", "UserDict"),
        make.text("get"), b"\x86R}", make.text("x"), b"K\1sb",
    ),
    "item-of-a-frame": (FRAME, RUN, b"K\1s"),
    "items-of-a-frame": (FRAME, b"(", RUN, b"K\1u"),
    "item-of-a-series": (
        make.stacked("copyreg", "_reconstructor"), make.stacked("pandas", "Series"),
        make.stacked("builtins", "object"), b"N\x87R", RUN, b"K\1s",
    ),
    "sorted-by": (partial(make.stacked("builtins", "sorted"), NUMBERS, NAMED), b")R"),
    "sorted-by-new": (
        make.stacked("functools", "partial"), make.stacked("builtins", "sorted"), b"](K\2K\1e\x86",
        NAMED, b"\x92)R",
    ),
    "maximum-by-partial": (
        partial(make.stacked("builtins", "max"), NUMBERS, b"}" + make.text("key")
                + make.stacked("functools", "partial") + RUN + b"\x85Rs"), b")R",
    ),
    "weak-reference": (
        make.stacked("weakref", "ref"), make.stacked("collections", "UserDict"), b")\x81", RUN,
        b"\x86\x81",
    ),
    "property": (make.stacked("builtins", "property"), RUN, b"\x85\x81"),
    "class-of-classes": (
        make.stacked("enum", "EnumType"), NAME, PLAIN_CLASS, b"}", make.text("a"), RUN, b"s\x87\x81"
    ),
    "class-with-hooks": (make.stacked("abc", "ABCMeta"), NAME, PLAIN_CLASS, HOOKS, b"\x87R"),
    "class-of-torch": (make.stacked("torch._C", "_TensorMeta"), NAME, b")", HOOKS, b"\x87\x81"),
    "class-of-an-unknown": (
        make.stacked("unheard.of", "Kind"), NAME, PLAIN_CLASS, HOOKS, b"\x87\x81"
    ),
    "alias-called": (
        make.stacked("collections.abc", "_CallableGenericAlias"), RUN, b"](K\1e\x86R)R"
    ),
    "made-by-what-is-called": (
        make.stacked("cloudpickle.cloudpickle", "_make_skeleton_class"), b"(", RUN, NAME,
        b")}NNtR",
    ),
    "imported-class-changed": (
        make.stacked("cloudpickle.cloudpickle", "_class_setstate"),
        make.stacked("collections", "UserDict"), b"}", make.text("get"), RUN, b"s}\x86\x86R",
    ),
    "imported-function-changed": (
        make.stacked("cloudpickle.cloudpickle", "_function_setstate"), RUN, b"}}\x86\x86R"
    ),
    "function-that-imports": (
        make.stacked("numpy.core", "_ufunc_reconstruct"), make.text("numpy.f2py.__main__"),
        make.text("main"), b"\x86R",
    ),
    "module-that-acts": (make.stacked("turtledemo.__main__", "main"),),
    "module-of-tests": (make.stacked("test.autotest", "x"),),
    "file-by-a-word": (make.stacked("xgboost.core", "Booster"), b"NN", make.text("data"), b"\x87R"),
    "wide-pattern": (
        make.stacked("re", "_compile"), make.long_text("[\x00-\uffff]" * 2_000), b"K\2\x86R"
    ),
    "pattern-computed": (
        make.stacked("re", "_compile"), make.call("builtins", "str", "x"), b"K\0\x86R"
    ),
    "called-until": (make.stacked("builtins", "iter"), RUN, b"K\1\x86R"),
    "iterated": (make.stacked("builtins", "iter"), RUN, b"\x85R"),
    "digits-without-end": (
        make.stacked("fractions", "Fraction"), make.text("1e999999999"), b"\x85R"
    ),
    **{
        f"endless-{name}": (make.stacked(module, name), COUNT, b"\x85R")
        for module, name in (
            ("builtins", "list"), ("builtins", "sum"), ("builtins", "bytes"),
            ("collections", "deque"), ("collections", "Counter"), ("__builtin__", "set"),
        )
    },
    "endless-cycle": (
        make.stacked("builtins", "tuple"), make.stacked("itertools", "cycle"), b"](K\1e\x85R\x85R"
    ),
    "endless-in-zip": (
        make.stacked("builtins", "list"), make.stacked("builtins", "zip"), COUNT, b"\x85R\x85R"
    ),
    **{
        f"hook-{name}": (make.stacked("builtins", name), stored_class(f"__{name}__"), b")\x81\x85R")
        for name in ("len", "str", "int", "abs", "bytes", "round")
    },
    "hook-in-a-list": (
        make.stacked("builtins", "sum"), b"]", stored_class("__radd__"), b")\x81a\x85R"
    ),
}  # fmt: skip
HONEST = {
    "distribution": (NORMAL, b")\x81", state("_parse_arg_template", make.long_text(TEMPLATE))),
    "state-of-numbers": (NORMAL, b")\x81", state("_initialize", b"K\1")),
    "function-in-a-state": (make.stacked("unheard.of", "Model"), b")\x81", state("metric", RUN)),
    "partial-of-numbers": (partial(make.stacked("builtins", "int"), b")", b"}" + make.text("base")
                                   + b"K\2s"),),
    "named-by-three": (
        make.stacked("unheard.of", "Point"), NAME, b"K\1\x85}", make.text("a"), b"K\1s\x87\x81"
    ),
    "counter": (COUNT,),
    "some-repeats": (
        make.stacked("builtins", "list"), make.stacked("itertools", "repeat"), b"K\0K\5\x86R\x85R"
    ),
    "frozen-list": (
        make.stacked("pandas.core.indexes.frozen", "FrozenList"), b")\x81", make.text("a"), b"a"
    ),
    "pattern": (make.stacked("re", "_compile"), make.text(r"[а-я]+\d{1,3}"), b"K\2\x86R"),
    "ufunc": (
        make.stacked("numpy.core", "_ufunc_reconstruct"), make.text("scipy.special._ufuncs"),
        make.text("expit"), b"\x86R",
    ),
    "fraction": (make.stacked("fractions", "Fraction"), make.text("1/3"), b"\x85R"),
    "class-stored-with-equality": (stored_class("__eq__"), b")\x81"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_acts_by_its_state_its_items_or_its_arguments_is_flagged(name: str) -> None:
    assert is_flagged(look(*HOSTILE[name]))


@pytest.mark.parametrize("name", HONEST)
def test_the_same_ways_as_libraries_write_them_are_not(name: str) -> None:
    assert not is_flagged(look(*HONEST[name]))


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_text_that_runs_is_seen_behind_many_honest_states(protocol: int) -> None:
    honest = make.named("scipy.stats._continuous_distns", "norm_gen")
    one = b"h\x00)\x81}(" + make.long_text("a") + b"K\1" + make.long_text("b") + b"K\2ub0"
    last = b"h\x00)\x81" + state("_parse_arg_template", make.long_text("x()"))
    found = inspect(Window.of(make.stream(honest, b"q\x000", one * 900, last, protocol=protocol)))
    # Not only code that lies in the file: it runs, and the finding is as grave as for a command.
    assert FactKind.DENIED_CALL in {fact.kind for fact in found.facts}


def test_a_module_that_no_list_knows_is_a_gap_where_it_is_imported_by_its_name() -> None:
    found = look(
        make.stacked("cloudpickle.cloudpickle", "subimport"), make.text("unheard"), b"\x85R"
    )
    assert GapReason.UNRESOLVED in {gap.reason for gap in found.gaps}


@pytest.mark.parametrize("protocol", range(6))
def test_endless_iterators_that_are_only_kept_are_quiet(protocol: int) -> None:
    kept = [
        Stored(itertools.count, (3,)),
        Stored(itertools.repeat, (1,)),
        Stored(itertools.cycle, (iter([1, 2]),), ([], False)),
    ]
    data = pickle.dumps(kept, protocol)
    # The test module's own class is not in the file: it holds what the iterators themselves write.
    assert b"Stored" not in data
    assert not is_flagged(inspect(Window.of(data)))


@pytest.mark.parametrize("key", [b"h\x01", make.text("_parse_arg_template")])
def test_a_text_that_runs_is_seen_behind_many_honest_ones_under_its_key(key: bytes) -> None:
    head = make.named("scipy.stats._continuous_distns", "norm_gen") + b"q\x000"
    head += make.text("_parse_arg_template") + b"q\x010"
    one = b"h\x00)\x81}" + key + make.long_text(TEMPLATE) + b"sb0"
    last = b"h\x00)\x81}" + key + make.long_text(TEMPLATE + "\nx()") + b"sb"
    many = inspect(Window.of(make.stream(head, one * 900, b"N")))
    found = inspect(Window.of(make.stream(head, one * 900, last)))
    assert (is_flagged(many), is_flagged(found)) == (False, True)


def test_digits_without_end_are_seen_behind_many_honest_numbers() -> None:
    head = make.named("fractions", "Fraction") + b"q\x000"
    one = b"h\x00" + make.text("123") + b"\x85R0"
    last = b"h\x00" + make.text("1e999999999") + b"\x85R"
    assert not is_flagged(inspect(Window.of(make.stream(head, one * 900, b"N"))))
    assert is_flagged(inspect(Window.of(make.stream(head, one * 900, last))))
