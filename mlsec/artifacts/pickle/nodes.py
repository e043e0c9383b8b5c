"""What a lesson is made of: opcodes, and the values that they make."""

from __future__ import annotations

from mlsec.artifacts.pickle.calls_alike import Role
from mlsec.artifacts.pickle.values import Value


class Token:
    """One opcode, [start, end) of the block; ``role`` says how free its argument is."""

    __slots__ = ("code", "end", "has_small_numbers", "role", "start")

    def __init__(self, code: int, start: int, end: int) -> None:
        self.code = code
        self.start = start
        self.end = end
        self.role = Role.FREE
        self.has_small_numbers = False


class Node:
    """A value made by the tokens ``first`` to ``last``; ``value`` is what a read entry holds.

    ``is_call``: something was called to make it. ``is_kept``: its own shape matters.
    """

    __slots__ = ("first", "is_bad", "is_call", "is_kept", "kids", "kind", "last", "role", "value")

    def __init__(self, kind: str, first: int, last: int, kids: list[Node] | None = None) -> None:
        self.kind = kind
        self.first = first
        self.last = last
        self.kids = kids or []
        self.value: Value = None
        self.role = Role.FREE
        self.is_kept = False
        self.is_call: bool = any(kid.is_call for kid in self.kids)
        self.is_bad: bool = any(kid.is_bad for kid in self.kids)
