"""What network policies allow for a workload, and to which pods a policy applies."""

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
    as_fact,
    hidden_types,
    in_code,
    is_same_namespace,
    known_value,
    meets,
    note_unstated,
    sorted_targets,
)

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

POLICY = "kubernetes.network_policy"
_NONE_HERE = "no network policy is declared in this folder; whether one is elsewhere is not known"


def governed(resource: Resource, graph: Graph) -> Targets:
    """Give the workloads that a network policy applies to."""
    selector = known_value(resource, "selector")
    if selector is None:
        return Targets(gaps=tuple(resource.unread.get("selector", ())))
    workloads = [
        workload
        for workload in all_of_type(graph, WORKLOAD, resource.scope)
        if is_same_namespace(resource, workload)
        and meets(known_value(workload, "labels") or {}, selector)
    ]
    return sorted_targets(workloads, hidden_types(graph, resource, WORKLOAD))


def policy_opens_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a policy applies to pods of machine learning."""
    reached = governed(resource, graph)
    answers = [flag(target, "is_ml") for target in reached.resources]
    return as_fact(any_of([*answers, *([unknown(reached.gaps)] if reached.gaps else [])]))


def is_isolated(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a policy restricts ingress to the pods."""
    return as_fact(_limited(resource, graph, "governs_ingress", "allows_all_ingress"))


def limits_egress(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a policy restricts egress of the pods."""
    return as_fact(_limited(resource, graph, "governs_egress", "allows_all_egress"))


def reaches_metadata(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the pods can reach the cloud's metadata service."""
    is_host = flag(resource, "host_network") if resource.type == WORKLOAD else NO
    kept = _limited(resource, graph, "governs_egress", "reaches_metadata")
    return as_fact(any_of((is_host, not_(kept))))


def reaches_internet(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether no policy restricts egress of a notebook."""
    return as_fact(not_(_limited(resource, graph, "governs_egress", "allows_all_egress")))


def denies_by_default(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a policy of a namespace denies ingress to all of its pods by default."""
    policies = [
        item
        for item in all_of_type(graph, POLICY, resource.scope)
        if known_value(item, "namespace") == resource.name and known_value(item, "selector") == []
    ]
    answers = [_closes(policy, "governs_ingress", "allows_all_ingress") for policy in policies]
    return as_fact(any_of([*answers, *_unseen(resource, graph)]))


def _limited(resource: Resource, graph: Graph, governs: str, opens: str) -> Answer:
    """Whether one policy restricts the direction, and no other opens it fully."""
    labels = known_value(resource, "labels") or {}
    mine = [
        policy
        for policy in all_of_type(graph, POLICY, resource.scope)
        if is_same_namespace(resource, policy)
        and ((wanted := known_value(policy, "selector")) is None or meets(labels, wanted))
    ]
    selecting = [_selects(policy, governs) for policy in mine]
    unseen = _unseen(resource, graph)
    if not mine and unseen:
        return unseen[0]
    opened = any_of(
        [all_of((_selects(policy, governs), flag(policy, opens))) for policy in mine] + unseen
    )
    return all_of((any_of(selecting), not_(opened)))


def _selects(policy: Resource, governs: str) -> Answer:
    if known_value(policy, "selector") is None:
        return unknown(policy.unread.get("selector", ()))
    return flag(policy, governs)


def _closes(policy: Resource, governs: str, opens: str) -> Answer:
    return all_of((flag(policy, governs), not_(flag(policy, opens))))


def _unseen(resource: Resource, graph: Graph) -> list[Answer]:
    """Give what hides policies: a failed listing, or code without any policy."""
    if in_code(resource):
        if all_of_type(graph, POLICY, resource.scope):
            return []
        return [unknown((note_unstated(graph, resource, POLICY, _NONE_HERE),))]
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
