"""Where a path of a rule is read on a concrete type: own property, map key, or concept's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.vocabulary.types import Kind, Property, Type, Vocabulary


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How to read one path: the document's property ``own``, perhaps one ``key`` of that map.

    ``kind`` and ``enum`` describe the value as the rule sees it, after ``values`` (own value as
    text -> the concept's value; ``*`` stands for any other value that is not null; {} = as is).
    """

    own: Property
    key: str = ""
    kind: Kind
    enum: tuple[str, ...] = ()
    values: Mapping[str, Any] = msgspec.field(default_factory=dict)

    def shown(self, path: str, operator: str, expected: Any) -> tuple[str, Any]:
        """Give path and expected value as evidence shows them: in the provider's own words.

        A translated value keeps the concept's words, unless one own value alone means it.
        """
        own = f"{self.own.name}.{self.key}" if self.key else self.own.name
        if not self.values:
            return own, expected
        meaning = [text for text, meant in self.values.items() if _is_same(meant, expected)]
        if operator not in ("eq", "ne") or len(meaning) != 1 or meaning[0] in ("*", "null"):
            return path, expected
        return own, meaning[0] == "true" if self.own.kind is Kind.BOOL else meaning[0]


def find_reading(vocabulary: Vocabulary, owner: Type, path: str) -> Reading | None:
    """Resolve a path on a type; None when the type has no such property."""
    result = find_in(owner.properties, path)
    if result is not None:
        return result
    for name in owner.concepts:
        concept = vocabulary.types.get(name)
        meant = find_in(concept.properties, path) if concept else None
        reading = _fulfilled(owner, meant) if meant is not None else None
        if reading is not None:
            return reading
    return None


def _fulfilled(owner: Type, meant: Reading) -> Reading | None:
    """Find the own property that says it answers what the concept means."""
    for own in owner.properties.values():
        if meant.own.name in own.fulfils:
            values = own.fulfils[meant.own.name]
            return Reading(own=own, key=meant.key, kind=meant.kind, enum=meant.enum, values=values)
    return None


def _is_same(meant: Any, expected: Any) -> bool:
    return type(meant) is type(expected) and bool(meant == expected)


def find_in(properties: Mapping[str, Property], path: str) -> Reading | None:
    """Resolve a path among properties: the exact flat name, else the longest map with a key."""
    exact = properties.get(path)
    if exact is not None:
        return Reading(own=exact, kind=exact.kind, enum=exact.enum)
    end = path.rfind(".")
    while end > 0:
        owner = properties.get(path[:end])
        if owner is not None and owner.kind is Kind.MAP:
            return Reading(own=owner, key=path[end + 1 :], kind=Kind.STRING)
        end = path.rfind(".", 0, end)
    return None


def translate(values: Mapping[str, Any], own: Any, unknown: Any) -> Any:
    """Give the concept's value for a type's own one, or ``unknown`` when the map has no answer."""
    if own is None:
        return values.get("null")
    text = str(own).lower() if isinstance(own, bool) else str(own)
    if text in values:
        return values[text]
    return values.get("*", unknown)
