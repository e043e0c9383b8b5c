"""All tags of a region in one listing, joined to items by their id."""

from __future__ import annotations

from typing import Any

import msgspec

from mlsec.collect.walk.client import Client, Request
from mlsec.collect.walk.item import Item, Scope
from mlsec.collect.walk.listing import ListingResult, Tagging, entries_of
from mlsec.collect.walk.paths import dig
from mlsec.core.equal_values import EqualValues


class Tags:
    """What the bulk tag listings said, per scope and region."""

    def __init__(self, tagging: Tagging, kinds: list[str], equal: EqualValues) -> None:
        self._tagging, self._kinds, self._equal = tagging, kinds, equal
        self._found: dict[tuple[str, str], ListingResult] = {}
        self._index: dict[tuple[str, str], dict[str, Any]] = {}

    def ask(self, client: Client, scope: Scope, region: str) -> ListingResult:
        """Ask for all tags of the wanted kinds in one region."""
        request = Request(
            scope=scope.name,
            region=region,
            operation=self._tagging.operation,
            params={**self._tagging.operation.params, self._tagging.filter_name: self._kinds},
            subject=region,
            filter_name=self._tagging.filter_name,
        )
        return entries_of(request, client.ask(request))

    def keep(self, scope: Scope, region: str, listed: ListingResult) -> None:
        """Remember one region's answer."""
        place = (scope.name, region)
        self._index[place] = {
            self._equal.text(str(dig(entry, self._tagging.key))): self._equal.value(entry)
            for entry in listed.entries
        }
        self._found[place] = msgspec.structs.replace(listed, entries=())

    def join(self, item: Item) -> None:
        """Give the item its tags as a part: none is known only when the listing was read whole."""
        place = (item.scope.name, item.home)
        listed = self._found.get(place)
        if listed is None or not item.plan.tags_as:
            return
        name = self._tagging.operation.name
        entry = self._index[place].get(item.id)
        if entry is None and listed.gap is not None:
            item.gaps[name] = listed.gap
            return
        item.parts[name] = entry if entry is not None else {"Tags": []}
        item.sources[name] = listed.call
