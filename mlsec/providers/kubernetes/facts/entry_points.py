"""What leads to pods from outside of a cluster, and what stands open there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.enums import Truth
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown
from mlsec.graph.flags import flag
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.providers.kubernetes.facts.exposure import INGRESS, ROUTE, asks, lets_anybody_in
from mlsec.providers.kubernetes.facts.routing import SERVICE, backends, behind, gateways, selected
from mlsec.providers.kubernetes.facts.selectors import (
    WORKLOAD,
    all_of_type,
    carries,
    containers_of,
    found_or,
    held,
    hidden_types,
    in_code,
    is_same_namespace,
    selecting,
    settled,
    unsaid,
    with_label,
    workloads_with,
)
from mlsec.providers.kubernetes.facts.well_known_ports import opened

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

ENDPOINT = "kubernetes.endpoint"


def leads_to_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether pods of machine learning stand behind a door."""
    reached = behind(resource, graph)
    answers = [flag(target, "is_ml") for target in reached.resources]
    answers += [YES] if _endpoints_at(resource, graph) else []
    return settled(any_of([*answers, unknown(reached.gaps) if reached.gaps else NO]))


def gateway_leads_to_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether some route of a gateway leads to pods of machine learning."""
    routes = [
        each
        for each in all_of_type(graph, ROUTE, resource.scope)
        if any(gate.id == resource.id for gate in gateways(each, graph).resources)
    ]
    hidden = hidden_types(graph, resource, ROUTE)
    answers = [_as_answer(leads_to_ml(route, graph)) for route in routes]
    return settled(any_of([*answers, unknown(hidden) if hidden else NO]))


def opens(resource: Resource, graph: Graph) -> Known | Unknown:
    """List what of well-known servers stands behind the ports of a door."""
    reached = behind(resource, graph)
    services = [resource] if resource.type == SERVICE else list(backends(resource, graph).resources)
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for service in services:
        for workload in selected(service, graph).resources:
            for container in containers_of(graph, workload):
                for item in _opened_by(service, container):
                    found[item["product"], item["port"]] = item
    if reached.gaps and not found:
        return Unknown(reached.gaps)
    return Known([found[key] for key in sorted(found)])


def _opened_by(service: Resource, container: Resource) -> Iterable[dict[str, Any]]:
    product = held(container, "product")
    if not product or held(container, "is_init"):
        return
    declared = {p.get("name"): p.get("number") for p in held(container, "ports") or ()}
    numbers = set(declared.values())
    for port in held(service, "ports") or ():
        target = port.get("target") or str(port.get("number"))
        number = int(target) if target.isdecimal() else declared.get(target)
        # A port that another container of the pod answers is none of this one's.
        if number is None or (numbers and number not in numbers):
            continue
        yield {"product": product, "port": number, "what": opened(product, number)}


def requires_auth(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether something between the caller and the model asks who is there."""
    return settled(asks(resource, graph))


def is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether anybody on the internet gets an answer without signing in."""
    return settled(lets_anybody_in(resource, graph))


def doors(resource: Resource, graph: Graph) -> Targets:
    """Give the services that select a workload's or endpoint's pods, and what leads to those."""
    return graph.memo(("kubernetes doors", resource.id), lambda: _doors(resource, graph))


def _doors(resource: Resource, graph: Graph) -> Targets:
    labels = held(resource, "labels") or {}
    services = [
        each
        for each in selecting(graph, SERVICE, resource.scope, labels)
        if is_same_namespace(resource, each)
        and (selector := held(each, "selector"))
        and carries(labels, selector)
        and _is_nearest(each, resource, graph)
    ]
    named = {each.id for each in services}
    found = list(services)
    for type_name in (INGRESS, ROUTE):
        found += [
            each
            for each in all_of_type(graph, type_name, resource.scope)
            if any(service.id in named for service in backends(each, graph).resources)
        ]
    gaps = hidden_types(graph, resource, SERVICE, INGRESS, ROUTE)
    if resource.type == ENDPOINT and held(resource, "is_custom") and in_code(resource):
        if not held(resource, "is_cluster_local"):
            why = "who serves it decides how it is reached, and that is set where it is installed"
            gaps.add(unsaid(graph, resource, "entry_points", why))
    elif not in_code(resource) and _is_routed_by_knative(labels):
        why = "Knative gives it an address, and how that is reached is set where Knative is"
        gaps.add(unsaid(graph, resource, "entry_points", why))
    elif not found and in_code(resource):
        gaps.add(unsaid(graph, resource, "entry_points", "nothing in this folder leads to it"))
    return found_or(graph, resource, found, gaps)


def _is_routed_by_knative(labels: Mapping[str, str]) -> bool:
    """Whether Knative makes a route to pods with these labels, and not only inside the cluster."""
    is_inside = labels.get("networking.knative.dev/visibility") == "cluster-local"
    return any(key.startswith("serving.knative.dev/") for key in labels) and not is_inside


def _is_nearest(service: Resource, resource: Resource, graph: Graph) -> bool:
    """Whether the service means this one, where a folder holds several with its labels."""
    if resource.type == ENDPOINT and held(resource, "is_custom"):
        return True
    own = resource.id.removesuffix("!endpoint")
    return any(target.id == own for target in selected(service, graph).resources)


def open_doors(resource: Resource, graph: Graph) -> Targets:
    """Give the doors through which anybody on the internet gets to an endpoint."""
    reached = doors(resource, graph)
    resources: list[Resource] = []
    gaps = set(reached.gaps)
    for target in reached.resources:
        answer = lets_anybody_in(target, graph)
        if answer.truth is Truth.TRUE:
            resources.append(target)
        elif answer.truth is Truth.UNKNOWN:
            gaps |= {gap for gap in answer.because if not gap.startswith("?")}
    return found_or(graph, resource, resources, gaps)


def endpoint_is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether some door lets anybody on the internet get to an endpoint."""
    if held(resource, "has_auth_annotation") is True:
        return Known(value=False)
    reached = open_doors(resource, graph)
    answers = [YES] if reached.resources else []
    return settled(any_of([*answers, unknown(reached.gaps) if reached.gaps else NO]))


def endpoint_workloads(resource: Resource, graph: Graph) -> Targets:
    """Give the workloads that an endpoint consists of."""
    base = resource.id.removesuffix("!endpoint")
    own = [
        each
        for each in all_of_type(graph, WORKLOAD, resource.scope)
        if each.id == base or each.id.startswith(f"{base}#")
    ]
    hidden = hidden_types(graph, resource, WORKLOAD)
    labels = held(resource, "labels") or {}
    if not own and held(resource, "is_custom"):
        own = workloads_with(graph, resource, labels) if not in_code(resource) else []
        if in_code(resource):
            hidden.add(unsaid(graph, resource, WORKLOAD, "its runtime makes the pods"))
    return found_or(graph, resource, own, hidden)


def _endpoints_at(resource: Resource, graph: Graph) -> bool:
    """Whether a service selects pods that some endpoint of a kind of its own will have."""
    selector = held(resource, "selector") if resource.type == SERVICE else None
    return bool(selector) and any(
        held(each, "is_custom")
        and is_same_namespace(resource, each)
        and carries(held(each, "labels") or {}, selector or {})
        for each in with_label(graph, ENDPOINT, resource.scope, selector or {})
    )


def _as_answer(value: Known | Unknown) -> Answer:
    match value:
        case Known(value=found):
            return YES if found else NO
        case Unknown(gaps=gaps):
            return unknown(gaps)


KUBE_DOORS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "kubernetes.leads_to_ml": leads_to_ml,
    "kubernetes.gateway_leads_to_ml": gateway_leads_to_ml,
    "kubernetes.opens": opens,
    "kubernetes.requires_auth": requires_auth,
    "kubernetes.is_public": is_public,
    "kubernetes.endpoint_is_public": endpoint_is_public,
}
KUBE_DOOR_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "kubernetes.selected": selected,
    "kubernetes.backends": backends,
    "kubernetes.gateways": gateways,
    "kubernetes.entry_points": doors,
    "kubernetes.public_entry_points": open_doors,
    "kubernetes.endpoint_workloads": endpoint_workloads,
}
