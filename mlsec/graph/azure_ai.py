"""What a model deployment of an Azure AI account names only in part: its content filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.values import Known, Unread, property_value

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


AZURE_AI: Mapping[str, Callable[[Resource, Graph], Known | Unread]] = {
    "azure_ai.content_filter_id": content_filter_id,
}
