"""Entry points from outside of a cluster to its pods, and what they expose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.enums import Truth
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown
from mlsec.graph.flags import flag
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.providers.kubernetes.facts.exposure import (
    INGRESS,
    ROUTE,
    authenticates,
    is_open_to_internet,
)
from mlsec.providers.kubernetes.facts.lookups import all_of_type, known_value, selecting, with_label
from mlsec.providers.kubernetes.facts.ml_signs import shows_ml
from mlsec.providers.kubernetes.facts.routing import SERVICE, backends, behind, gateways, selected
from mlsec.providers.kubernetes.facts.selectors import (
    WORKLOAD,
    as_fact,
    carries,
    hidden_types,
    in_code,
    is_same_namespace,
    note_unstated,
    sorted_targets,
    workloads_with,
)
from mlsec.providers.kubernetes.facts.ways import Answering, answering, ways_of
from mlsec.providers.kubernetes.facts.well_known_ports import opened
from mlsec.providers.kubernetes.workloads.products import is_store_or_monitor

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

ENDPOINT = "kubernetes.endpoint"


def leads_to_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an entry point leads to pods of machine learning.

    Where code does not say what is behind it, that is asked only if something shows models.
    """
    reached = behind(resource, graph)
    answers = [flag(target, "is_ml") for target in reached.resources]
    answers += [YES] if _endpoints_at(resource, graph) else []
    gaps = set(reached.gaps)
    if gaps and not shows_ml(resource, graph):
        gaps = hidden_types(graph, resource, SERVICE)
    return as_fact(any_of([*answers, unknown(gaps) if gaps else NO]))


def concerns_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an entry point leads to pods of machine learning, or anything shows that it may."""
    leads = leads_to_ml(resource, graph)
    return Known(value=True) if shows_ml(resource, graph) else leads


def gateway_leads_to_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether some route of a gateway leads to pods of machine learning."""
    routes = [
        candidate
        for candidate in all_of_type(graph, ROUTE, resource)
        if any(gate.id == resource.id for gate in gateways(candidate, graph).resources)
    ]
    hidden = hidden_types(graph, resource, ROUTE)
    answers = [_as_answer(leads_to_ml(route, graph)) for route in routes]
    return as_fact(any_of([*answers, unknown(hidden) if hidden else NO]))


def opens(resource: Resource, graph: Graph) -> Known | Unknown:
    """List what stands behind the ports of an entry point: which server, and what it exposes.

    Of a server that is not known by name, and of what could not be followed, nothing else is said.
    """
    reached, leading = behind(resource, graph), ways_of(resource, graph)
    ports: dict[tuple[str, int], dict[str, Any]] = {}
    unfollowed = {*reached.gaps, *leading.gaps}
    gaps: set[str] = set()
    for way in leading.ways:
        for workload in selected(way.service, graph).resources:
            for port in way.ports:
                reply = answering(workload, port, graph)
                if not reply.containers:
                    why = f"no container of it has a port {port.get('target') or ''}".rstrip()
                    unfollowed.add(note_unstated(graph, workload, "ports", why))
                for container in reply.containers:
                    exposed, doubts = _exposed(container, reply, graph)
                    ports[exposed.get("product", ""), reply.number] = exposed
                    gaps |= doubts
    gaps |= unfollowed
    if gaps and not ports:
        return Unknown(tuple(sorted(gaps)))
    rest: list[dict[str, Any]] = [{}] if unfollowed else []
    return Known([*(ports[key] for key in sorted(ports)), *rest], more=tuple(sorted(gaps)))


def _exposed(
    container: Resource, reply: Answering, graph: Graph
) -> tuple[dict[str, Any], set[str]]:
    """Give what a container exposes on a port, and a gap where that is not known."""
    product = known_value(container, "product")
    if not product:
        image = known_value(container, "image")
        if image and is_store_or_monitor(image):
            return {"port": reply.number, "what": "other"}, set()
        why = f"what the image {image} runs is not known" if image else "its image is not known"
        return {"port": reply.number}, {note_unstated(graph, container, "product", why)}
    what = opened(product, reply.number, reply.name)
    what = what or known_value(container, "served_app")
    row = {"product": product, "port": reply.number}
    if what:
        return {**row, "what": what}, set()
    why = f"what {product} runs on port {reply.number} is not known"
    return row, {note_unstated(graph, container, "product", why)}


def requires_auth(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether something between the caller and the model authenticates the caller."""
    return as_fact(authenticates(resource, graph))


def is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether it answers unauthenticated requests from the internet."""
    return as_fact(is_open_to_internet(resource, graph))


def entry_points(resource: Resource, graph: Graph) -> Targets:
    """Give the services that select a workload's or endpoint's pods, and what leads to those."""
    return graph.memo(
        ("kubernetes entry points", resource.id), lambda: _find_entry_points(resource, graph)
    )


def _find_entry_points(resource: Resource, graph: Graph) -> Targets:
    labels = known_value(resource, "labels") or {}
    services = [
        candidate
        for candidate in selecting(graph, SERVICE, resource, labels)
        if is_same_namespace(resource, candidate)
        and (selector := known_value(candidate, "selector"))
        and carries(labels, selector)
        and _is_nearest(candidate, resource, graph)
    ]
    named = {candidate.id for candidate in services}
    entries = list(services)
    for type_name in (INGRESS, ROUTE):
        entries += [
            candidate
            for candidate in all_of_type(graph, type_name, resource)
            if any(service.id in named for service in backends(candidate, graph).resources)
        ]
    gaps = hidden_types(graph, resource, SERVICE, INGRESS, ROUTE)
    if resource.type == ENDPOINT and known_value(resource, "is_custom") and in_code(resource):
        if not known_value(resource, "is_cluster_local"):
            why = "who serves it decides how it is reached, and that is set where it is installed"
            gaps.add(note_unstated(graph, resource, "entry_points", why))
    elif not in_code(resource) and _is_routed_by_knative(labels):
        why = "Knative gives it an address, and how that is reached is set where Knative is"
        gaps.add(note_unstated(graph, resource, "entry_points", why))
    elif not entries and in_code(resource):
        gaps.add(
            note_unstated(graph, resource, "entry_points", "nothing in this folder leads to it")
        )
    return sorted_targets(entries, gaps)


def _is_routed_by_knative(labels: Mapping[str, str]) -> bool:
    """Whether Knative makes a route to pods with these labels that leaves the cluster."""
    is_inside = labels.get("networking.knative.dev/visibility") == "cluster-local"
    return any(key.startswith("serving.knative.dev/") for key in labels) and not is_inside


def _is_nearest(service: Resource, resource: Resource, graph: Graph) -> bool:
    """Whether a service selects this resource, in code the nearest with its labels."""
    if resource.type == ENDPOINT and known_value(resource, "is_custom"):
        return True
    own = resource.id.removesuffix("!endpoint")
    return any(target.id == own for target in selected(service, graph).resources)


def public_entry_points(resource: Resource, graph: Graph) -> Targets:
    """Give the entry points that expose an endpoint to the internet without authentication."""
    reached = entry_points(resource, graph)
    resources: list[Resource] = []
    gaps = set(reached.gaps)
    for target in reached.resources:
        answer = is_open_to_internet(target, graph)
        if answer.truth is Truth.TRUE:
            resources.append(target)
        elif answer.truth is Truth.UNKNOWN:
            gaps |= {gap for gap in answer.because if not gap.startswith("?")}
    return sorted_targets(resources, gaps)


def endpoint_is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an entry point exposes an endpoint to the internet without authentication."""
    if known_value(resource, "has_auth_annotation") is True:
        return Known(value=False)
    reached = public_entry_points(resource, graph)
    answers = [YES] if reached.resources else []
    return as_fact(any_of([*answers, unknown(reached.gaps) if reached.gaps else NO]))


def endpoint_workloads(resource: Resource, graph: Graph) -> Targets:
    """Give the workloads that an endpoint consists of."""
    base = resource.id.removesuffix("!endpoint")
    own = [
        workload
        for workload in all_of_type(graph, WORKLOAD, resource)
        if workload.id == base or workload.id.startswith(f"{base}#")
    ]
    hidden = hidden_types(graph, resource, WORKLOAD)
    labels = known_value(resource, "labels") or {}
    if not own and known_value(resource, "is_custom"):
        own = workloads_with(graph, resource, labels) if not in_code(resource) else []
        if in_code(resource):
            hidden.add(note_unstated(graph, resource, WORKLOAD, "its runtime makes the pods"))
    return sorted_targets(own, hidden)


def _endpoints_at(resource: Resource, graph: Graph) -> bool:
    """Whether a service selects pods of an endpoint of a custom kind."""
    selector = known_value(resource, "selector") if resource.type == SERVICE else None
    return bool(selector) and any(
        known_value(endpoint, "is_custom")
        and is_same_namespace(resource, endpoint)
        and carries(known_value(endpoint, "labels") or {}, selector or {})
        for endpoint in with_label(graph, ENDPOINT, resource, selector or {})
    )


def _as_answer(value: Known | Unknown) -> Answer:
    match value:
        case Known(value=values):
            return YES if values else NO
        case Unknown(gaps=gaps):
            return unknown(gaps)


KUBE_ENTRY_POINTS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "kubernetes.leads_to_ml": leads_to_ml,
    "kubernetes.concerns_ml": concerns_ml,
    "kubernetes.gateway_leads_to_ml": gateway_leads_to_ml,
    "kubernetes.opens": opens,
    "kubernetes.requires_auth": requires_auth,
    "kubernetes.is_public": is_public,
    "kubernetes.endpoint_is_public": endpoint_is_public,
}
KUBE_ENTRY_POINT_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "kubernetes.selected": selected,
    "kubernetes.backends": backends,
    "kubernetes.gateways": gateways,
    "kubernetes.entry_points": entry_points,
    "kubernetes.public_entry_points": public_entry_points,
    "kubernetes.endpoint_workloads": endpoint_workloads,
}
