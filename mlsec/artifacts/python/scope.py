"""Resolves what a Python expression may name: imports, aliases, names made of text."""

from __future__ import annotations

import ast

from mlsec.artifacts.python.bindings import MOST_MEANINGS, Bindings, Items
from mlsec.artifacts.python.fold import Folder
from mlsec.artifacts.python.meanings import (
    BUILTINS,
    MOST_NAMES,
    Meanings,
    Named,
    Names,
    limited,
)

__all__ = ("Named", "Names", "Scope")

# How often all names are looked at, and how many expressions in all.
ROUNDS = 30
MOST_STEPS = 3_000_000


class Scope(Meanings):
    """What the names of one file may mean, whatever the order in which they are set.

    A container stands for all that it holds, and a function for all that it returns.
    """

    def __init__(self, tree: ast.Module) -> None:
        super().__init__(Bindings(tree))
        self.folder = Folder(self)
        self._bound: dict[str, list[ast.expr]] = {}
        # Nodes that were made here are kept, as they are known by their identities.
        self._made: list[ast.expr] = []
        self._left = MOST_STEPS
        self._settle(self._sources())
        self._is_settled = True

    def _sources(self) -> dict[str, list[ast.expr]]:
        """What each name, attribute (``.x``) and call of a function (``()x``) is made of."""
        exprs: dict[str, list[ast.expr]] = {}
        for name, meanings in self.bindings.names.items():
            for meaning in meanings:
                if isinstance(meaning, ast.Lambda):
                    exprs.setdefault(f"(){name}", []).append(meaning.body)
                elif isinstance(meaning, ast.expr):
                    exprs.setdefault(name, []).append(meaning)
        for name, values in self.bindings.attributes.items():
            exprs.setdefault(f".{name}", []).extend(values)
        for name, values in self.bindings.put.items():
            exprs.setdefault(name, []).extend(values)
            exprs.setdefault(f".{name}", []).extend(values)
        for name, made in self.bindings.functions.items():
            for part in ast.walk(made):
                if isinstance(part, ast.Return | ast.Yield) and part.value is not None:
                    exprs.setdefault(f"(){name}", []).append(part.value)
        return exprs

    def _settle(self, sources: dict[str, list[ast.expr]]) -> None:
        for _ in range(ROUNDS):
            is_changed = False
            for name, values in sources.items():
                before = self._table.get(name, ())
                parts = (item for value in values for item in self.names(value, 0))
                after = limited((*before, *parts))
                if after != before:
                    self._table[name] = after
                    is_changed = True
            if not is_changed:
                return
        self._is_cut = True

    def names_of(self, node: ast.expr) -> Names:
        """All dotted names that an expression may have, in a fixed order."""
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = self.names(node, 0)
        return known

    def is_exhausted(self) -> bool:
        """Whether not all could be followed: too deep, or too much."""
        return self._is_cut or self.folder.left < 0

    def keep(self, node: ast.expr) -> None:
        """Keep a node that was made here: what is known of it is found by its identity."""
        self._made.append(node)

    def is_followed(self, name: str) -> bool:
        """Whether all that a name is set to is kept."""
        return len(self.bindings.names.get(name, ())) < MOST_MEANINGS

    def plain_name(self, node: ast.expr) -> str:
        """The first name of an expression that is a name or an attribute, without any folding."""
        if isinstance(node, ast.Name):
            meanings = self.bindings.names.get(node.id, ())
            for meaning in meanings:
                if isinstance(meaning, str):
                    return meaning
            is_own = bool(meanings) or node.id in self.bindings.given
            return "" if is_own or node.id not in BUILTINS else f"builtins.{node.id}"
        if isinstance(node, ast.Attribute):
            base = self.plain_name(node.value)
            return f"{base}.{node.attr}" if base else ""
        return ""

    def bound_to(self, name: str) -> list[ast.expr]:
        """The expressions that a name is set to; for a loop, the items that are written out."""
        if name not in self._bound:
            result = self._bound[name] = []
            for meaning in self.bindings.names.get(name, ()):
                if isinstance(meaning, Items):
                    result.extend(self.elements(meaning.held))
                elif isinstance(meaning, ast.expr):
                    result.append(meaning)
            del result[MOST_NAMES:]
        return self._bound[name]

    def elements(self, node: ast.expr) -> list[ast.expr]:
        """The items of a container that is written out; the keys of a mapping."""
        if isinstance(node, ast.Name):
            meanings = self.bindings.names.get(node.id, ())
            node = next(
                (meaning for meaning in meanings if isinstance(meaning, ast.List | ast.Tuple)), node
            )
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return node.elts
        return [key for key in node.keys if key] if isinstance(node, ast.Dict) else []

    def function(self, name: str) -> ast.FunctionDef | None:
        """The function of the file that a resolved name stands for."""
        result = self.bindings.functions.get(name[1:]) if name.startswith(".") else None
        return result if isinstance(result, ast.FunctionDef) else None

    def texts_of(self, node: ast.expr) -> tuple[str, ...]:
        """The texts that an expression may be, as far as that can be said."""
        if isinstance(node, ast.Name):
            every = [self.folder.text(item) for item in self.bound_to(node.id)]
            result = tuple(dict.fromkeys(text for text in every if text is not None))
            if result:
                return result
        if isinstance(node, ast.IfExp | ast.BoolOp):
            parts = [node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values
            return tuple(text for part in parts[:MOST_NAMES] for text in self.texts_of(part))
        text = self.folder.text(node)
        return () if text is None else (text,)
