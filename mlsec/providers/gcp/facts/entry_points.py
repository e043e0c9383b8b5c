"""Entry points: Cloud Run, functions and API gateways that lead to endpoints and agents by name.

A route to one endpoint is proven when the policy of that endpoint names the service account of what
stands behind the route, or when a gateway's backend address names the endpoint. An account that may
call every endpoint of the project opens a route to models in general: it shows on the gateway, and
is held against no single endpoint. Names in environment variables prove nothing and are not read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown
from mlsec.graph.flags import flag
from mlsec.graph.ternary import NO, YES, any_of, not_, unknown
from mlsec.providers.gcp.facts.grants import reasons_as_gaps, verdict
from mlsec.providers.gcp.facts.routes import (
    LEADING,
    Route,
    invoker_check_disabled,
    is_reached_by_all,
    path_answers,
    routes_of,
)

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph


def is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether anybody on the internet gets an answer from a service or function."""
    return verdict(is_reached_by_all(resource, graph), resource, graph)


def requires_auth(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a service or function asks who is there, wherever the request comes from."""
    return verdict(not_(invoker_check_disabled(resource, graph)), resource, graph)


def calls_models(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the service account may call an endpoint or an agent."""
    routes = routes_of(resource, graph)
    if routes.routes or not routes.gaps:
        return Known(bool(routes.routes))
    return Unknown(routes.gaps)


def is_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether it has an accelerator, or its service account may call models."""
    routes = routes_of(resource, graph)
    hidden = unknown(routes.gaps) if routes.gaps else NO
    serves = NO
    if "has_accelerator" in graph.vocabulary.types[resource.type].properties:
        serves = flag(resource, "has_accelerator")
    return verdict(any_of((serves, YES if routes.routes else hidden)), resource, graph)


def gateway_is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether some path of an API gateway answers anybody."""
    return verdict(any_of(path_answers(resource, graph)), resource, graph)


def gateway_requires_auth(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether every path of an API gateway asks who is there."""
    return verdict(not_(any_of(path_answers(resource, graph))), resource, graph)


def ai_routes(resource: Resource, graph: Graph) -> Known | Unknown:
    """List a gateway's routes as items; one route that is known to be open decides."""
    routes = routes_of(resource, graph)
    gaps = set(routes.gaps)
    for route in routes.routes:
        gaps |= reasons_as_gaps(route.is_open.because, resource, graph)
    is_decided = any(route.is_open == YES for route in routes.routes)
    if gaps and not is_decided:
        return Unknown(tuple(sorted(gaps)))
    hidden: list[dict[str, Any]] = [{}] if routes.gaps else []
    return Known([*(_as_item(route) for route in routes.routes), *hidden])


def entry_points(resource: Resource, graph: Graph) -> Targets:
    """Give the gateways that lead to this endpoint or agent by name."""
    return _entry_points_to(resource, graph, is_only_open=False)


def public_entry_points(resource: Resource, graph: Graph) -> Targets:
    """Give the gateways through which anybody reaches this endpoint or agent."""
    return _entry_points_to(resource, graph, is_only_open=True)


def has_public_entry_point(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether anybody reaches this endpoint or agent through some gateway."""
    routes = public_entry_points(resource, graph)
    if routes.resources or not routes.gaps:
        return Known(bool(routes.resources))
    return Unknown(routes.gaps)


def _entry_points_to(resource: Resource, graph: Graph, *, is_only_open: bool) -> Targets:
    resources: dict[str, Resource] = {}
    gaps = {gap for name in LEADING for gap in graph.incomplete(name, resource.scope, "")}
    near = (gateway for name in LEADING for gateway in graph.of_type_in(name, resource.scope))
    for gateway in near:
        routes = routes_of(gateway, graph)
        mine = [route for route in routes.routes if route.target == resource.id]
        if is_only_open:
            gaps |= reasons_as_gaps(any_of(d.is_open for d in mine).because, gateway, graph)
            mine = [route for route in mine if route.is_open == YES]
        if mine:
            resources[gateway.id] = gateway
        else:
            gaps.update(routes.gaps)
    return Targets(resources=tuple(resources.values()), gaps=tuple(sorted(gaps)))


def _as_item(route: Route) -> dict[str, Any]:
    item: dict[str, Any] = {
        "route": route.route,
        "auth": route.auth,
        "calls": route.calls,
        "target": route.target or None,
        "via": route.via or None,
        "is_direct": not route.via,
        "is_named": bool(route.target),
    }
    if route.is_open in (YES, NO):
        item["is_public"] = route.is_open == YES
    return item


GCP_DOORS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "gcp_exposure.is_public": is_public,
    "gcp_exposure.requires_auth": requires_auth,
    "gcp_exposure.calls_models": calls_models,
    "gcp_exposure.is_ml": is_ml,
    "gcp_exposure.gateway_is_public": gateway_is_public,
    "gcp_exposure.gateway_requires_auth": gateway_requires_auth,
    "gcp_exposure.ai_routes": ai_routes,
    "gcp_exposure.has_public_entry_point": has_public_entry_point,
}

GCP_DOOR_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "gcp_exposure.entry_points": entry_points,
    "gcp_exposure.public_entry_points": public_entry_points,
}
