"""What network policies leave open to a workload, and to which pods a policy applies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown
from mlsec.graph.flags import flag
from mlsec.graph.ternary import NO, Answer, all_of, any_of, not_, unknown
from mlsec.providers.kubernetes.facts.selectors import (
    WORKLOAD,
    all_of_type,
    found_or,
    held,
    hidden_types,
    in_code,
    is_same_namespace,
    meets,
    settled,
    unsaid,
)

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

POLICY = "kubernetes.network_policy"
_NONE_HERE = "no network policy is declared in this folder; whether one is elsewhere is not known"


def governed(resource: Resource, graph: Graph) -> Targets:
    """Give the workloads that a network policy is about."""
    selector = held(resource, "selector")
    if selector is None:
        return Targets(gaps=tuple(resource.unread.get("selector", ())))
    found = [
        each
        for each in all_of_type(graph, WORKLOAD, resource.scope)
        if is_same_namespace(resource, each) and meets(held(each, "labels") or {}, selector)
    ]
    return found_or(graph, resource, found, hidden_types(graph, resource, WORKLOAD))


def policy_opens_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a policy is about pods of machine learning."""
    reached = governed(resource, graph)
    answers = [flag(target, "is_ml") for target in reached.resources]
    return settled(any_of([*answers, *([unknown(reached.gaps)] if reached.gaps else [])]))


def is_isolated(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether some policy limits who may reach the pods."""
    return settled(_limited(resource, graph, "governs_ingress", "allows_all_ingress"))


def limits_egress(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether some policy limits what the pods may reach."""
    return settled(_limited(resource, graph, "governs_egress", "allows_all_egress"))


def reaches_metadata(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether nothing keeps the pods from the cloud's metadata service."""
    is_host = flag(resource, "host_network") if resource.type == WORKLOAD else NO
    kept = _limited(resource, graph, "governs_egress", "reaches_metadata")
    return settled(any_of((is_host, not_(kept))))


def reaches_internet(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether no policy limits what a notebook may reach."""
    return settled(not_(_limited(resource, graph, "governs_egress", "allows_all_egress")))


def denies_by_default(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a policy of a namespace holds for all of its pods and lets in only what is named."""
    policies = [
        each
        for each in all_of_type(graph, POLICY, resource.scope)
        if held(each, "namespace") == resource.name and held(each, "selector") == []
    ]
    answers = [_closes(policy, "governs_ingress", "allows_all_ingress") for policy in policies]
    return settled(any_of([*answers, *_unseen(resource, graph)]))


def _limited(resource: Resource, graph: Graph, governs: str, opens: str) -> Answer:
    """One policy that governs is enough, unless another one of them opens it all again."""
    labels = held(resource, "labels") or {}
    mine = [
        each
        for each in all_of_type(graph, POLICY, resource.scope)
        if is_same_namespace(resource, each)
        and ((wanted := held(each, "selector")) is None or meets(labels, wanted))
    ]
    selecting = [_selects(each, governs) for each in mine]
    unseen = _unseen(resource, graph)
    if not mine and unseen:
        return unseen[0]
    opened = any_of(
        [all_of((_selects(each, governs), flag(each, opens))) for each in mine] + unseen
    )
    return all_of((any_of(selecting), not_(opened)))


def _selects(policy: Resource, governs: str) -> Answer:
    if held(policy, "selector") is None:
        return unknown(policy.unread.get("selector", ()))
    return flag(policy, governs)


def _closes(policy: Resource, governs: str, opens: str) -> Answer:
    return all_of((flag(policy, governs), not_(flag(policy, opens))))


def _unseen(resource: Resource, graph: Graph) -> list[Answer]:
    """What hides policies: a listing that failed, or code that holds none at all."""
    if in_code(resource):
        if all_of_type(graph, POLICY, resource.scope):
            return []
        return [unknown((unsaid(graph, resource, POLICY, _NONE_HERE),))]
    gaps = hidden_types(graph, resource, POLICY)
    return [unknown(gaps)] if gaps else []


KUBE_POLICIES: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "kubernetes.is_isolated": is_isolated,
    "kubernetes.limits_egress": limits_egress,
    "kubernetes.reaches_metadata": reaches_metadata,
    "kubernetes.reaches_internet": reaches_internet,
    "kubernetes.denies_by_default": denies_by_default,
    "kubernetes.policy_opens_ml": policy_opens_ml,
}
KUBE_POLICY_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "kubernetes.governed": governed,
}
