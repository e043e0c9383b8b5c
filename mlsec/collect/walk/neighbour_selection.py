"""Which neighbours an ML resource refers to: only those are read, the rest is counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mlsec.collect.walk.item import Item
from mlsec.core.resource import Resource
from mlsec.graph.matching import match_values
from mlsec.vocabulary.types import RelationKind, Type, Vocabulary


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A listed item that may be wanted; ``outline`` is mapped from its listing entry alone.

    ``own_id`` distinguishes it from others that go by the same id, as equal names of several
    stacks do.
    """

    item: Item
    outline: Resource
    own_id: str = ""

    @property
    def key(self) -> str:
        """What no other candidate has."""
        return f"{self.outline.type} {self.outline.id} {self.own_id}"


def wanted_among(
    candidates: Mapping[str, list[Candidate]], included: Iterable[Resource], vocabulary: Vocabulary
) -> list[Candidate]:
    """Give the candidates that the given resources refer to (or that refer to them).

    It is generous: a reference is compared with the id, its last segment, the name and the
    relation's own ``match`` property, because reading one neighbour too many costs a call and
    missing one costs a verdict. In another scope only what goes by exactly that reference counts.
    """
    if not any(candidates.values()):
        return []
    included = list(included)
    candidates_by_key: dict[str, Candidate] = {}
    index = {name: _Index(group) for name, group in candidates.items()}
    leads: dict[str, list[tuple[RelationKind, list[str]]]] = {}
    for resource in included:
        if resource.type not in leads:
            leads[resource.type] = list(_leads(vocabulary.types[resource.type], index, vocabulary))
        for relation, names in leads[resource.type]:
            for name in names:
                for candidate in _forward(resource, relation, index[name]):
                    candidates_by_key[candidate.key] = candidate
    own = _keys_of(included)
    back = _reversed(included, vocabulary)
    for name, group in candidates.items():
        relations = vocabulary.types[name].relations.values()
        ways = [
            (relation.by, back[name, relation.name])
            for relation in relations
            if (name, relation.name) in back
        ]
        for candidate in group if ways else ():
            if any(
                own.get(value, set()) & types
                for by, types in ways
                for value in references(candidate.outline, by)
            ):
                candidates_by_key[candidate.key] = candidate
    return [candidates_by_key[key] for key in sorted(candidates_by_key)]


def hidden_references(
    left: Mapping[str, list[Candidate]],
    read: Iterable[Resource],
    unlisted: Mapping[tuple[str, str, str], tuple[str, ...]],
    vocabulary: Vocabulary,
) -> list[tuple[tuple[str, str, str], str]]:
    """Give (place of left neighbours, gap id) where a reference to them may not have been seen.

    ``unlisted`` are the places (type, scope, region) where resources exist that nobody listed. A
    place has every such gap of its own scope, and one for all that other scopes may refer to.
    """
    blind = [(r.type, r.scope, r.unread) for r in read if r.unread]
    blind += [(place[0], place[1], {"*": gaps}) for place, gaps in unlisted.items()]
    near: dict[tuple[str, str], set[str]] = {}
    far: dict[str, dict[str, str]] = {}
    for kind, scope, unread in blind:
        for relation in vocabulary.types[kind].relations.values():
            targets = {t.name for t in vocabulary.concrete(relation.to)} if relation.by else set()
            gaps = unread.get(relation.by.split("[]")[0], unread.get("*", ()))
            for name in targets & left.keys() if gaps else ():
                near.setdefault((name, scope), set()).update(gaps)
                if relation.within == "any":
                    known = far.setdefault(name, {})
                    known[scope] = min(*gaps, known.get(scope, gaps[0]), gaps[0])
    # The first two by scope: one of them lies in another scope than any given one.
    elsewhere = {name: sorted(by_scope.items())[:2] for name, by_scope in far.items()}
    hidden = set()
    for name, group in left.items():
        for place in {candidate.item.place for candidate in group}:
            others = [gap for scope, gap in elsewhere.get(name, ()) if scope != place[1]]
            hidden |= {(place, gap) for gap in (*near.get((name, place[1]), ()), *others[:1])}
    return sorted(hidden)


def references(resource: Resource, path: str) -> list[str]:
    """Give the strings at a relation's ``by`` path: ``property`` or ``property[].field``."""
    if not path:
        return []
    name, *fields = path.split("[]")
    values: list[Any] = [resource.properties.get(name)]
    for field in [*fields]:
        elements = [e for value in values if isinstance(value, list) for e in value]
        key = field.lstrip(".")
        values = [e.get(key) if isinstance(e, dict) else e for e in elements] if key else elements
    flat = [e for value in values for e in (value if isinstance(value, list) else [value])]
    return [reference for reference in flat if isinstance(reference, str) and reference]


def _forward(resource: Resource, relation: RelationKind, index: _Index) -> Iterable[Candidate]:
    scope = resource.scope
    if relation.every:
        for candidate in index.all if relation.within == "any" else index.in_scope.get(scope, ()):
            if relation.within != "region" or candidate.outline.region == resource.region:
                yield candidate
        return
    for value in references(resource, relation.by):
        yield from index.near.get((scope, value), ())
        tail = _tail(value)
        if tail != value:
            yield from index.near.get((scope, tail), ())
        if relation.within != "any":
            yield from index.by_id.get(value, ())
            continue
        for candidate in index.anywhere.get(value, ()):
            if _is_meant_anywhere(candidate.outline, relation, value):
                yield candidate


def _is_meant_anywhere(outline: Resource, relation: RelationKind, value: str) -> bool:
    """Whether a reference means it from any scope: by its id, or as the relation's names do."""
    if value == outline.id:
        return True
    return relation.within == "any" and value in match_values(outline, relation.match)


def _leads(
    owner: Type, index: Mapping[str, Any], vocabulary: Vocabulary
) -> Iterable[tuple[RelationKind, list[str]]]:
    """Give the relations of a type that may lead to a candidate, and the types of those."""
    for relation in owner.relations.values():
        names = [
            name
            for target in vocabulary.concrete(relation.to)
            for name in (target.name, *(() if relation.every else _aliases_of(target)))
            if name in index
        ]
        if names:
            yield relation, names


def _aliases_of(target: Type) -> Iterable[str]:
    """Name the types that point at this one: a reference may say their name instead (an alias)."""
    return (relation.to for relation in target.relations.values() if relation.reverse)


class _Index:
    """Candidates of one type by what a reference may say to mean them.

    ``near`` has them by scope and reference, ``anywhere`` by reference alone, ``by_id`` by id.
    """

    def __init__(self, candidates: list[Candidate]) -> None:
        self.all = candidates
        self.in_scope: dict[str, list[Candidate]] = {}
        self.near: dict[tuple[str, str], list[Candidate]] = {}
        self.anywhere: dict[str, list[Candidate]] = {}
        self.by_id: dict[str, list[Candidate]] = {}
        for candidate in candidates:
            outline = candidate.outline
            self.in_scope.setdefault(outline.scope, []).append(candidate)
            self.by_id.setdefault(outline.id, []).append(candidate)
            values = [v for v in outline.properties.values() if isinstance(v, str) and v]
            for key in {outline.id, outline.name, _tail(outline.id), *values}:
                self.near.setdefault((outline.scope, key), []).append(candidate)
                self.anywhere.setdefault(key, []).append(candidate)


def _reversed(
    included: Iterable[Resource], vocabulary: Vocabulary
) -> dict[tuple[str, str], set[str]]:
    """Give, per neighbour type and relation of it, the included types it would point back to."""
    back: dict[tuple[str, str], set[str]] = {}
    for name in {resource.type for resource in included}:
        for relation in vocabulary.types[name].relations.values():
            if relation.reverse:
                for target in vocabulary.concrete(relation.to):
                    back.setdefault((target.name, relation.reverse), set()).add(name)
    return back


def _keys_of(included: Iterable[Resource]) -> dict[str, set[str]]:
    own: dict[str, set[str]] = {}
    for resource in included:
        for key in (resource.id, resource.name, _tail(resource.id)):
            own.setdefault(key, set()).add(resource.type)
    return own


def _tail(text: str) -> str:
    return text.rpartition("/")[2] if "/" in text else text.rpartition(":")[2]
