"""Where gateways and apps on Azure lead: hosts with models, and what identities may call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from mlsec.core.enums import Truth
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, any_of
from mlsec.graph.verdicts import as_gaps
from mlsec.providers.azure.facts.grants import grants_of, sure_grants
from mlsec.providers.azure.facts.permissions import (
    CALL_AI,
    CALL_ENDPOINT,
)
from mlsec.providers.azure.facts.role_assignments import Grant, may

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

# Host names that only the model services of Azure have, in all its clouds.
_ML_HOSTS = (
    ".inference.ml.azure.com", ".inference.ml.azure.us", ".inference.ml.azure.cn",
    ".openai.azure.com", ".openai.azure.us", ".openai.azure.cn", ".services.ai.azure.com",
    ".models.ai.azure.com", ".cognitiveservices.azure.com", ".cognitiveservices.azure.us",
    ".cognitiveservices.azure.cn",
)  # fmt: skip
_RIGHTS = (*CALL_ENDPOINT, *CALL_AI)


class Hosts(msgspec.Struct, frozen=True, kw_only=True):
    """The hosts that requests go to; with ``gaps``, there may be more."""

    names: frozenset[str] = frozenset()
    gaps: tuple[str, ...] = ()


class CallableModels(msgspec.Struct, frozen=True, kw_only=True):
    """What an app's identities may call: ``near`` are scopes that name one resource or what is in
    it, ``wide`` says that a role reaches models over a whole group or more.
    """

    near: tuple[str, ...] = ()
    wide: bool = False
    gaps: tuple[str, ...] = ()


def is_model_host(name: str, graph: Graph) -> bool:
    """Whether a host serves models, by its name or by a resource with that host."""
    return name.endswith(_ML_HOSTS) or name in owners(graph)


def owners(graph: Graph) -> Mapping[str, tuple[Resource, ...]]:
    """Give the resources that answer at each host name."""

    def index() -> dict[str, tuple[Resource, ...]]:
        resources: dict[str, tuple[Resource, ...]] = {}
        for name, kind in sorted(graph.vocabulary.types.items()):
            if name.startswith("azure.") and "hosts" in kind.properties and name not in _OWN_HOSTS:
                for resource in graph.of_type(name):
                    for host in resource.properties.get("hosts") or ():
                        resources[host] = (*resources.get(host, ()), resource)
        return resources

    return graph.memo(("azure hosts", ""), index)


_OWN_HOSTS = frozenset({"azure.apim.api"})


def hosts_of_api(api: Resource, graph: Graph) -> Hosts:
    """Give the hosts behind an API: its address, and those that its policy sends requests to."""
    names: set[str] = set()
    gaps: set[str] = set()
    backends: set[str] = set()
    match property_value(api, "backend_host"):
        case Known(value=str(host)):
            names.add(host)
        case Unknown(gaps=hidden):
            gaps |= set(hidden)
    for entry in policies_of(api, graph, gaps):
        names |= set(entry.get("hosts") or ())
        backends |= set(entry.get("backends") or ())
    if backends:
        names |= _hosts_of_backends(api, backends, graph, gaps)
    return Hosts(names=frozenset(names), gaps=tuple(sorted(gaps)))


def policies_of(api: Resource, graph: Graph, gaps: set[str]) -> list[Mapping[str, Any]]:
    """Give the policies that apply to an API: its own, and the service's unless it drops that."""
    own = _policy(api, gaps)
    inherits = all(entry.get("inherits", True) for entry in own)
    above: list[Mapping[str, Any]] = []
    if inherits:
        services = graph.targets(api, "service")
        gaps |= set(services.gaps)
        above = [entry for service in services.resources for entry in _policy(service, gaps)]
    return [*own, *above]


def reach_of(app: Resource, graph: Graph) -> CallableModels:
    """Give the models that the identities of an app may call."""
    return graph.memo(("azure reach", app.id), lambda: _read_reach(app, graph))


def _policy(owner: Resource, gaps: set[str]) -> list[Mapping[str, Any]]:
    match property_value(owner, "policy"):
        case Known(value=value):
            return list(value or ())
        case Unknown(gaps=hidden):
            gaps |= set(hidden)
            return []


def _hosts_of_backends(api: Resource, wanted: set[str], graph: Graph, gaps: set[str]) -> set[str]:
    known: dict[str, Resource] = {}
    for service in graph.targets(api, "service").resources:
        reached = graph.targets(service, "backends")
        gaps |= set(reached.gaps)
        known |= {str(target.properties.get("backend")): target for target in reached.resources}
    todo, seen, hosts = sorted(wanted), set[str](), set[str]()
    while todo:
        name = todo.pop()
        if name in seen or name not in known:
            continue
        seen.add(name)
        backend = known[name]
        todo += list(backend.properties.get("pool_members") or ())
        match property_value(backend, "host"):
            case Known(value=str(host)):
                hosts.add(host)
            case Unknown(gaps=hidden):
                gaps |= set(hidden)
    return hosts


def _read_reach(app: Resource, graph: Graph) -> CallableModels:
    identities = graph.targets(app, "role")
    gaps = set(identities.gaps)
    near: set[str] = set()
    is_wide = False
    for identity in identities.resources:
        grants = grants_of(identity, graph)
        if isinstance(grants, Unknown):
            gaps |= set(grants.gaps)
            grants = sure_grants(identity, graph)
        for grant in grants:
            answer = _calls(grant, identity, graph)
            if answer.truth is Truth.UNKNOWN:
                gaps |= as_gaps(answer.because, identity, graph)
            elif answer == YES and grant.scope.count("/providers/") == 1 and _is_resource(grant):
                near.add(grant.scope)
            elif answer == YES:
                is_wide = True
    return CallableModels(near=tuple(sorted(near)), wide=is_wide, gaps=tuple(sorted(gaps)))


def _is_resource(grant: Grant) -> bool:
    return "/resourcegroups/" in grant.scope


def _calls(grant: Grant, identity: Resource, graph: Graph) -> Answer:
    """Whether a role allows model calls; only checked at scopes that may hold models."""
    parts: Iterable[Answer] = (
        may((grant,), right, grant.scope, identity, graph) for right in _RIGHTS
    )
    return any_of(parts) if _may_hold_models(grant.scope) else NO


def _may_hold_models(scope: str) -> bool:
    names = ("/microsoft.machinelearningservices/", "/microsoft.cognitiveservices/")
    is_wide = "/resourcegroups/" not in scope or "/providers/" not in scope
    return is_wide or any(name in scope for name in names)
