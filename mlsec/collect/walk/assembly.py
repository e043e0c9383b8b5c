"""The inventory out of what was read: each resource once, every gap named, every item counted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from mlsec.collect.tally import Place, Tally
from mlsec.collect.walk.item import Item
from mlsec.collect.walk.mapping import Mapped
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Gap, Inventory, Resource
from mlsec.snapshot.records import canonical


class ReadItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is kept of one item that was read: its resource, None when no answer held its id.

    ``place`` is where it is counted, ``entry`` the digest of its entry in the listing, ``gaps``
    what hides parts of it.
    """

    place: Place
    region: str
    resource: Resource | None
    entry: bytes
    gaps: tuple[Gap, ...]


def read_of(item: Item, mapped: Mapped | None) -> ReadItem:
    """Give what is kept of an item once it is mapped: its answers are no longer needed."""
    return ReadItem(
        place=item.place,
        region=item.region,
        resource=None if mapped is None else mapped.resource,
        entry=hashlib.blake2b(canonical(item.entry), digest_size=8).digest(),
        gaps=(_no_id(item),)
        if mapped is None
        else tuple({gap.id: gap for gap in (*item.gaps.values(), *mapped.gaps)}.values()),
    )


def assemble(read: Iterable[ReadItem], tally: Tally) -> Inventory:
    """Sort, drop what was seen twice, and count."""
    resources: dict[str, Resource] = {}
    for reading in sorted(read, key=_order):
        place, resource = reading.place, reading.resource
        if resource is not None and resource.id in resources:
            continue
        for gap in reading.gaps:
            tally.hide(place, gap, is_listing=False)
        is_whole = resource is not None and not reading.gaps
        tally.add(place, errored=0 if is_whole else 1, assessed=1 if is_whole else 0)
        if resource is not None:
            resources[resource.id] = resource
    return Inventory(
        resources=tuple(resources[key] for key in sorted(resources)),
        gaps=tuple(tally.gaps[key] for key in sorted(tally.gaps)),
        coverage=tally.coverage(),
    )


def _order(read: ReadItem) -> tuple[Any, ...]:
    """One resource seen from several regions belongs to the one that its id names."""
    name = read.resource.id if read.resource is not None else ""
    is_elsewhere = bool(read.region) and f":{read.region}:" not in name
    return (*read.place[:2], is_elsewhere, read.region, name, read.entry)


def _no_id(item: Item) -> Gap:
    return make_gap(
        scope=item.scope.name,
        subject=item.region,
        wanted=item.plan.listing.label if item.plan.listing else item.plan.type,
        reason=GapReason.MALFORMED,
        detail="an item without an id was answered",
    )
