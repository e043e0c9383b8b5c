"""Qualified names of what Python expressions stand for, imports and aliases followed."""

from __future__ import annotations

import ast
import builtins

from mlsec.collect.python.bindings import Binding, Place, Scope
from mlsec.collect.python.functions import Functions
from mlsec.collect.python.meanings import Meaning, attributes_of, meanings_of

_BUILTINS = frozenset(dir(builtins))
MOST_DEPTH = 40
# More meanings of one name are not distinguished; longer names are not kept.
_MOST_MEANINGS = 6
_LONGEST = 300


class Namer:
    """Names what the expressions of one file stand for, its own functions followed."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions
        self._known: dict[int, str] = {}
        self._open: set[int] = set()

    def name_of(self, node: ast.expr, place: Place, depth: int = 0) -> str:
        """Give the qualified name of an expression, in the words of ``Call.name``."""
        known = self._known.get(id(node))
        if known is None:
            if depth > MOST_DEPTH:
                return "?"
            known = self._named(node, place, depth)
            known = self._known[id(node)] = known if len(known) <= _LONGEST else "?"
        return known

    def _named(self, node: ast.expr, place: Place, depth: int) -> str:
        match node:
            case ast.Name(id=name):
                return self._of_name(node, name, place, depth)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attribute):
                names = self._of_meanings(attributes_of(attribute, place), depth)
                return names if names != "?" else f"?.{attribute}"
            case ast.Attribute(value=value, attr=attribute):
                return f"{self.name_of(value, place, depth + 1)}.{attribute}"
            case ast.Call(func=func):
                return self._of_result(self.name_of(func, place, depth + 1), depth)
            case ast.Subscript(value=value):
                return f"{self.name_of(value, place, depth + 1)}[]"
            case ast.Await(value=value) | ast.NamedExpr(value=value):
                return self.name_of(value, place, depth + 1)
            case _:
                return "?"

    def _of_name(self, node: ast.Name, name: str, place: Place, depth: int) -> str:
        meanings = meanings_of(name, place, (node.lineno, node.col_offset))
        if meanings is None:
            return name if name in _BUILTINS else "?"
        return self._of_meanings(meanings, depth)

    def _of_meanings(self, meanings: tuple[Meaning, ...], depth: int) -> str:
        """Give the one name of all that an expression may be; "?" where they differ."""
        names = {self._of_binding(item, scope, depth) for item, scope in meanings[:_MOST_MEANINGS]
                 if not item.is_changed}  # fmt: skip
        return names.pop() if len(names) == 1 and len(meanings) <= _MOST_MEANINGS else "?"

    def _of_result(self, function: str, depth: int) -> str:
        """Name what a call gives; a function of the file gives what it returns."""
        returned = self._functions.returned(function)
        names = {self._followed(value, place, depth) for value, place in returned}
        name = names.pop() if len(names) == 1 else "?"
        return f"{function}()" if name.startswith(("?", ".")) else name

    def _followed(self, value: ast.expr, place: Place, depth: int) -> str:
        """Name an expression of another place; what leads back to itself has no name."""
        if id(value) in self._open:
            return "?"
        self._open.add(id(value))
        name = self.name_of(value, place, depth + 1)
        self._open.discard(id(value))
        return name

    def _of_parameter(self, name: str, scope: Scope, depth: int) -> str:
        """Name what every call in the file hands to a parameter; "?" where they differ."""
        given = self._functions.given(scope, name, self.name_of)
        names = {"?" if item is None else self._followed(*item, depth) for item in given or ()}
        return names.pop() if len(names) == 1 else "?"

    def _of_binding(self, item: Binding, scope: Scope, depth: int) -> str:
        if item.qualified:
            return item.qualified
        given = self._of_parameter(item.parameter, scope, depth) if item.parameter else "?"
        if not given.startswith("?"):
            return given
        if item.value is None and item.annotation is not None and scope.parent is not None:
            name = self.name_of(item.annotation, Place(scope.parent, ()), depth + 1)
            return "?" if name.startswith("?") else f"{name}()"
        if item.value is None or item.index is not None:
            return "?"
        return self.name_of(item.value, Place(scope, item.block), depth + 1)
