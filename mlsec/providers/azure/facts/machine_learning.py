"""Facts of Azure Machine Learning that depend on several resources: networks and stores."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown, property_value
from mlsec.graph.flags import flag, is_one_of
from mlsec.graph.lookups import hidden_by
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, not_, unknown
from mlsec.graph.verdicts import verdict
from mlsec.providers.azure.facts.external_principals import (
    ExternalPrincipals,
    external_principals_with,
    names_of,
)
from mlsec.providers.azure.facts.rights import Right

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_APPROVED = "AllowOnlyApprovedOutbound"
# azureml://.../datastores/NAME/paths/PATH, and https://ACCOUNT.blob.../CONTAINER/PATH
_INSIDE_STORE = re.compile(r"/datastores/[^/]+/paths/(?P<path>.+)")
_INSIDE_CONTAINER = re.compile(r"https://[^/]+/[^/]+/(?P<path>.+)")
_ASSETS = (
    Right("microsoft.machinelearningservices/registries/assets/read"),
    Right("microsoft.machinelearningservices/registries/assets/write"),
)


def internet_egress(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an instance reaches the internet outside of a network that its owner controls."""
    is_held = any_of([flag(resource, "in_subnet"), _is_isolated(resource, graph)])
    return verdict(not_(is_held), resource, graph)


def isolated(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the workspace's managed network allows egress to approved hosts only."""
    return verdict(_is_isolated(resource, graph), resource, graph)


def in_customer_network(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a job's machines are in a subnet of the customer's."""
    compute = property_value(resource, "compute_id")
    if isinstance(compute, Unknown):
        return compute
    if compute.value is None:
        there = [_has_subnet(target) for target in graph.targets(resource, "workspace").resources]
        return verdict(all_of(there), resource, graph)
    clusters = graph.targets(resource, "cluster")
    return verdict(
        all_of(_answers(clusters, lambda cluster: flag(cluster, "in_subnet"))), resource, graph
    )


def captures_data(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether some deployment of the endpoint keeps requests or answers."""
    deployments = graph.targets(resource, "deployments")
    return verdict(any_of(_answers(deployments, _captures)), resource, graph)


def addresses(resource: Resource, graph: Graph) -> Known | Unknown:
    """Give ``account/container`` of a direct address, else of the datastore that holds it."""
    direct = property_value(resource, "container_address")
    if isinstance(direct, Unknown):
        return direct
    if direct.value is not None:
        return Known([direct.value])
    return _containers((graph.targets(resource, "datastore"),), ())


def file_addresses(resource: Resource, graph: Graph) -> Known | Unknown:
    """Give the addresses of a model's files as a scan of their container names them: ``az://``."""
    del graph
    uri, addresses = property_value(resource, "model_uri"), property_value(resource, "addresses")
    if isinstance(uri, Unknown) or isinstance(addresses, Unknown):
        return uri if isinstance(uri, Unknown) else addresses
    text = str(uri.value or "")
    inside = _INSIDE_STORE.search(text) or _INSIDE_CONTAINER.match(text)
    path = inside.group("path").strip("/") if inside else ""
    return Known([f"az://{container}/{path}" for container in addresses.value or () if path])


def input_addresses(resource: Resource, graph: Graph) -> Known | Unknown:
    """Give ``account/container`` of everything that a job reads."""
    return _of_items(resource, graph, "inputs", ("input_datastores", "input_data"))


def output_addresses(resource: Resource, graph: Graph) -> Known | Unknown:
    """Give ``account/container`` of everything that a job writes."""
    return _of_items(resource, graph, "outputs", ("output_datastores",))


def external_users(resource: Resource, graph: Graph) -> Known | Unknown:
    """List the principals of other tenants that may read models from a registry, or add some."""
    return names_of(_outside(resource, graph), resource, graph)


def has_external_users(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a principal of another tenant may read or add models."""
    return verdict(_outside(resource, graph).is_some, resource, graph)


def default_datastores(resource: Resource, graph: Graph) -> Targets:
    """Find the datastore that is used by default."""
    stores = graph.targets(resource, "datastores")
    resources: list[Resource] = []
    gaps = set(stores.gaps)
    for store in stores.resources:
        match property_value(store, "is_default"):
            case Known(value=value):
                resources += [store] if value else []
            case Unknown() as hidden:
                gaps |= set(hidden_by(resource, graph, hidden, store.type).gaps)
    return Targets(resources=tuple(resources), gaps=tuple(sorted(gaps)))


def _outside(registry: Resource, graph: Graph) -> ExternalPrincipals:
    return external_principals_with(
        [(right, registry.identity, YES) for right in _ASSETS], registry, graph
    )


def _is_isolated(resource: Resource, graph: Graph) -> Answer:
    workspaces = graph.targets(resource, "workspace")
    return _all(workspaces, lambda workspace: is_one_of(workspace, "isolation_mode", _APPROVED))


def _has_subnet(workspace: Resource) -> Answer:
    return not_(is_one_of(workspace, "serverless_subnet", None))


def _captures(deployment: Resource) -> Answer:
    fact = property_value(deployment, "collections")
    if isinstance(fact, Unknown):
        return unknown(fact.gaps)
    return (
        YES if any(collection.get("mode") == "Enabled" for collection in fact.value or ()) else NO
    )


def _all(targets: Targets, ask: Callable[[Resource], Answer]) -> Answer:
    """Combine the answers of all targets; unknown without targets."""
    answers = _answers(targets, ask)
    return all_of(answers) if answers else unknown()


def _answers(targets: Targets, ask: Callable[[Resource], Answer]) -> list[Answer]:
    hidden = [unknown(targets.gaps)] if targets.gaps else []
    return [*(ask(target) for target in targets.resources), *hidden]


def _of_items(
    resource: Resource, graph: Graph, items: str, relations: tuple[str, ...]
) -> Known | Unknown:
    fact = property_value(resource, items)
    if isinstance(fact, Unknown):
        return fact
    direct = [item["container"] for item in fact.value or () if item.get("container")]
    return _containers([graph.targets(resource, name) for name in relations], direct)


def _containers(reached: Iterable[Targets], direct: Iterable[Any]) -> Known | Unknown:
    """Combine the containers of stores and data assets; unknown as soon as one of them is."""
    containers = set(direct)
    for targets in reached:
        if targets.gaps:
            return Unknown(targets.gaps)
        for target in targets.resources:
            name = "addresses" if target.type == "azure.ml.data" else "container_address"
            fact = property_value(target, name)
            if isinstance(fact, Unknown):
                return fact
            values = fact.value if isinstance(fact.value, list) else [fact.value]
            containers |= {value for value in values if value}
    return Known(sorted(containers))


AZURE_ML: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    # Data assets before the jobs that read them.
    "azure_ml.addresses": addresses,
    "azure_ml.file_addresses": file_addresses,
    "azure_ml.input_addresses": input_addresses,
    "azure_ml.output_addresses": output_addresses,
    "azure_ml.internet_egress": internet_egress,
    "azure_ml.isolated": isolated,
    "azure_ml.in_customer_network": in_customer_network,
    "azure_ml.captures_data": captures_data,
    "azure_ml.external_users": external_users,
    "azure_ml.has_external_users": has_external_users,
}

AZURE_ML_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "azure_ml.default_datastores": default_datastores,
}
