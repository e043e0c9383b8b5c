"""The Resource Graph is believed only where Resource Manager says the same; else that is asked."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.resource import Inventory
from mlsec.engine.model.rule import RuleSet
from mlsec.providers.azure.client.quota import seconds
from mlsec.providers.azure.client.resource_graph_rows import (
    ALL_RESOURCES,
    NAME,
    pack,
    rows_query,
    types_of,
)
from mlsec.snapshot.store import Snapshot
from mlsec.targets.reading import read_inventory
from tests.coverage_rows import every_row
from tests.estate.azure_estate import build_azure
from tests.estate.azure_server import RunningAzure
from tests.estate.azure_world import SECOND, Subscription, World, arm
from tests.estate.faults import Fault, Kind
from tests.shipped import shipped_rules

KIND = "microsoft.machinelearningservices/workspaces"
WORKSPACE = "azure.ml.workspace"
LISTING = "machinelearning:Workspaces_ListBySubscription"
OTHERS = (SECOND, SECOND[:-1] + "3")
NAMES_OF = dict(zip(OTHERS, ("tuning", "zebra"), strict=True))
NAMES = ["churn-0000", "credit-0002", "fraud-0001", "support-0003", "tuning", "zebra"]
# One listing of each type is made to compare the rows with: of four workspaces, in two pages.
COMPARED = 2


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return shipped_rules()


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningAzure]:
    """Four deployments in one subscription, and one more in each of two others."""
    world = build_azure(4).world
    for number in OTHERS:
        world.subscriptions[number] = Subscription(id=number)
        path = f"Microsoft.MachineLearningServices/workspaces/{NAMES_OF[number]}"
        world.add(arm(path, {"publicNetworkAccess": "Enabled"}, subscription=number))
    with RunningAzure(world, page_size=3) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


def read(tmp_path: Path, ruleset: RuleSet) -> Inventory:
    path = tmp_path / "a.mlsnap"
    settings = CollectSettings(vocabulary=ruleset.vocabulary, in_flight=4, tries=1)
    pipeline.collect(("azure",), path, settings, resume=False, say=lambda *_: None)
    with Snapshot.open(path) as snapshot:
        return read_inventory(snapshot, ruleset.vocabulary)


def names(inventory: Inventory) -> list[str]:
    return sorted(r.name for r in inventory.resources if r.type == WORKSPACE)


def world(azure: RunningAzure) -> World:
    return azure.handler.world


def workspace_id(azure: RunningAzure, name: str) -> str:
    return next(key for key in world(azure).resources if key.endswith(f"/workspaces/{name}"))


def test_rows_of_the_graph_stand_for_the_listing(
    azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    assert names(read(tmp_path, ruleset)) == NAMES
    assert azure.counts()[LISTING] == COMPARED
    assert azure.mistakes() == []


def test_rows_that_lack_a_property_that_a_rule_reads_are_not_believed(
    azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    world(azure).thin[KIND] = {"publicNetworkAccess"}
    found = {r.name: r for r in read(tmp_path, ruleset).resources if r.type == WORKSPACE}
    assert found["zebra"].properties["public_network"] == "Enabled"
    assert azure.counts()[LISTING] == COMPARED + len(OTHERS)


def test_one_subscription_is_listed_without_the_rows_of_whole_types(
    azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    for number in OTHERS:
        del world(azure).subscriptions[number]
    assert names(read(tmp_path, ruleset)) == NAMES[:4]
    assert azure.counts()[LISTING] == COMPARED


def test_graph_and_listing_give_the_same_resources(
    azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    bulk = read(tmp_path, ruleset)
    azure.set_faults(Fault(kind=Kind.DENY, operation="resourcegraph:*"))
    (tmp_path / "plain").mkdir()
    plain = read(tmp_path / "plain", ruleset)
    assert azure.counts()[LISTING] > COMPARED
    assert [(r.id, r.region, r.name, r.properties) for r in bulk.resources] == [
        (r.id, r.region, r.name, r.properties) for r in plain.resources
    ]
    ours, others = (
        [msgspec.structs.replace(row, listed_by=msgspec.UNSET) for row in every_row(found.coverage)]
        for found in (bulk, plain)
    )
    assert ours == others


def test_coverage_names_the_source_that_listed_a_type(
    azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    rows = every_row(read(tmp_path, ruleset).coverage)
    assert {row.sources for row in rows if row.type == WORKSPACE} == {(NAME,)}
    assert {row.sources for row in rows if row.type == "azure.ml.datastore"} == {()}
    azure.set_faults(Fault(kind=Kind.DENY, operation="resourcegraph:*"))
    (tmp_path / "plain").mkdir()
    without = every_row(read(tmp_path / "plain", ruleset).coverage)
    assert {source for row in without for source in row.sources} == {ALL_RESOURCES}


def test_type_that_the_graph_lacks_is_listed(
    azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    world(azure).unindexed.add(KIND)
    assert names(read(tmp_path, ruleset)) == NAMES
    assert azure.counts()[LISTING] > COMPARED


def test_resource_that_the_index_does_not_know_yet_is_found(
    azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    world(azure).lagging.add(workspace_id(azure, "zebra"))
    assert names(read(tmp_path, ruleset)) == NAMES


def test_resource_that_the_index_still_knows_is_left_out(
    azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    world(azure).ghosts.append(
        arm("Microsoft.MachineLearningServices/workspaces/gone", {}, subscription=SECOND)
    )
    assert names(read(tmp_path, ruleset)) == NAMES
    assert azure.counts()[LISTING] > COMPARED


def test_type_that_only_the_graph_names_is_listed(
    azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    # Whether /resources names a type at all is not said anywhere.
    azure.handler.world.unlisted.add(KIND)
    assert names(read(tmp_path, ruleset)) == NAMES
    assert azure.counts()[LISTING] > COMPARED


@pytest.mark.parametrize("version", ["2023-04-01", None])
def test_rows_of_an_older_version_are_not_believed_though_the_compared_ones_agree(
    version: str | None, azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    world(azure).index_versions[KIND] = version
    read(tmp_path, ruleset)
    assert azure.counts()[LISTING] == COMPARED + len(OTHERS)


def test_children_of_a_kind_that_no_listing_names_are_asked_for(
    azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    read(tmp_path, ruleset)
    # Once to compare, and of the workspaces in the two other subscriptions.
    assert azure.counts()["machinelearning:OnlineEndpoints_List"] == 1 + len(OTHERS)


@pytest.mark.parametrize("stamp", [None, "yesterday"])
def test_resource_that_does_not_say_when_it_was_changed_is_read_from_its_listing(
    stamp: str | None, azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    world(azure).changed[workspace_id(azure, "zebra")] = stamp
    read(tmp_path, ruleset)
    assert azure.counts()[LISTING] > COMPARED


def test_resource_changed_a_moment_ago_is_read_from_its_listing(
    azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    now = datetime.datetime.now(datetime.UTC).isoformat()
    world(azure).changed[workspace_id(azure, "zebra")] = now
    assert names(read(tmp_path, ruleset)) == NAMES
    assert azure.counts()[LISTING] > COMPARED


def test_type_that_the_role_may_not_read_is_a_gap_though_the_graph_is_silent(
    azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    world(azure).actions = (
        "Microsoft.Resources/*", "Microsoft.ResourceGraph/*", "Microsoft.Authorization/*",
    )  # fmt: skip
    inventory = read(tmp_path, ruleset)
    rows = [row for row in every_row(inventory.coverage) if row.type == WORKSPACE]
    hidden = {gap for row in rows for gap in row.gaps}
    rights = {gap.missing_right for gap in inventory.gaps if gap.id in hidden}
    assert [row for row in rows if row.is_complete] == []
    assert rights == {"Microsoft.MachineLearningServices/workspaces/read"}


def test_types_come_back_out_of_a_query() -> None:
    kinds = frozenset({"microsoft.a/b", "microsoft.c/d/e"})
    assert types_of(rows_query(kinds)) == kinds


def test_types_are_packed_into_pages() -> None:
    packed = pack({"a": 900, "b": 200, "c": 100, "d": 2500})
    assert packed == [frozenset("d"), frozenset({"a", "c"}), frozenset("b")]


@pytest.mark.parametrize(
    ("clock", "expected"), [("00:00:05", 5.0), ("00:00:00.5", 0.5), ("", 5.0), ("09:00:00", 30.0)]
)
def test_quota_clock_is_read(clock: str, expected: float) -> None:
    assert seconds(clock) == expected
