"""Texts that decide comparisons every way they can come out together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from mlsec.core.wildcard import One, Part, Run
from mlsec.providers.azure.conditions.operators import like_pattern

# A character that stands in no pattern.
_OTHER = "~"
_MOST_STATES = 20_000
FIRST_DAY, LAST_DAY = "0001-01-02T00:00:00Z", "9999-12-30T00:00:00Z"


class Compared(msgspec.Struct, frozen=True):
    """An operator in lower case and a text that an attribute is compared with."""

    operator: str
    text: str


class Examples(msgspec.Struct, frozen=True):
    """Values to try out; ``is_complete`` when no other could decide otherwise."""

    values: tuple[str, ...]
    is_complete: bool = True


class _Pattern(msgspec.Struct, frozen=True):
    """The parts of a pattern, a character each; ``is_folded``: in lower case, as the text then."""

    parts: tuple[Part, ...]
    is_folded: bool

    def start(self) -> int:
        """Give the places before any character, as bits."""
        return self._closed(1)

    def step(self, places: int, character: str) -> int:
        """Give the places after one more character."""
        character = character.lower() if self.is_folded else character
        reached = 0
        for at, part in enumerate(self.parts):
            if places >> at & 1:
                if isinstance(part, Run):
                    reached |= 1 << at
                elif isinstance(part, One) or part == character:
                    reached |= 2 << at
        return self._closed(reached)

    def accepts(self, places: int) -> bool:
        """Whether the text may end here."""
        return bool(places >> len(self.parts) & 1)

    def _closed(self, places: int) -> int:
        for at, part in enumerate(self.parts):
            if places >> at & 1 and isinstance(part, Run):
                places |= 2 << at
        return places


def examples_of(compared: Iterable[Compared]) -> Examples:
    """Give values such that every joint outcome of these comparisons is that of one of them."""
    items = sorted(set(compared), key=lambda item: (item.operator, item.text))
    texts = [item for item in items if item.operator.startswith("string")]
    joint = _joint([_pattern(item) for item in texts]) if texts else Examples(())
    others = [value for item in items if item not in texts for value in _around(item)]
    return Examples(tuple(dict.fromkeys((*joint.values, *others))), joint.is_complete)


def _pattern(item: Compared) -> _Pattern:
    is_folded = item.operator.endswith("ignorecase")
    text = item.text.lower() if is_folded else item.text
    parts: list[Part] = like_pattern(text) if "like" in item.operator else list(text)
    if "startswith" in item.operator:
        parts.append(Run())
    return _Pattern(tuple(parts), is_folded)


def _joint(patterns: Sequence[_Pattern]) -> Examples:
    """Walk all patterns at once, over the characters in them and one other."""
    written = {part for p in patterns for part in p.parts if isinstance(part, str)}
    alphabet = sorted({_OTHER, *written, *(character.upper() for character in written)})
    start = tuple(pattern.start() for pattern in patterns)
    seen, waiting = {start}, [(start, "")]
    texts_by_outcome: dict[tuple[bool, ...], str] = {}
    for state, text in waiting:
        for character in alphabet:
            reached = tuple(p.step(s, character) for p, s in zip(patterns, state, strict=True))
            pairs = zip(patterns, reached, strict=True)
            texts_by_outcome.setdefault(tuple(p.accepts(s) for p, s in pairs), text + character)
            if reached not in seen:
                seen.add(reached)
                waiting.append((reached, text + character))
        if len(seen) > _MOST_STATES:
            return Examples(tuple(texts_by_outcome.values()), is_complete=False)
    return Examples(tuple(texts_by_outcome.values()))


def _around(item: Compared) -> tuple[str, ...]:
    kind, text = item.operator, item.text
    if kind.startswith("numeric") and text.lstrip("-").isdecimal():
        return str(int(text) - 1), text, str(int(text) + 1)
    if kind.startswith("datetime"):
        return FIRST_DAY, text, LAST_DAY
    return ("true", "false") if kind.startswith("bool") else (text,)
