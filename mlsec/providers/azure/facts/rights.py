"""Rights and the blocks of role definitions that give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mlsec.core.wildcard import matches_stars


class Right(msgspec.Struct, frozen=True):
    """An action in lower case; ``is_data`` for data actions.

    The action ``*`` asks for every action at once.
    """

    action: str
    is_data: bool = False


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One block of a role's permissions: patterns in lower case, and a condition on all of it."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    condition: str = ""

    def holds(self, right: Right) -> bool:
        """Whether the block allows a right: an exception applies to its own block only."""
        given = self.data_actions if right.is_data else self.actions
        less = self.not_data_actions if right.is_data else self.not_actions
        return _covers(given, right.action) and not _covers(less, right.action)


def read_blocks(items: Iterable[Mapping[str, Any]]) -> tuple[Block, ...]:
    """Turn permissions, as the vocabulary has them, into blocks."""
    names = ("actions", "not_actions", "data_actions", "not_data_actions")
    return tuple(
        Block(
            **{name: tuple(str(p).lower() for p in item.get(name) or ()) for name in names},
            condition=str(item.get("condition") or ""),
        )
        for item in items
    )


def _covers(patterns: tuple[str, ...], action: str) -> bool:
    return any(matches_stars(pattern, action) for pattern in patterns)
