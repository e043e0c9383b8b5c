"""A provider on a bad day: the scan waits, asks again, or says what it did not see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlsec.core.errors import MlsecError
from mlsec.engine.model.rule import RuleSet
from tests.e2e import runs
from tests.e2e.clouds import CLOUDS, Cloud, Running
from tests.e2e.conftest import Whole
from tests.estate.faults import Fault, Kind
from tests.estate.serve import RunningAws, Settings


@pytest.fixture(scope="module")
def paging() -> Iterator[RunningAws]:
    """The same company, two items to a page."""
    settings = Settings(deployments=3, has_story=True, has_zoo=True, page_size=2)
    with RunningAws(settings) as running:
        yield running


@pytest.fixture
def pages(paging: RunningAws, monkeypatch: pytest.MonkeyPatch) -> RunningAws:
    """Talk to the paging server and nothing else."""
    paging.set_faults()
    for name, value in paging.environment().items():
        monkeypatch.setenv(name, value)
    return paging


def scanned(path: Path, ruleset: RuleSet, **settings: Any) -> runs.Verdicts:
    """Collect with patience and judge."""
    runs.collect(path, ruleset, **{**runs.THOROUGH, **settings})
    return runs.verdicts(runs.judge(path, ruleset))


def test_small_pages_give_the_same_verdicts(
    pages: RunningAws, whole: Whole, ruleset: RuleSet, tmp_path: Path
) -> None:
    assert scanned(tmp_path / "paged.mlsnap", ruleset) == whole.verdicts
    assert pages.counts()["sagemaker:ListModels"] > whole.asked["sagemaker:ListModels"]
    assert pages.mistakes() == []


def test_page_token_that_expires_once_is_begun_again(
    pages: RunningAws, whole: Whole, ruleset: RuleSet, tmp_path: Path
) -> None:
    fault = Fault(kind=Kind.EXPIRED_TOKEN, operation="sagemaker:List*", times=1)
    pages.set_faults(fault)
    assert scanned(tmp_path / "expired.mlsnap", ruleset) == whole.verdicts
    assert pages.struck().total() == 1


def test_page_answered_twice_invents_nothing(
    pages: RunningAws, whole: Whole, ruleset: RuleSet, tmp_path: Path
) -> None:
    pages.set_faults(Fault(kind=Kind.DUPLICATE_PAGE, operation="sagemaker:ListModels", times=1))
    after = scanned(tmp_path / "twice.mlsnap", ruleset)
    assert pages.struck().total() == 1
    assert not after.passed & (whole.verdicts.failed | whole.verdicts.unknown)
    assert after.failed <= whole.verdicts.failed


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=Kind.THROTTLE, operation="sagemaker:*", rate_per_s=40),
        Fault(kind=Kind.SERVER_ERROR, operation="sagemaker:*", times=3),
        Fault(kind=Kind.HANG_UP, operation="sagemaker:*", times=15),
        Fault(kind=Kind.CUT, operation="sagemaker:*", times=2),
        Fault(kind=Kind.GARBAGE, operation="sagemaker:*", times=2),
        Fault(kind=Kind.SKEWED_CLOCK, skew_s=120),
    ],
    ids=lambda fault: fault.kind.value,
)
def test_trouble_that_passes_leaves_no_trace(
    fault: Fault, aws: Running, whole: Whole, ruleset: RuleSet, tmp_path: Path
) -> None:
    path = tmp_path / "weather.mlsnap"
    asked = tuple(label for label in whole.asked if label.startswith("sagemaker:"))
    runs.forget(whole.snapshot, path, asked)
    # Who we are is asked before anything else and is not part of the collection.
    spared = Fault(kind=fault.kind, operation="[!s][!t]*", times=fault.times,
                   rate_per_s=fault.rate_per_s, skew_s=fault.skew_s)  # fmt: skip
    aws.set_faults(fault if fault.operation != "*" else spared)
    after = scanned(path, ruleset, resume=True, tries=8, start_per_s=200.0)
    assert after == whole.verdicts
    assert aws.struck().total() or fault.kind in {Kind.THROTTLE, Kind.SKEWED_CLOCK}


@pytest.mark.parametrize("kind", [Kind.THROTTLE, Kind.SERVER_ERROR, Kind.HANG_UP, Kind.CUT])
@pytest.mark.parametrize("name", [name for name in CLOUDS if name != "aws"])
def test_trouble_that_passes_leaves_no_trace_on_other_clouds(
    name: str,
    kind: Kind,
    zoos: Callable[[str], Running],
    wholes: Callable[[str], Whole],
    ruleset: RuleSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, whole = zoos(name), wholes(name)
    for variable, value in server.environment().items():
        monkeypatch.setenv(variable, value)
    # Signing in comes first and is not part of the collection.
    server.set_faults(Fault(kind=kind, first_call=CLOUDS[name].sign_in + 1, times=2))
    path = tmp_path / "weather.mlsnap"
    runs.collect(path, ruleset, target=name, **{**runs.THOROUGH, "tries": 8})
    assert server.struck().total() == 2
    assert runs.verdicts(runs.judge(path, ruleset)) == whole.verdicts


def test_credentials_that_expire_midway_end_the_run_and_resume_completes_it(
    cloud: Cloud, running: Running, complete: Whole, ruleset: RuleSet, tmp_path: Path
) -> None:
    path, early = tmp_path / "expired.mlsnap", sum(complete.asked.values()) // 4
    running.set_faults(Fault(kind=Kind.EXPIRED_CREDENTIALS, first_call=early))
    runs.collect(path, ruleset, target=cloud.name, **runs.THOROUGH)
    halted = runs.judge(path, ruleset)
    after = runs.verdicts(halted)
    assert running.counts().total() < early + 5 * int(runs.QUICK["in_flight"])
    assert not after.passed & (complete.verdicts.failed | complete.verdicts.unknown)
    assert after.failed <= complete.verdicts.failed
    assert after.unknown
    assert "credentials expired" in {gap.detail for gap in halted.gaps}

    running.set_faults()
    runs.collect(path, ruleset, target=cloud.name, resume=True, **runs.THOROUGH)
    assert runs.verdicts(runs.judge(path, ruleset)) == complete.verdicts


def test_wrong_clock_ends_with_one_sentence(aws: Running, ruleset: RuleSet, tmp_path: Path) -> None:
    aws.set_faults(Fault(kind=Kind.SKEWED_CLOCK, skew_s=3600))
    with pytest.raises(MlsecError, match="InvalidSignature"):
        runs.collect(tmp_path / "skewed.mlsnap", ruleset)
    assert list(tmp_path.iterdir()) == []
