"""Reading one item: its describe calls in order, each answer a part, each refusal a gap."""

from __future__ import annotations

from typing import Any

from mlsec.collect.walk.client import Client, Request
from mlsec.collect.walk.item import Item, fill, lookup
from mlsec.collect.walk.paths import MISSING
from mlsec.collect.walk.plan import Operation
from mlsec.core.resource import Gap


def read_item(client: Client, item: Item) -> bool:
    """Make the item's reads, skipping those that a bulk search stood in for.

    Returns:
        False when the provider says that the item no longer exists.
    """
    for operation in item.plan.reads:
        if operation.name in item.parts:
            continue
        params = _params(item, operation)
        if isinstance(params, Gap):
            item.gaps[operation.name] = params
        elif params is MISSING:
            item.parts[operation.name] = {}
        elif not _ask(client, item, operation, params):
            return False
    return True


def _params(item: Item, operation: Operation) -> Any:
    """Give the request's parameters, MISSING when it is not to be made, or the gap in its way."""
    for path, allowed in operation.only_if.items():
        value = lookup(item, path)
        if isinstance(value, Gap):
            return value
        if (None if value is MISSING else value) not in allowed:
            return MISSING
    return fill(item, dict(operation.params))


def _ask(client: Client, item: Item, operation: Operation, params: Any) -> bool:
    request = Request(
        scope=item.scope.name,
        region=item.scope.home if operation.is_global else item.home,
        operation=operation,
        params=params,
        subject=item.id or item.region,
    )
    answer = client.ask(request)
    if isinstance(answer, Gap):
        item.gaps[operation.name] = answer
        return True
    if answer.is_gone:
        return False
    if answer.cut is not None:
        item.gaps[operation.name] = answer.cut
        return True
    item.parts[operation.name] = answer.document
    item.sources[operation.name] = answer.call
    return True
