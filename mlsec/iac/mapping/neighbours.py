"""Which declared neighbours matter: those that something of machine learning refers to, as live."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from mlsec.collect.walk.item import Item, Scope
from mlsec.collect.walk.neighbour_selection import Candidate, references, wanted_among
from mlsec.collect.walk.plan import Referred, TypePlan
from mlsec.core.resource import Resource
from mlsec.vocabulary.types import Vocabulary

NOT_REFERRED = "nothing of machine learning refers to it"
_MOST_ROUNDS = 8


def split(
    resources: Iterable[Resource], referred: Sequence[Referred], vocabulary: Vocabulary
) -> tuple[list[Resource], list[Resource]]:
    """Give what is judged and what is only counted.

    ``referred`` says, for each provider, which types a live scan reads only where another resource
    refers to them, and what else makes them ML data in code. Where a reference of the same stack is
    not known, it may be to any of them: they are judged.
    """
    result = list(resources)
    types = frozenset[str]().union(*(group.types for group in referred))
    kept = [item for item in result if item.type not in types]
    left = {item.id: item for item in result if item.type in types}
    # What the others refer to was found in an earlier round; only the newly found may add more.
    newest = kept
    for _ in range(_MOST_ROUNDS):
        candidates: dict[str, list[Candidate]] = {}
        for item in left.values():
            candidates.setdefault(item.type, []).append(_candidate(item))
        own_ids = {
            item.own_id for item in wanted_among(candidates, map(_known, newest), vocabulary)
        }
        chosen = [e for e in left.values() if _own_id(e) in own_ids] + _clouded(
            newest, left.values(), vocabulary
        )
        for named in (group.named for group in referred if group.named):
            chosen += named(kept, left.values())
        if not chosen:
            break
        newest = [left.pop(key) for key in dict.fromkeys(item.id for item in chosen)]
        kept = [*kept, *newest]
    ids = {item.id for item in kept}
    return [item for item in result if item.id in ids], list(left.values())


def _clouded(
    kept: list[Resource], left: Iterable[Resource], vocabulary: Vocabulary
) -> list[Resource]:
    """Find the neighbours of a stack in which a reference to their type is not known."""
    open_to: set[tuple[str, str]] = set()
    for item in kept:
        for relation in vocabulary.types[item.type].relations.values() if item.unread else ():
            name = relation.by.split("[]")[0]
            is_open = name in item.unread and name not in item.properties
            is_worded = any("‹" in text for text in references(item, relation.by))
            if relation.by and (is_open or is_worded or relation.by in item.unread):
                targets = vocabulary.concrete(relation.to)
                open_to |= {(item.origin.stack, target.name) for target in targets}
    return [item for item in left if (item.origin.stack, item.type) in open_to]


def _known(resource: Resource) -> Resource:
    return msgspec.structs.replace(resource, id=resource.identity)


def _candidate(resource: Resource) -> Candidate:
    # The id is what others call it, which equal names of other stacks are called too.
    outline = msgspec.structs.replace(resource, id=resource.identity)
    return Candidate(item=_ITEM, outline=outline, own_id=_own_id(resource))


def _own_id(resource: Resource) -> str:
    return resource.origin.stack + resource.id


_ITEM = Item(
    plan=TypePlan(type=""),
    scope=Scope(name="", account="", home="", regions=()),
    region="",
    entry=None,
)
