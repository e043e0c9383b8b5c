"""Front doors: which gateways lead to an endpoint or agent, and whether anybody may use them.

A door is proven when the gateway itself calls the model by name, or when the role of the function
behind it names the model. A role that may call any endpoint opens a door to models in general:
it shows on the gateway (``ai_routes``, without a target) but is held against no single endpoint.
Names in environment variables prove nothing and are not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown, property_value
from mlsec.graph.flags import as_answer
from mlsec.graph.ternary import NO, YES, all_of, any_of, not_, unknown
from mlsec.graph.verdicts import as_gaps, verdict
from mlsec.providers.aws.facts.entry_points import (
    NO_AUTH,
    Route,
    doors_of,
    has_open_address,
    ways_of,
)
from mlsec.providers.aws.facts.model_calls import calls_models, is_ml_code
from mlsec.providers.aws.facts.networks import (
    holds_ml,
    is_flow_logged,
    subnet_is_public,
    task_holds_ml,
    vpc_holds_ml,
)
from mlsec.providers.aws.facts.policy_statements import matches

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph


def ai_routes(resource: Resource, graph: Graph) -> Known | Unknown:
    """List a gateway's doors as items.

    With something hidden the list is unread, unless one door is known to be open: that decides, and
    an item without fields stands for what may be missing.
    """
    doors = doors_of(resource, graph)
    gaps = set(doors.gaps)
    for door in doors.found:
        gaps |= as_gaps(door.is_open.because, resource, graph)
    is_decided = any(door.is_open == YES for door in doors.found)
    if gaps and not is_decided:
        return Unknown(tuple(sorted(gaps)))
    hidden: list[dict[str, Any]] = [{}] if doors.gaps else []
    return Known([*(_as_item(door) for door in doors.found), *hidden])


def is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether anybody on the internet reaches the gateway."""
    return verdict(has_open_address(resource, graph), resource, graph)


def requires_auth(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether every door to a model asks who is there; without such a door, every route."""
    doors = doors_of(resource, graph)
    asks = [NO if door.auth == NO_AUTH else YES for door in doors.found]
    if not asks and not doors.gaps:
        return _every_route_asks(resource, graph)
    hidden = [unknown(doors.gaps)] if doors.gaps else []
    return verdict(all_of([*asks, *hidden]), resource, graph)


def entry_points(resource: Resource, graph: Graph) -> Targets:
    """Give the gateways that lead to this endpoint or agent by name."""
    return _doors_to(resource, graph, is_only_open=False)


def public_entry_points(resource: Resource, graph: Graph) -> Targets:
    """Give the gateways through which anybody on the internet reaches this endpoint or agent."""
    return _doors_to(resource, graph, is_only_open=True)


def has_public_entry_point(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether anybody on the internet reaches this endpoint or agent through some gateway."""
    doors = public_entry_points(resource, graph)
    if doors.resources or not doors.gaps:
        return Known(bool(doors.resources))
    return Unknown(doors.gaps)


def task_is_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a task serves models or vectors, or may call models."""
    parts = (task_holds_ml(resource, graph), calls_models(resource, graph))
    return verdict(any_of(as_answer(part) for part in parts), resource, graph)


def _doors_to(resource: Resource, graph: Graph, *, is_only_open: bool) -> Targets:
    resources: dict[str, Resource] = {}
    gaps: set[str] = set(graph.incomplete("gateway", resource.scope, ""))
    for gateway in graph.of_type("gateway"):
        if gateway.scope != resource.scope:
            continue
        doors = doors_of(gateway, graph)
        mine = [door for door in doors.found if _leads_to(door, gateway, resource, graph)]
        if is_only_open:
            is_open = any_of(door.is_open for door in mine)
            gaps |= as_gaps(is_open.because, gateway, graph)
            mine = [door for door in mine if door.is_open == YES]
        if mine:
            resources[gateway.id] = gateway
        else:
            gaps.update(doors.gaps)
    return Targets(resources=tuple(resources.values()), gaps=tuple(sorted(gaps)))


def _leads_to(door: Route, gateway: Resource, resource: Resource, graph: Graph) -> bool:
    """A call by the gateway itself stays in its region; a function may go to another."""
    is_kind = door.calls in graph.vocabulary.types[resource.type].concepts
    is_near = bool(door.via) or gateway.region == resource.region
    names = (resource.name, resource.identity.rpartition("/")[2])
    return is_kind and is_near and bool(door.target) and any(matches(door.target, n) for n in names)


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


def _every_route_asks(resource: Resource, graph: Graph) -> Known | Unknown:
    if "listeners" in graph.vocabulary.types[resource.type].relations:
        return _every_listener_asks(resource, graph)
    ways = ways_of(resource, graph)
    if isinstance(ways, Unknown):
        return ways
    answers = [NO if way.auth == NO_AUTH else YES for way, route in ways if _does_work(route)]
    return verdict(all_of(answers), resource, graph)


def _does_work(route: Mapping[str, Any]) -> bool:
    """Answers to preflight requests and fixed answers need no caller."""
    return not str(route["route"]).startswith("OPTIONS ") and route.get("integration") != "mock"


def _every_listener_asks(resource: Resource, graph: Graph) -> Known | Unknown:
    listeners = graph.targets(resource, "listeners")
    hidden = [unknown(listeners.gaps)] if listeners.gaps else []
    return verdict(all_of([*_listener_answers(listeners), *hidden]), resource, graph)


def _listener_answers(listeners: Targets) -> Iterator[Any]:
    for listener in listeners.resources:
        match property_value(listener, "rules"):
            case Unknown(gaps=gaps):
                yield unknown(gaps)
            case Known(value=rules):
                asks = property_value(listener, "client_certificates") == Known("verify")
                for rule in rules or ():
                    is_anonymous = bool(rule["target_groups"]) and rule["auth"] == NO_AUTH
                    yield not_(YES if is_anonymous and not asks else NO)


EXPOSURE: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "exposure.subnet_is_public": subnet_is_public,
    "exposure.is_flow_logged": is_flow_logged,
    # Networks and the doors of balancers ask what a task serves.
    "exposure.task_holds_ml": task_holds_ml,
    "exposure.task_is_ml": task_is_ml,
    "exposure.holds_ml": holds_ml,
    "exposure.vpc_holds_ml": vpc_holds_ml,
    "exposure.calls_models": calls_models,
    "exposure.is_ml_code": is_ml_code,
    "exposure.is_public": is_public,
    "exposure.ai_routes": ai_routes,
    "exposure.requires_auth": requires_auth,
    "exposure.has_public_entry_point": has_public_entry_point,
}

EXPOSURE_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "exposure.entry_points": entry_points,
    "exposure.public_entry_points": public_entry_points,
}
