"""What fastai stores of its tensors, annotations made without ``__init__``, cached functions."""

from __future__ import annotations

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity
from tests.artifacts.builders import pickles as make

NAME, TEXT = make.stacked, make.text
FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
TENSOR = NAME("fastai.torch_core", "TensorBase")
MAKE = NAME("fastai.torch_core", "_fa_rebuild_tensor")
SYSTEM = NAME("os", "system")
STORAGE = (
    b"(" + TEXT("storage") + NAME("torch", "FloatStorage") + TEXT("0") + TEXT("cpu") + b"K\1tQ"
)


def dangers(*parts: bytes) -> set[Severity]:
    return {fact.danger for fact in inspect(Window.of(make.stream(*parts), name="a.pkl")).facts}


def unknown(*parts: bytes) -> bool:
    facts = inspect(Window.of(make.stream(*parts), name="a.pkl")).facts
    return any(f.kind in {FactKind.UNKNOWN_IMPORT, FactKind.UNVERIFIED_CLASS} for f in facts)


def rebuilt(function: bytes, kind: bytes, state: bytes = b"}") -> bytes:
    """``_rebuild_from_type(function, TensorBase, (kind, storage, offset, size, ...), state)``."""
    given = b"(" + kind + STORAGE + b"K\0K\1\x85K\1\x85\x89"
    given += NAME("collections", "OrderedDict") + b")Rt"
    way = NAME("fastai.torch_core", "_rebuild_from_type")
    return way + b"(" + function + TENSOR + given + state + b"tR"


def test_a_tensor_of_fastai_is_not_flagged() -> None:
    assert not FLAGGING & dangers(rebuilt(MAKE, TENSOR))


@pytest.mark.parametrize("function", [SYSTEM, NAME("builtins", "exec")])
def test_the_function_that_fastai_is_given_is_judged_as_called(function: bytes) -> None:
    assert Severity.CRITICAL in dangers(rebuilt(function, TENSOR))


def test_the_class_that_fastai_is_given_is_judged_as_called() -> None:
    assert Severity.CRITICAL in dangers(rebuilt(MAKE, SYSTEM))
    assert Severity.HIGH in dangers(rebuilt(MAKE, NAME("unheard", "function")))


def test_the_state_that_fastai_is_given_is_judged_as_a_state() -> None:
    hooked = b"}" + TEXT("__setstate__") + NAME("numpy", "mean") + b"s"
    assert FLAGGING & dangers(rebuilt(MAKE, TENSOR, hooked))


REFERENCE = NAME("typing", "ForwardRef")


def test_an_annotation_that_is_made_without_init_compiles_nothing() -> None:
    assert Severity.CRITICAL not in dangers(REFERENCE + b")\x81")


@pytest.mark.parametrize("end", [b"\x85R", b"\x85\x81"])
def test_an_annotation_that_is_given_its_text_stays_critical(end: bytes) -> None:
    assert Severity.CRITICAL in dangers(REFERENCE + TEXT("__import__('os')") + end)


def test_an_annotation_that_is_called_bare_stays_critical() -> None:
    assert Severity.CRITICAL in dangers(REFERENCE + b")R")


CACHE = NAME("functools", "lru_cache")
CODE = NAME("dill._dill", "_create_code") + b"(" + TEXT("Run\n\n>>> import os\n>>> run(1)") + b"tR"
FUNCTION = NAME("dill._dill", "_create_function") + b"(" + CODE + b"}" + TEXT("f") + b"NNtR"


def test_a_cached_function_is_not_critical_for_what_its_docstring_says() -> None:
    found = dangers(CACHE + FUNCTION + b"\x85R")
    assert Severity.HIGH in found
    assert Severity.CRITICAL not in found


def test_a_cached_function_that_runs_commands_is_critical() -> None:
    assert Severity.CRITICAL in dangers(CACHE + SYSTEM + b"\x85R")


def test_what_caching_gave_is_high_where_it_is_called() -> None:
    assert Severity.HIGH in dangers(CACHE + b"K\1\x89\x86R" + SYSTEM + b"\x85R")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("optuna.samplers._search_space.intersection", "IntersectionSearchSpace"),
        ("fastai.tabular.transform", "Normalize"),
        ("keras.preprocessing.text", "Tokenizer"),
        ("keras_preprocessing.text", "Tokenizer"),
    ],
)
def test_a_data_class_of_a_library_is_known_and_its_neighbours_are_not(
    module: str, name: str
) -> None:
    data = b")\x81}" + TEXT("words") + b"K\1sb"
    assert not unknown(NAME(module, name) + data)
    assert unknown(NAME(module, "UnheardOf") + data)
    assert Severity.HIGH in dangers(NAME(module, name) + SYSTEM + b"\x85R")
