"""Exposure of services, ingresses and routes, and whether callers are authenticated."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlsec.core.regex import regex
from mlsec.core.resource import Resource
from mlsec.graph.flags import flag, is_one_of
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, not_, unknown
from mlsec.providers.kubernetes.facts.lookups import all_of_type, known_value
from mlsec.providers.kubernetes.facts.routing import SERVICE, gateways, selected
from mlsec.providers.kubernetes.facts.selectors import (
    WORKLOAD,
    carries,
    containers_of,
    hidden_types,
    is_same_namespace,
    note_unstated,
)
from mlsec.providers.kubernetes.facts.ways import PortRow, Way, answering, ways_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

INGRESS, ROUTE, MESH = "kubernetes.ingress", "kubernetes.route", "kubernetes.mesh_policy"
# Sidecar containers that authenticate requests to the other containers of their pod.
_PROXIES = regex(r"oauth2-proxy|kube-rbac-proxy|pomerium|authservice|ose-oauth-proxy|odh-auth")
# Proxies that forward requests to servers registered at run time.
_RELAYS = regex(r"configurable-http-proxy")
# Filters, of kinds that may ask who is there.
_FILTERS = ("Middleware", "SnippetsFilter", "AuthenticationFilter")
_OF_ISTIO = ("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication")
# Istio applies policies of this namespace to the whole mesh.
_ROOT = "istio-system"


def authenticates(resource: Resource, graph: Graph) -> Answer:
    """Whether something between the caller and the pods authenticates the caller."""
    return graph.memo(
        ("kubernetes authenticates", resource.id), lambda: _authenticates(resource, graph)
    )


def is_open_to_internet(resource: Resource, graph: Graph) -> Answer:
    """Whether it answers unauthenticated requests from the internet."""
    reach = {SERVICE: _service_reach, INGRESS: _ingress_reach, ROUTE: _route_reach}
    return all_of((reach[resource.type](resource, graph), not_(authenticates(resource, graph))))


def _authenticates(resource: Resource, graph: Graph) -> Answer:
    own: list[Answer] = []
    if resource.type == INGRESS:
        match known_value(resource, "auth"):
            case "asked":
                return YES
            case "unsaid":
                pass
            case "elsewhere" if known_value(resource, "filters"):
                pass
            case _:
                why = "what its annotations name may ask who is there"
                own.append(unknown((note_unstated(graph, resource, "auth", why),)))
    if resource.type == ROUTE:
        names = {f"{known_value(resource, 'kind')}/{resource.name}"}
        names |= {
            f"Gateway/{item.rpartition('/')[2]}"
            for item in known_value(resource, "gateway_names") or ()
        }
        own += [
            flag(item, "requires_client_identity")
            for item in all_of_type(graph, MESH, resource)
            if names & set(known_value(item, "targets") or ())
        ]
        own.append(_gateway_authenticates(resource, graph))
    own.append(_filtered(resource, graph))
    inside = [_way_authenticates(way, graph) for way in ways_of(resource, graph).ways]
    hidden = hidden_types(graph, resource, MESH)
    return any_of([*own, all_of(inside) if inside else NO, unknown(hidden) if hidden else NO])


def _filtered(resource: Resource, graph: Graph) -> Answer:
    """Whether a filter that all requests go through asks who is there; one not declared may."""
    answers = []
    for full_name in known_value(resource, "filters") or ():
        kind, _, name = full_name.partition("/")
        near = [
            item
            for item in all_of_type(graph, MESH, resource)
            if known_value(item, "kind") == kind
            and name in (item.name, f"{known_value(item, 'namespace')}-{item.name}")
        ]
        answers += [flag(item, "requires_client_identity") for item in near]
        if not near and kind in _FILTERS:
            why = f"the {kind} {name}, which its requests go through, is not declared here"
            answers.append(unknown((note_unstated(graph, resource, "auth", why),)))
    return any_of(answers)


def _way_authenticates(way: Way, graph: Graph) -> Answer:
    """Whether what stands before a service, or every visible pod behind it, asks for a sign-in."""
    target = f"Service/{way.service.name}"
    before = [
        flag(item, "requires_client_identity")
        for item in all_of_type(graph, MESH, way.service)
        if target in (known_value(item, "targets") or ()) and is_same_namespace(way.service, item)
    ]
    workloads = selected(way.service, graph).resources
    inside = [_pod_authenticates(workload, way, graph) for workload in workloads]
    return any_of([*before, all_of(inside) if inside else NO])


def _pod_authenticates(workload: Resource, way: Way, graph: Graph) -> Answer:
    policies = _policies_on(known_value(workload, "labels") or {}, workload, graph)
    by_port = [
        any_of([_proxied(workload, port, graph), _server_authenticates(workload, port, way, graph)])
        for port in _telling(way.ports)
    ]
    return any_of([policies, all_of(by_port) if by_port else NO])


def _telling(ports: tuple[PortRow, ...]) -> tuple[PortRow, ...]:
    """Give the ports where callers matter: all but those of measurements, if there are others."""
    others = tuple(port for port in ports if "metrics" not in str(port.get("name")))
    return others or ports


def _proxied(workload: Resource, port: PortRow, graph: Graph) -> Answer:
    """Whether a proxy beside the server answers a port, and asks who is there."""
    containers = answering(workload, port, graph).containers
    proxies = [c for c in containers if _PROXIES.search(str(known_value(c, "image") or ""))]
    if proxies and len(proxies) < len(containers):
        why = "no container declares the port, so which of them answers there is not known"
        return unknown((note_unstated(graph, workload, "ports", why),))
    return YES if proxies else NO


def _policies_on(labels: Mapping[str, str], near: Resource, graph: Graph) -> Answer:
    """Whether the mesh refuses callers without an identity for pods with these labels.

    One policy that refuses is enough; of those that allow, every one must require an identity.
    """
    holding = [
        policy
        for policy in all_of_type(graph, MESH, near)
        if known_value(policy, "kind") in _OF_ISTIO
        and not known_value(policy, "targets")
        and (is_same_namespace(near, policy) or known_value(policy, "namespace") == _ROOT)
        and carries(labels, known_value(policy, "selector") or {})
    ]
    allowing = [policy for policy in holding if _allows(policy)]
    refusing = [
        flag(policy, "requires_client_identity") for policy in holding if not _allows(policy)
    ]
    each_asks = (
        all_of(flag(policy, "requires_client_identity") for policy in allowing) if allowing else NO
    )
    return any_of([*refusing, each_asks])


def _allows(policy: Resource) -> bool:
    return (known_value(policy, "kind"), known_value(policy, "action")) == (
        "AuthorizationPolicy",
        "ALLOW",
    )


def _gateway_authenticates(route: Resource, graph: Graph) -> Answer:
    """Whether the pods of a route's Istio gateways authenticate the caller."""
    answers: list[Answer] = []
    for gateway in gateways(route, graph).resources:
        selector = known_value(gateway, "selector")
        if not selector:
            return NO
        pods = [
            workload
            for workload in all_of_type(graph, WORKLOAD, route)
            if carries(known_value(workload, "labels") or {}, selector)
        ]
        answers += [_policies_on(known_value(pod, "labels") or {}, pod, graph) for pod in pods]
        answers += [] if pods else [_policies_on(selector, gateway, graph)]
    return all_of(answers) if answers else NO


def _server_authenticates(workload: Resource, port: PortRow, way: Way, graph: Graph) -> Answer:
    """Whether the servers behind a port of a service authenticate the caller."""
    containers = containers_of(graph, workload)
    if any(_RELAYS.search(str(known_value(container, "image") or "")) for container in containers):
        why = "it hands requests on to a server that may ask who is there"
        return unknown((note_unstated(graph, way.service, "access.authenticated", why),))
    number = str(answering(workload, port, graph).number or "")
    answers = [
        flag(item, "access.authenticated")
        for item in _servers(graph).get(workload.id, ())
        if (known_value(item, "port") or "") in {"", number}
    ]
    return all_of(answers) if answers else NO


def _servers(graph: Graph) -> dict[str, list[Resource]]:
    """Index servers by the workload that they run in."""

    def build() -> dict[str, list[Resource]]:
        index: dict[str, list[Resource]] = {}
        for resource in graph.of_type("server"):
            if workload := known_value(resource, "workload_id"):
                index.setdefault(workload, []).append(resource)
        return index

    return graph.memo(("kubernetes workload", "server"), build)


def _service_reach(resource: Resource, graph: Graph) -> Answer:
    kind = known_value(resource, "kind")
    if kind not in ("LoadBalancer", "NodePort") and not known_value(resource, "external_addresses"):
        return NO if kind is not None else unknown(resource.unread.get("kind", ()))
    if kind != "LoadBalancer":
        why = "whether its nodes have addresses on the internet is not said in the cluster"
        return unknown((note_unstated(graph, resource, "exposure", why),))
    given = _by_address(resource)
    if given is not None:
        return all_of((given, not_(flag(resource, "restricts_sources"))))
    # By default the clouds give a load balancer a public address.
    is_inside = is_one_of(resource, "scheme", "internal")
    return all_of((not_(is_inside), not_(flag(resource, "restricts_sources"))))


def _ingress_reach(resource: Resource, graph: Graph) -> Answer:
    narrowed = not_(flag(resource, "restricts_sources"))
    given = _by_address(resource)
    if given is None:
        match known_value(resource, "scheme"):
            case "internet":
                given = YES
            case "internal":
                given = NO
            case _:
                why = "on which network its controller listens is not declared here"
                given = unknown((note_unstated(graph, resource, "exposure", why),))
    return all_of((given, narrowed))


def _route_reach(resource: Resource, graph: Graph) -> Answer:
    if known_value(resource, "is_exposed") is False:
        return NO
    reached = gateways(resource, graph)
    answers = [_gateway_reach(target, graph) for target in reached.resources]
    return any_of([*answers, unknown(reached.gaps) if reached.gaps else NO])


def _gateway_reach(gateway: Resource, graph: Graph) -> Answer:
    given = _by_address(gateway)
    if given is not None:
        return given
    match known_value(gateway, "scheme"):
        case "internet":
            return YES
        case "internal":
            return NO
    why = "on which network it listens is not declared here"
    return unknown((note_unstated(graph, gateway, "exposure", why),))


def _by_address(resource: Resource) -> Answer | None:
    """Whether the addresses assigned by a cloud are public; None without addresses."""
    given = known_value(resource, "addresses") or ()
    answers = [YES if _is_on_internet(address) else NO for address in given]
    return any_of(answers) if answers else None


def _is_on_internet(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return not address.startswith("internal-") and "." in address
