"""Finds functions and modules that are passed as values, since the receiver may call them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlsec.artifacts.python.names import STRONG_MODULES, CallEffect, reach_of
from mlsec.artifacts.python.scope import Scope
from mlsec.core.regex import regex

_REACHES = frozenset({CallEffect.COMMANDS, CallEffect.PACKAGES, CallEffect.SENDS})
# Functions that no honest file gives away as values.
_FUNCTIONS = regex(
    r"builtins\.(?:exec|eval|__import__|compile)\Z|marshal\.loads?\Z|_?pickle\._?loads\Z"
)
# Who only asks what a value is, or takes one attribute of it.
_ASKS = frozenset({"builtins.isinstance", "builtins.issubclass", "builtins.hasattr", "builtins.id"})
_TAKES = frozenset({"builtins.getattr", "builtins.setattr", "builtins.delattr", "builtins.vars",
                    "importlib.reload"})  # fmt: skip


class Values:
    """Which expressions of a file stand where a value is given away."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.passed: set[int] = set()

    def enter(self, node: ast.AST) -> None:
        """Note which parts of a node are used on the spot, and so are judged by their use."""
        self.passed.update(id(part) for part in self._used(node))

    def _used(self, node: ast.AST) -> Iterator[ast.AST | None]:
        match node:
            case ast.Attribute() | ast.Expr() | ast.Subscript() | ast.Await():
                yield node.value
            case ast.Call():
                yield node.func
                names = {name.name for name in self.scope.names_of(node.func)}
                if names & _ASKS:
                    yield from node.args
                elif names & _TAKES:
                    yield from node.args[:1]
            case ast.AnnAssign():
                yield node.annotation
            case ast.ExceptHandler():
                yield node.type
            case ast.Compare():
                yield node.left
                yield from node.comparators
            case ast.If() | ast.While() | ast.IfExp() | ast.Assert():
                yield node.test
            case _:
                yield from self._set(node)

    def _set(self, node: ast.AST) -> Iterator[ast.AST]:
        match node:
            case ast.Assign(targets=[ast.Name() as target]):
                # A hook of a class is called by Python itself, by its name.
                if self.scope.is_followed(target.id) and not target.id.startswith("__"):
                    yield node.value
            case ast.NamedExpr():
                yield node.value
            case ast.keyword(arg="type"):
                # argparse: a number or a switch that is typed by hand.
                yield node.value
            case _:
                return

    def given_away(self, node: ast.expr) -> str:
        """The function or module that an expression gives away, or nothing."""
        if id(node) in self.passed or isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
            return ""
        if isinstance(node, ast.Name) and self._is_shadowed(node.id):
            return ""
        for item in self.scope.names_of(node):
            name = item.name
            if reach_of(name) in _REACHES and not name.endswith("()"):
                return name
            if _FUNCTIONS.match(name) or name.removesuffix(".__dict__") in STRONG_MODULES:
                return name
        return ""

    def _is_shadowed(self, name: str) -> bool:
        bindings = self.scope.bindings
        return name in bindings.given and name not in bindings.names


def function_given(name: str) -> bool:
    """Whether what is given away is a function, not a module."""
    return name.removesuffix(".__dict__") not in STRONG_MODULES
