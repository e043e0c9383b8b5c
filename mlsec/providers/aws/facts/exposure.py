"""Entry points: which gateways lead to an endpoint or agent, and whether anybody may use them.

A route is proven when the gateway itself calls the model by name, or when the role of the function
behind it names the model. A role that may call any endpoint opens a route to models in general:
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
    has_open_address,
    routes_of,
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
    """List a gateway's routes as items.

    With something hidden the list is unread, unless one route is known to be open: that
    decides, and an item without fields stands for what may be missing.
    """
    routes = routes_of(resource, graph)
    gaps = set(routes.gaps)
    for route in routes.routes:
        gaps |= as_gaps(route.is_open.because, resource, graph)
    is_decided = any(route.is_open == YES for route in routes.routes)
    if gaps and not is_decided:
        return Unknown(tuple(sorted(gaps)))
    hidden: list[dict[str, Any]] = [{}] if routes.gaps else []
    return Known([*(_as_item(route) for route in routes.routes), *hidden])


def is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether anybody on the internet reaches the gateway."""
    return verdict(has_open_address(resource, graph), resource, graph)


def requires_auth(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether every route to a model asks who is there; without such a route, every route."""
    routes = routes_of(resource, graph)
    asks = [NO if route.auth == NO_AUTH else YES for route in routes.routes]
    if not asks and not routes.gaps:
        return _every_route_asks(resource, graph)
    hidden = [unknown(routes.gaps)] if routes.gaps else []
    return verdict(all_of([*asks, *hidden]), resource, graph)


def entry_points(resource: Resource, graph: Graph) -> Targets:
    """Give the gateways that lead to this endpoint or agent by name."""
    return _doors_to(resource, graph, is_only_open=False)


def public_entry_points(resource: Resource, graph: Graph) -> Targets:
    """Give the gateways through which anybody on the internet reaches this endpoint or agent."""
    return _doors_to(resource, graph, is_only_open=True)


def has_public_entry_point(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether anybody on the internet reaches this endpoint or agent through some gateway."""
    routes = public_entry_points(resource, graph)
    if routes.resources or not routes.gaps:
        return Known(bool(routes.resources))
    return Unknown(routes.gaps)


def task_is_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a task serves models or vectors, or may call models."""
    parts = (task_holds_ml(resource, graph), calls_models(resource, graph))
    return verdict(any_of(as_answer(part) for part in parts), resource, graph)


def _doors_to(resource: Resource, graph: Graph, *, is_only_open: bool) -> Targets:
    resources: dict[str, Resource] = {}
    gaps: set[str] = set(graph.incomplete("gateway", resource.scope, ""))
    for gateway in graph.of_type_in("gateway", resource.scope):
        routes = routes_of(gateway, graph)
        mine = [route for route in routes.routes if _leads_to(route, gateway, resource, graph)]
        if is_only_open:
            is_open = any_of(route.is_open for route in mine)
            gaps |= as_gaps(is_open.because, gateway, graph)
            mine = [route for route in mine if route.is_open == YES]
        if mine:
            resources[gateway.id] = gateway
        else:
            gaps.update(routes.gaps)
    return Targets(resources=tuple(resources.values()), gaps=tuple(sorted(gaps)))


def _leads_to(route: Route, gateway: Resource, resource: Resource, graph: Graph) -> bool:
    """A call by the gateway itself stays in its region; a function may go to another."""
    is_kind = route.calls in graph.vocabulary.types[resource.type].concepts
    is_near = bool(route.via) or gateway.region == resource.region
    names = (resource.name, resource.identity.rpartition("/")[2])
    return (
        is_kind and is_near and bool(route.target) and any(matches(route.target, n) for n in names)
    )


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
    # Networks and the routes of balancers ask what a task serves.
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
