"""What fastai stores of its tensors, and classes whose harm is done by ``__init__`` alone."""

from __future__ import annotations

import pytest

from mlsec.artifacts.bytes.window import Window
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
