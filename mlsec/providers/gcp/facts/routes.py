"""Ways through Google's entry points: where each leads, and whether anybody may take it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown, property_value
from mlsec.graph.flags import flag
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, not_, unknown
from mlsec.providers.gcp.facts.conditional_grants import gives
from mlsec.providers.gcp.facts.grants import own_grants, reasons_as_gaps
from mlsec.providers.gcp.facts.identities import may_everywhere
from mlsec.providers.gcp.facts.members import is_open_member

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_CALLS = {
    "endpoint": "aiplatform.endpoints.predict",
    "agent": "aiplatform.reasoningEngines.query",
}
_INVOKES = {
    "gcp.run.service": "run.routes.invoke",
    "gcp.functions.function": "cloudfunctions.functions.invoke",
}
_REACHED = ("INGRESS_TRAFFIC_ALL", "ALLOW_ALL")
_BALANCED = ("INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", "ALLOW_INTERNAL_AND_GCLB")
_GATEWAY = "gcp.apigateway.gateway"
# Gateways that lead to something else; an agent's own channel leads to that agent only.
LEADING = (*_INVOKES, _GATEWAY)
_POLICIES = frozenset(("bindings", "grants"))
NO_AUTH = "none"


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One way in. ``calls`` is endpoint or agent; ``target`` "" means any of the project's."""

    route: str
    auth: str
    is_open: Answer
    calls: str
    target: str
    via: str = ""


class Routes(msgspec.Struct, frozen=True, kw_only=True):
    """The routes of one gateway; with ``gaps``, there may be more than could be read."""

    routes: tuple[Route, ...] = ()
    gaps: tuple[str, ...] = ()


def routes_of(gateway: Resource, graph: Graph) -> Routes:
    """Give a gateway's routes; kept for the life of the graph."""
    find = _gateway_routes if gateway.type == _GATEWAY else _service_routes
    return graph.memo(("gcp routes", gateway.id), lambda: find(gateway, graph))


def _service_routes(service: Resource, graph: Graph) -> Routes:
    """Follow the service account of a Cloud Run service or function to what it may call."""
    is_open = is_reached_by_all(service, graph)
    auth = NO_AUTH if invoker_check_disabled(service, graph) == YES else "iam"
    roles = graph.targets(service, "role")
    gaps = set(roles.gaps)
    routes = []
    for account in roles.resources:
        for calls, target, answer in _calls_of(account, graph):
            if answer == YES:
                routes.append(
                    Route(route="/", auth=auth, is_open=is_open, calls=calls, target=target,
                         via=account.name)
                )  # fmt: skip
            else:
                gaps |= reasons_as_gaps(answer.because, service, graph)
    return Routes(routes=tuple(routes), gaps=tuple(sorted(gaps)))


def _calls_of(account: Resource, graph: Graph) -> Iterator[tuple[str, str, Answer]]:
    """Give (kind, target, answer) for each thing that an account may call, or may be able to."""
    if account.is_stub:
        yield "", "", unknown(account.unread.get("*", ()))
        return
    for calls, permission in _CALLS.items():
        answer = may_everywhere(account, permission, graph)
        if answer != NO:
            yield calls, "", answer
        for target in graph.of_type_in(calls, account.scope):
            kind = graph.vocabulary.types[target.type]
            if not _POLICIES.isdisjoint(kind.properties):
                answer = _is_named(account, target, permission, graph)
                if answer != NO:
                    yield calls, target.id, answer


def _is_named(account: Resource, target: Resource, permission: str, graph: Graph) -> Answer:
    """Say whether the target's own policy lets the account call it, by its name."""
    own = own_grants(target)
    member = f"serviceAccount:{account.name}"
    given = [
        gives(grant, (permission,), target, account.scope, graph)
        for grant in own.grants
        if grant.member == member
    ]
    return any_of([*given, *([unknown(own.gaps)] if own.gaps else [])])


def is_reached_by_all(resource: Resource, graph: Graph) -> Answer:
    """Say whether anybody on the internet gets an answer from a service or function."""
    behind = _service_behind(resource, graph)
    if behind is not None:
        return behind
    return all_of((_is_reached(resource), invoker_check_disabled(resource, graph)))


def _is_reached(resource: Resource) -> Answer:
    """Say whether requests from the internet arrive."""
    fact = property_value(resource, "ingress")
    if isinstance(fact, Unknown):
        return unknown(fact.gaps or {f"?the ingress of {resource.name}"})
    if fact.value in _REACHED:
        return YES
    if fact.value in _BALANCED:
        return unknown({f"?whether a load balancer on the internet leads to {resource.name}"})
    return NO


def invoker_check_disabled(resource: Resource, graph: Graph) -> Answer:
    """Say whether everybody may invoke it."""
    behind = graph.targets(resource, "service") if _is_second(resource) else Targets()
    if behind.resources or behind.gaps:
        hidden = [unknown(behind.gaps)] if behind.gaps else []
        return any_of(
            [*(invoker_check_disabled(target, graph) for target in behind.resources), *hidden]
        )
    if resource.is_stub:
        return unknown(resource.unread.get("*", ()))
    known = graph.vocabulary.types[resource.type].properties
    is_off = flag(resource, "invoker_check_disabled") if "invoker_check_disabled" in known else NO
    proxied = flag(resource, "identity_proxy") if "identity_proxy" in known else NO
    return all_of((any_of((is_off, _everybody_invokes(resource, graph))), not_(proxied)))


def _everybody_invokes(resource: Resource, graph: Graph) -> Answer:
    own, permission = own_grants(resource), _INVOKES[resource.type]
    answers = [
        gives(grant, (permission,), resource, resource.scope, graph)
        for grant in own.grants
        if is_open_member(grant.member)
    ]
    return any_of([*answers, *([unknown(own.gaps)] if own.gaps else [])])


def _is_second(resource: Resource) -> bool:
    return property_value(resource, "generation") == Known("GEN_2")


def _service_behind(resource: Resource, graph: Graph) -> Answer | None:
    """A second-generation function is as public as the Cloud Run service that it is."""
    if not _is_second(resource):
        return None
    behind = graph.targets(resource, "service")
    hidden = [unknown(behind.gaps)] if behind.gaps else []
    return any_of([*(is_reached_by_all(target, graph) for target in behind.resources), *hidden])


def _gateway_routes(gateway: Resource, graph: Graph) -> Routes:
    configs = graph.targets(gateway, "config")
    gaps, routes = set(configs.gaps), list[Route]()
    for config in configs.resources:
        fact = property_value(config, "routes")
        if isinstance(fact, Unknown):
            gaps.update(fact.gaps)
            continue
        routes += [_gateway_route(route) for route in fact.value or () if route.get("endpoint")]
    return Routes(routes=tuple(routes), gaps=tuple(sorted(gaps)))


def _gateway_route(route: Mapping[str, Any]) -> Route:
    auth = str(route.get("auth"))
    return Route(
        route=str(route.get("route")),
        auth=auth,
        is_open=YES if auth == NO_AUTH else NO,
        calls="agent" if "/reasoningEngines/" in route["endpoint"] else "endpoint",
        target=str(route["endpoint"]),
    )


def path_answers(gateway: Resource, graph: Graph) -> Iterator[Answer]:
    """Say of each path whether it answers anybody."""
    configs = graph.targets(gateway, "config")
    if configs.gaps:
        yield unknown(configs.gaps)
    for config in configs.resources:
        fact = property_value(config, "routes")
        if isinstance(fact, Unknown):
            yield unknown(fact.gaps)
            continue
        for route in fact.value or ():
            yield YES if route.get("auth") == NO_AUTH else NO
