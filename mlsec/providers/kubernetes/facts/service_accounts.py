"""Service accounts of workloads, their tokens, and their cloud identities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown
from mlsec.graph.flags import flag
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.providers.kubernetes.facts.cloud_roles import cloud_roles
from mlsec.providers.kubernetes.facts.lookups import all_of_type, by_name, by_text, known_value
from mlsec.providers.kubernetes.facts.selectors import (
    WORKLOAD,
    as_fact,
    containers_of,
    hidden_types,
    in_code,
    is_one_root,
    is_same_namespace,
    nearest,
    note_unstated,
    sorted_targets,
)

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

ACCOUNT, NAMESPACE = "kubernetes.service_account", "kubernetes.namespace"
_ENDPOINT, _NOTEBOOK = "kubernetes.endpoint", "kubernetes.notebook"


def account(resource: Resource, graph: Graph) -> Targets:
    """Give the service account of a workload."""
    return graph.memo(("kubernetes account", resource.id), lambda: _account(resource, graph))


def _account(resource: Resource, graph: Graph) -> Targets:
    named = known_value(resource, "account_name")
    if not isinstance(named, str):
        return Targets(gaps=tuple(resource.unread.get("account_name", ())))
    candidates = [
        candidate
        for candidate in by_name(graph, ACCOUNT, resource, named)
        if is_same_namespace(resource, candidate) and _may_be(candidate, resource)
    ]
    near = nearest(resource, candidates)
    gaps = hidden_types(graph, resource, ACCOUNT) if not near else set()
    if not near:
        gaps.add(
            note_unstated(graph, resource, ACCOUNT, f"the service account {named} was not found")
        )
    return Targets(resources=tuple(near), gaps=tuple(sorted(gaps)))


def _may_be(candidate: Resource, resource: Resource) -> bool:
    """Whether an account is not merely one that others name in a namespace of their own."""
    if known_value(candidate, "namespace") == known_value(resource, "namespace"):
        return True
    return known_value(candidate, "is_declared") is not False or is_one_root(resource, candidate)


def roles(resource: Resource, graph: Graph) -> Targets:
    """Give the service account and its cloud identities.

    Which identity an account has that no file declares, no file says either: that is not asked.
    """
    own = account(resource, graph)
    bound, gaps = list(own.resources), set(own.gaps)
    for target in own.resources:
        beyond = cloud_roles(target, graph)
        bound += beyond.resources
        is_implied = in_code(target) and known_value(target, "is_declared") is False
        gaps |= set() if is_implied else set(beyond.gaps)
    return sorted_targets(bound, gaps)


def has_token(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a token is mounted: as the pod says, else the account, by default yes."""
    if "mounts_token" in resource.unread:
        return Unknown(tuple(resource.unread["mounts_token"]))
    said = known_value(resource, "mounts_token")
    if said is not None:
        return Known(bool(said))
    reached = account(resource, graph)
    if not reached.resources:
        return Unknown(reached.gaps)
    answers = [_mounts(target) for target in reached.resources]
    return as_fact(any_of(answers))


def _mounts(service_account: Resource) -> Answer:
    # An undeclared account has the defaults.
    return (
        YES
        if known_value(service_account, "is_declared") is False
        else flag(service_account, "mounts_token")
    )


def runs_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a workload of machine learning runs as an account."""
    workloads = [
        user
        for user in by_text(graph, WORKLOAD, resource, "account_name", resource.name)
        if _runs_as(user, resource, graph)
    ]
    hidden = hidden_types(graph, resource, WORKLOAD)
    answers = [flag(workload, "is_ml") for workload in workloads]
    answers += [
        YES
        for user in by_text(graph, _ENDPOINT, resource, "account_name", resource.name)
        if _runs_as(user, resource, graph)
    ]
    return as_fact(any_of([*answers, unknown(hidden) if hidden else NO]))


def containers(resource: Resource, graph: Graph) -> Targets:
    """Give the containers of a workload."""
    gaps = hidden_types(graph, resource, "kubernetes.container")
    return sorted_targets(containers_of(graph, resource), gaps)


def notebooks(resource: Resource, graph: Graph) -> Targets:
    """Give the notebooks that run as an account."""
    matches = [
        notebook
        for notebook in by_text(graph, _NOTEBOOK, resource, "account_name", resource.name)
        if _runs_as(notebook, resource, graph)
    ]
    return sorted_targets(matches, hidden_types(graph, resource, "kubernetes.notebook"))


def _runs_as(runner: Resource, resource: Resource, graph: Graph) -> bool:
    """Whether the account that a workload names is this one."""
    if known_value(runner, "account_name") != resource.name:
        return False
    return any(target.id == resource.id for target in account(runner, graph).resources)


def in_namespace(resource: Resource, graph: Graph) -> Targets:
    """Give the namespace of a workload, where it is declared."""
    name = known_value(resource, "namespace") or ""
    near = nearest(resource, by_name(graph, NAMESPACE, resource, name)) if name else []
    return sorted_targets(near, hidden_types(graph, resource, NAMESPACE))


def namespace_runs_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether workloads of machine learning run in a namespace."""
    inside = [
        item
        for item in all_of_type(graph, WORKLOAD, resource)
        if known_value(item, "namespace") == resource.name
    ]
    hidden = hidden_types(graph, resource, WORKLOAD)
    endpoints = any(
        known_value(item, "namespace") == resource.name
        for item in all_of_type(graph, "kubernetes.endpoint", resource)
    )
    answers = [flag(item, "is_ml") for item in inside] + ([YES] if endpoints else [])
    return as_fact(any_of([*answers, unknown(hidden) if hidden else NO]))


def cluster_runs_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether workloads of machine learning run in a cluster."""
    hidden = hidden_types(graph, resource, WORKLOAD)
    answers = [flag(workload, "is_ml") for workload in all_of_type(graph, WORKLOAD, resource)]
    return as_fact(any_of([*answers, unknown(hidden) if hidden else NO]))


def checks_images(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an admission policy of a cluster verifies image signatures."""
    policies = all_of_type(graph, "kubernetes.admission", resource)
    hidden = hidden_types(graph, resource, "kubernetes.admission")
    answers = [flag(policy, "checks_signatures") for policy in policies]
    return as_fact(any_of([*answers, unknown(hidden) if hidden else NO]))


KUBE_ACCOUNTS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "kubernetes.has_token": has_token,
    "kubernetes.runs_ml": runs_ml,
    "kubernetes.namespace_runs_ml": namespace_runs_ml,
    "kubernetes.cluster_runs_ml": cluster_runs_ml,
    "kubernetes.checks_images": checks_images,
}
KUBE_ACCOUNT_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "kubernetes.account": account,
    "kubernetes.containers": containers,
    "kubernetes.notebooks": notebooks,
    "kubernetes.roles": roles,
    "kubernetes.cloud_roles": cloud_roles,
    "kubernetes.in_namespace": in_namespace,
}
