"""A model file lies in the store that its address names, and in no other cloud's of that name."""

from __future__ import annotations

import msgspec
import pytest

from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.resource import Inventory, Resource
from mlsec.graph.build import build_graph
from mlsec.graph.graph import Graph
from mlsec.targets.facts import FACTS
from tests.providers.aws.facts.assistants import shipped

_STORES = {
    "aws.s3.bucket": ("arn:aws:s3:::weights", {}),
    "gcp.storage.bucket": ("//storage.googleapis.com/weights", {}),
    "azure.storage.container": ("/subscriptions/s/containers/weights", {"address": "nl/weights"}),
}


def graph_with(file_id: str) -> Graph:
    file = Resource(
        id=file_id, type="files.artifact", provider="files", scope="files/x",
        properties={"bucket_name": "weights"},
    )  # fmt: skip
    stores = [
        Resource(
            id=store_id, type=kind, provider=kind.split(".")[0], scope=f"{kind}/1", name="weights",
            properties=properties,
        )
        for kind, (store_id, properties) in _STORES.items()
    ]  # fmt: skip
    return build_graph(shipped(), Inventory(resources=(file, *stores)), FACTS)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("s3://weights/a/model.pkl", "aws.s3.bucket"),
        ("gs://weights/model.pkl", "gcp.storage.bucket"),
        ("az://NL/weights/a/model.pkl", "azure.storage.container"),
    ],
)
def test_file_lies_in_the_store_of_its_own_cloud(address: str, kind: str) -> None:
    graph = graph_with(address)
    (found,) = graph.targets(graph.resources[address], "bucket").resources
    assert found.id == _STORES[kind][0]


def test_store_that_was_not_scanned_is_unknown_and_not_another_of_its_name() -> None:
    graph = graph_with("az://other/weights/model.pkl")
    (found,) = graph.targets(graph.resources["az://other/weights/model.pkl"], "bucket").resources
    assert found.is_stub
    assert found.unread["*"]


def test_file_on_disk_lies_in_no_store() -> None:
    graph = graph_with("models/model.pkl")
    assert graph.targets(graph.resources["models/model.pkl"], "bucket").resources == ()


def test_file_of_a_cloud_whose_endpoints_have_the_identity_is_loaded_by_theirs() -> None:
    """On Google Cloud a model has no account: the endpoint that it is deployed to has one."""
    weights = "gs://weights/churn/model.pkl"
    file = Resource(
        id=weights, type="files.artifact", provider="files", scope="files/x",
        properties={"uris": [weights, "gs://weights/churn"]},
    )  # fmt: skip
    model = _of_gcp("model_version", "//v/m@1", "vertex", artifact="gs://weights/churn")
    account = _of_gcp("service_account", "//iam/serve", "iam")
    endpoint = _of_gcp(
        "endpoint", "//v/e", "vertex", pools=[],
        deployed=[{"id": "1", "version": "//v/m@1", "service_account": "serve", "pool": None}],
    )  # fmt: skip
    account = msgspec.structs.replace(account, name="serve")
    graph = build_graph(
        shipped(),
        Inventory(
            resources=(file, model, account, endpoint), coverage=coverage_of(_whole("gcp/p"))
        ),
        FACTS,
    )
    reached = graph.targets(graph.resources[weights], "roles")
    assert ([role.id for role in reached.resources], reached.gaps) == (["//iam/serve"], ())


def test_model_of_azure_names_its_files_as_a_scan_of_their_container_does() -> None:
    weights = "az://nl/weights/churn/3/model.pkl"
    file = Resource(
        id=weights, type="files.artifact", provider="files", scope="files/x",
        properties={"uris": [weights, "az://nl/weights/churn/3"]},
    )  # fmt: skip
    models = [
        Resource(
            id=f"/m/{number}", type="azure.ml.model", provider="azure", scope="azure/s",
            properties={
                "model_uri": uri, "container_address": "nl/weights", "datastore_id": None,
            },
        )
        for number, uri in enumerate((
            "azureml://subscriptions/s/resourceGroups/g/workspaces/w/datastores/d/paths/churn/3",
            "https://nl.blob.core.windows.net/weights/churn/3/",
            "https://nl.blob.core.windows.net/weights/fraud/3",
        ))
    ]  # fmt: skip
    graph = build_graph(shipped(), Inventory(resources=(file, *models)), FACTS)
    reached = graph.targets(graph.resources[weights], "models").resources
    assert [model.id for model in reached] == ["/m/0", "/m/1"]


def _of_gcp(kind: str, resource_id: str, service: str, **properties: object) -> Resource:
    return Resource(
        id=resource_id, type=f"gcp.{service}.{kind}", provider="gcp", scope="gcp/p",
        properties=properties,
    )  # fmt: skip


def _whole(scope: str) -> tuple[TypeCoverage, ...]:
    names = [name for name, found in shipped().types.items() if not found.is_concept]
    return tuple(
        TypeCoverage(type=name, scope=scope, region="") for name in names if name.startswith("gcp.")
    )
