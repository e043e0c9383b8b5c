"""Entities of azure-ai-ml: the same as what files of the CLI hold, made by calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.python.call import Call, CallResult
from mlsec.iac.azure_ml import kinds
from mlsec.iac.azure_ml.bodies import entities
from mlsec.iac.azure_ml.reader import KIND
from mlsec.iac.python.deployment import Deployment, given_name_of, mapping_at

_PREFIX = "azure.ai.ml.entities."
_DEPTH = 8
_BY_CLUSTER = UnknownValue("the ingress of the cluster decides who reaches it")
# Class -> kind of entity, and what its file says of its type.
_CLASSES: Mapping[str, tuple[str, str]] = {
    "ManagedOnlineEndpoint": (kinds.ONLINE_ENDPOINT, ""),
    "KubernetesOnlineEndpoint": (kinds.ONLINE_ENDPOINT, ""),
    "ManagedOnlineDeployment": (kinds.ONLINE_DEPLOYMENT, ""),
    "KubernetesOnlineDeployment": (kinds.ONLINE_DEPLOYMENT, ""),
    "BatchEndpoint": (kinds.BATCH_ENDPOINT, ""),
    "ModelBatchDeployment": (kinds.BATCH_DEPLOYMENT, ""),
    "BatchDeployment": (kinds.BATCH_DEPLOYMENT, ""),
    "AmlCompute": (kinds.COMPUTE, "amlcompute"),
    "ComputeInstance": (kinds.COMPUTE, "computeinstance"),
    "Workspace": (kinds.WORKSPACE, ""),
    "Hub": (kinds.WORKSPACE, ""),
    "AzureBlobDatastore": (kinds.DATASTORE, "azure_blob"),
    "AzureFileDatastore": (kinds.DATASTORE, "azure_file"),
    "AzureDataLakeGen2Datastore": (kinds.DATASTORE, "azure_data_lake_gen2"),
}


def is_entity(name: str) -> bool:
    """Whether a call of this name makes an entity that is judged."""
    return name.startswith(_PREFIX) and name.removeprefix(_PREFIX) in _CLASSES


def made_by_azure_ml(calls: Iterable[Call], path: str) -> Iterator[Deployment]:
    """Give the entities that the calls of a file make."""
    for call in calls:
        if not is_entity(call.name):
            continue
        kind, type_ = _CLASSES[call.name.removeprefix(_PREFIX)]
        body = _written_out(call, 0)
        if type_:
            body = Node({**body.pairs(), "type": Node(type_)}, body.line, body.column)
        if "KubernetesOnlineEndpoint" in call.name:
            body = Node({**body.pairs(), "public_network_access": Node(_BY_CLUSTER)}, body.line)
        stem = given_name_of(call, kind)
        for entity in entities(kind, body, path, stem, lambda _: None):
            yield Deployment(
                kind=KIND, type=entity.kind, body=entity.body, call=call, given=entity.given
            )


def _written_out(call: Call, depth: int) -> Node:
    """Give the arguments of an entity, other entities among them written out as in a file."""
    values = {key: _value(node, depth) for key, node in call.kwargs.items()}
    return mapping_at(call, values)


def _value(node: Node, depth: int) -> Node:
    value = node.value
    is_made = isinstance(value, CallResult) and not value.path and depth < _DEPTH
    if is_made and value.call.name.startswith(_PREFIX):
        return _written_out(value.call, depth + 1)
    if isinstance(value, tuple):
        return Node(tuple(_value(item, depth) for item in value), node.line, node.column)
    return node
