"""What is said of machine learning on Azure only together: networks, stores, content filters."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.core.resource import Resource
from tests.providers.azure.facts.tenants import GROUP, foreign, graph_of, role, thing

SPACE = f"{GROUP}/providers/microsoft.machinelearningservices/workspaces/w"
STORE, DATA = f"{SPACE}/datastores/s", f"{SPACE}/data/d/versions/1"
REGISTRY = f"{GROUP}/providers/microsoft.machinelearningservices/registries/r"
ACCOUNT = f"{GROUP}/providers/microsoft.cognitiveservices/accounts/a"
APPROVED = "AllowOnlyApprovedOutbound"


def space(**properties: Any) -> Resource:
    return thing(
        "ml.workspace",
        SPACE,
        **{"isolation_mode": "Disabled", "serverless_subnet": None, **properties},
    )


def store(**properties: Any) -> Resource:
    return thing(
        "ml.datastore", STORE, workspace_id=SPACE, container_address="acct/c", **properties
    )


def fact(about: Resource, name: str, *others: Resource) -> Any:
    graph = graph_of(about, *others)
    return graph.resources[about.id].properties.get(name, "unread")


@pytest.mark.parametrize(
    ("in_subnet", "isolation", "gets_out"),
    [
        (False, "Disabled", True),
        (False, "AllowInternetOutbound", True),
        (False, APPROVED, False),
        (True, "Disabled", False),
    ],
)
def test_instance_gets_out_unless_a_subnet_or_the_managed_network_holds_it(
    in_subnet: bool,
    isolation: str,
    gets_out: bool,
) -> None:
    machine = thing(
        "ml.compute_instance", f"{SPACE}/computes/c", in_subnet=in_subnet, workspace_id=SPACE
    )
    assert fact(machine, "internet_egress", space(isolation_mode=isolation)) is gets_out


def test_instance_of_a_workspace_that_was_not_read_is_unread() -> None:
    machine = thing(
        "ml.compute_instance", f"{SPACE}/computes/c", in_subnet=False, workspace_id=SPACE
    )
    assert fact(machine, "internet_egress") == "unread"
    held = thing("ml.compute_instance", f"{SPACE}/computes/d", in_subnet=True, workspace_id=SPACE)
    assert fact(held, "internet_egress") is False


def job(**properties: Any) -> Resource:
    known = {"workspace_id": SPACE, "compute_id": None, "inputs": [], "outputs": []}
    return thing("ml.job", f"{SPACE}/jobs/j", **{**known, **properties})


def test_serverless_job_is_in_the_workspaces_subnet_and_another_in_its_clusters() -> None:
    cluster = thing("ml.compute_cluster", f"{SPACE}/computes/k", in_subnet=True, workspace_id=SPACE)
    assert fact(job(), "in_customer_network", space()) is False
    assert fact(job(), "in_customer_network", space(serverless_subnet="n")) is True
    on_cluster = job(compute_id=cluster.id)
    assert fact(on_cluster, "in_customer_network", space(), cluster) is True
    assert fact(on_cluster, "in_customer_network", space()) == "unread"


def test_job_reads_what_its_stores_assets_and_addresses_lead_to() -> None:
    asset = thing("ml.data", DATA, container_address="other/direct", datastore_id=None)
    inputs = [
        {"datastore": STORE, "data_ref": None, "container": None},
        {"datastore": None, "data_ref": DATA, "container": None},
        {"datastore": None, "data_ref": None, "container": "open/web"},
    ]
    found = fact(job(inputs=inputs), "input_addresses", space(), store(), asset)
    assert found == ["acct/c", "open/web", "other/direct"]


def test_job_whose_store_was_not_read_reads_nobody_knows_what() -> None:
    inputs = [{"datastore": STORE, "data_ref": None, "container": "open/web"}]
    assert fact(job(inputs=inputs), "input_addresses", space()) == "unread"


def test_model_lies_at_its_own_address_or_in_its_datastore() -> None:
    direct = thing("ml.model", "m1", container_address="acct/own", datastore_id=None)
    stored = thing("ml.model", "m2", container_address=None, datastore_id=STORE)
    nowhere = thing("ml.model", "m3", container_address=None, datastore_id=None)
    assert fact(direct, "addresses") == ["acct/own"]
    assert fact(stored, "addresses", store()) == ["acct/c"]
    assert fact(stored, "addresses") == "unread"
    assert fact(nowhere, "addresses") == []


def test_endpoint_captures_data_when_one_deployment_does() -> None:
    endpoint = thing("ml.online_endpoint", f"{SPACE}/onlineendpoints/e", workspace_id=SPACE)
    deployments = [
        thing("ml.online_deployment", f"{endpoint.id}/deployments/{mode}", endpoint_id=endpoint.id,
              collections=[{"key": "inputs", "mode": mode}])
        for mode in ("Disabled", "Enabled")
    ]  # fmt: skip
    assert fact(endpoint, "captures_data", *deployments) is True
    assert fact(endpoint, "captures_data", deployments[0]) is False


def test_default_store_of_a_workspace_is_the_one_that_says_so() -> None:
    other = thing("ml.datastore", f"{SPACE}/datastores/o", workspace_id=SPACE, is_default=False)
    whole = graph_of(space(), store(is_default=True), other)
    found = whole.targets(whole.resources[SPACE], "default_datastores")
    assert ([each.id for each in found.resources], found.gaps) == ([STORE], ())
    blind = graph_of(space(), store())
    assert blind.targets(blind.resources[SPACE], "default_datastores").gaps


def test_registry_is_open_to_a_foreign_group_that_may_read_its_assets() -> None:
    registry = thing("ml.registry", REGISTRY, location="westeurope")
    reader = role("reader", actions=("Microsoft.MachineLearningServices/registries/assets/read",))
    puller = role("puller", actions=("Microsoft.ContainerRegistry/registries/pull/read",))
    near = (foreign("puller", REGISTRY), reader, puller)
    assert fact(registry, "has_external_users", *near) is False
    assert fact(registry, "has_external_users", *near, foreign("reader", GROUP)) is True
    assert fact(registry, "external_users", *near, foreign("reader", GROUP)) == ["f1"]


def test_content_filter_is_one_of_the_deployments_own_account() -> None:
    deployment = thing(
        "cognitive.deployment", f"{ACCOUNT}/deployments/d",
        account_id=ACCOUNT, content_filter_name="Strict",
    )  # fmt: skip
    own, other = (
        thing("cognitive.content_filter", f"{each}/raipolicies/strict", account_id=each)
        for each in (ACCOUNT, f"{ACCOUNT}2")
    )
    graph = graph_of(deployment, own, other)
    found = graph.targets(graph.resources[deployment.id], "content_filters")
    assert [each.id for each in found.resources] == [own.id]
    assert [each.id for each in graph.targets(own, "deployments").resources] == [deployment.id]
