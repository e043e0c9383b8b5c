"""The graph: resources by type and id, relations resolved on demand, derived facts filled in."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar, cast

from mlsec.core.coverage import Coverage
from mlsec.core.resource import Gap, Inventory, Resource
from mlsec.graph import matching
from mlsec.graph.fact import Targets, Unknown
from mlsec.graph.gaps import not_collected, not_declared, not_known, not_there
from mlsec.graph.listings import Listings
from mlsec.graph.matching import NamesByScope, OpenEnded, by_name, is_within
from mlsec.graph.references import left_open, references
from mlsec.vocabulary.iac_mapping import is_code
from mlsec.vocabulary.types import RelationKind, Vocabulary

T = TypeVar("T")
_Arrivals = dict[str, list[Resource]]
# Relations whose targets are held at a time: few enough for any estate's memory.
_MOST_RESOLVED = 4096


class Graph:
    """What was found, joined. Every answer about relations says what it could not see."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        inventory: Inventory,
        relations: DerivedRelations,
        clock: datetime.datetime | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self.clock = clock or datetime.datetime.now(datetime.UTC)
        self._derived_relations = relations
        self._memo: dict[tuple[str, ...], object] = {}
        self.coverage: Coverage = inventory.coverage
        self.gaps: dict[str, Gap] = {gap.id: gap for gap in inventory.gaps}
        self.notices: set[str] = set()
        # As they were collected, with what is derived of them, and without stubs.
        self.collected: tuple[Resource, ...] = inventory.resources
        self.resources: dict[str, Resource] = {}
        self._by_type: dict[str, list[Resource]] = {}
        for resource in sorted(inventory.resources, key=lambda r: (r.type, r.id)):
            self._add(resource)
        self._of_concept: dict[str, tuple[Resource, ...]] = {}
        self._of_concept_by_scope: dict[str, dict[str, tuple[Resource, ...]]] = {}
        self._indexes: dict[tuple[str, str, bool], NamesByScope] = {}
        self._reversed: dict[tuple[str, str], tuple[_Arrivals, OpenEnded]] = {}
        self._undeclared: dict[tuple[str, str], str] = {}
        self._resolved: dict[tuple[int, str], tuple[Resource, Targets]] = {}
        self._is_finished = False
        self._listings = Listings(inventory.coverage)

    def of_type(self, name: str) -> tuple[Resource, ...]:
        """Give all resources of a type, or of every type that is this concept, sorted by id."""
        if name not in self._of_concept:
            resources = [
                r for t in self.vocabulary.concrete(name) for r in self._by_type.get(t.name, ())
            ]
            self._of_concept[name] = tuple(sorted(resources, key=lambda resource: resource.id))
        return self._of_concept[name]

    def of_type_in(self, name: str, scope: str) -> tuple[Resource, ...]:
        """Give those of them that lie in one scope, sorted by id."""
        if name not in self._of_concept_by_scope:
            by_scope: dict[str, list[Resource]] = {}
            for resource in self.of_type(name):
                by_scope.setdefault(resource.scope, []).append(resource)
            self._of_concept_by_scope[name] = {key: tuple(by_scope[key]) for key in by_scope}
        return self._of_concept_by_scope[name].get(scope, ())

    def targets(self, resource: Resource, relation: str) -> Targets:
        """Resolve one relation of ``resource``; unknown parts are named by gaps, never dropped."""
        kind = self.vocabulary.types[resource.type].relations.get(relation)
        if kind is None:
            return Targets()
        hidden = resource.unread.get(relation) or resource.unread.get("*")
        if hidden:
            # What refers to a thing says so itself, whatever of the thing could not be read.
            is_seen = kind.reverse and relation not in resource.unread
            known = self._once(resource, relation, kind) if is_seen else Targets()
            return Targets(resources=known.resources, gaps=(*known.gaps, *hidden))
        if kind.path:
            return self._along(resource, kind.path.split("."))
        if kind.by or kind.reverse or kind.every:
            return self._once(resource, relation, kind)
        return self._derived_relations[kind.derived](resource, self)

    def _once(self, resource: Resource, relation: str, kind: RelationKind) -> Targets:
        """Resolve what always has the same answer; many rules ask for it one after the other."""
        key = (id(resource), relation)
        known = self._resolved.get(key) if self._is_finished else None
        if known is not None and known[0] is resource:
            return known[1]
        if kind.by:
            targets = self._forward(resource, kind)
        elif kind.reverse:
            targets = self._backward(resource, kind)
        else:
            targets = self._all_around(resource, kind)
        if self._is_finished:
            if len(self._resolved) >= _MOST_RESOLVED:
                self._resolved.clear()
            self._resolved[key] = (resource, targets)
        return targets

    def look_up(self, resource: Resource, kind: RelationKind, reference: str) -> list[Resource]:
        """Give what a reference names by a relation's rules; a stub when nothing does."""
        scope = "" if kind.within == "any" else resource.scope
        near = [
            target
            for concrete in self.vocabulary.concrete(kind.to)
            for target in self._named(concrete.name, kind.match, scope, reference)
            if is_within(kind.within, resource, target)
        ]
        if near and is_code(resource.scope):
            near = list(matching.meant_in_code(resource, near, reference))
        return near or [self._stub(resource, kind, reference)]

    def called(
        self, identity: str, type_name: str, near: Resource | None = None
    ) -> Resource | None:
        """Give the resource of a type that is referred to so (by ``near``), a stub too.

        None when none is, or when several are declared under the name: it is not known which.
        """
        named = self._named(type_name, "id", "", identity)
        if near is not None and is_code(near.scope):
            named = matching.meant_in_code(near, named, identity)
        if named:
            return named[0] if len(named) == 1 else None
        stub = self.resources.get(identity)
        return stub if stub is not None and stub.type == type_name else None

    def incomplete(self, type_name: str, scope: str, region: str) -> tuple[str, ...]:
        """Name the gaps of a type's listing in a scope (and region, "" for any of them).

        A type that nobody listed there is a gap too: its absence must not read as none.
        """
        if is_code(scope):
            return (self._not_declared(type_name, scope),)
        gaps: list[str] = []
        provider = scope.partition("/")[0]
        for kind in self.vocabulary.concrete(type_name):
            if not kind.name.startswith(provider + "."):
                continue
            if not self._listings.were_made(kind.name, scope, region):
                gaps.append(self._not_collected(kind.name, scope, region))
            for row in self._listings.of(kind.name, scope, region):
                if not row.is_complete:
                    gaps.extend(row.gaps or (self._not_collected(kind.name, scope, row.region),))
        return tuple(sorted(set(gaps)))

    def note_gap(self, gap: Gap) -> str:
        """Remember a gap that a derived fact ran into; gives its id."""
        self.gaps[gap.id] = gap
        return gap.id

    def add_notice(self, text: str) -> None:
        """Remember what a reader has to know about a source of derived facts; said once."""
        self.notices.add(text)

    def memo(self, key: tuple[str, ...], build: Callable[[], T]) -> T:
        """Compute once for each key; the first part of ``key`` names the fact."""
        if key not in self._memo:
            self._memo[key] = build()
        return cast("T", self._memo[key])

    def finish(self) -> None:
        """Drop cached look-ups, as a derived property may be what a relation goes by.

        From here on nothing changes any more, so that what was resolved stays so.
        """
        self._indexes.clear()
        self._reversed.clear()
        self._is_finished = True

    def _add(self, resource: Resource) -> None:
        self.resources[resource.id] = resource
        self._by_type.setdefault(resource.type, []).append(resource)

    def _forward(self, resource: Resource, kind: RelationKind) -> Targets:
        names = references(resource, kind.by)
        if isinstance(names, Unknown):
            return Targets(gaps=names.gaps or (self._unresolved(resource, kind),))
        targets: dict[str, Resource] = {}
        for reference in names.value:
            for target in self.look_up(resource, kind, reference):
                targets[target.id] = target
        return Targets(resources=tuple(targets.values()), gaps=left_open(resource, kind.by))

    def _named(self, type_name: str, match: str, scope: str, reference: str) -> Sequence[Resource]:
        """Give what a reference means among a type's resources of a scope, "" for all scopes."""
        key = (type_name, match, bool(scope))
        if key not in self._indexes:
            listed = self._by_type.get(type_name, ())
            self._indexes[key] = by_name(listed, match, is_by_scope=bool(scope))
        return self._indexes[key].get(scope, {}).get(reference, ())

    def _stub(self, resource: Resource, kind: RelationKind, reference: str) -> Resource:
        near = "" if kind.match == "id" else f"{resource.scope}/{resource.region}/{kind.to}/"
        stub_id = near + reference
        if stub_id in self.resources:
            return self.resources[stub_id]
        is_declared = is_code(resource.scope)
        gap = not_there(resource, kind, reference, is_declared=is_declared)
        known = () if is_declared else self._hidden_listing(resource, kind)
        stub = Resource(
            id=stub_id,
            type=kind.to,
            provider=resource.provider,
            scope=resource.scope,
            region=resource.region,
            name=reference,
            unread={"*": known or (self.note_gap(gap),)},
            is_stub=True,
        )
        self.resources[stub_id] = stub
        return stub

    def _hidden_listing(self, resource: Resource, kind: RelationKind) -> tuple[str, ...]:
        """When the target's own listing failed, that is why the reference does not resolve."""
        region = resource.region if kind.within == "region" else ""
        return self.incomplete(kind.to, resource.scope, region)

    def _backward(self, resource: Resource, kind: RelationKind) -> Targets:
        sources: dict[str, Resource] = {}
        gaps: set[str] = set()
        for concrete in self.vocabulary.concrete(kind.to):
            forward = concrete.relations.get(kind.reverse)
            # A notebook of another cloud never runs as an identity of this one.
            if forward is None or not self.vocabulary.may_lead_to(forward, resource.type):
                continue
            arrivals, loose = self._reverse_index(concrete.name, forward)
            for source in arrivals.get(resource.id, ()):
                sources[source.id] = source
            gaps.update(matching.gaps_of_open_ended(loose, forward.within, resource))
            region = resource.region if forward.within == "region" else ""
            if concrete.name.startswith(f"{resource.provider}."):
                gaps.update(self.incomplete(concrete.name, resource.scope, region))
            else:
                gaps.update(self._listings.gaps_of(concrete.name))
        return Targets(resources=tuple(sources.values()), gaps=tuple(sorted(gaps)))

    def _reverse_index(self, type_name: str, forward: RelationKind) -> tuple[_Arrivals, OpenEnded]:
        """Give sources by what they lead to, and by scope ("" for all) those that may lead on."""
        key = (type_name, forward.name)
        if key not in self._reversed:
            arrivals: _Arrivals = {}
            loose: OpenEnded = {}
            for source in self._by_type.get(type_name, ()):
                reached = self.targets(source, forward.name)
                for target in reached.resources:
                    arrivals.setdefault(target.id, []).append(source)
                if reached.gaps:
                    matching.note_open_ended(loose, source, reached.gaps)
            self._reversed[key] = (arrivals, loose)
        return self._reversed[key]

    def _along(self, resource: Resource, steps: Iterable[str]) -> Targets:
        here: dict[str, Resource] = {resource.id: resource}
        gaps: set[str] = set()
        for step in steps:
            ahead: dict[str, Resource] = {}
            for resource_here in here.values():
                reached = self.targets(resource_here, step)
                gaps.update(reached.gaps)
                ahead.update({target.id: target for target in reached.resources})
            here = ahead
        return Targets(resources=tuple(here.values()), gaps=tuple(sorted(gaps)))

    def _all_around(self, resource: Resource, kind: RelationKind) -> Targets:
        if kind.within == "any":
            near = self.of_type(kind.to)
        else:
            near = self.of_type_in(kind.to, resource.scope)
        targets = [target for target in near if is_within(kind.within, resource, target)]
        region = resource.region if kind.within == "region" else ""
        return Targets(
            resources=tuple(targets), gaps=self.incomplete(kind.to, resource.scope, region)
        )

    def _unresolved(self, resource: Resource, kind: RelationKind) -> str:
        return self.note_gap(not_known(resource, kind))

    def _not_declared(self, type_name: str, scope: str) -> str:
        key = (type_name, scope)
        if key not in self._undeclared:
            self._undeclared[key] = self.note_gap(not_declared(type_name, scope))
        return self._undeclared[key]

    def _not_collected(self, type_name: str, scope: str, region: str) -> str:
        return self.note_gap(not_collected(type_name, scope, region))


DerivedRelations = Mapping[str, Callable[[Resource, Graph], Targets]]
