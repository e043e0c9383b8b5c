"""Who reaches a service, ingress or route, and whether anybody is asked who is there."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.regex import regex
from mlsec.core.resource import Resource
from mlsec.graph.flags import flag, is_one_of
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, not_, unknown
from mlsec.providers.kubernetes.facts.routing import SERVICE, backends, gateways, selected
from mlsec.providers.kubernetes.facts.selectors import (
    WORKLOAD,
    all_of_type,
    carries,
    containers_of,
    held,
    hidden_types,
    is_same_namespace,
    unsaid,
)

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

INGRESS, ROUTE, MESH = "kubernetes.ingress", "kubernetes.route", "kubernetes.mesh_policy"
# Containers that stand in front of the others of their pod and ask who is there.
_PROXIES = regex(r"oauth2-proxy|kube-rbac-proxy|pomerium|authservice|ose-oauth-proxy|odh-auth")
# What hands requests on to servers that it learns of while it runs.
_RELAYS = regex(r"configurable-http-proxy")
# Istio holds policies of this namespace for the whole mesh.
_ROOT = "istio-system"


def asks(resource: Resource, graph: Graph) -> Answer:
    """Whether something between the caller and the pods asks who is there."""
    return graph.memo(("kubernetes asks", resource.id), lambda: _ask(resource, graph))


def lets_anybody_in(resource: Resource, graph: Graph) -> Answer:
    """Whether anybody on the internet gets an answer without signing in."""
    reach = {SERVICE: _service_reach, INGRESS: _ingress_reach, ROUTE: _route_reach}
    return all_of((reach[resource.type](resource, graph), not_(asks(resource, graph))))


def _ask(resource: Resource, graph: Graph) -> Answer:
    own: list[Answer] = []
    if resource.type == INGRESS:
        match held(resource, "auth"):
            case "asked":
                return YES
            case "unsaid":
                pass
            case _:
                why = "what its annotations name may ask who is there"
                own.append(unknown((unsaid(graph, resource, "auth", why),)))
    if resource.type == ROUTE:
        names = {f"{held(resource, 'kind')}/{resource.name}"}
        names |= {
            f"Gateway/{each.rpartition('/')[2]}" for each in held(resource, "gateway_names") or ()
        }
        own += [
            flag(each, "requires_client_identity")
            for each in all_of_type(graph, MESH, resource.scope)
            if names & set(held(each, "targets") or ())
        ]
        own.append(_gateway_asks(resource, graph))
    services = [resource] if resource.type == SERVICE else list(backends(resource, graph).resources)
    inside = [_service_asks(service, graph) for service in services]
    hidden = hidden_types(graph, resource, MESH)
    return any_of([*own, all_of(inside) if inside else NO, unknown(hidden) if hidden else NO])


def _service_asks(service: Resource, graph: Graph) -> Answer:
    """Every pod behind a service must ask; nobody knows of pods that are not to be seen."""
    workloads = selected(service, graph).resources
    return (
        all_of(_pod_asks(workload, service, graph) for workload in workloads) if workloads else NO
    )


def _pod_asks(workload: Resource, service: Resource, graph: Graph) -> Answer:
    policies = [_policies_on(held(workload, "labels") or {}, workload, graph)]
    proxies = [
        container
        for container in containers_of(graph, workload)
        if _PROXIES.search(str(held(container, "image") or ""))
    ]
    taken = {
        str(value)
        for container in containers_of(graph, workload)
        if container not in proxies
        for p in held(container, "ports") or ()
        for value in (p.get("name"), p.get("number"))
    }
    fronts = [YES for proxy in proxies if set(_shared_ports(service, proxy)) - taken]
    return any_of([*policies, *fronts, _server_asks(workload, service, graph)])


def _policies_on(labels: Mapping[str, str], near: Resource, graph: Graph) -> Answer:
    """Whether the mesh refuses whoever shows no identity to pods with these labels.

    One policy that refuses is enough; of those that allow, each lets in by itself.
    """
    holding = [
        each
        for each in all_of_type(graph, MESH, near.scope)
        if not held(each, "targets")
        and (is_same_namespace(near, each) or held(each, "namespace") == _ROOT)
        and carries(labels, held(each, "selector") or {})
    ]
    allowing = [each for each in holding if _allows(each)]
    refusing = [flag(each, "requires_client_identity") for each in holding if not _allows(each)]
    each_asks = (
        all_of(flag(each, "requires_client_identity") for each in allowing) if allowing else NO
    )
    return any_of([*refusing, each_asks])


def _allows(policy: Resource) -> bool:
    return (held(policy, "kind"), held(policy, "action")) == ("AuthorizationPolicy", "ALLOW")


def _gateway_asks(route: Resource, graph: Graph) -> Answer:
    """Whether the pods of Istio's gateways ask that a route comes in by."""
    answers: list[Answer] = []
    for gateway in gateways(route, graph).resources:
        selector = held(gateway, "selector")
        if not selector:
            return NO
        pods = [
            each
            for each in all_of_type(graph, WORKLOAD, route.scope)
            if carries(held(each, "labels") or {}, selector)
        ]
        answers += [_policies_on(held(pod, "labels") or {}, pod, graph) for pod in pods]
        answers += [] if pods else [_policies_on(selector, gateway, graph)]
    return all_of(answers) if answers else NO


def _server_asks(workload: Resource, service: Resource, graph: Graph) -> Answer:
    """Whether the servers themselves ask that answer the ports of a service."""
    containers = containers_of(graph, workload)
    if any(_RELAYS.search(str(held(container, "image") or "")) for container in containers):
        why = "it hands requests on to a server that may ask who is there"
        return unknown((unsaid(graph, service, "access.authenticated", why),))
    names = {p.get("name"): p.get("number") for c in containers for p in held(c, "ports") or ()}
    wanted = {p.get("target") or str(p.get("number")) for p in held(service, "ports") or ()}
    numbers = {each if each.isdecimal() else str(names.get(each)) for each in wanted}
    found = [
        flag(each, "access.authenticated")
        for each in _servers(graph).get(workload.id, ())
        if (held(each, "port") or "") in {"", *numbers}
    ]
    return all_of(found) if found else NO


def _servers(graph: Graph) -> dict[str, list[Resource]]:
    """The servers by the workload that they run in."""

    def build() -> dict[str, list[Resource]]:
        index: dict[str, list[Resource]] = {}
        for resource in graph.of_type("server"):
            if workload := held(resource, "workload_id"):
                index.setdefault(workload, []).append(resource)
        return index

    return graph.memo(("kubernetes workload", "server"), build)


def _shared_ports(service: Resource, container: Resource) -> Iterable[str]:
    own = {
        str(value)
        for p in held(container, "ports") or ()
        for value in (p.get("name"), p.get("number"))
    }
    for port in held(service, "ports") or ():
        target = port.get("target") or str(port.get("number"))
        if target in own or not own:
            yield target


def _service_reach(resource: Resource, graph: Graph) -> Answer:
    kind = held(resource, "kind")
    if kind not in ("LoadBalancer", "NodePort") and not held(resource, "external_addresses"):
        return NO if kind is not None else unknown(resource.unread.get("kind", ()))
    if kind != "LoadBalancer":
        why = "whether its nodes have addresses on the internet is not said in the cluster"
        return unknown((unsaid(graph, resource, "exposure", why),))
    given = _by_address(resource)
    if given is not None:
        return all_of((given, not_(flag(resource, "restricts_sources"))))
    # Without a word the clouds give a load balancer an address on the internet.
    is_inside = is_one_of(resource, "scheme", "internal")
    return all_of((not_(is_inside), not_(flag(resource, "restricts_sources"))))


def _ingress_reach(resource: Resource, graph: Graph) -> Answer:
    narrowed = not_(flag(resource, "restricts_sources"))
    given = _by_address(resource)
    if given is None:
        match held(resource, "scheme"):
            case "internet":
                given = YES
            case "internal":
                given = NO
            case _:
                why = "on which network its controller listens is not declared here"
                given = unknown((unsaid(graph, resource, "exposure", why),))
    return all_of((given, narrowed))


def _route_reach(resource: Resource, graph: Graph) -> Answer:
    if held(resource, "is_exposed") is False:
        return NO
    reached = gateways(resource, graph)
    answers = [_gateway_reach(target, graph) for target in reached.resources]
    return any_of([*answers, unknown(reached.gaps) if reached.gaps else NO])


def _gateway_reach(gateway: Resource, graph: Graph) -> Answer:
    given = _by_address(gateway)
    if given is not None:
        return given
    match held(gateway, "scheme"):
        case "internet":
            return YES
        case "internal":
            return NO
    why = "on which network it listens is not declared here"
    return unknown((unsaid(graph, gateway, "exposure", why),))


def _by_address(resource: Resource) -> Answer | None:
    """What the addresses say that a cloud has given; None while there are none."""
    given = held(resource, "addresses") or ()
    answers = [YES if _is_on_internet(each) else NO for each in given]
    return any_of(answers) if answers else None


def _is_on_internet(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return not address.startswith("internal-") and "." in address
