"""Reading one item: its describe calls in order, each answer a part, each refusal a gap."""

from __future__ import annotations

from typing import Any

from mlsec.collect.walk.client import Client, Request
from mlsec.collect.walk.item import Item, fill, lookup
from mlsec.collect.walk.paths import MISSING
from mlsec.collect.walk.plan import Operation
from mlsec.core.resource import Gap


def read_item(client: Client, item: Item) -> None:
    """Make the item's reads, skipping those that a bulk search stood in for."""
    for operation in item.plan.reads:
        if operation.name in item.parts:
            continue
        params = _params(item, operation)
        if isinstance(params, Gap):
            item.gaps[operation.name] = params
        elif params is MISSING:
            item.parts[operation.name] = {}
        else:
            _ask(client, item, operation, params)


def _params(item: Item, operation: Operation) -> Any:
    """Give the request's parameters, MISSING when it is not to be made, or the gap in its way."""
    for conditions, is_made in ((operation.only_if, True), (operation.unless, False)):
        for path, values in conditions.items():
            value = lookup(item, path)
            if isinstance(value, Gap):
                return value
            if ((None if value is MISSING else value) in values) is not is_made:
                return MISSING
    return fill(item, dict(operation.params))


def _ask(client: Client, item: Item, operation: Operation, params: Any) -> None:
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
    elif answer.cut is not None:
        item.gaps[operation.name] = answer.cut
    else:
        item.parts[operation.name] = answer.document
        item.sources[operation.name] = answer.call
