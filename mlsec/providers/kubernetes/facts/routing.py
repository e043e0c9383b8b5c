"""Where services, ingresses and routes lead: to services, gateways and pods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Targets
from mlsec.providers.kubernetes.facts.lookups import by_name, by_name_anywhere, known_value
from mlsec.providers.kubernetes.facts.selectors import (
    WORKLOAD,
    hidden_types,
    in_code,
    is_same_namespace,
    namespace_of,
    nearest,
    note_unstated,
    sorted_targets,
    workloads_with,
)

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

SERVICE, GATEWAY = "kubernetes.service", "kubernetes.gateway"


def selected(resource: Resource, graph: Graph) -> Targets:
    """Give the workloads that a service selects."""
    selector = known_value(resource, "selector")
    hidden = hidden_types(graph, resource, WORKLOAD)
    if not selector:
        why = "it selects no pods; where it leads is set elsewhere"
        return Targets(gaps=(note_unstated(graph, resource, WORKLOAD, why),))
    workloads = workloads_with(graph, resource, selector)
    if not workloads and in_code(resource):
        hidden.add(
            note_unstated(graph, resource, WORKLOAD, "no pods with these labels are declared here")
        )
    return sorted_targets(workloads, hidden)


def backends(resource: Resource, graph: Graph) -> Targets:
    """Give the services that an ingress or route leads to."""
    names = known_value(resource, "backends")
    if names is None:
        return Targets(gaps=tuple(resource.unread.get("backends", ())))
    resources: list[Resource] = []
    gaps = hidden_types(graph, resource, SERVICE)
    for full_name in names:
        near = services_named(resource, full_name, graph)
        resources += near
        if not near:
            gaps.add(
                note_unstated(graph, resource, SERVICE, f"the service {full_name} was not found")
            )
    return sorted_targets(resources, gaps)


def services_named(resource: Resource, full_name: str, graph: Graph) -> list[Resource]:
    """Give the services that an entry point means by a name, with or without a namespace.

    One whose namespace code leaves out is meant where none is in the namespace that is named; one
    of another rendering, which is applied beside this one, where this one has none.
    """
    space, _, name = full_name.rpartition("/")
    for find in (by_name, by_name_anywhere):
        candidates = [
            service
            for service in find(graph, SERVICE, resource, name)
            if is_same_namespace(service, resource, space or None)
        ]
        if candidates:
            wanted = space or namespace_of(resource)
            stated = [item for item in candidates if namespace_of(item) == wanted]
            return nearest(resource, stated or candidates)
    return []


def gateways(resource: Resource, graph: Graph) -> Targets:
    """Give the gateways that a route is attached to."""
    resources: list[Resource] = []
    gaps = hidden_types(graph, resource, GATEWAY)
    for full_name in known_value(resource, "gateway_names") or ():
        space, _, name = full_name.rpartition("/")
        named = by_name(graph, GATEWAY, resource, name)
        candidates = [
            gate
            for gate in named or by_name_anywhere(graph, GATEWAY, resource, name)
            if (
                known_value(gate, "namespace") == space
                if space
                else is_same_namespace(resource, gate)
            )
        ]
        near = nearest(resource, candidates)
        resources += near
        if not near:
            gaps.add(
                note_unstated(graph, resource, GATEWAY, f"the gateway {full_name} was not found")
            )
    return sorted_targets(resources, gaps)


def behind(resource: Resource, graph: Graph) -> Targets:
    """Give the workloads behind a service, ingress or route."""
    return graph.memo(("kubernetes behind", resource.id), lambda: _behind(resource, graph))


def _behind(resource: Resource, graph: Graph) -> Targets:
    if resource.type == SERVICE:
        return selected(resource, graph)
    reached = backends(resource, graph)
    resources: list[Resource] = []
    gaps = set(reached.gaps)
    for service in reached.resources:
        inside = selected(service, graph)
        resources += inside.resources
        gaps |= set(inside.gaps)
    return sorted_targets(resources, gaps)
