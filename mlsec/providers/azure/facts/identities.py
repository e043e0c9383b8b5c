"""Identities and scopes on Azure: which identities run ML, and which scopes contain ML."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.graph.verdicts import verdict
from mlsec.providers.azure.facts.role_assignments import reaches

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_IDENTITY = "azure.identity.managed_identity"
# The services whose resources are ML; the others are their neighbours.
_NEIGHBOURS = (
    "azure.storage.", "azure.keyvault.", "azure.acr.", "azure.identity.", "azure.network.",
    "azure.containerapp.", "azure.web.", "azure.aks.", "azure.monitor.", "azure.logs.",
    "azure.insights.", "azure.policy.", "azure.cosmos.", "azure.apim.", "azure.subscription",
)  # fmt: skip
# Neighbours that hold models, data or keys: they are collected only where ML refers to them.
_STORES = ("azure.storage.", "azure.keyvault.", "azure.acr.")


def is_ml_type(name: str) -> bool:
    """Whether a type belongs to an ML or AI service of Azure."""
    return name.startswith("azure.") and not name.startswith(_NEIGHBOURS)


def runs_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether some ML resource runs as this identity."""
    identities, hidden = graph.memo(("azure ml identities", ""), lambda: _ml_identities(graph))
    answer = YES if resource.id in identities else unknown(hidden) if hidden else NO
    return verdict(answer, resource, graph)


def reaches_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the scope of an assignment contains an ML resource, or a store that ML uses."""
    fact = property_value(resource, "granted_at")
    if isinstance(fact, Unknown):
        return fact
    return verdict(_holds_ml(str(fact.value), resource, graph), resource, graph)


def excludes_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a scope that contains ML is excluded from a policy assignment."""
    fact = property_value(resource, "excluded_scopes")
    if isinstance(fact, Unknown):
        return fact
    answers = [_holds_ml(str(scope), resource, graph) for scope in fact.value or ()]
    return verdict(any_of(answers), resource, graph)


def _holds_ml(scope: str, seen_from: Resource, graph: Graph) -> Answer:
    ids = graph.memo(("azure ml ids", seen_from.scope), lambda: _ml_ids(seen_from.scope, graph))
    if reaches(scope, "/") and ids:
        return YES
    if _holds_one(scope, ids):
        return YES
    hidden = _unlisted(seen_from.scope, graph)
    return unknown(hidden) if hidden else NO


def _holds_one(scope: str, ids: list[str]) -> bool:
    """Whether sorted ids contain the scope itself or one below it."""
    same, below = bisect.bisect_left(ids, scope), bisect.bisect_left(ids, scope + "/")
    is_same = same < len(ids) and ids[same] == scope
    return is_same or (below < len(ids) and ids[below].startswith(scope + "/"))


def _ml_ids(scope: str, graph: Graph) -> list[str]:
    kinds = [name for name in graph.vocabulary.types if is_ml_type(name) or _is_store(name)]
    return sorted(user.identity for name in kinds for user in graph.of_type_in(name, scope))


def _is_store(name: str) -> bool:
    return name.startswith(_STORES)


def _unlisted(scope: str, graph: Graph) -> set[str]:
    kinds = [name for name in graph.vocabulary.types if is_ml_type(name)]
    return {gap for name in kinds for gap in graph.incomplete(name, scope, "")}


def _ml_identities(graph: Graph) -> tuple[frozenset[str], frozenset[str]]:
    """Give the ids of the identities that ML resources run as, and the gaps that hide others."""
    identities: set[str] = set()
    hidden: set[str] = set()
    for name, kind in sorted(graph.vocabulary.types.items()):
        relations = [r.name for r in kind.relations.values() if r.to == _IDENTITY]
        if not relations or not is_ml_type(name):
            continue
        for resource in graph.of_type(name):
            for relation in relations:
                reached = graph.targets(resource, relation)
                identities |= {target.id for target in reached.resources}
                hidden |= set(reached.gaps)
    return frozenset(identities), frozenset(hidden)


AZURE_IDENTITIES: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "azure_identities.runs_ml": runs_ml,
    "azure_identities.reaches_ml": reaches_ml,
    "azure_identities.excludes_ml": excludes_ml,
}
