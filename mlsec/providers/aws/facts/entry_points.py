"""Routes: every way through one gateway to what answers with a model, and who may take it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown, property_value
from mlsec.graph.flags import flag
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, unknown
from mlsec.graph.verdicts import as_gaps
from mlsec.providers.aws.facts.external_principals import let_in_at_all
from mlsec.providers.aws.facts.model_calls import reach_of_roles
from mlsec.providers.aws.facts.resource_policy import policy_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

NO_AUTH = "none"
_AUTHS = {
    "NONE": NO_AUTH,
    "AWS_IAM": "iam",
    "CUSTOM": "custom",
    "COGNITO_USER_POOLS": "cognito",
    "JWT": "jwt",
}
_CONNECT = "$connect"


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One way in. ``calls`` is endpoint, model, agent, knowledge_base, flow or server.

    ``target`` "" means any of them; it may be a pattern. ``via`` is the function in between, ""
    when the gateway calls by itself. ``is_open``: anybody on the internet gets through.
    """

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


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One route before it is known where it leads."""

    route: str
    auth: str
    is_open: Answer


def routes_of(gateway: Resource, graph: Graph) -> Routes:
    """Give a gateway's routes; kept for the life of the graph."""
    return graph.memo(("aws entry points", gateway.id), lambda: _Finder(gateway, graph).find())


def has_open_address(gateway: Resource, graph: Graph) -> Answer:
    """Say whether anybody on the internet reaches the gateway, whatever its routes then ask."""
    known = graph.vocabulary.types[gateway.type].properties
    if "auth_type" in known:
        return all_of((_is(gateway, "auth_type", "NONE"), _lets_everybody_in(gateway, graph)))
    if "scheme" in known:
        return _is(gateway, "scheme", "internet-facing")
    if "endpoint_types" not in known:
        return YES
    return all_of(
        (
            _has_public_type(gateway),
            any_of((_no(gateway, "has_policy"), _lets_everybody_in(gateway, graph))),
        )
    )


def ways_of(gateway: Resource, graph: Graph) -> tuple[tuple[Way, Mapping[str, Any]], ...] | Unknown:
    """Give the routes of an API with how each asks who is there."""
    fact = property_value(gateway, "routes")
    if isinstance(fact, Unknown):
        return fact
    routes = fact.value or ()
    connect = next((route for route in routes if route["route"] == _CONNECT), None)
    address = has_open_address(gateway, graph)
    ways = []
    for route in routes:
        # A WebSocket asks once, when it is opened.
        auth = _auth(connect or route)
        is_open = address if auth == NO_AUTH else NO
        ways.append((Way(route=route["route"], auth=auth, is_open=is_open), route))
    return tuple(ways)


class _Finder:
    """Collects the routes of one gateway, and what hides others."""

    def __init__(self, gateway: Resource, graph: Graph) -> None:
        self.gateway, self.graph = gateway, graph
        self.routes: dict[tuple[str, ...], Route] = {}
        self.gaps: set[str] = set()

    def find(self) -> Routes:
        relations = self.graph.vocabulary.types[self.gateway.type].relations
        if "listeners" in relations:
            self._listeners()
        elif "function" in relations:
            self._url()
        else:
            self._routes()
        routes = tuple(self.routes[key] for key in sorted(self.routes))
        return Routes(routes=routes, gaps=tuple(sorted(self.gaps)))

    def _routes(self) -> None:
        ways = ways_of(self.gateway, self.graph)
        if isinstance(ways, Unknown):
            self.gaps.update(ways.gaps)
            return
        functions = _by_identity(self._by_id("functions"))
        for way, route in ways:
            call = self._call_of(route)
            if call is None:
                continue
            function = call.get("function_arn")
            if function:
                self._through(way, functions.get(function))
            elif call.get("calls") not in (None, "function"):
                self._add(way, call["calls"], call.get("target") or "")

    def _call_of(self, route: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Give what a route calls: in the route itself, or in the integration that it names."""
        if "integration_id" not in route:
            return route
        fact = property_value(self.gateway, "integrations")
        if isinstance(fact, Unknown):
            self.gaps.update(fact.gaps)
            return None
        wanted = route["integration_id"]
        return next((i for i in fact.value or () if i["integration_id"] == wanted), None)

    def _url(self) -> None:
        auth = property_value(self.gateway, "auth_type")
        name = NO_AUTH if auth == Known("NONE") else "iam"
        way = Way(route="/", auth=name, is_open=has_open_address(self.gateway, self.graph))
        for function in self._by_id("function").values():
            self._through(way, function)

    def _listeners(self) -> None:
        for listener in self._by_id("listeners").values():
            groups = _by_identity(self._targets(listener, "target_groups"))
            for way, wanted in self._listener_ways(listener):
                for group in wanted:
                    if group in groups:
                        self._behind(way, groups[group])

    def _listener_ways(self, listener: Resource) -> Iterator[tuple[Way, tuple[str, ...]]]:
        fact = property_value(listener, "rules")
        if isinstance(fact, Unknown):
            self.gaps.update(fact.gaps)
            return
        asks = property_value(listener, "client_certificates") == Known("verify")
        reached = all_of((has_open_address(self.gateway, self.graph), self._admits_world(listener)))
        for rule in fact.value or ():
            auth = "mtls" if asks and rule["auth"] == NO_AUTH else rule["auth"]
            is_open = NO if auth != NO_AUTH or rule["allowed_sources"] else reached
            route = f"{listener.name} rule {rule['priority']}"
            yield Way(route=route, auth=auth, is_open=is_open), tuple(rule["target_groups"])

    def _admits_world(self, listener: Resource) -> Answer:
        """Say whether a security group lets the internet in at the listener's port; none: all."""
        groups = self.graph.targets(self.gateway, "security_groups")
        if not groups.resources and not groups.gaps:
            return YES
        port = property_value(listener, "port")
        answers = [_admits(group, port) for group in groups.resources]
        return any_of([*answers, *([unknown(groups.gaps)] if groups.gaps else [])])

    def _behind(self, way: Way, group: Resource) -> None:
        for function in self._targets(group, "functions").values():
            self._through(way, function)
        for host in self._targets(group, "instances").values():
            self._serves(way, host, flag(host, "has_accelerator"))
        for service in self._targets(group, "services").values():
            for task in self._targets(service, "task_definition").values():
                self._serves(way, service, flag(task, "holds_ml"))

    def _serves(self, way: Way, server: Resource, is_model: Answer) -> None:
        if is_model == YES:
            self._add(way, "server", server.name)
        elif is_model != NO:
            self.gaps |= as_gaps(is_model.because, self.gateway, self.graph)

    def _through(self, way: Way, function: Resource | None) -> None:
        if function is None:
            return
        reach = reach_of_roles(self.graph.targets(function, "role"), self.graph, function.region)
        self.gaps.update(reach.gaps)
        for call in reach.calls:
            self._add(way, call.kind, call.target, function.name)

    def _add(self, way: Way, calls: str, target: str, via: str = "") -> None:
        route = Route(
            route=way.route, auth=way.auth, is_open=way.is_open, calls=calls, target=target, via=via
        )
        self.routes[(way.route, calls, target, via)] = route

    def _by_id(self, relation: str) -> dict[str, Resource]:
        return self._targets(self.gateway, relation)

    def _targets(self, resource: Resource, relation: str) -> dict[str, Resource]:
        """Follow a relation; what cannot be followed hides routes."""
        reached: Targets = self.graph.targets(resource, relation)
        self.gaps.update(reached.gaps)
        return {target.id: target for target in reached.resources}


def _by_identity(resources: Mapping[str, Resource]) -> dict[str, Resource]:
    """Give resources by what others call them, which in code is not their own id."""
    return {resource.identity: resource for resource in resources.values()}


def _auth(route: Mapping[str, Any]) -> str:
    auth = _AUTHS.get(str(route.get("authorization")), "custom")
    return "api_key" if auth == NO_AUTH and route.get("api_key_required") else auth


def _admits(group: Resource, port: Known | Unknown) -> Answer:
    fact = property_value(group, "ingress")
    if isinstance(fact, Unknown) or isinstance(port, Unknown):
        return unknown([*getattr(fact, "gaps", ()), *getattr(port, "gaps", ())])
    return any_of(
        YES
        if rule["is_internet"]
        and rule["protocol"] in ("tcp", "udp", "all")
        and rule["from_port"] <= (port.value or 0) <= rule["to_port"]
        else NO
        for rule in fact.value or ()
    )


def _is(resource: Resource, name: str, wanted: str) -> Answer:
    match property_value(resource, name):
        case Known(value=value):
            return YES if value == wanted else NO
        case Unknown(gaps=gaps):
            return unknown(gaps)


def _no(resource: Resource, name: str) -> Answer:
    match property_value(resource, name):
        case Known(value=value):
            return NO if value else YES
        case Unknown(gaps=gaps):
            return unknown(gaps)


def _has_public_type(gateway: Resource) -> Answer:
    match property_value(gateway, "endpoint_types"):
        case Known(value=types):
            return YES if any(type_ != "PRIVATE" for type_ in types or ()) else NO
        case Unknown(gaps=gaps):
            return unknown(gaps)


def _lets_everybody_in(resource: Resource, graph: Graph) -> Answer:
    policy = policy_of(resource, graph)
    if isinstance(policy, Unknown):
        return unknown(policy.gaps)
    return let_in_at_all(policy).everybody
