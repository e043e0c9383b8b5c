"""What a declaration that is a part of others belongs to: for certain, or perhaps and why."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.mapping.declaration import fill, known_words, name_at, text_of
from mlsec.iac.mapping.resource import PendingResource

# stack -> the names under which it exports to other stacks what it has
Offers = Mapping[str, frozenset[str]]
NOTHING_OFFERED: Offers = {}
_ELSEWHERE = UnknownValue(
    "it names what another part of this code declares, and both may be applied apart"
)
# The id of a thing whose name means one thing in every account and region, as of a bucket.
_UNIQUE = re.compile(r"[^{}]*(?:\{(?:partition|name)\}[^{}]*)+")


class Owners:
    """All things of a target by what they are called, stack by stack."""

    def __init__(self, offers: Offers = NOTHING_OFFERED) -> None:
        self._offers = offers
        self._here: dict[tuple[str, str, str], list[PendingResource]] = {}
        self._named: dict[tuple[str, str], list[PendingResource]] = {}
        self._in_stack: dict[tuple[str, str], list[PendingResource]] = {}

    def add(self, standing: PendingResource) -> None:
        """Take a thing in."""
        type_name, stack = standing.entry.type, standing.declaration.applied
        self._in_stack.setdefault((stack, type_name), []).append(standing)
        address = standing.declaration.address.lower()
        if address not in _names(standing):
            self._here.setdefault((stack, type_name, address), []).append(standing)
        for name in _names(standing):
            self._here.setdefault((stack, type_name, name), []).append(standing)
            if _is_written(standing):
                self._named.setdefault((type_name, name), []).append(standing)

    def call(self, standing: PendingResource, stack: str, name: str) -> bool:
        """Give a thing one more name in a stack, which others may have too: whether it is new."""
        key = (stack, standing.entry.type, name.lower())
        known = self._here.setdefault(key, [])
        is_new = not any(other is standing for other in known)
        if is_new:
            known.append(standing)
        return is_new

    def named(self, stack: str, type_name: str, name: str) -> list[PendingResource]:
        """Find what a name means for certain: in its stack, or anywhere if it means one thing.

        It is taken as it is written, or as what an ARN ends with.
        """
        spellings = _spellings(name)
        for spelling in spellings:
            result = self._here.get((stack, type_name, spelling))
            if result:
                return result
        result = self._elsewhere(type_name, spellings)
        return [item for item in result if _is_unique(item)]

    def possible(
        self, stack: str, type_name: str, owner: Node
    ) -> list[tuple[PendingResource, UnknownValue]]:
        """Give what an owner may be that is none for certain, each with why."""
        hidden = owner.value
        if not isinstance(hidden, UnknownValue):
            result = self._elsewhere(type_name, _spellings(text_of(owner)))
            return [(item, _ELSEWHERE) for item in result]
        if hidden.among is None:
            return [(item, hidden) for item in self._in_stack.get((stack, type_name), ())]
        meant: dict[int, PendingResource] = {}
        for name in hidden.among:
            near = self._here.get((stack, type_name, name.lower()), ())
            meant.update((id(item), item) for item in near)
        for other in self._offers if hidden.text else ():
            if other != stack and self._is_offered(other, hidden.text):
                far = self._in_stack.get((other, type_name), ())
                meant.update((id(item), item) for item in far)
        return [(item, hidden) for item in meant.values()]

    def _elsewhere(self, type_name: str, spellings: tuple[str, ...]) -> list[PendingResource]:
        for spelling in spellings:
            result = self._named.get((type_name, spelling)) if "‹" not in spelling else None
            if result:
                return result
        return []

    def _is_offered(self, stack: str, words: str) -> bool:
        """Whether a stack may export what is asked for in these words of an unknown value."""
        asked = words.removeprefix("‹").removesuffix("›").rpartition(".outputs.")[2]
        tail = asked.rpartition("›")[2].partition(".")[0]
        offered = (item.rpartition("›")[2] for item in self._offers.get(stack, ()) if tail)
        return any(item.endswith(tail) or (item and tail.endswith(item)) for item in offered)


def _names(standing: PendingResource) -> set[str]:
    called = standing.called
    words = {called.name, called.id, called.ref, called.name.rpartition(":")[2]}
    # What else is said of one thing only, such as the principal of an identity.
    own = (text for text in standing.entry.attributes.values() if "{id}" in text)
    known = known_words(called)
    words.update(
        fill(text, known, lambda path: standing.digger.dig(standing.body, path)) for text in own
    )
    return {word.lower() for word in words}


def _spellings(name: str) -> tuple[str, ...]:
    return (name.lower(), name.rpartition(":")[2].lower()) if name else ()


def _is_written(standing: PendingResource) -> bool:
    """Whether the code gives its name, so that others can refer to it."""
    if "‹" in standing.called.name:
        return False
    body, digger = standing.body, standing.digger
    return any(name_at(at, lambda path: digger.dig(body, path)) for at in standing.entry.naming)


def _is_unique(standing: PendingResource) -> bool:
    """Whether one name means one thing in every account, as of a bucket."""
    return _UNIQUE.fullmatch(standing.entry.id) is not None
