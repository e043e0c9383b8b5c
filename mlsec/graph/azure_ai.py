"""What Azure AI names only in part: a deployment's content filter, a search service's sources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.closed_sets import GapReason
from mlsec.core.digest import make_gap
from mlsec.core.resource import Resource
from mlsec.graph.values import Known, Targets, Unread, property_value

if TYPE_CHECKING:
    from mlsec.graph.index import Graph


def content_filter_id(resource: Resource, graph: Graph) -> Known | Unread:
    """Give the ARM id of the content filter: filters are named within their account only."""
    del graph
    name = property_value(resource, "content_filter_name")
    account = property_value(resource, "account_id")
    if isinstance(name, Unread) or (isinstance(name, Known) and name.value is None):
        return name
    if isinstance(account, Unread):
        return account
    return Known(f"{account.value}/raipolicies/{name.value}".lower())


def data_buckets(resource: Resource, graph: Graph) -> Targets:
    """Give the containers that a search service is known to read; there may always be more.

    Its data sources are told by the service's own interface alone, which a reading role does not
    open: what it reads past private links of its own cannot be seen.
    """
    found = graph.targets(resource, "linked_containers")
    gap = make_gap(
        scope=resource.scope,
        subject=resource.id,
        wanted="data sources of the search service",
        reason=GapReason.UNSUPPORTED,
        detail="Resource Manager does not tell them; look at the service's data sources by hand",
    )
    return Targets(found=found.found, gaps=tuple(sorted({*found.gaps, graph.note_gap(gap)})))


AZURE_AI_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "azure_ai.data_buckets": data_buckets,
}
AZURE_AI: Mapping[str, Callable[[Resource, Graph], Known | Unread]] = {
    "azure_ai.content_filter_id": content_filter_id,
}
