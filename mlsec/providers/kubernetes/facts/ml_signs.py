"""What shows that something of a cluster may have to do with models, where code does not say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.regex import regex
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown
from mlsec.graph.flags import flag
from mlsec.graph.ternary import any_of
from mlsec.providers.kubernetes.facts.lookups import all_of_type, known_value
from mlsec.providers.kubernetes.facts.selectors import (
    CONTAINER,
    WORKLOAD,
    as_fact,
    in_code,
    is_one_root,
    namespace_of,
    workloads_with,
)
from mlsec.providers.kubernetes.workloads.products import names_product

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_ENDPOINT, _SERVICE = "kubernetes.endpoint", "kubernetes.service"
_CHART = "Chart.yaml"
_WORDS = regex(
    r"(?:^|[^a-z])(?:ml|ai|llms?|gen-?ai|mlops|gpus?|rag|gpt|chat[a-z]{0,20}|models?|inference"
    r"|inferenceservices?|predict(?:or|ion)?s?|embeddings?|rerank(?:er|ing)?|notebooks?|agents?"
    r"|mcp|training|trainer|feature-?store|vectors?)(?:$|[^a-z])"
)


def pod_concerns_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a workload or container is of machine learning, or anything shows that it may be."""
    own = as_fact(flag(resource, "is_ml"))
    is_part = resource.type == CONTAINER
    whole = graph.targets(resource, "workload").resources if is_part else ()
    is_shown = own == Known(value=True) or shows_ml(next(iter(whole), resource), graph)
    return Known(value=True) if is_shown else own


def policy_concerns_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a policy of the mesh is about pods of machine learning, all, or unknown ones."""
    selector = known_value(resource, "selector")
    if known_value(resource, "targets") or not selector:
        return Known(value=True)
    selected = workloads_with(graph, resource, selector)
    if not selected:
        return Known(value=True)
    return as_fact(any_of(flag(workload, "is_ml") for workload in selected))


def shows_ml(resource: Resource, graph: Graph) -> bool:
    """Whether anything shows that models or their tools may stand behind or beside a resource.

    In code: a chart that holds it, a name, or what is declared beside it. A kustomization is no
    such sign: what it hands to Helm is not in it. In a cluster what is not seen was refused.
    """
    if not in_code(resource) or _CHART in resource.origin.stack:
        return True
    names = _names(resource)
    if names is None:
        return True
    if any(_WORDS.search(name.lower()) or names_product(name) for name in names):
        return True
    origin = resource.origin
    place = (resource.scope, origin.stack, origin.file.rpartition("/")[0], namespace_of(resource))
    return graph.memo(("kubernetes ml beside", *place), lambda: _is_beside(resource, graph))


def _names(resource: Resource) -> tuple[str, ...] | None:
    """Give the names that a resource has or leads to, None where those are not known."""
    own = (resource.name, namespace_of(resource))
    if resource.type in (WORKLOAD, CONTAINER):
        return own
    if resource.type == _SERVICE:
        return (*own, *map(str, (known_value(resource, "selector") or {}).values()))
    backends = known_value(resource, "backends")
    return None if backends is None else (*own, *backends, *(known_value(resource, "hosts") or ()))


def _is_beside(resource: Resource, graph: Graph) -> bool:
    """Whether a workload or endpoint of machine learning is declared beside a resource."""
    return any(
        (kind == _ENDPOINT or known_value(item, "is_ml") is True) and is_one_root(resource, item)
        for kind in (WORKLOAD, _ENDPOINT)
        for item in all_of_type(graph, kind, resource)
    )


KUBE_ML_SIGNS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "kubernetes.pod_concerns_ml": pod_concerns_ml,
    "kubernetes.policy_concerns_ml": policy_concerns_ml,
}
