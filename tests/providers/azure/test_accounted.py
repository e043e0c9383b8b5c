"""What can be otherwise in a real tenant is accounted for, and worded for a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.coverage import TypeCoverage
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap, Inventory
from mlsec.engine.model.rule import RuleSet
from mlsec.providers.azure.client.classify import GONE, AzureError, why_not_offered
from mlsec.providers.azure.client.clouds import find_cloud
from mlsec.providers.azure.client.session import identify, open_credential
from mlsec.snapshot.store import Snapshot
from mlsec.targets.reading import read_inventory
from tests.coverage_rows import every_row
from tests.estate.azure_estate import build_azure
from tests.estate.azure_server import RunningAzure
from tests.estate.azure_world import SUBSCRIPTION, Subscription, arm
from tests.estate.faults import Fault, Kind
from tests.shipped import shipped_rules

WORKSPACE, ENDPOINT = "azure.ml.workspace", "azure.ml.online_endpoint"


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return shipped_rules()


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningAzure]:
    with RunningAzure(build_azure(2).world) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


def read(tmp_path: Path, ruleset: RuleSet) -> Inventory:
    path = tmp_path / "a.mlsnap"
    settings = CollectSettings(vocabulary=ruleset.vocabulary, in_flight=4, tries=1)
    pipeline.collect(("azure",), path, settings, resume=False, say=lambda *_: None)
    with Snapshot.open(path) as snapshot:
        return read_inventory(snapshot, ruleset.vocabulary)


def rows(inventory: Inventory, kind: str) -> list[TypeCoverage]:
    return [row for row in every_row(inventory.coverage) if row.type == kind]


def gaps_of(inventory: Inventory, wanted: str) -> list[Gap]:
    return [gap for gap in inventory.gaps if gap.wanted == wanted]


def test_service_that_is_not_registered_has_nothing_and_hides_nothing(
    azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    azure.handler.world.resources.clear()
    namespace = "microsoft.machinelearningservices"
    azure.handler.world.subscriptions[SUBSCRIPTION] = Subscription(
        unregistered=frozenset({namespace})
    )
    azure.set_faults(Fault(kind=Kind.DENY, operation="resources:Resources_List"))
    inventory = read(tmp_path, ruleset)
    (row,) = rows(inventory, WORKSPACE)
    assert row.is_complete
    assert row.excluded_because == (
        "the resource provider Microsoft.MachineLearningServices is not registered in the"
        " subscription"
    )
    assert gaps_of(inventory, "machinelearning:Workspaces_ListBySubscription") == []


def test_workspace_that_is_moved_after_it_was_listed_is_a_gap_that_says_so(
    azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    world = azure.handler.world
    world.ghosts += [r for k, r in world.resources.items() if k.endswith("/workspaces/churn-0000")]
    moved = {k for k in world.resources if "/workspaces/churn-0000" in k}
    world.listed_before = {k: world.resources.pop(k) for k in moved}
    inventory = read(tmp_path, ruleset)
    details = {gap.detail for gap in gaps_of(inventory, "machinelearning:OnlineEndpoints_List")}
    assert details == {GONE}
    assert "scan again" in GONE
    assert any(not row.is_complete for row in rows(inventory, ENDPOINT))


def test_subscription_that_vanishes_midway_is_asked_nothing_more(
    azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    azure.handler.vanishes_after = 6
    inventory = read(tmp_path, ruleset)
    assert azure.counts().total() < 20
    assert {gap.detail.partition(":")[0] for gap in inventory.gaps} == {
        "the subscription is no longer there"
    }
    assert any(not row.is_complete for row in rows(inventory, "azure.ml.compute_instance"))


def test_deleted_account_and_vault_are_counted_with_how_to_restore_them(
    azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    world, base = azure.handler.world, f"/subscriptions/{SUBSCRIPTION}/providers"
    world.add(
        {"id": f"{base}/Microsoft.CognitiveServices/locations/westeurope/resourceGroups/nordlicht"
               "/deletedAccounts/old-ai",
         "type": "Microsoft.CognitiveServices/deletedAccounts", "properties": {}}
    )  # fmt: skip
    world.add(
        {"id": f"{base}/Microsoft.KeyVault/locations/westeurope/deletedVaults/old-vault",
         "type": "Microsoft.KeyVault/deletedVaults", "properties": {}}
    )  # fmt: skip
    inventory = read(tmp_path, ruleset)
    told = {
        kind: "; ".join(row.excluded_because for row in rows(inventory, kind))
        for kind in ("azure.cognitive.account", "azure.keyvault.vault")
    }
    assert "az cognitiveservices account recover or purge" in told["azure.cognitive.account"]
    assert "az keyvault recover or purge" in told["azure.keyvault.vault"]
    assert not [r for r in inventory.resources if "/deleted" in r.id]


def test_api_version_that_a_cloud_does_not_know_is_a_gap_with_those_it_knows(
    azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    azure.handler.versions["microsoft.search/searchservices"] = "2023-11-01, 2022-09-01"
    azure.handler.world.add(arm("Microsoft.Search/searchServices/lonely", {}))
    azure.handler.world.unindexed.add("microsoft.search/searchservices")
    (gap,) = gaps_of(read(tmp_path, ruleset), "search:Services_ListBySubscription")
    assert "it knows 2023-11-01, 2022-09-01" in gap.detail


def test_secret_that_has_expired_stops_with_the_reason_and_what_to_do(azure: RunningAzure) -> None:
    azure.set_faults(Fault(kind=Kind.EXPIRED_CREDENTIALS, operation="login:Token"))
    cloud = find_cloud()
    with pytest.raises(MlsecError, match="AADSTS7000222") as stopped:
        identify(open_credential(cloud), cloud)
    assert "az login" in stopped.value.hint


def test_nobody_signed_in_stops_with_the_ways_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    cloud = find_cloud({})
    with pytest.raises(MlsecError, match="Azure sign-in failed") as stopped:
        identify(open_credential(cloud), cloud)
    assert "managed identity" in stopped.value.hint


def test_place_that_is_not_registered_says_nothing_of_other_places() -> None:
    def why(code: str) -> str:
        return why_not_offered(
            AzureError(status=409, code=code, message="", headers={}), "M.X/y/read"
        )

    assert why("MissingSubscriptionRegistration")
    assert why("MissingRegistrationForLocation") == ""


@pytest.mark.parametrize("is_denied", [False, True])
def test_compute_that_the_list_tells_little_of_is_asked_for_itself(
    is_denied: bool, azure: RunningAzure, ruleset: RuleSet, tmp_path: Path
) -> None:
    world = azure.handler.world
    key, listed = next(
        (key, held)
        for key, held in world.resources.items()
        if held["properties"].get("computeType") == "ComputeInstance"
    )
    inside = {"sshSettings": {"sshPublicAccess": "Enabled"}}
    world.answers[key] = {**listed, "properties": {**listed["properties"], "properties": inside}}
    del listed["properties"]["properties"]
    if is_denied:
        azure.set_faults(Fault(kind=Kind.DENY, operation="machinelearning:Compute_Get"))
    (found,) = [r for r in read(tmp_path, ruleset).resources if r.id == key]
    assert found.properties.get("ssh_public") == (None if is_denied else "Enabled")
    assert ("ssh_public" in found.unread) is is_denied
