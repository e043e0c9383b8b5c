"""Entry points on Azure: gateways and apps in front of models, and whether they are public.

An entry point is proven when an API's backend is the endpoint's own host, or when an app's identity
holds a role on the endpoint, its workspace or its account. A role over a whole group shows that an
app may call models in general; it is not attributed to a single endpoint. Authentication in an
app's own code is not visible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown, field_values, property_value
from mlsec.graph.flags import flag, is_one_of
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, not_, unknown
from mlsec.graph.verdicts import as_gaps, verdict
from mlsec.providers.azure.facts.backends import hosts_of_api, is_model_host, policies_of, reach_of
from mlsec.providers.azure.facts.role_assignments import above

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_APIM, _APP, _SITE = "azure.apim.service", "azure.containerapp.app", "azure.web.site"
_CHECKS = ("checks_token", "checks_certificate", "filters_address")


def is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the gateway's address is reachable from the whole internet."""
    return verdict(_has_open_address(resource, graph), resource, graph)


def requires_auth(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether every API that leads to a model (every API if none does) requires credentials."""
    if resource.type != _APIM:
        return verdict(_app_requires_auth(resource), resource, graph)
    apis = graph.targets(resource, "apis")
    hidden = [unknown(apis.gaps)] if apis.gaps else []
    leads = [(_leads(api, graph), _api_requires_auth(api, graph)) for api in apis.resources]
    if any(to_model == YES for to_model, _ in leads):
        asks = [any_of((not_(to_model), asked)) for to_model, asked in leads]
    else:
        asks = [asked for _, asked in leads]
    return verdict(all_of([*asks, *hidden]), resource, graph)


def leads_to_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether one of a service's APIs leads to a model."""
    apis = graph.targets(resource, "apis")
    hidden = [unknown(apis.gaps)] if apis.gaps else []
    answer = any_of([*(_leads(api, graph) for api in apis.resources), *hidden])
    return verdict(answer, resource, graph)


def api_hosts(resource: Resource, graph: Graph) -> Known | Unknown:
    """Give every host that an API's requests go to."""
    hosts = hosts_of_api(resource, graph)
    return Unknown(hosts.gaps) if hosts.gaps else Known(sorted(hosts.names))


def api_leads_to_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an API's requests go to a model endpoint or an AI account."""
    return verdict(_leads(resource, graph), resource, graph)


def backend_leads_to_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a backend is a model endpoint or an AI account."""
    fact = property_value(resource, "host")
    if isinstance(fact, Unknown):
        return fact
    return Known(fact.value is not None and is_model_host(str(fact.value), graph))


def api_requires_auth(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an API requires credentials."""
    return verdict(_api_requires_auth(resource, graph), resource, graph)


def calls_models(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an app's identities may call models by a role on one resource."""
    reach = reach_of(resource, graph)
    return Unknown(reach.gaps) if reach.gaps and not reach.near else Known(bool(reach.near))


def is_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an app calls models, or runs a well-known model server."""
    return verdict(any_of((_runs_server(resource), _calls(resource, graph))), resource, graph)


def entry_points(resource: Resource, graph: Graph) -> Targets:
    """Give the gateways that lead to this endpoint or account."""
    return _entry_points_to(resource, graph, is_only_open=False)


def public_entry_points(resource: Resource, graph: Graph) -> Targets:
    """Give the gateways through which the resource is reachable without credentials."""
    return _entry_points_to(resource, graph, is_only_open=True)


def has_public_entry_point(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the resource is reachable without credentials through some gateway."""
    public = public_entry_points(resource, graph)
    if public.gaps and not public.resources:
        return Unknown(public.gaps)
    return Known(bool(public.resources))


def _entry_points_to(resource: Resource, graph: Graph, *, is_only_open: bool) -> Targets:
    key = ("azure entry points", resource.scope)
    index = graph.memo(key, lambda: _find_entry_points(resource, graph))
    gaps: set[str] = set(index.gaps)
    resources: dict[str, Resource] = {}
    for point in index.leading_to(resource):
        answer = point.is_open if is_only_open else YES
        if answer == YES:
            resources[point.gateway.id] = point.gateway
        gaps |= as_gaps(answer.because, point.gateway, graph)
    for point in index.hidden:
        # Its target is unknown; a closed entry point exposes nothing, whatever its target.
        if point.gateway.id not in resources and not (is_only_open and point.is_open == NO):
            gaps |= as_gaps(point.leads.because, point.gateway, graph)
    return Targets(resources=tuple(resources.values()), gaps=tuple(sorted(gaps)))


class _EntryPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One way through a gateway; ``leads`` is unknown when it could lead anywhere."""

    gateway: Resource
    is_open: Answer
    leads: Answer = YES


class _EntryPoints(msgspec.Struct, frozen=True, kw_only=True):
    """All entry points of a subscription, by the host or the scope that they lead to."""

    by_target: Mapping[str, tuple[_EntryPoint, ...]]
    hidden: tuple[_EntryPoint, ...]
    gaps: frozenset[str]

    def leading_to(self, resource: Resource) -> list[_EntryPoint]:
        """Give the entry points to a resource, by its hosts or by a scope that it lies in."""
        targets = (*(resource.properties.get("hosts") or ()), *above(resource.identity))
        return [point for target in targets for point in self.by_target.get(target, ())]


def _find_entry_points(seen_from: Resource, graph: Graph) -> _EntryPoints:
    by_target: dict[str, list[_EntryPoint]] = {}
    hidden: list[_EntryPoint] = []
    gaps: set[str] = set()
    for name in (_APIM, _APP, _SITE):
        gaps |= set(graph.incomplete(name, seen_from.scope, ""))
        for gateway in graph.of_type(name):
            for entry_point, targets in _entry_points_of(gateway, graph):
                for target in targets:
                    by_target.setdefault(target, []).append(entry_point)
                if entry_point.leads != YES:
                    hidden.append(entry_point)
    entry_points = {target: tuple(points) for target, points in by_target.items()}
    return _EntryPoints(by_target=entry_points, hidden=tuple(hidden), gaps=frozenset(gaps))


def _entry_points_of(
    gateway: Resource, graph: Graph
) -> Iterator[tuple[_EntryPoint, Iterable[str]]]:
    address = _has_open_address(gateway, graph)
    if gateway.type != _APIM:
        reach = reach_of(gateway, graph)
        is_open = all_of((address, not_(_app_requires_auth(gateway))))
        leads = unknown(reach.gaps) if reach.gaps else YES
        yield _EntryPoint(gateway=gateway, is_open=is_open, leads=leads), reach.near
        return
    apis = graph.targets(gateway, "apis")
    if apis.gaps:
        yield _EntryPoint(gateway=gateway, is_open=address, leads=unknown(apis.gaps)), ()
    for api in apis.resources:
        hosts = hosts_of_api(api, graph)
        is_open = all_of((address, not_(_api_requires_auth(api, graph))))
        leads = unknown(hosts.gaps) if hosts.gaps else YES
        yield _EntryPoint(gateway=gateway, is_open=is_open, leads=leads), hosts.names


def _leads(api: Resource, graph: Graph) -> Answer:
    hosts = hosts_of_api(api, graph)
    if any(is_model_host(host, graph) for host in hosts.names):
        return YES
    return unknown(hosts.gaps) if hosts.gaps else NO


def _api_requires_auth(api: Resource, graph: Graph) -> Answer:
    return any_of((flag(api, "subscription_required"), _policy_has(api, graph, *_CHECKS)))


def _policy_has(api: Resource, graph: Graph, *names: str) -> Answer:
    gaps: set[str] = set()
    entries = policies_of(api, graph, gaps)
    if any(entry.get(name) for entry in entries for name in names):
        return YES
    return unknown(gaps) if gaps else NO


def _has_open_address(gateway: Resource, graph: Graph) -> Answer:
    if gateway.type == _APIM:
        return all_of(
            (
                is_one_of(gateway, "network", "None", "External"),
                is_one_of(gateway, "public_network", "Enabled"),
            )
        )
    is_unlimited = is_one_of(gateway, "allowed_addresses", [], None)
    if gateway.type == _SITE:
        return all_of((_site_is_on_internet(gateway), is_unlimited))
    return all_of((flag(gateway, "is_external"), is_unlimited, *_environment(gateway, graph)))


def _site_is_on_internet(site: Resource) -> Answer:
    """Whether a site is public, as it is by default; a private endpoint sets this to Disabled."""
    return not_(is_one_of(site, "public_network", "Disabled"))


def _environment(app: Resource, graph: Graph) -> list[Answer]:
    reached = graph.targets(app, "environment")
    if not reached.resources:
        return [unknown(reached.gaps)]
    return [
        part
        for target in reached.resources
        for part in (
            not_(flag(target, "is_internal")),
            not_(is_one_of(target, "public_network", "Disabled")),
        )
    ]


def _app_requires_auth(app: Resource) -> Answer:
    certificate = (
        all_of(
            (
                flag(app, "client_certificates"),
                is_one_of(app, "client_certificate_mode", "Required"),
            )
        )
        if app.type == _SITE
        else is_one_of(app, "client_certificates", "require")
    )
    return any_of((flag(app, "requires_credentials"), certificate))


def _runs_server(app: Resource) -> Answer:
    match field_values(app, "containers", "serves"):
        case Known(value=kinds, more=more):
            is_seen = not {"model", "vectors"}.isdisjoint(kinds)
            return YES if is_seen else unknown(more) if more else NO
        case Unknown(gaps=gaps):
            return unknown(gaps) if app.type == _APP else NO


def _calls(app: Resource, graph: Graph) -> Answer:
    match calls_models(app, graph):
        case Known(value=value):
            return YES if value else NO
        case Unknown(gaps=gaps):
            return unknown(gaps)


def _policy_fact(*names: str) -> Callable[[Resource, Graph], Known | Unknown]:
    def derive(resource: Resource, graph: Graph) -> Known | Unknown:
        return verdict(_policy_has(resource, graph, *names), resource, graph)

    derive.__doc__ = f"Whether the policies that hold for an API do one of {', '.join(names)}."
    return derive


AZURE_ENTRY_POINTS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "azure_exposure.calls_models": calls_models,
    "azure_exposure.is_ml": is_ml,
    "azure_exposure.is_public": is_public,
    "azure_exposure.requires_auth": requires_auth,
    "azure_exposure.leads_to_ml": leads_to_ml,
    "azure_exposure.api_hosts": api_hosts,
    "azure_exposure.api_leads_to_ml": api_leads_to_ml,
    "azure_exposure.api_asks": api_requires_auth,
    "azure_exposure.api_checks_token": _policy_fact("checks_token"),
    "azure_exposure.api_token_is_scoped": _policy_fact("token_audiences"),
    "azure_exposure.api_limits_tokens": _policy_fact("limits_tokens"),
    "azure_exposure.api_limits_rate": _policy_fact("limits_rate", "limits_tokens"),
    "azure_exposure.api_emits_metrics": _policy_fact("emits_token_metrics"),
    "azure_exposure.api_calls_by_identity": _policy_fact("uses_managed_identity"),
    "azure_exposure.backend_leads_to_ml": backend_leads_to_ml,
    "azure_exposure.has_public_entry_point": has_public_entry_point,
}

AZURE_ENTRY_POINT_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "azure_exposure.entry_points": entry_points,
    "azure_exposure.public_entry_points": public_entry_points,
}
