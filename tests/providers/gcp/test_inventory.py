"""When Cloud Asset Inventory may stand for a service, and what else stands between walk and API."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlsec import pipeline
from mlsec.collect.walk.client import CallResult, Request, gap_for
from mlsec.collect.walk.listing import entries_of
from mlsec.collect.walk.plan import Operation
from mlsec.core.enums import GapReason
from mlsec.core.resource import Gap
from mlsec.engine.model.rule import RuleSet
from mlsec.providers.gcp.client.asset_inventory import (
    LAG,
    AssetInventoryClient,
    location_of,
    with_ids,
)
from mlsec.providers.gcp.route import Route
from mlsec.snapshot.store import Snapshot
from tests.estate.faults import Fault, Kind
from tests.estate.gcp_server import RunningGcp
from tests.estate.gcp_world import HOME, ORGANIZATION, SECOND, SECOND_NUMBER, Project, Thing
from tests.providers.gcp.conftest import read

_KIND = "aiplatform.googleapis.com/Endpoint"
_LIST = Operation(service="aiplatform", name="ListEndpoints", items="endpoints")
_ROUTES = {
    _LIST.label: Route(path="v1/projects/{project}/locations/{region}/endpoints", asset=_KIND),
    "cloudasset:ListAssets": Route(path="v1/{parent}/assets"),
}
_NAME = "projects/p1/locations/l1/endpoints/1"
_ASSET = {
    "name": f"//aiplatform.googleapis.com/{_NAME}",
    "assetType": _KIND,
    "resource": {"version": "v1", "data": {"name": _NAME}},
}


class Told(msgspec.Struct):
    """An asker that says what it was given, and remembers what was asked."""

    answers: Mapping[str, Any]
    in_flight: int = 1
    asked: list[tuple[str, str]] = msgspec.field(default_factory=list)

    def ask(self, request: Request) -> CallResult | Gap:
        self.asked.append((request.operation.name, request.region))
        document = self.answers.get(request.operation.name)
        if document is None:
            return gap_for(request, GapReason.DENIED)
        return CallResult(document=document, call="c")


def listed(assets: list[Any], operation: Operation = _LIST) -> list[str]:
    """Ask for endpoints where the inventory says ``assets``; give what was asked of the service."""
    told = Told(answers={"ListAssets": {"assets": assets}, "ListEndpoints": {"endpoints": []}})
    asker = AssetInventoryClient(told, _ROUTES, {}, {})
    answer = asker.ask(Request(scope="gcp/p1", region="l1", operation=operation))
    assert isinstance(answer, CallResult)
    return [name for name, _ in told.asked if name != "ListAssets"]


def test_assets_of_the_type_and_version_stand_for_the_service() -> None:
    assert listed([_ASSET]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"resource": {"version": "v1beta1", "data": {"name": _NAME}}},
        {"resource": {"version": "v1"}},
        {"assetExceptions": [{"exceptionType": "TRUNCATION"}]},
        {"assetType": "aiplatform.googleapis.com/EndpointX"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_one_asset_that_is_not_whole_and_the_service_is_asked(change: dict[str, Any]) -> None:
    assert listed([{**_ASSET, **change}]) == ["ListEndpoints"]


def test_what_may_hold_secrets_is_read_from_the_service_where_there_is_some() -> None:
    sensitive = msgspec.structs.replace(_LIST, redact=("endpoints[].description",))
    assert listed([_ASSET], sensitive) == ["ListEndpoints"]
    elsewhere = "projects/p1/locations/l2/endpoints/1"
    other = {"name": f"//aiplatform.googleapis.com/{elsewhere}", "assetType": _KIND,
             "resource": {"version": "v1", "data": {"name": elsewhere}}}  # fmt: skip
    assert listed([other], sensitive) == []


def test_inventory_that_has_nothing_of_a_type_is_not_believed() -> None:
    assert listed([]) == ["ListEndpoints"]


def test_list_that_an_index_gave_says_so() -> None:
    told = Told(answers={"ListAssets": {"assets": [_ASSET]}})
    request = Request(scope="gcp/p1", region="l1", operation=_LIST)
    answer = AssetInventoryClient(told, _ROUTES, {}, {}).ask(request)
    assert isinstance(answer, CallResult)
    found = entries_of(request, answer)
    assert (found.why, found.by) == (LAG, "Cloud Asset Inventory")


def test_policy_that_the_inventory_leaves_out_is_asked_for() -> None:
    policy = Operation(service="aiplatform", name="EndpointsGetIamPolicy")
    routes = {**_ROUTES, "cloudasset:ListAssetPolicies": Route(path="v1/{parent}/assets"),
              policy.label: Route(path="v1/{resource}:getIamPolicy", asset=_KIND)}  # fmt: skip
    bindings = {"bindings": [{"role": "roles/viewer", "members": ["allUsers"]}]}
    told = Told(answers={"ListAssetPolicies": {"assets": [_ASSET]}, policy.name: bindings})
    request = Request(scope="gcp/p1", region="l1", operation=policy, params={"resource": _NAME})
    answer = AssetInventoryClient(told, routes, {}, {}).ask(request)
    assert isinstance(answer, CallResult)
    assert answer.document == bindings


def test_each_own_location_is_asked_and_one_that_is_refused_makes_the_list_incomplete() -> None:
    places = {"locations": [{"locationId": "a"}, {"locationId": "b"}]}
    route = Route(path="v1/projects/{project}/locations/{region}/keyRings",
                  locations="cloudkms:ListLocations")  # fmt: skip
    rings = Operation(service="cloudkms", name="ListKeyRings", items="keyRings", is_global=True)

    class Half(Told):
        def ask(self, request: Request) -> CallResult | Gap:
            return (
                gap_for(request, GapReason.DENIED)
                if request.region == "b"
                else super().ask(request)
            )

    told = Half(answers={"ListLocations": places, "ListKeyRings": {"keyRings": [{"name": "x"}]}})
    asker = AssetInventoryClient(told, {rings.label: route}, {}, {})
    answer = asker.ask(Request(scope="gcp/p1", region="global", operation=rings))
    assert isinstance(answer, CallResult)
    assert [entry["name"] for entry in answer.document["keyRings"]] == ["x"]
    assert answer.cut is not None
    assert answer.cut.reason is GapReason.DENIED


def test_service_that_names_no_location_was_not_looked_at() -> None:
    route = Route(path="v1/projects/{project}/locations/{region}/keyRings",
                  locations="cloudkms:ListLocations")  # fmt: skip
    rings = Operation(service="cloudkms", name="ListKeyRings", items="keyRings", is_global=True)
    told = Told(answers={"ListLocations": {"locations": []}})
    asker = AssetInventoryClient(told, {rings.label: route}, {}, {})
    assert isinstance(asker.ask(Request(scope="gcp/p1", region="", operation=rings)), Gap)


def test_numbers_of_known_projects_become_ids_wherever_they_stand() -> None:
    said = {"name": "projects/123/locations/l/x", "list": ["//h/projects/123", "projects/1234/y"]}
    assert with_ids(said, {"123": "p1"}) == {
        "name": "projects/p1/locations/l/x",
        "list": ["//h/projects/p1", "projects/1234/y"],
    }


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ({"name": "projects/p/locations/europe-west4/x/1"}, "europe-west4"),
        ({"name": "projects/p/locations/global/x/1"}, ""),
        ({"name": "bucket", "location": "EU"}, "eu"),
        ({"selfLink": "https://h/compute/v1/projects/p/zones/us-east1-b/i/1"}, "us-east1"),
        ({"name": "x", "region": "https://h/projects/p/regions/asia-east1"}, "asia-east1"),
        ({"name": "projects/p/locations/us-central1-a/instances/w"}, "us-central1"),
        ({"name": "projects/p/serviceAccounts/a"}, ""),
    ],
)
def test_entry_says_where_it_is(entry: dict[str, str], place: str) -> None:
    assert location_of(entry) == place


@pytest.mark.parametrize("is_denied", [True, False])
def test_report_says_how_far_the_inventory_could_be_used(
    is_denied: bool, gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    gcp.set_faults(*([Fault(kind=Kind.DENY, operation="cloudasset:*")] if is_denied else []))
    read(tmp_path / "a.mlsnap", ruleset)
    with Snapshot.open(tmp_path / "a.mlsnap") as snapshot:
        said = pipeline.judge(snapshot, ruleset, pipeline.Judging(), lambda *_: None).scan.settings
        asked = sum(1 for call in snapshot.calls() if call.service == "cloudasset")
    whole = 0 if is_denied else asked
    ending = ", denied" if is_denied else ""
    assert said["asset_inventory"] == f"answered {whole} of {asked} questions{ending}"


def test_one_listing_of_the_organisation_serves_all_its_projects(
    gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    read(tmp_path / "one.mlsnap", ruleset)
    for_one = gcp.counts()["cloudasset:ListAssets"]
    world = gcp.handler.world
    world.projects[SECOND] = Project(id=SECOND, number=SECOND_NUMBER, parent=ORGANIZATION)
    path = f"projects/{SECOND}/locations/{HOME}/endpoints/7"
    schema, body = "GoogleCloudAiplatformV1Endpoint", {"name": path, "displayName": "lab"}
    world.add(Thing(document="aiplatform.v1", schema=schema, path=path, project=SECOND,
                    asset=_KIND, body=body))  # fmt: skip
    gcp.set_faults()
    found = read(tmp_path / "all.mlsnap", ruleset, is_organisation=True).resources
    # A page more where the listing of both is longer than a page.
    assert gcp.counts()["cloudasset:ListAssets"] <= for_one + 1
    endpoints = [r for r in found if r.type == "gcp.vertex.endpoint"]
    assert sorted(r.name for r in endpoints if r.scope == f"gcp/{SECOND}") == ["lab"]
    assert len(endpoints) == 6
