"""What network policies allow for a workload, and to which pods a policy applies."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown
from mlsec.graph.flags import flag
from mlsec.graph.ternary import NO, YES, Answer, any_of, not_, unknown
from mlsec.providers.kubernetes.facts.lookups import all_of_type, is_seen_from, known_value
from mlsec.providers.kubernetes.facts.selectors import (
    WORKLOAD,
    as_fact,
    containers_of,
    hidden_types,
    in_code,
    is_one_root,
    is_same_namespace,
    namespace_of,
    note_unstated,
    sorted_targets,
)
from mlsec.providers.kubernetes.network_policies.connections import (
    INTERNET,
    METADATA,
    UNRELATED_POD,
    PeerKind,
    Pod,
    Port,
    allows,
    governing,
    names_in,
    sample_ports,
)
from mlsec.providers.kubernetes.network_policies.policy import Policy, read_rules
from mlsec.providers.kubernetes.network_policies.selector import meets

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

POLICY, OTHER_POLICY = "kubernetes.network_policy", "kubernetes.other_network_policy"
_NONE_HERE = (
    "no network policy of its namespace is declared beside it;"
    " whether one is elsewhere is not known"
)
_OF_USERS = "its pods run in the namespaces of what is made from it"
_OTHERS = "policies of another kind decide too, and these are not read"
_ON_NODE = "it uses the node's network, where most plugins apply no network policy"
_TOO_MANY = "the policies tell too many kinds of pods apart"
_MOST_KINDS = 4096
_Mine = tuple[Policy, ...]


class _Policies(msgspec.Struct, frozen=True, kw_only=True):
    """The policies of a resource's namespace, and the gaps that hide others."""

    known: _Mine = ()
    hidden: frozenset[str] = frozenset()
    are_declared: bool = True


def governed(resource: Resource, graph: Graph) -> Targets:
    """Give the workloads that a network policy applies to."""
    selector = known_value(resource, "selector")
    if selector is None:
        return Targets(gaps=tuple(resource.unread.get("selector", ())))
    workloads = [
        workload
        for workload in all_of_type(graph, WORKLOAD, resource)
        if is_same_namespace(resource, workload)
        and is_one_root(resource, workload)
        and meets(known_value(workload, "labels") or {}, selector)
    ]
    return sorted_targets(workloads, hidden_types(graph, resource, WORKLOAD))


def policy_opens_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a policy applies to pods of machine learning."""
    reached = governed(resource, graph)
    answers = [flag(target, "is_ml") for target in reached.resources]
    return as_fact(any_of([*answers, *([unknown(reached.gaps)] if reached.gaps else [])]))


def is_isolated(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether policies keep unrelated pods and the internet from the ports on which the pods serve.

    An unrelated pod is in a namespace of its own, and no policy names it.
    """
    pod = _pod(resource, graph)
    return as_fact(_closed(resource, graph, pod, "ingress", (INTERNET, UNRELATED_POD)))


def limits_egress(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether policies keep the pods from the internet, on every port that carries data."""
    return as_fact(_closed(resource, graph, _pod(resource, graph), "egress", (INTERNET,)))


def reaches_metadata(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the pods can reach the cloud's metadata service."""
    if resource.type == WORKLOAD and known_value(resource, "host_network") is True:
        return Known(value=True)
    pod = _pod(resource, graph)
    closed = _closed(resource, graph, pod, "egress", (METADATA,), {("TCP", 80)})
    return as_fact(not_(closed))


def reaches_internet(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the pods of a notebook can reach the internet."""
    return as_fact(not_(_closed(resource, graph, _pod(resource, graph), "egress", (INTERNET,))))


def denies_by_default(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a namespace's policies close every pod, and open only pods that they name."""
    policies = _policies(resource, graph)
    kinds = list(itertools.islice(_kinds_of_pods(policies.known), _MOST_KINDS + 1))
    if len(kinds) > _MOST_KINDS:
        return Unknown((note_unstated(graph, resource, POLICY, _TOO_MANY),))
    if any(
        not governing(policies.known, pod, "ingress")
        or (
            not is_named and _is_open(policies.known, pod, "ingress", (INTERNET, UNRELATED_POD), ())
        )
        for pod, is_named in kinds
    ):
        return as_fact(_not_closed(resource, graph, policies))
    return as_fact(unknown(policies.hidden) if policies.hidden else YES)


def _closed(
    resource: Resource, graph: Graph, pod: Pod, direction: str,
    peers: Iterable[PeerKind], ports: Iterable[Port] = (),
) -> Answer:  # fmt: skip
    """Whether policies keep all of the peers from a connection with the pods."""
    if resource.is_template:
        return unknown((note_unstated(graph, resource, POLICY, _OF_USERS),))
    policies = _policies(resource, graph)
    if resource.unread.get("labels"):
        return unknown(resource.unread["labels"])
    if direction == "ingress":
        ports = _served(resource, graph)
    if not governing(policies.known, pod, direction):
        return _not_closed(resource, graph, policies)
    if _is_open(policies.known, pod, direction, peers, ports):
        others = _other_kinds(resource, graph)
        return unknown(others) if others else NO
    hidden = set(policies.hidden)
    if known_value(resource, "host_network") is True:
        hidden.add(note_unstated(graph, resource, POLICY, _ON_NODE))
    return unknown(hidden) if hidden else YES


def _not_closed(resource: Resource, graph: Graph, policies: _Policies) -> Answer:
    """No, unless a policy that does close it may stand where nothing was read."""
    if policies.hidden:
        return unknown(policies.hidden)
    if not policies.are_declared:
        return unknown((note_unstated(graph, resource, POLICY, _NONE_HERE),))
    return NO


def _is_open(
    policies: _Mine, pod: Pod, direction: str, peers: Iterable[PeerKind], ports: Iterable[Port]
) -> bool:
    """Whether one of the peers may connect, on one of the ports or without these on any."""
    asked = list(ports) or list(sample_ports(policies, pod, direction))
    return any(allows(policies, pod, direction, peer, port) for peer in peers for port in asked)


def _policies(resource: Resource, graph: Graph) -> _Policies:
    """Give the policies of a resource's namespace: in code those beside it."""
    space = namespace_of(resource)
    folder = resource.origin.file.rpartition("/")[0] if in_code(resource) else ""

    def build() -> _Policies:
        near = [
            policy
            for policy in _named(graph, resource, space)
            if is_same_namespace(resource, policy) and is_one_root(resource, policy)
        ]
        read = [(policy, _as_policy(policy, space)) for policy in near]
        hidden = {*hidden_types(graph, resource, POLICY), *_other_kinds(resource, graph)}
        hidden |= {gap for policy, known in read if known is None for gap in _gaps(policy)}
        return _Policies(
            known=tuple(known for _, known in read if known is not None),
            hidden=frozenset(hidden),
            are_declared=not in_code(resource)
            or any(namespace_of(policy) == space for policy in near),
        )

    key = ("kubernetes policies", resource.scope, resource.origin.stack, space, folder)
    result: _Policies = graph.memo(key, build)
    return result


def _named(graph: Graph, resource: Resource, space: str) -> list[Resource]:
    """Give candidates: the policies of a namespace, and in code those that state none."""

    def build() -> dict[tuple[str, str], list[Resource]]:
        index: dict[tuple[str, str], list[Resource]] = {}
        for policy in graph.of_type(POLICY):
            index.setdefault((policy.scope, namespace_of(policy)), []).append(policy)
        return index

    index = graph.memo(("kubernetes policies by namespace",), build)
    if not space:
        return all_of_type(graph, POLICY, resource)
    named = [*index.get((resource.scope, space), ()), *index.get((resource.scope, ""), ())]
    return [policy for policy in named if is_seen_from(resource, policy)]


def _as_policy(policy: Resource, space: str) -> Policy | None:
    """Give a policy as the evaluator takes it; None when not all of it was read."""
    selector, rows = known_value(policy, "selector"), known_value(policy, "rules")
    flags = [known_value(policy, name) for name in ("governs_ingress", "governs_egress")]
    if selector is None or rows is None or None in flags:
        return None
    return Policy(
        namespace=space,
        selector=tuple(selector),
        ingress=read_rules(rows, "ingress") if flags[0] else None,
        egress=read_rules(rows, "egress") if flags[1] else None,
    )


def _gaps(policy: Resource) -> Iterator[str]:
    """Give what hides parts of a policy."""
    for gaps in policy.unread.values():
        yield from gaps


def _other_kinds(resource: Resource, graph: Graph) -> set[str]:
    """Give the gap of policies of other kinds, which allow or deny before or beside these."""
    others = all_of_type(graph, OTHER_POLICY, resource)
    space = namespace_of(resource)
    near = [policy for policy in others if (known_value(policy, "namespace") or space) == space]
    hidden = hidden_types(graph, resource, OTHER_POLICY)
    return hidden | ({note_unstated(graph, resource, OTHER_POLICY, _OTHERS)} if near else set())


def _pod(workload: Resource, graph: Graph) -> Pod:
    """Give the pods of a workload with their named ports."""
    names: dict[str, set[Port]] = {}
    for container in containers_of(graph, workload):
        for port in known_value(container, "ports") or ():
            if port.get("name") and port.get("number"):
                names.setdefault(port["name"], set()).add(_port(port))
    return Pod(
        namespace=namespace_of(workload),
        labels=known_value(workload, "labels") or {},
        names={name: frozenset(ports) for name, ports in names.items()},
    )


def _served(workload: Resource, graph: Graph) -> set[Port]:
    """Give the ports that the containers of a workload declare; none when they declare none."""
    return {
        _port(port)
        for container in containers_of(graph, workload)
        for port in known_value(container, "ports") or ()
        if port.get("number")
    }


def _port(row: Mapping[str, object]) -> Port:
    return str(row.get("protocol") or "TCP"), int(str(row["number"]))


def _kinds_of_pods(policies: _Mine) -> Iterator[tuple[Pod, bool]]:
    """Give a pod for each set of labels that the selectors tell apart, and whether one names it."""
    values: dict[str, set[str]] = {}
    for policy in policies:
        for requirement in policy.selector:
            values.setdefault(requirement["key"], set()).update(requirement.get("values") or ())
    names = names_in(policies)
    space = policies[0].namespace if policies else ""
    choices = [[None, "\0", *sorted(named)] for named in values.values()]
    for chosen in itertools.product(*choices):
        labels = {key: value for key, value in zip(values, chosen, strict=True) if value}
        is_named = any(value != "\0" for value in labels.values())
        yield Pod(namespace=space, labels=labels, names=names), is_named


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
