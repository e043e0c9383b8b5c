"""Functions of a Python file: what their calls hand to a parameter, and what they return."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from mlsec.collect.python.bindings import Place, Scope
from mlsec.collect.python.meanings import meanings_of
from mlsec.collect.python.scopes import Scopes

# A function that is called in more places is not followed.
_MOST_SITES = 20
_OWN = ("self", "cls")

NameOf = Callable[[ast.expr, Place], str]
# An expression with the place it stands at; None for what the file does not say.
Given = tuple[ast.expr, Place] | None


class Functions:
    """The functions of one file that have a name of their own: no other function has it."""

    def __init__(self, scopes: Scopes) -> None:
        self._scopes = scopes
        self._sites: dict[str, list[tuple[ast.Call, Place]]] | None = None
        self._open: set[int] = set()

    def given(self, scope: Scope, name: str, name_of: NameOf) -> Sequence[Given] | None:
        """Give what each call in the file hands to a parameter; None where no call is seen.

        What a call does not hand over is the default of the parameter.
        """
        definition = self._definition(scope)
        if definition is None or id(scope) in self._open:
            return None
        self._open.add(id(scope))
        try:
            sites = list(self._calls_of(scope, name_of))
        finally:
            self._open.discard(id(scope))
        if not sites or len(sites) > _MOST_SITES:
            return None
        return [self._handed(node, place, definition, scope, name) for node, place in sites]

    def returned(self, name: str) -> Sequence[tuple[ast.expr, Place]]:
        """Give what a function returns, by its qualified name; nothing where it is not known."""
        simple = name.rpartition(".")[2]
        defined = self._scopes.functions.get(simple, ())
        if len(defined) != 1 or not name.startswith("."):
            return ()
        scope = defined[0][1].scope
        if name not in _names_of(scope):
            return ()
        return [(value, place) for value, place in self._scopes.returns.get(simple, ())
                if place.scope is scope]  # fmt: skip

    def _definition(self, scope: Scope) -> ast.arguments | None:
        defined = self._scopes.functions.get(scope.name, ())
        same = [node for node, place in defined if place.scope is scope]
        is_maker = scope.name == "__init__"
        return same[0] if same and (is_maker or len(defined) == 1) else None

    def _calls_of(self, scope: Scope, name_of: NameOf) -> Iterator[tuple[ast.Call, Place]]:
        owner = scope.owner_class()
        is_maker = scope.name == "__init__" and owner is not None
        simple = owner.name if is_maker and owner is not None else scope.name
        for node, place in self._by_name().get(simple, ()):
            match node.func:
                case ast.Name():
                    meanings = meanings_of(simple, place, (node.lineno, node.col_offset)) or ()
                    is_called = any(item.qualified == f".{simple}" for item, _ in meanings)
                case ast.Attribute(value=ast.Name(id="self" | "cls")):
                    is_called = owner is not None and place.scope.owner_class() is owner
                case _:
                    is_called = name_of(node.func, place) in _names_of(scope)
            if is_called:
                yield node, place

    def _by_name(self) -> dict[str, list[tuple[ast.Call, Place]]]:
        if self._sites is None:
            self._sites = {}
            for node, place, _ in self._scopes.calls:
                match node.func:
                    case ast.Name(id=simple) | ast.Attribute(attr=simple):
                        self._sites.setdefault(simple, []).append((node, place))
                    case _:
                        pass
        return self._sites

    def _handed(
        self, node: ast.Call, place: Place, given: ast.arguments, scope: Scope, name: str
    ) -> Given:
        for keyword in node.keywords:
            if keyword.arg == name:
                return keyword.value, place
        named = [arg.arg for arg in (*given.posonlyargs, *given.args)]
        is_bound = scope.parent is not None and scope.parent.kind == "class" and named[:1] != []
        ordered = named[1:] if is_bound and named[0] in _OWN else named
        at = ordered.index(name) if name in ordered else len(node.args)
        if any(isinstance(item, ast.Starred) for item in node.args[: at + 1]):
            return None
        if at < len(node.args):
            return node.args[at], place
        if any(keyword.arg is None for keyword in node.keywords):
            return None
        default = _default_of(given, name)
        return None if default is None else (default, self._scopes.places[id(default)])


def _default_of(given: ast.arguments, name: str) -> ast.expr | None:
    named = [*given.posonlyargs, *given.args]
    with_default = zip(reversed(named), reversed(given.defaults), strict=False)
    pairs = [*with_default, *zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    return next((default for arg, default in pairs if arg.arg == name), None)


def _names_of(scope: Scope) -> tuple[str, ...]:
    """Give the qualified names by which a function is called."""
    parent = scope.parent
    if parent is None or parent.kind != "class":
        return (f".{scope.name}",)
    return f".{scope.name}", f".{parent.name}().{scope.name}", f".{parent.name}.{scope.name}"
