"""Service accounts under workloads, their tokens, and the cloud identities behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown
from mlsec.graph.flags import flag
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.providers.kubernetes.facts.cloud_roles import cloud_roles
from mlsec.providers.kubernetes.facts.selectors import (
    WORKLOAD,
    all_of_type,
    by_name,
    by_text,
    containers_of,
    found_or,
    held,
    hidden_types,
    is_same_namespace,
    nearest,
    settled,
    unsaid,
)

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

ACCOUNT, NAMESPACE = "kubernetes.service_account", "kubernetes.namespace"
_ENDPOINT, _NOTEBOOK = "kubernetes.endpoint", "kubernetes.notebook"


def account(resource: Resource, graph: Graph) -> Targets:
    """Give the service account of a workload."""
    named = held(resource, "account_name")
    if not isinstance(named, str):
        return Targets(gaps=tuple(resource.unread.get("account_name", ())))
    candidates = [
        each
        for each in by_name(graph, ACCOUNT, resource.scope, named)
        if is_same_namespace(resource, each)
    ]
    near = nearest(resource, candidates)
    gaps = hidden_types(graph, resource, ACCOUNT) if not near else set()
    if not near:
        gaps.add(unsaid(graph, resource, ACCOUNT, f"the service account {named} was not found"))
    return Targets(resources=tuple(near), gaps=tuple(sorted(gaps)))


def roles(resource: Resource, graph: Graph) -> Targets:
    """Give the service account and the cloud identities that it stands for."""
    own = account(resource, graph)
    found, gaps = list(own.resources), set(own.gaps)
    for target in own.resources:
        beyond = cloud_roles(target, graph)
        found += beyond.resources
        gaps |= set(beyond.gaps)
    return found_or(graph, resource, found, gaps)


def has_token(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a token lies in the pods: the pod says, else the account, else yes."""
    if "mounts_token" in resource.unread:
        return Unknown(tuple(resource.unread["mounts_token"]))
    said = held(resource, "mounts_token")
    if said is not None:
        return Known(bool(said))
    reached = account(resource, graph)
    if not reached.resources:
        return Unknown(reached.gaps)
    answers = [_mounts(target) for target in reached.resources]
    return settled(any_of(answers))


def _mounts(found: Resource) -> Answer:
    # An account that nobody declares is one that nobody changed.
    return YES if held(found, "is_declared") is False else flag(found, "mounts_token")


def runs_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a workload of machine learning runs as an account."""
    workloads = [
        each
        for each in by_text(graph, WORKLOAD, resource.scope, "account_name", resource.name)
        if _runs_as(each, resource, graph)
    ]
    hidden = hidden_types(graph, resource, WORKLOAD)
    answers = [flag(workload, "is_ml") for workload in workloads]
    answers += [
        YES
        for each in by_text(graph, _ENDPOINT, resource.scope, "account_name", resource.name)
        if _runs_as(each, resource, graph)
    ]
    return settled(any_of([*answers, unknown(hidden) if hidden else NO]))


def containers(resource: Resource, graph: Graph) -> Targets:
    """Give the containers of a workload."""
    gaps = hidden_types(graph, resource, "kubernetes.container")
    return found_or(graph, resource, containers_of(graph, resource), gaps)


def notebooks(resource: Resource, graph: Graph) -> Targets:
    """Give the notebooks that run as an account."""
    found = [
        each
        for each in by_text(graph, _NOTEBOOK, resource.scope, "account_name", resource.name)
        if _runs_as(each, resource, graph)
    ]
    return found_or(graph, resource, found, hidden_types(graph, resource, "kubernetes.notebook"))


def _runs_as(runner: Resource, resource: Resource, graph: Graph) -> bool:
    """Whether the account that a workload names is this one."""
    if held(runner, "account_name") != resource.name:
        return False
    return any(target.id == resource.id for target in account(runner, graph).resources)


def in_namespace(resource: Resource, graph: Graph) -> Targets:
    """Give the namespace that a workload is in, where it is documented."""
    name = held(resource, "namespace") or ""
    near = nearest(resource, by_name(graph, NAMESPACE, resource.scope, name)) if name else []
    return found_or(graph, resource, near, hidden_types(graph, resource, NAMESPACE))


def namespace_runs_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether workloads of machine learning run in a namespace."""
    inside = [
        each
        for each in all_of_type(graph, WORKLOAD, resource.scope)
        if held(each, "namespace") == resource.name
    ]
    hidden = hidden_types(graph, resource, WORKLOAD)
    endpoints = any(
        held(each, "namespace") == resource.name
        for each in all_of_type(graph, "kubernetes.endpoint", resource.scope)
    )
    answers = [flag(each, "is_ml") for each in inside] + ([YES] if endpoints else [])
    return settled(any_of([*answers, unknown(hidden) if hidden else NO]))


def cluster_runs_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether workloads of machine learning run in a cluster."""
    hidden = hidden_types(graph, resource, WORKLOAD)
    answers = [flag(each, "is_ml") for each in all_of_type(graph, WORKLOAD, resource.scope)]
    return settled(any_of([*answers, unknown(hidden) if hidden else NO]))


def checks_images(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether some admission policy of a cluster looks at signatures of images."""
    policies = all_of_type(graph, "kubernetes.admission", resource.scope)
    hidden = hidden_types(graph, resource, "kubernetes.admission")
    answers = [flag(policy, "checks_signatures") for policy in policies]
    return settled(any_of([*answers, unknown(hidden) if hidden else NO]))


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
