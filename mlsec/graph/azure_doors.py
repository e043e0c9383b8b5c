"""Front doors on Azure: gateways and apps in front of models, and whether anybody may use them.

A door is proven when an API's backend is the endpoint's own host, or when an app's identity holds a
role on the endpoint, its workspace or its account. A role over a whole group shows that an app may
call models in general; it is held against no single endpoint. What an app's own code asks its
callers is not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.closed_sets import Truth
from mlsec.core.resource import Resource
from mlsec.graph.answers import NO, YES, Answer, all_of, any_of, not_, unknown
from mlsec.graph.azure_backends import (
    hosts_of_api,
    is_model_host,
    leads_to,
    owners,
    policies_of,
    reach_of,
)
from mlsec.graph.flags import flag, is_one_of
from mlsec.graph.permissions import as_gaps, verdict
from mlsec.graph.values import Known, Targets, Unread, property_value

if TYPE_CHECKING:
    from mlsec.graph.index import Graph

_APIM, _APP, _SITE = "azure.apim.service", "azure.containerapp.app", "azure.web.site"
_CHECKS = ("checks_token", "checks_certificate", "filters_address")


def is_public(resource: Resource, graph: Graph) -> Known | Unread:
    """Whether anybody on the internet reaches the gateway's address."""
    return verdict(_has_open_address(resource, graph), resource, graph)


def requires_auth(resource: Resource, graph: Graph) -> Known | Unread:
    """Whether every API that leads to a model asks; without such an API, every one."""
    if resource.type != _APIM:
        return verdict(_app_asks(resource), resource, graph)
    apis = graph.targets(resource, "apis")
    hidden = [unknown(apis.gaps)] if apis.gaps else []
    to_models = [api for api in apis.found if _leads(api, graph) == YES]
    asks = [_asks(api, graph) for api in to_models or apis.found]
    return verdict(all_of([*asks, *hidden]), resource, graph)


def leads_to_ml(resource: Resource, graph: Graph) -> Known | Unread:
    """Whether one of a service's APIs leads to a model."""
    apis = graph.targets(resource, "apis")
    hidden = [unknown(apis.gaps)] if apis.gaps else []
    answer = any_of([*(_leads(api, graph) for api in apis.found), *hidden])
    return verdict(answer, resource, graph)


def api_hosts(resource: Resource, graph: Graph) -> Known | Unread:
    """Give every host that an API's requests go to."""
    hosts = hosts_of_api(resource, graph)
    return Unread(hosts.gaps) if hosts.gaps else Known(sorted(hosts.found))


def api_leads_to_ml(resource: Resource, graph: Graph) -> Known | Unread:
    """Whether an API's requests go to a model endpoint or an AI account."""
    return verdict(_leads(resource, graph), resource, graph)


def backend_leads_to_ml(resource: Resource, graph: Graph) -> Known | Unread:
    """Whether a backend is a model endpoint or an AI account."""
    held = property_value(resource, "host")
    if isinstance(held, Unread):
        return held
    return Known(held.value is not None and is_model_host(str(held.value), graph))


def api_asks(resource: Resource, graph: Graph) -> Known | Unread:
    """Whether an API asks who is there."""
    return verdict(_asks(resource, graph), resource, graph)


def calls_models(resource: Resource, graph: Graph) -> Known | Unread:
    """Whether an app's identities may call models by a role on one resource."""
    reach = reach_of(resource, graph)
    return Unread(reach.gaps) if reach.gaps and not reach.near else Known(bool(reach.near))


def is_ml(resource: Resource, graph: Graph) -> Known | Unread:
    """Whether an app calls models, or runs a well-known model server."""
    return verdict(any_of((_runs_server(resource), _calls(resource, graph))), resource, graph)


def front_doors(resource: Resource, graph: Graph) -> Targets:
    """Give the gateways that lead to this endpoint or account."""
    return _doors_to(resource, graph, is_only_open=False)


def open_front_doors(resource: Resource, graph: Graph) -> Targets:
    """Give those through which anybody on the internet gets here."""
    return _doors_to(resource, graph, is_only_open=True)


def has_open_door(resource: Resource, graph: Graph) -> Known | Unread:
    """Whether anybody on the internet gets here through some gateway."""
    doors = open_front_doors(resource, graph)
    return Unread(doors.gaps) if doors.gaps and not doors.found else Known(bool(doors.found))


def _doors_to(resource: Resource, graph: Graph, *, is_only_open: bool) -> Targets:
    found: list[Resource] = []
    gaps: set[str] = set()
    for name in (_APIM, _APP, _SITE):
        gaps |= set(graph.incomplete(name, resource.scope, ""))
        for gateway in graph.of_type(name):
            answer = _is_door(gateway, resource, graph, is_only_open=is_only_open)
            if answer == YES:
                found.append(gateway)
            elif answer.truth is Truth.UNKNOWN:
                gaps |= as_gaps(answer.because, gateway, graph)
    return Targets(found=tuple(found), gaps=tuple(sorted(gaps)))


def _is_door(gateway: Resource, resource: Resource, graph: Graph, *, is_only_open: bool) -> Answer:
    if gateway.type != _APIM:
        reach = reach_of(gateway, graph)
        leads = YES if leads_to(reach, resource) else unknown(reach.gaps) if reach.gaps else NO
        is_open = all_of((_has_open_address(gateway, graph), not_(_app_asks(gateway))))
        return all_of((leads, is_open)) if is_only_open else leads
    apis = graph.targets(gateway, "apis")
    hidden = [unknown(apis.gaps)] if apis.gaps else []
    ways = []
    for api in apis.found:
        leads = _api_leads_to(api, resource, graph)
        is_open = all_of((_has_open_address(gateway, graph), not_(_asks(api, graph))))
        ways.append(all_of((leads, is_open)) if is_only_open else leads)
    return any_of([*ways, *hidden])


def _api_leads_to(api: Resource, resource: Resource, graph: Graph) -> Answer:
    hosts = hosts_of_api(api, graph)
    mine = {host for host, held in owners(graph).items() if resource in held}
    if hosts.found & mine:
        return YES
    return unknown(hosts.gaps) if hosts.gaps else NO


def _leads(api: Resource, graph: Graph) -> Answer:
    hosts = hosts_of_api(api, graph)
    if any(is_model_host(host, graph) for host in hosts.found):
        return YES
    return unknown(hosts.gaps) if hosts.gaps else NO


def _asks(api: Resource, graph: Graph) -> Answer:
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
    """Without a setting a site is public; a private endpoint closes it, and then says so here."""
    return not_(is_one_of(site, "public_network", "Disabled"))


def _environment(app: Resource, graph: Graph) -> list[Answer]:
    reached = graph.targets(app, "environment")
    if not reached.found:
        return [unknown(reached.gaps)]
    return [
        part
        for each in reached.found
        for part in (
            not_(flag(each, "is_internal")),
            not_(is_one_of(each, "public_network", "Disabled")),
        )
    ]


def _app_asks(app: Resource) -> Answer:
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
    return any_of((flag(app, "asks_identity"), certificate))


def _runs_server(app: Resource) -> Answer:
    match property_value(app, "containers"):
        case Known(value=containers):
            kinds = {each.get("serves") for each in containers or ()}
            return YES if kinds & {"model", "vectors"} else NO
        case Unread(gaps=gaps):
            return unknown(gaps) if app.type == _APP else NO


def _calls(app: Resource, graph: Graph) -> Answer:
    match calls_models(app, graph):
        case Known(value=value):
            return YES if value else NO
        case Unread(gaps=gaps):
            return unknown(gaps)


def _policy_fact(*names: str) -> Callable[[Resource, Graph], Known | Unread]:
    def derive(resource: Resource, graph: Graph) -> Known | Unread:
        return verdict(_policy_has(resource, graph, *names), resource, graph)

    derive.__doc__ = f"Whether the policies that hold for an API do one of {', '.join(names)}."
    return derive


AZURE_DOORS: Mapping[str, Callable[[Resource, Graph], Known | Unread]] = {
    "azure_doors.calls_models": calls_models,
    "azure_doors.is_ml": is_ml,
    "azure_doors.is_public": is_public,
    "azure_doors.requires_auth": requires_auth,
    "azure_doors.leads_to_ml": leads_to_ml,
    "azure_doors.api_hosts": api_hosts,
    "azure_doors.api_leads_to_ml": api_leads_to_ml,
    "azure_doors.api_asks": api_asks,
    "azure_doors.api_checks_token": _policy_fact("checks_token"),
    "azure_doors.api_token_is_scoped": _policy_fact("token_audiences"),
    "azure_doors.api_limits_tokens": _policy_fact("limits_tokens"),
    "azure_doors.api_limits_rate": _policy_fact("limits_rate", "limits_tokens"),
    "azure_doors.api_emits_metrics": _policy_fact("emits_token_metrics"),
    "azure_doors.api_calls_by_identity": _policy_fact("uses_managed_identity"),
    "azure_doors.backend_leads_to_ml": backend_leads_to_ml,
    "azure_doors.has_open_door": has_open_door,
}

AZURE_DOOR_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "azure_doors.front_doors": front_doors,
    "azure_doors.open_front_doors": open_front_doors,
}
