"""Google Cloud from the real sign-in to resources, against loopback APIs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.resource import Inventory
from mlsec.engine.rule import RuleSet
from mlsec.snapshot.store import Snapshot
from tests.estate.faults import Fault, Kind
from tests.estate.gcp_estate import build_gcp
from tests.estate.gcp_server import RunningGcp
from tests.estate.gcp_world import HOME, PROJECT


@pytest.fixture
def gcp(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningGcp]:
    with RunningGcp(build_gcp(5).world, page_size=2) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return pipeline.load(pipeline.Judging())


def read(path: Path, ruleset: RuleSet, target: str = "gcp", **more: Any) -> Inventory:
    settings = CollectSettings(vocabulary=ruleset.vocabulary, in_flight=4, tries=1, **more)
    pipeline.collect((target,), path, settings, resume=False, say=lambda *_: None)
    with Snapshot.open(path) as snapshot:
        return pipeline.read(snapshot, ruleset)


@pytest.mark.parametrize("has_inventory", [True, False])
def test_pages_are_read_to_the_end_and_ids_name_the_project(
    has_inventory: bool, gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    if not has_inventory:
        gcp.set_faults(Fault(kind=Kind.DENY, operation="cloudasset:*"))
    inventory = read(tmp_path / "a.mlsnap", ruleset)
    found = [r for r in inventory.resources if r.type == "gcp.vertex.endpoint"]
    assert gcp.mistakes() == []
    assert sorted(r.name for r in found) == [
        "churn-0000", "credit-0002", "forecast-0004", "fraud-0001", "support-0003",
    ]  # fmt: skip
    start = f"//aiplatform.googleapis.com/projects/{PROJECT}/locations/{HOME}/endpoints/"
    assert {r.id.rpartition("/")[0] + "/" for r in found} == {start}
    assert {(r.scope, r.region) for r in found} == {(f"gcp/{PROJECT}", HOME)}
    assert [row for row in inventory.coverage if not row.is_complete] == []
    assert bool(gcp.counts()["aiplatform:ListEndpoints"]) is not has_inventory
