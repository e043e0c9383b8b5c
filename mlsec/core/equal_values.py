"""One copy of values that are equal: most of what thousands of accounts say is the same."""

from __future__ import annotations

from array import array
from typing import Any

# What is nested deeper than any provider's answer is left as it is.
_MOST_LEVELS = 40


class EqualValues:
    """Gives for each value the first one that was equal to it; nobody changes what it gives.

    It holds on to all that it gave: use one for as long as values come in, then let it go.
    """

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._lists: dict[bytes, list[Any]] = {}
        self._mappings: dict[bytes, dict[str, Any]] = {}
        self._others: dict[tuple[Any, ...], Any] = {}

    def text(self, text: str) -> str:
        """Give the one copy of a text."""
        return self._texts.setdefault(text, text)

    def value(self, value: Any, level: int = 0) -> Any:
        """Give the one copy of a JSON value: of lists and mappings, also of what is in them."""
        kind = type(value)
        if kind is str:
            return self._texts.setdefault(value, value)
        if value is None or kind is bool:
            return value
        if kind is list and level < _MOST_LEVELS:
            items = [self.value(item, level + 1) for item in value]
            return self._lists.setdefault(_where(items), items)
        if kind is dict and level < _MOST_LEVELS:
            pairs = {self.text(key): self.value(item, level + 1) for key, item in value.items()}
            return self._mappings.setdefault(_where([*pairs, *pairs.values()]), pairs)
        # 1.0 and 1 are equal and are not the same.
        key = (kind, value) if kind is int else (id(value),)
        return self._others.setdefault(key, value)


def _where(parts: list[Any]) -> bytes:
    """Say where parts lie: each is the one copy already, so that this is enough to know them."""
    return array("Q", map(id, parts)).tobytes()
