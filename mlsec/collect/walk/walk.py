"""The one walk over the plans: list, read, follow references to neighbours, account for it all."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from mlsec.collect.tally import Tally
from mlsec.collect.walk import listing as lists
from mlsec.collect.walk.assembly import ReadItem, assemble, read_of
from mlsec.collect.walk.client import Client
from mlsec.collect.walk.exclusions import left_out
from mlsec.collect.walk.item import Item, Scope, fill
from mlsec.collect.walk.item_reading import read_item
from mlsec.collect.walk.listing import Listing, ListingResult
from mlsec.collect.walk.mapping import identify, map_item
from mlsec.collect.walk.neighbour_selection import Candidate, hidden_references, wanted_among
from mlsec.collect.walk.paths import MISSING
from mlsec.collect.walk.plan import TypePlan
from mlsec.collect.walk.subtree import Subtree
from mlsec.collect.walk.tags import Tags
from mlsec.collect.walk.walk_settings import WalkSettings
from mlsec.collect.walk.worker_pool import Job, WorkerPool
from mlsec.core.equal_values import EqualValues
from mlsec.core.resource import Gap, Inventory, Resource
from mlsec.vocabulary.types import Vocabulary

Place = tuple[str, str, str]
# Enough to keep all connections busy while few accounts' clients are held.
_SCOPES_AT_ONCE = 4
NOT_REFERRED = "no ML resource refers to it"


def walk(
    client: Client, vocabulary: Vocabulary, scopes: Iterable[Scope], settings: WalkSettings
) -> Inventory:
    """Execute all plans; the same answers give the same inventory, in whatever order they come."""
    return _Walk(client, vocabulary, tuple(scopes), settings).run()


class _Walk:
    def __init__(
        self,
        client: Client,
        vocabulary: Vocabulary,
        scopes: tuple[Scope, ...],
        settings: WalkSettings,
    ) -> None:
        self._client, self._vocabulary = client, vocabulary
        self._scopes, self._settings = scopes, settings
        self._pool = WorkerPool(client.in_flight)
        self._tally, self._equal = Tally(), EqualValues()
        self._subtree = Subtree(settings.plans, self._tally)
        self._listed: list[tuple[Listing, ListingResult]] = []
        self._searches: dict[Place, dict[str, Any]] = {}
        kinds = sorted({plan.tags_as for plan in settings.plans if plan.tags_as})
        is_tagged = settings.tagging is not None and bool(kinds)
        self._tags = (
            Tags(settings.tagging, kinds, self._equal) if settings.tagging and is_tagged else None
        )
        self._candidates: dict[str, list[Candidate]] = {}
        self._has_new_candidates = False
        self._parents = {plan.parent for plan in settings.plans if plan.parent}
        self._unmapped: list[Item] = []
        self._read: list[ReadItem] = []
        self._done = self._known = 0

    def run(self) -> Inventory:
        try:
            for first in range(0, len(self._scopes), _SCOPES_AT_ONCE):
                scopes = self._scopes[first : first + _SCOPES_AT_ONCE]
                self._pool.run(self._first_jobs(scopes))
                listed, self._listed = self._listed, []
                self._pool.run(itertools.chain(self._tag_jobs(scopes), self._jobs_of(listed)))
                self._map_all()
                self._searches.clear()
                self._release(scopes)
            self._follow()
        finally:
            self._pool.close()
        return assemble(self._read, self._tally)

    def _release(self, scopes: Iterable[Scope]) -> None:
        if self._settings.release is not None:
            self._settings.release(scope.name for scope in scopes)

    def _first_jobs(self, scopes: Iterable[Scope]) -> Iterable[Job]:
        for scope in scopes:
            for plan in self._settings.plans:
                if not plan.parent:
                    for region in lists.regions_of(plan, scope):
                        yield from self._root_jobs(plan, scope, region)

    def _root_jobs(self, plan: TypePlan, scope: Scope, region: str) -> Iterable[Job]:
        seat = Item(plan=plan, scope=scope, region=region, entry={})
        # ``$account`` and ``$region`` are all that a list at the root can ask for.
        params = fill(seat, dict(plan.listing.params)) if plan.listing else {}
        listing = Listing(plan=plan, scope=scope, region=region, params=params)
        yield self._list_job(listing, self._listed.append)
        bulk = plan.bulk
        if bulk is not None:

            def keep(listed: ListingResult) -> tuple[Job, ...]:
                self._searches[listing.place] = lists.index_search(listed, bulk)
                return ()

            yield self._job(
                (scope.name, region, bulk.operation.service),
                lambda: lists.ask_search(self._client, scope, region, bulk),
                keep,
                bulk.operation.label,
            )

    def _list_job(
        self, listing: Listing, keep: Callable[[tuple[Listing, ListingResult]], Any]
    ) -> Job:
        operation = listing.plan.listing
        service = operation.service if operation else "account"

        def then(answer: ListingResult) -> Iterable[Job]:
            return keep((listing, answer)) or ()

        return self._job(
            (listing.scope.name, listing.region, service),
            lambda: lists.ask_list(self._client, listing),
            then,
            operation.label if operation else listing.plan.type,
        )

    def _tag_jobs(self, scopes: Iterable[Scope]) -> Iterable[Job]:
        tags = self._tags
        if tags is None:
            return
        for scope in scopes:
            for region in sorted({scope.home, *scope.regions}):
                yield self._job(
                    (scope.name, region, "tags"),
                    functools.partial(tags.ask, self._client, scope, region),
                    functools.partial(tags.keep, scope, region),
                    "tags",
                )

    def _jobs_of(self, listed: Iterable[tuple[Listing, ListingResult]]) -> Iterable[Job]:
        """Turn entries into items: neighbours wait, old ones are counted, the rest is read."""
        for listing, answer in listed:
            self._subtree.look(listing.place)
            if listing.plan.reads or listing.plan.type in self._parents:
                answer = lists.cut_off(listing, answer)  # noqa: PLW2901 - the rest is not asked about
            if answer.gap is not None:
                self._subtree.hide(listing.place, answer.gap)
            if answer.by:
                self._tally.credit(listing.place, answer.by)
            if answer.why:
                self._subtree.note(listing.place, answer.why)
            for entry in answer.entries:
                item = self._item(listing, entry, answer.call)
                reason = left_out(listing.plan, entry, self._settings.began_at)
                if reason:
                    self._tally.exclude(listing.place, reason)
                elif listing.plan.is_referred and item.id:
                    self._wait(item)
                else:
                    yield self._item_job(item)

    def _item(self, listing: Listing, entry: Any, call: str) -> Item:
        item = lists.make_item(listing, entry, call, self._searches.get(listing.place, {}))
        item.region = self._settings.canon.region(item.region)
        item.id = self._identify(item)
        return item

    def _identify(self, item: Item) -> str:
        return identify(self._vocabulary.types[item.plan.type], item, self._settings.canon)

    def _wait(self, item: Item) -> None:
        kind = self._vocabulary.types[item.plan.type]
        outline = map_item(kind, item, self._settings.shapes, self._equal).resource
        candidate = Candidate(item=item, outline=outline)
        self._candidates.setdefault(item.plan.type, []).append(candidate)
        self._has_new_candidates = True

    def _item_job(self, item: Item) -> Job:
        reads = item.plan.reads
        service = reads[0].service if reads else item.plan.type
        return self._job(
            (item.scope.name, item.home, service),
            lambda: self._read_one(item),
            lambda _: self._keep(item),
            item.id,
        )

    def _read_one(self, item: Item) -> None:
        read_item(self._client, item)
        item.id = item.id or self._identify(item)

    def _keep(self, item: Item) -> Iterable[Job]:
        self._unmapped.append(item)
        for plan in self._settings.plans:
            if plan.parent == item.plan.type and plan.is_below:
                yield from self._child_job(plan, item)

    def _child_job(self, plan: TypePlan, parent: Item) -> Iterable[Job]:
        if (operation := plan.listing) is None:
            yield from self._jobs_of(lists.held_inside(plan, parent))
            return
        region = "" if operation.is_global else parent.region
        listing = Listing(plan=plan, scope=parent.scope, region=region, parent=parent)
        seat = Item(plan=plan, scope=parent.scope, region=region, entry={}, parent=parent)
        params = fill(seat, dict(operation.params))
        self._tally.look(listing.place)
        if isinstance(params, Gap):
            self._subtree.hide(listing.place, params)
        elif params is not MISSING:
            filled = msgspec.structs.replace(listing, params=params)
            yield self._list_job(filled, lambda pair: self._jobs_of((pair,)))

    def _follow(self) -> None:
        """Read what is referred to, round by round, until nothing new is."""
        fresh = [read.resource for read in self._read if read.resource]
        while fresh:
            chosen = self._choose(fresh)
            taken = {id(candidate) for candidate in chosen}
            for name, group in self._candidates.items():
                self._candidates[name] = [
                    candidate for candidate in group if id(candidate) not in taken
                ]
            fresh = self._read_chosen(chosen)
        self._admit_blindness()
        for group in self._candidates.values():
            for candidate in group:
                self._tally.exclude(candidate.item.place, NOT_REFERRED)

    def _read_chosen(self, chosen: Iterable[Candidate]) -> list[Resource]:
        """Read neighbours, those of few scopes at a time."""
        by_scope: dict[str, list[Candidate]] = {}
        for candidate in chosen:
            by_scope.setdefault(candidate.item.scope.name, []).append(candidate)
        waiting, fresh = list(by_scope.values()), []
        for first in range(0, len(waiting), _SCOPES_AT_ONCE):
            groups = waiting[first : first + _SCOPES_AT_ONCE]
            self._pool.run([self._item_job(c.item) for group in groups for c in group])
            fresh += self._map_all()
            self._release([group[0].item.scope for group in groups])
        return fresh

    def _choose(self, fresh: list[Resource]) -> list[Candidate]:
        """Give what fresh resources refer to, and for new neighbours what any resource does."""
        if self._has_new_candidates:
            self._has_new_candidates = False
            fresh = [read.resource for read in self._read if read.resource]
        return wanted_among(self._candidates, fresh, self._vocabulary)

    def _map_all(self) -> list[Resource]:
        """Map what was read since the last time, now that the tags are there."""
        items, self._unmapped = self._unmapped, []
        fresh = []
        for item in items:
            if self._tags is not None and item.id:
                self._tags.join(item)
            kind = self._vocabulary.types[item.plan.type]
            mapped = map_item(kind, item, self._settings.shapes, self._equal) if item.id else None
            self._read.append(read_of(item, mapped))
            fresh += [mapped.resource] if mapped else []
        return fresh

    def _admit_blindness(self) -> None:
        """A neighbour is not "referred to by nobody" while a reference to its type is unread."""
        seen = [read.resource for read in self._read if read.resource]
        gaps = {gap.id: gap for read in self._read for gap in read.gaps}
        gaps |= self._tally.gaps
        # What is hidden hides what it may refer to in its turn, and what is listed below that.
        before: object = None
        while before != (unlisted := self._tally.unlisted()):
            before = unlisted
            for place, gap_id in hidden_references(
                self._candidates, seen, unlisted, self._vocabulary
            ):
                self._subtree.hide(place, gaps[gap_id])

    def _job(
        self,
        lane: tuple[str, ...],
        work: Callable[[], Any],
        then: Callable[[Any], Iterable[Job] | None],
        label: str,
    ) -> Job:
        self._known += 1

        def finish(outcome: Any) -> Iterable[Job]:
            self._done += 1
            if self._settings.progress is not None:
                self._settings.progress(self._done, self._known, label)
            return then(outcome) or ()

        return Job(lane=lane, work=work, then=finish)
