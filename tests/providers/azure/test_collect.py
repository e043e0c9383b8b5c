"""Azure from the real sign-in and pipeline to resources, against a loopback Resource Manager."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Inventory
from mlsec.snapshot.store import Snapshot
from mlsec.targets.reading import read_inventory
from mlsec.vocabulary.types import Vocabulary
from tests.estate.azure_estate import build_azure
from tests.estate.azure_server import RunningAzure
from tests.estate.azure_world import SECOND, SUBSCRIPTION, TENANT, Subscription
from tests.shipped import shipped_rules


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    with RunningAzure(build_azure(5).world, page_size=2) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return shipped_rules().vocabulary


def read(tmp_path: Path, vocabulary: Vocabulary, target: str = "azure", **more: str) -> Inventory:
    path = tmp_path / "a.mlsnap"
    named = {"role_name": more["group"]} if more.get("group") else {}
    group = {"is_organisation": True, **named} if more else {}
    settings = CollectSettings(vocabulary=vocabulary, in_flight=4, tries=1, **group)
    pipeline.collect((target,), path, settings, resume=False, say=lambda *_: None)
    with Snapshot.open(path) as snapshot:
        return read_inventory(snapshot, shipped_rules().vocabulary)


def test_pages_are_read_to_the_end_and_ids_are_lower_case(
    azure: RunningAzure, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    found = [r for r in read(tmp_path, vocabulary).resources if r.type == "azure.ml.workspace"]
    assert azure.mistakes() == []
    assert [r.name for r in found] == [
        "churn-0000", "credit-0002", "forecast-0004", "fraud-0001", "support-0003",
    ]  # fmt: skip
    assert {r.id for r in found} == {r.id.lower() for r in found}
    assert {(r.scope, r.region) for r in found} == {(f"azure/{SUBSCRIPTION}", "westeurope")}


def test_deleted_subscription_is_told_and_hides_nothing_of_the_others(
    azure: RunningAzure, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    gone = Subscription(id=SECOND, state="Deleted")
    azure.handler.world.subscriptions[SECOND] = gone
    inventory = read(tmp_path, vocabulary)
    (gap,) = inventory.gaps
    assert gap.scope == f"azure/{SECOND}"
    assert "restored" in gap.detail
    hidden = {row.scope for row in inventory.coverage.rows if not row.is_complete}
    assert hidden == {f"azure/{SECOND}"}


def test_named_subscription_that_is_not_seen_stops_with_what_to_do(
    azure: RunningAzure, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    del azure
    with pytest.raises(MlsecError, match="see none of the subscriptions"):
        read(tmp_path, vocabulary, f"azure://{SECOND}")


def test_member_of_a_management_group_that_is_not_seen_is_a_gap_with_its_right(
    azure: RunningAzure, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    azure.handler.world.groups["nordlicht"] = (SUBSCRIPTION, SECOND)
    (gap,) = read(tmp_path, vocabulary, group="nordlicht").gaps
    assert gap.scope == f"azure/{SECOND}"
    assert gap.missing_right == "Microsoft.Resources/subscriptions/read"


def test_organisation_without_a_name_is_the_root_group_of_the_tenant(
    azure: RunningAzure, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    azure.handler.world.groups[TENANT] = (SUBSCRIPTION, SECOND)
    scopes = {gap.scope for gap in read(tmp_path, vocabulary, group="").gaps}
    assert scopes == {f"azure/{SECOND}"}
