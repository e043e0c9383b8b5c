"""What the script that lists a library's classes holds back, and what the lists do not hold."""

from __future__ import annotations

import subprocess

import pytest

from mlsec.artifacts.pickle.known_names import Standing
from mlsec.artifacts.pickle.policy.callable_lists import shipped_policy
from tests.corpus.suspicion import is_risky_class

_LISTED = (Standing.CLASS, Standing.REDUCER, Standing.MAKER)


def run_it(text: str) -> None:
    subprocess.Popen(text)  # noqa: S603 - read, never run


def beside(text: str) -> None:
    run_it(text)


class ByItself:
    def __setstate__(self, state: dict[str, str]) -> None:
        exec(state["text"])  # noqa: S102 - read, never run


class ByItsMethod:
    def __setstate__(self, state: dict[str, str]) -> None:
        self.__dict__.update(state)
        self.attach()

    def attach(self) -> None:
        self.fill("x")

    def fill(self, text: str) -> None:
        exec(text)  # noqa: S102 - read, never run


class Heir(ByItsMethod):
    def attach(self) -> None:
        """Nothing."""


class HeirThatRuns(Heir):
    def attach(self) -> None:
        run_it("x")


class ByFunctions:
    def __setstate__(self, state: dict[str, str]) -> None:
        beside(state["text"])


class OfClasses(type):
    """A class of classes."""


class Harmless:
    def __setstate__(self, state: dict[str, str]) -> None:
        self.__dict__.update(state)
        self.check()

    def check(self) -> None:
        """Nothing."""

    def save(self, text: str) -> None:
        run_it(text)


@pytest.mark.parametrize("found", [ByItself, ByItsMethod, HeirThatRuns, ByFunctions, OfClasses])
def test_a_class_whose_hooks_come_to_what_runs_text_is_held_back(found: type) -> None:
    assert is_risky_class(found)


@pytest.mark.parametrize("found", [Heir, Harmless])
def test_a_class_whose_hooks_come_to_nothing_is_listed(found: type) -> None:
    assert not is_risky_class(found)


@pytest.mark.parametrize(
    "name",
    [
        "enum.EnumType", "torch._C._TensorMeta", "dateutil.tz._factories._TzFactory",
        "catboost.metrics._MetricGenerator", "pandas._libs.tslibs.offsets.OffsetMeta",
        "sympy.core.function.UndefinedFunction", "narwhals.dtypes.DTypeClass",
        "sklearn.callback._scoring_monitor.ScoringMonitor",
        "sklearn.callback.scoring_monitor.ScoringMonitor",
    ],
)  # fmt: skip
def test_no_list_holds_what_acts_when_it_is_made(name: str) -> None:
    module, _, last = name.rpartition(".")
    assert shipped_policy().look_up(module, last).standing not in _LISTED
