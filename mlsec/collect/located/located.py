"""Parsed text whose every value knows the line it stands on, and whether it can be known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class UnknownValue(msgspec.Struct, frozen=True):
    """A value that the text alone does not say; ``why`` names what would be needed to know it.

    ``text`` is the value with what is not known of it in ‹ ›: the same words mean the same thing
    inside of one stack. ``is_given``: some value stands there in any case, as of a secret that is
    referred to. ``among`` are the addresses, names and ids of the only declared things of its stack
    that it can be about; none of them where another stack exports it; None where it may be any.
    ``is_over_limit``: a limit of the scan hides it, and not that only an apply can know it.
    ``only_allows``: it is a part of what an identity may do that, whatever it is, denies nothing.
    """

    why: str
    text: str = ""
    is_given: bool = False
    among: tuple[str, ...] | None = None
    is_over_limit: bool = False
    only_allows: bool = False

    def worded(
        self, text: str = "", *, is_given: bool = False, among: tuple[str, ...] | None = None
    ) -> UnknownValue:
        """Give what is not known for the same reason, in other words."""
        return UnknownValue(self.why, text, is_given, among, self.is_over_limit)


def over_limit(why: str) -> UnknownValue:
    """Give what a limit of the scan hides."""
    return UnknownValue(why, is_over_limit=True)


class Node(msgspec.Struct, frozen=True, gc=False):
    """One value and where it stands: 1-based ``line`` and ``column``, 0 when it stands nowhere.

    ``value`` is None, bool, int, float, str, a tuple of nodes, a mapping of nodes by key, or
    ``UnknownValue``. The place of a mapping's value is that of its key, which is where a reviewer
    looks. ``tag`` is a YAML tag such as ``!Ref``, "" for none. ``file`` is the path it stands in
    where that is another than that of what holds it.
    """

    value: Any
    line: int = 0
    column: int = 0
    tag: str = ""
    file: str = ""

    def get(self, *path: str | int) -> Node | None:
        """Follow keys and indexes; None when the path leads nowhere.

        An unresolved value on the way is given itself: what lies below it is not known either.
        """
        here = self
        for step in path:
            if isinstance(here.value, UnknownValue):
                return here
            if isinstance(here.value, Mapping) and isinstance(step, str):
                node = here.value.get(step)
            elif isinstance(here.value, tuple) and isinstance(step, int):
                node = here.value[step] if -len(here.value) <= step < len(here.value) else None
            else:
                node = None
            if node is None:
                return None
            here = node
        return here

    def text(self, *path: str | int) -> str:
        """Give the text at a path, "" when there is none."""
        node = self.get(*path)
        return node.value if node is not None and isinstance(node.value, str) else ""

    def items(self, *path: str | int) -> tuple[Node, ...]:
        """Give the elements of the list at a path; none when it is not a list."""
        node = self.get(*path)
        return node.value if node is not None and isinstance(node.value, tuple) else ()

    def pairs(self, *path: str | int) -> Mapping[str, Node]:
        """Give the entries of the mapping at a path; none when it is not a mapping."""
        node = self.get(*path)
        return node.value if node is not None and isinstance(node.value, Mapping) else {}


def plain(node: Node) -> Any:
    """Give a node as plain values, with ``UnknownValue`` where something is not known."""
    if isinstance(node.value, tuple):
        return [plain(item) for item in node.value]
    if isinstance(node.value, Mapping):
        return {key: plain(item) for key, item in node.value.items()}
    return node.value


def size_of(body: Node, most: int = 1_000_000) -> int:
    """Count the values in a tree, no further than ``most``; shared parts count each time."""
    count, waiting = 0, [body]
    while waiting and count < most:
        value = waiting.pop().value
        count += 1
        if isinstance(value, tuple):
            waiting.extend(value)
        elif isinstance(value, Mapping):
            waiting.extend(value.values())
    return count
