"""Objects that act on what their state says: as libraries write them, and near misses."""

from __future__ import annotations

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity
from tests.artifacts.builders import pickles as make

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
RESOURCE = make.stacked("sklearn_crfsuite._fileresource", "FileResource") + b")\x81"
CONTENT = make.text("__FILE_RESOURCE_DATA__") + b"C\x04lCRF"
PARTIAL = make.stacked("functools", "partial")
VARIABLE = make.stacked("tensorflow.python.ops.resource_variable_ops", "ResourceVariable")
FUNCTION = make.stacked("dill._dill", "_create_function")
NONE, TRUE, FALSE = b"N", b"\x88", b"\x89"


def look(*parts: bytes) -> Inspection:
    return inspect(Window.of(make.stream(*parts), name="a.pkl"))


def is_flagged(found: Inspection) -> bool:
    return any(fact.danger in FLAGGING for fact in found.facts)


def resource(name: bytes, auto: bytes, prefix: str, suffix: str = "") -> Inspection:
    values = [("name", name), ("auto", auto), ("prefix", make.text(prefix))]
    values += [("suffix", make.text(suffix))]
    state = b"".join(make.text(key) + value for key, value in values)
    return look(RESOURCE + b"}(" + state + CONTENT + b"ub")


def variable(value: bytes) -> Inspection:
    """As TensorFlow writes one: a partial of its class, which is called without arguments."""
    named = b"}(" + make.text("initial_value") + value + make.text("name") + make.text("a:0") + b"u"
    made = PARTIAL + VARIABLE + b"\x85R(" + VARIABLE + b")" + named + b"Ntb"
    return look(made + b")R")


def function_of(module: str, *more: bytes) -> Inspection:
    """A function whose global names are those of a module, as dill writes it."""
    return look(FUNCTION + b"(N" + make.stacked(module, "__dict__") + b"NNtR", *more)


def test_a_model_that_brings_its_file_with_it_is_assessed() -> None:
    found = resource(NONE, TRUE, "model")
    assert not is_flagged(found)
    assert not found.gaps


@pytest.mark.parametrize(
    ("name", "auto", "prefix", "suffix"),
    [
        (NONE, TRUE, "/etc/cron.d/a", ""),
        (NONE, TRUE, "../../home/a", ""),
        (NONE, TRUE, "", "/../../a"),
        (NONE, TRUE, "..\\a", ""),
        (make.text("/etc/passwd"), TRUE, "", ""),
        (make.text("a"), make.stacked("os", "devnull"), "", ""),
    ],
)
def test_a_file_that_is_written_or_removed_elsewhere_is_flagged(
    name: bytes, auto: bytes, prefix: str, suffix: str
) -> None:
    assert is_flagged(resource(name, auto, prefix, suffix))


def test_a_state_that_is_not_written_out_is_flagged() -> None:
    assert is_flagged(look(RESOURCE + make.named("unheard.of", "State") + b")Rb"))


def test_a_variable_of_tensorflow_holds_its_numbers() -> None:
    found = variable(b"]K\x01a")
    assert not is_flagged(found)
    assert not found.gaps


@pytest.mark.parametrize("name", [("os", "system"), ("unheard.of", "run")])
def test_a_function_in_place_of_a_variables_numbers_is_flagged(name: tuple[str, str]) -> None:
    assert is_flagged(variable(make.stacked(*name)))


def test_the_names_of_a_librarys_module_are_not_flagged_and_not_assessed() -> None:
    found = function_of("lime.discretize")
    assert not is_flagged(found)
    assert any("lime.discretize" in gap.detail for gap in found.gaps)


@pytest.mark.parametrize("module", ["os", "subprocess", "importlib", "a b", "shelve"])
def test_the_names_of_a_module_that_does_harm_are_flagged(module: str) -> None:
    assert is_flagged(function_of(module))


def test_the_names_of_a_module_that_are_changed_are_flagged() -> None:
    names = make.stacked("lime.discretize", "__dict__")
    assert is_flagged(look(names + make.text("x") + make.text("y") + b"s"))


@pytest.mark.parametrize(
    "name",
    [("fastai.tabular.transform", "FillStrategy"), ("fastai.vision.image", "ResizeMethod")],
)
def test_a_member_of_an_enumeration_of_fastai_is_assessed(name: tuple[str, str]) -> None:
    found = look(make.stacked(*name) + b"K\x01\x85R")
    assert not is_flagged(found)
    assert not found.gaps
    assert look(make.stacked(name[0], "Unheard") + b"K\x01\x85R").gaps
