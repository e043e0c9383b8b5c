"""What is known of the names of a Python file: where each is set, and to what."""

from __future__ import annotations

import ast

import msgspec

# A block is named by the numbers of the branches and loops around it; a loop's are negative.
Block = tuple[int, ...]
Position = tuple[int, int]


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """One place where a name is set: to an expression, a qualified name, or what is not known.

    ``at`` is from where on it holds. ``index`` says which element of the expression it is. With
    ``key`` it sets an entry of the mapping that the name has already. ``parameter`` names one of a
    function: ``annotation`` is its own, ``value`` its default. ``each`` is what a loop goes over:
    the name is one element of it after the other.
    """

    at: Position
    block: Block
    value: ast.expr | None = None
    qualified: str = ""
    index: int | None = None
    is_changed: bool = False
    key: ast.expr | None = None
    annotation: ast.expr | None = None
    each: ast.expr | None = None
    parameter: str = ""


class Scope:
    """The names of a module, class, function or comprehension."""

    def __init__(self, kind: str, parent: Scope | None, name: str = "") -> None:
        self.kind = kind
        self.parent = parent
        self.name = name
        self.bindings: dict[str, list[Binding]] = {}
        # What methods set on their object: attribute -> bindings; of classes only.
        self.attributes: dict[str, list[tuple[Scope, Binding]]] = {}
        self.foreign: set[str] = set()

    def owner_class(self) -> Scope | None:
        """Give the class whose method this is in; None outside of classes."""
        scope: Scope | None = self
        while scope is not None and scope.kind != "class":
            scope = scope.parent
        return scope


class Place(msgspec.Struct, frozen=True):
    """Where an expression stands: its scope, and the branches and loops around it."""

    scope: Scope
    block: Block
