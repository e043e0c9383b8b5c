"""A model file lies in the store that its address names, and in no other cloud's of that name."""

from __future__ import annotations

import pytest

from mlsec.core.resource import Inventory, Resource
from mlsec.graph.index import Graph, build_graph
from tests.graph.assistants import shipped

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
    return build_graph(shipped(), Inventory(resources=(file, *stores)))


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
    (found,) = graph.targets(graph.resources[address], "bucket").found
    assert found.id == _STORES[kind][0]


def test_store_that_was_not_scanned_is_unknown_and_not_another_of_its_name() -> None:
    graph = graph_with("az://other/weights/model.pkl")
    (found,) = graph.targets(graph.resources["az://other/weights/model.pkl"], "bucket").found
    assert found.is_stub
    assert found.unread["*"]


def test_file_on_disk_lies_in_no_store() -> None:
    graph = graph_with("models/model.pkl")
    assert graph.targets(graph.resources["models/model.pkl"], "bucket").found == ()
