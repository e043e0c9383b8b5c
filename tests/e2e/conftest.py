"""A loopback cloud with everything in it, scanned once whole; each test breaks something."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from mlsec.core.assessment import Assessment
from mlsec.core.resource import Inventory, Resource
from mlsec.engine.model.rule import RuleSet
from mlsec.snapshot.store import Snapshot
from mlsec.targets.reading import read_inventory
from tests.e2e import runs
from tests.e2e.clouds import CLOUDS, Cloud, Running
from tests.estate.faults import Fault, Kind
from tests.shipped import shipped_rules


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
    return shipped_rules()


@pytest.fixture(scope="session")
def zoos() -> Iterator[Callable[[str], Running]]:
    """Start a cloud's zoo when it is first asked for."""
    with contextlib.ExitStack() as stack:

        @functools.cache
        def start(name: str) -> Running:
            return stack.enter_context(CLOUDS[name].start())

        yield start


@pytest.fixture(scope="session")
def wholes(
    zoos: Callable[[str], Running], ruleset: RuleSet, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Whole]:
    """Give a cloud's uninterrupted collection that nothing was denied to."""

    @functools.cache
    def collect(name: str) -> Whole:
        return _whole(CLOUDS[name], zoos(name), ruleset, tmp_path_factory.mktemp("whole"))

    return collect


@pytest.fixture(params=CLOUDS)
def cloud(request: pytest.FixtureRequest) -> Cloud:
    """Each cloud in turn."""
    return CLOUDS[request.param]


@pytest.fixture
def running(
    cloud: Cloud, zoos: Callable[[str], Running], monkeypatch: pytest.MonkeyPatch
) -> Running:
    """The cloud's zoo without faults, and this process talking to nothing else."""
    return _calm(zoos(cloud.name), monkeypatch)


@pytest.fixture
def complete(cloud: Cloud, wholes: Callable[[str], Whole]) -> Whole:
    """The cloud's complete scan to compare with."""
    return wholes(cloud.name)


@pytest.fixture(scope="session")
def zoo(zoos: Callable[[str], Running]) -> Running:
    """Three deployments on AWS, the demo's story, and a specimen of every other kind."""
    return zoos("aws")


@pytest.fixture
def aws(zoo: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """The zoo on AWS without faults, and this process talking to nothing else."""
    return _calm(zoo, monkeypatch)


@pytest.fixture(scope="session")
def whole(wholes: Callable[[str], Whole]) -> Whole:
    """The complete scan of AWS."""
    return wholes("aws")


def _calm(zoo: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    zoo.set_faults()
    for name, value in zoo.environment().items():
        monkeypatch.setenv(name, value)
    return zoo


def _whole(cloud: Cloud, zoo: Running, ruleset: RuleSet, folder: Path) -> Whole:
    path = folder / "whole.mlsnap"
    zoo.set_faults()
    with pytest.MonkeyPatch.context() as patch:
        _calm(zoo, patch)
        runs.collect(path, ruleset, target=cloud.name, **runs.THOROUGH)
        asked = zoo.counts()
        assert zoo.mistakes() == []
        # What is asked only in place of these is recorded now, so that no test waits for it.
        zoo.set_faults(*(Fault(kind=Kind.DENY, operation=label) for label in cloud.stand_ins))
        in_place = path.with_name("in-place.mlsnap")
        runs.collect(in_place, ruleset, target=cloud.name, **runs.THOROUGH)
    with Snapshot.open(path) as snapshot:
        troubles = [(c.service, c.operation, c.detail) for c in snapshot.calls() if c.reason]
        inventory = read_inventory(snapshot, ruleset.vocabulary)
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
