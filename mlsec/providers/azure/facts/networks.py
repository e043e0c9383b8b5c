"""Network access to resources around ML on Azure, and what alerts watch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.flags import flag, is_one_of
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, not_, unknown
from mlsec.graph.verdicts import verdict
from mlsec.providers.azure.facts.identities import is_ml_type

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_WORLD = frozenset({"0.0.0.0/0", "0.0.0.0", "::/0", "*"})  # noqa: S104


def is_reachable(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the firewall admits any address on the internet."""
    parts = (
        is_one_of(resource, "public_network", "Enabled"),
        is_one_of(resource, "default_action", "Allow"),
    )
    return verdict(all_of(parts), resource, graph)


def has_private_endpoint(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an approved private endpoint leads there."""
    del graph
    fact = property_value(resource, "private_endpoint_states")
    return fact if isinstance(fact, Unknown) else Known("Approved" in (fact.value or ()))


def cosmos_is_reachable(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether any address reaches a Cosmos DB account; without rules every address does."""
    no_rules = is_one_of(resource, "ip_rules", [], None)
    parts = (
        is_one_of(resource, "public_network", "Enabled"),
        any_of((all_of((no_rules, not_(flag(resource, "network_filter")))), _has_world(resource))),
    )
    return verdict(all_of(parts), resource, graph)


def cluster_is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether every address on the internet reaches the API of a cluster."""
    parts = (
        not_(flag(resource, "is_private")),
        is_one_of(resource, "public_network", "Enabled"),
        any_of((is_one_of(resource, "allowed_addresses", [], None), _names_world(resource))),
    )
    return verdict(all_of(parts), resource, graph)


def serves_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the cluster is an ML compute target, or a node pool has GPUs."""
    return verdict(any_of((_has_gpu(resource), _is_attached(resource, graph))), resource, graph)


def watches_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an alert watches a resource of the ML and AI services."""
    del graph
    fact = property_value(resource, "target_ids")
    if isinstance(fact, Unknown):
        return fact
    names = ("/microsoft.machinelearningservices/", "/microsoft.cognitiveservices/",
             "/microsoft.search/")  # fmt: skip
    return Known(any(name in category for category in fact.value or () for name in names))


def _has_gpu(cluster: Resource) -> Answer:
    match property_value(cluster, "node_pools"):
        case Known(value=pools):
            return YES if any(pool.get("has_gpu") for pool in pools or ()) else NO
        case Unknown(gaps=gaps):
            return unknown(gaps)


def _is_attached(cluster: Resource, graph: Graph) -> Answer:
    """Whether an ML resource has a relation to this cluster."""
    hidden: set[str] = set()
    for name, resource_type in sorted(graph.vocabulary.types.items()):
        relations = [r for r in resource_type.relations.values() if r.to == cluster.type]
        if not relations or not is_ml_type(name):
            continue
        hidden |= set(graph.incomplete(name, cluster.scope, ""))
        for resource in graph.of_type(name):
            for relation in relations:
                reached = graph.targets(resource, relation.name)
                if any(target.id == cluster.id for target in reached.resources):
                    return YES
                hidden |= set(reached.gaps)
    return unknown(hidden) if hidden else NO


def _has_world(resource: Resource) -> Answer:
    return _any_world(resource, "ip_rules")


def _names_world(resource: Resource) -> Answer:
    return _any_world(resource, "allowed_addresses")


def _any_world(resource: Resource, name: str) -> Answer:
    match property_value(resource, name):
        case Known(value=value):
            return YES if _WORLD & set(value or ()) else NO
        case Unknown(gaps=gaps):
            return unknown(gaps)


AZURE_NETWORK: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "azure_network.is_reachable": is_reachable,
    "azure_network.has_private_endpoint": has_private_endpoint,
    "azure_network.cosmos_is_reachable": cosmos_is_reachable,
    "azure_network.cluster_is_public": cluster_is_public,
    "azure_network.serves_ml": serves_ml,
    "azure_network.watches_ml": watches_ml,
}
