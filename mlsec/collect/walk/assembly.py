"""The inventory out of what was read: each resource once, every gap named, every item counted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from mlsec.collect.tally import Tally
from mlsec.collect.walk.item import Item
from mlsec.collect.walk.mapping import Mapped
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Gap, Inventory, Resource
from mlsec.snapshot.records import canonical


class ReadItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item that was read: the mapped resource, or None when no answer held its id."""

    item: Item
    mapped: Mapped | None


def assemble(read: Iterable[ReadItem], tally: Tally) -> Inventory:
    """Sort, drop what was seen twice, and count."""
    resources: dict[str, Resource] = {}
    for reading in sorted(read, key=_order):
        place = reading.item.place
        if reading.mapped is None:
            tally.hide(place, _no_id(reading.item), is_listing=False)
            tally.add(place, errored=1)
            continue
        resource = reading.mapped.resource
        if resource.id in resources:
            continue
        resources[resource.id] = resource
        gaps = (*reading.item.gaps.values(), *reading.mapped.gaps)
        for gap in gaps:
            tally.hide(place, gap, is_listing=False)
        tally.add(place, errored=1 if gaps else 0, assessed=0 if gaps else 1)
    return Inventory(
        resources=tuple(resources[key] for key in sorted(resources)),
        gaps=tuple(tally.gaps[key] for key in sorted(tally.gaps)),
        coverage=tally.coverage(),
    )


def _order(read: ReadItem) -> tuple[Any, ...]:
    """One resource seen from several regions belongs to the one that its id names."""
    item = read.item
    is_elsewhere = bool(item.region) and f":{item.region}:" not in item.id
    return (
        item.plan.type, item.scope.name, is_elsewhere, item.region, item.id, canonical(item.entry)
    )  # fmt: skip


def _no_id(item: Item) -> Gap:
    return make_gap(
        scope=item.scope.name,
        subject=item.region,
        wanted=item.plan.listing.label if item.plan.listing else item.plan.type,
        reason=GapReason.MALFORMED,
        detail="an item without an id was answered",
    )
