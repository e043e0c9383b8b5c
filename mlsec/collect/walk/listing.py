"""Asking for lists: the items of a type, the bulk search that spares describes, all tags."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.collect.walk.client import CallResult, Client, Request, gap_for
from mlsec.collect.walk.item import Item, Scope, lookup
from mlsec.collect.walk.paths import MISSING, dig
from mlsec.collect.walk.plan import Bulk, Operation, TypePlan
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Gap
from mlsec.snapshot.records import canonical

# How many items of one list are read one by one.
MOST_READ = 20_000


class Listing(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One list to ask for; ``region`` is "" for what is global; ``parent`` is set for children."""

    plan: TypePlan
    scope: Scope
    region: str
    parent: Item | None = None
    params: Mapping[str, Any] = msgspec.field(default_factory=dict)

    @functools.cached_property
    def place(self) -> tuple[str, str, str]:
        """Where its coverage is counted."""
        return (self.plan.type, self.scope.name, self.region)


class ListingResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a list gave: entries in canonical order, and the gap when it is not the whole.

    ``why`` says what the account of this list has to say: that the service is not there at all, or
    that an index spoke in its place; ``by`` is that index.
    """

    entries: tuple[Any, ...] = ()
    gap: Gap | None = None
    call: str = ""
    why: str = ""
    by: str = ""


class Tagging(msgspec.Struct, frozen=True, kw_only=True):
    """The provider's bulk tag listing: ``filter_name`` takes the plans' ``tags_as`` values."""

    operation: Operation
    filter_name: str
    key: str


def regions_of(plan: TypePlan, scope: Scope) -> tuple[str, ...]:
    """Give the regions to list a type in; "" alone for what is asked once per account."""
    return ("",) if plan.per == "scope" or plan.is_global else scope.regions


def ask_list(client: Client, listing: Listing) -> ListingResult:
    """Ask for a listing's entries, or give the one entry of a ``per`` plan."""
    operation = listing.plan.listing
    if operation is None:
        entry = {"account": listing.scope.account, "region": listing.region}
        return ListingResult(entries=(entry,))
    request = Request(
        scope=listing.scope.name,
        region=_ask_in(listing.scope, listing.region, operation),
        operation=operation,
        params=listing.params,
        subject=listing.parent.id if listing.parent else listing.region,
    )
    return of_this_type(request, entries_of(request, client.ask(request)), listing.plan)


def held_inside(plan: TypePlan, parent: Item) -> tuple[tuple[Listing, ListingResult], ...]:
    """Give the entries of a type that stand in its parent's own item; nothing is asked."""
    if not plan.inside:
        return ()
    listing = Listing(plan=plan, scope=parent.scope, region=parent.region, parent=parent)
    value = lookup(parent, plan.inside)
    if isinstance(value, Gap):
        return ((listing, ListingResult(gap=value)),)
    entries = value if isinstance(value, list) else [] if value is MISSING else [value]
    call = next(iter(parent.sources.values()), "")
    return ((listing, ListingResult(entries=tuple(_as_entry(e) for e in entries), call=call)),)


def of_this_type(request: Request, listed: ListingResult, plan: TypePlan) -> ListingResult:
    """Leave out the entries of a shared listing that are another type's."""
    paths = (*plan.only, *plan.but)
    kept = tuple(entry for entry in listed.entries if _is_of(entry, plan))
    is_silent = any(dig(entry, path) is MISSING for entry in listed.entries for path in paths)
    if not is_silent or listed.gap is not None:
        return msgspec.structs.replace(listed, entries=kept)
    detail = f"an entry does not say its kind at {' or '.join(paths)}"
    gap = gap_for(request, GapReason.MALFORMED, detail=detail)
    return msgspec.structs.replace(listed, entries=kept, gap=gap)


def _is_of(entry: Any, plan: TypePlan) -> bool:
    return all(dig(entry, path) in values for path, values in plan.only.items()) and not any(
        dig(entry, path) in (*values, MISSING) for path, values in plan.but.items()
    )


def ask_search(client: Client, scope: Scope, region: str, bulk: Bulk) -> ListingResult:
    """Ask a bulk search; when it is refused nothing is lost, as every item is then described."""
    request = Request(
        scope=scope.name,
        region=_ask_in(scope, region, bulk.operation),
        operation=bulk.operation,
        params=bulk.operation.params,
        subject=region,
    )
    return entries_of(request, client.ask(request))


def entries_of(request: Request, answer: CallResult | Gap) -> ListingResult:
    """Take the entries out of an answer: each once, in an order of their own."""
    if isinstance(answer, Gap):
        return ListingResult(gap=answer)
    if not answer.is_offered or not answer.document:
        return ListingResult(gap=answer.cut, call=answer.call, why=answer.why, by=answer.by)
    listed = dig(answer.document, request.operation.items)
    if not isinstance(listed, list):
        detail = f"the answer has no list at {request.operation.items}"
        return ListingResult(
            gap=gap_for(request, GapReason.MALFORMED, detail=detail), call=answer.call
        )
    by_bytes = {canonical(entry): entry for entry in listed}
    entries = tuple(_as_entry(by_bytes[key]) for key in sorted(by_bytes))
    return ListingResult(
        entries=entries, gap=answer.cut, call=answer.call, why=answer.why, by=answer.by
    )


def cut_off(listing: Listing, answer: ListingResult) -> ListingResult:
    """Keep as many entries as are read one by one: a list without an end becomes no such calls."""
    if len(answer.entries) <= MOST_READ:
        return answer
    gap = make_gap(
        scope=listing.scope.name,
        subject=listing.region or listing.scope.name,
        wanted=listing.plan.listing.label if listing.plan.listing else listing.plan.type,
        reason=GapReason.OVER_LIMIT,
        detail=f"only the first {MOST_READ} of {len(answer.entries)} were read",
    )
    kept = answer.entries[:MOST_READ]
    return msgspec.structs.replace(answer, entries=kept, gap=answer.gap or gap)


def make_item(listing: Listing, entry: Any, call: str, searched: Mapping[str, Any]) -> Item:
    """Begin an item with its listing entry and, when a search had it whole, that answer too."""
    plan, region = listing.plan, listing.region
    if plan.region:
        named = dig(entry, plan.region.removeprefix("$."))
        region = named if isinstance(named, str) and named else region
    item = Item(
        plan=plan,
        scope=listing.scope,
        region=region,
        entry=entry,
        parent=listing.parent,
        place=listing.place,
    )
    if plan.listing is not None:
        item.parts[plan.listing.name] = entry
        item.sources[plan.listing.name] = call
    if plan.inside:
        item.parts["inside"] = entry
        item.sources["inside"] = call
    if plan.bulk is not None:
        whole = stand_in(entry, plan.bulk, searched)
        if whole is not MISSING:
            item.parts[plan.bulk.stands_for] = whole
    return item


def index_search(listed: ListingResult, bulk: Bulk) -> dict[str, Any]:
    """Index a search's items by the key they share with the listing's entries."""
    items = [dig(entry, bulk.item) for entry in listed.entries]
    return {
        str(key): item
        for item in items
        if isinstance(item, dict) and (key := dig(item, bulk.key)) is not MISSING
    }


def stand_in(entry: Any, bulk: Bulk, index: Mapping[str, Any]) -> Any:
    """Give the search's item for a listing entry, or MISSING when it is not there or is older."""
    item = index.get(str(dig(entry, bulk.key)), MISSING)
    if item is MISSING:
        return MISSING
    listed, searched = dig(entry, "LastModifiedTime"), dig(item, "LastModifiedTime")
    if isinstance(listed, str) and isinstance(searched, str) and searched < listed:
        return MISSING
    return item


def _as_entry(entry: Any) -> Any:
    return entry if isinstance(entry, dict) else {"value": entry}


def _ask_in(scope: Scope, region: str, operation: Operation) -> str:
    return scope.home if operation.is_global or not region else region
