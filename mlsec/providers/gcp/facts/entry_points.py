"""Front doors: Cloud Run, functions and API gateways that lead to endpoints and agents by name.

A door to one endpoint is proven when the policy of that endpoint names the service account of what
stands behind the door, or when a gateway's backend address names the endpoint. An account that may
call every endpoint of the project opens a door to models in general: it shows on the gateway, and
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
    doors_of,
    invoker_check_disabled,
    is_reached_by_all,
    path_answers,
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
    doors = doors_of(resource, graph)
    if doors.found or not doors.gaps:
        return Known(bool(doors.found))
    return Unknown(doors.gaps)


def is_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether it has an accelerator, or its service account may call models."""
    doors = doors_of(resource, graph)
    hidden = unknown(doors.gaps) if doors.gaps else NO
    serves = NO
    if "has_accelerator" in graph.vocabulary.types[resource.type].properties:
        serves = flag(resource, "has_accelerator")
    return verdict(any_of((serves, YES if doors.found else hidden)), resource, graph)


def gateway_is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether some path of an API gateway answers anybody."""
    return verdict(any_of(path_answers(resource, graph)), resource, graph)


def gateway_requires_auth(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether every path of an API gateway asks who is there."""
    return verdict(not_(any_of(path_answers(resource, graph))), resource, graph)


def ai_routes(resource: Resource, graph: Graph) -> Known | Unknown:
    """List a gateway's doors as items; one door that is known to be open decides."""
    doors = doors_of(resource, graph)
    gaps = set(doors.gaps)
    for door in doors.found:
        gaps |= reasons_as_gaps(door.is_open.because, resource, graph)
    is_decided = any(door.is_open == YES for door in doors.found)
    if gaps and not is_decided:
        return Unknown(tuple(sorted(gaps)))
    hidden: list[dict[str, Any]] = [{}] if doors.gaps else []
    return Known([*(_as_item(door) for door in doors.found), *hidden])


def entry_points(resource: Resource, graph: Graph) -> Targets:
    """Give the gateways that lead to this endpoint or agent by name."""
    return _doors_to(resource, graph, is_only_open=False)


def public_entry_points(resource: Resource, graph: Graph) -> Targets:
    """Give the gateways through which anybody reaches this endpoint or agent."""
    return _doors_to(resource, graph, is_only_open=True)


def has_public_entry_point(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether anybody reaches this endpoint or agent through some gateway."""
    doors = public_entry_points(resource, graph)
    if doors.resources or not doors.gaps:
        return Known(bool(doors.resources))
    return Unknown(doors.gaps)


def _doors_to(resource: Resource, graph: Graph, *, is_only_open: bool) -> Targets:
    resources: dict[str, Resource] = {}
    gaps = {gap for name in LEADING for gap in graph.incomplete(name, resource.scope, "")}
    for gateway in (each for name in LEADING for each in graph.of_type(name)):
        if gateway.scope != resource.scope:
            continue
        doors = doors_of(gateway, graph)
        mine = [door for door in doors.found if door.target == resource.id]
        if is_only_open:
            gaps |= reasons_as_gaps(any_of(d.is_open for d in mine).because, gateway, graph)
            mine = [door for door in mine if door.is_open == YES]
        if mine:
            resources[gateway.id] = gateway
        else:
            gaps.update(doors.gaps)
    return Targets(resources=tuple(resources.values()), gaps=tuple(sorted(gaps)))


def _as_item(door: Route) -> dict[str, Any]:
    item: dict[str, Any] = {
        "route": door.route,
        "auth": door.auth,
        "calls": door.calls,
        "target": door.target or None,
        "via": door.via or None,
        "is_direct": not door.via,
        "is_named": bool(door.target),
    }
    if door.is_open in (YES, NO):
        item["is_public"] = door.is_open == YES
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
