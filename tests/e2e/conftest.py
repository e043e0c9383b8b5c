"""One loopback AWS with everything in it, scanned once whole; each test breaks something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from mlsec import pipeline
from mlsec.core.assessment import Assessment
from mlsec.core.resource import Inventory, Resource
from mlsec.engine.rule import RuleSet
from mlsec.snapshot.store import Snapshot
from tests.e2e import runs
from tests.estate.faults import Fault, Kind
from tests.estate.serve import RunningAws, Settings

# What another call of the table stands in for: refused, it changes nothing that is known.
STAND_INS = {
    "sagemaker:Search": "every model is described one by one",
    "account:ListRegions": "ec2:DescribeRegions says the same",
}


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """A complete scan to compare with."""

    snapshot: Path
    assessment: Assessment
    verdicts: runs.Verdicts
    inventory: Inventory
    resources: Mapping[str, Resource]
    asked: Mapping[str, int]


@pytest.fixture(scope="session")
def ruleset() -> RuleSet:
    """All rules that ship."""
    return pipeline.load(pipeline.Judging())


@pytest.fixture(scope="session")
def zoo() -> Iterator[RunningAws]:
    """Three deployments, the demo's story, and a specimen of every other kind."""
    with RunningAws(Settings(deployments=3, has_story=True, has_zoo=True)) as running:
        yield running


@pytest.fixture
def aws(zoo: RunningAws, monkeypatch: pytest.MonkeyPatch) -> RunningAws:
    """The zoo without faults, and this process talking to nothing else."""
    zoo.set_faults()
    for name, value in zoo.environment().items():
        monkeypatch.setenv(name, value)
    return zoo


@pytest.fixture(scope="session")
def whole(zoo: RunningAws, ruleset: RuleSet, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """The uninterrupted collection that nothing was denied to."""
    path = tmp_path_factory.mktemp("whole") / "whole.mlsnap"
    zoo.set_faults()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zoo.environment().items():
            patch.setenv(name, value)
        runs.collect(path, ruleset, **runs.THOROUGH)
        asked = zoo.counts()
        assert zoo.mistakes() == []
        # What is asked only in place of these is recorded now, so that no test waits for it.
        zoo.set_faults(*(Fault(kind=Kind.DENY, operation=label) for label in STAND_INS))
        runs.collect(path.with_name("in-place.mlsnap"), ruleset, **runs.THOROUGH)
    with Snapshot.open(path) as snapshot:
        troubles = [(c.service, c.operation, c.detail) for c in snapshot.calls() if c.reason]
        inventory = pipeline.read(snapshot, ruleset)
    assert troubles == []
    assessment = runs.judge(path, ruleset)
    return Whole(
        snapshot=path,
        assessment=assessment,
        verdicts=runs.verdicts(assessment),
        inventory=inventory,
        resources={resource.id: resource for resource in inventory.resources},
        asked=asked,
    )
