"""References that Azure AI gives only in part: content filters and search data sources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown, property_value
from mlsec.graph.lookups import hidden_by, joined, unresolved

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_CONNECTION, _OWN_KEY = "azure.ai.connection", "Microsoft.KeyVault"


def content_filter_id(resource: Resource, graph: Graph) -> Known | Unknown:
    """Give the ARM id of the content filter: filters are named within their account only."""
    del graph
    name = property_value(resource, "content_filter_name")
    account = property_value(resource, "account_id")
    if isinstance(name, Unknown) or (isinstance(name, Known) and name.value is None):
        return name
    if isinstance(account, Unknown):
        return account
    return Known(f"{account.value}/raipolicies/{name.value}".lower())


def own_id(resource: Resource, graph: Graph) -> Known | Unknown:
    """Give a resource's own id: an agent is also the set of its tools."""
    del graph
    return Known(resource.id)


def agent_has_customer_key(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the account of an agent is encrypted with a customer-managed key."""
    accounts = graph.targets(resource, "account")
    for account in accounts.resources:
        source = property_value(account, "key_source")
        return Known(source.value == _OWN_KEY) if isinstance(source, Known) else source
    return Unknown(accounts.gaps)


def agent_connections(resource: Resource, graph: Graph) -> Targets:
    """Find the connections that an agent's tools name: by their ids, or by a bare name.

    A name is one of the project's own connections, or of its account's.
    """
    fact = property_value(resource, "search_connections")
    if isinstance(fact, Unknown):
        return hidden_by(resource, graph, fact, _CONNECTION)
    owners = {_known(resource, "project_id"), _known(resource, "account_id")}
    near = [c for c in graph.of_type(_CONNECTION) if _known(c, "owner_id") in owners]
    targetses: list[Targets] = []
    for wanted in fact.value:
        mine = [c for c in near if wanted in (c.id, c.name.lower())]
        gaps = () if mine else (unresolved(resource, graph, _CONNECTION, wanted),)
        targetses.append(Targets(resources=tuple(mine), gaps=gaps))
    return joined(targetses)


def _known(resource: Resource, name: str) -> str:
    fact = property_value(resource, name)
    return str(fact.value) if isinstance(fact, Known) else ""


def data_buckets(resource: Resource, graph: Graph) -> Targets:
    """Give the containers that a search service is known to read; there may be more.

    Its data sources are given by the service's own interface alone, which a reading role does not
    open: what it reads past private links of its own cannot be seen.
    """
    targets = graph.targets(resource, "linked_containers")
    gap = make_gap(
        scope=resource.scope,
        subject=resource.id,
        wanted="data sources of the search service",
        reason=GapReason.UNSUPPORTED,
        detail="Resource Manager does not say them; look at the service's data sources by hand",
    )
    return Targets(
        resources=targets.resources, gaps=tuple(sorted({*targets.gaps, graph.note_gap(gap)}))
    )


AZURE_AI_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "azure_ai.agent_connections": agent_connections,
    "azure_ai.data_buckets": data_buckets,
}
AZURE_AI: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "azure_ai.agent_has_customer_key": agent_has_customer_key,
    "azure_ai.content_filter_id": content_filter_id,
    "azure_ai.own_id": own_id,
}
