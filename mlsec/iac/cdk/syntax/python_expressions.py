"""Expressions of Python as the small tree; each call in them is noted."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from typing import Any, TypeAlias

from mlsec.iac.cdk.syntax.building import MAX_DEPTH, Builder, Given
from mlsec.iac.cdk.syntax.tree import (
    Attribute,
    Call,
    Choice,
    Entries,
    Expr,
    Index,
    Literal,
    Name,
    Scope,
    Sequence,
    Text,
    Unread,
    Within,
)
from mlsec.iac.cdk.syntax.turns import turns_over

_AT_RUN = "it is worked out when the app runs"
_Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


class Expressions(Builder, ABC):
    """Reads expressions; statements inside of them are the reader's."""

    @abstractmethod
    def block(self, body: list[ast.stmt], scope: Scope, depth: int, doubt: str) -> None:
        """Read statements."""

    @abstractmethod
    def parts(self, node: ast.AST, scope: Scope, depth: int, doubt: str) -> tuple[Expr, ...]:
        """Read all that stands in something, however it is built; give its expressions."""

    def size(self, node: ast.AST | list[ast.stmt]) -> int:
        """Count the parts of what is parsed."""
        several = node if isinstance(node, list) else [node]
        return sum(1 for item in several for _ in ast.walk(item))

    def expr(self, node: ast.expr, scope: Scope, depth: int, doubt: str) -> Expr:
        """Read an expression, and note each call in it."""
        place = (node.lineno, node.col_offset + 1)
        if depth > MAX_DEPTH:
            self.too_deep(node.lineno)
            return Unread("it is nested too deep", *place)
        match node:
            case ast.Constant(value=value):
                is_plain = value is None or isinstance(value, bool | int | float | str)
                return Literal(value, *place) if is_plain else Unread("bytes", *place)
            case ast.Name(id="self"):
                return Name("this", *place)
            case ast.Name(id=name):
                return Name(name, *place)
            case ast.Attribute(value=of, attr=name):
                return Attribute(self.expr(of, scope, depth + 1, doubt), name, *place)
            case ast.Subscript(value=of, slice=key):
                inner = self.expr(of, scope, depth + 1, doubt)
                return Index(inner, self.expr(key, scope, depth + 1, doubt), *place)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                made = [self.expr(item, scope, depth + 1, doubt) for item in items]
                return Sequence(tuple(made), *place)
            case ast.Dict(keys=keys, values=values):
                return self._entries(
                    list(zip(keys, values, strict=True)), scope, depth, doubt, place
                )
            case ast.Call():
                return self._call(node, scope, depth, doubt, place)
            case _:
                return self._other(node, scope, depth, doubt)

    def _other(self, node: ast.expr, scope: Scope, depth: int, doubt: str) -> Expr:
        place = (node.lineno, node.col_offset + 1)
        match node:
            case ast.JoinedStr(values=values):
                return Text(
                    tuple(self._piece(item, scope, depth, doubt) for item in values), *place
                )
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                both = [self.expr(item, scope, depth + 1, doubt) for item in (left, right)]
                return Text(tuple(both), *place)
            case ast.UnaryOp(op=op, operand=ast.Constant(value=value)):
                return _signed(op, value, place)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehension(node, scope, depth, doubt)
            case ast.IfExp() | ast.BoolOp():
                return self._choice(node, scope, depth, place)
            case _:
                is_choice = isinstance(node, ast.Lambda)
                inner = f"line {node.lineno}" if is_choice else doubt
                parts = self.parts(node, scope, depth, inner)
                return Unread(_AT_RUN, *place, parts)

    def _choice(
        self, node: ast.IfExp | ast.BoolOp, scope: Scope, depth: int, place: tuple[int, int]
    ) -> Expr:
        """Read what one of several is chosen by: whether it is done at all is not known."""
        doubt = f"line {node.lineno}"
        options = node.values if isinstance(node, ast.BoolOp) else [node.body, node.orelse]
        made = tuple(self.expr(item, scope, depth + 1, doubt) for item in options)
        if isinstance(node, ast.IfExp):
            test = self.expr(node.test, scope, depth + 1, doubt)
            return Choice(made, _AT_RUN, *place, "?", test)
        is_either = isinstance(node.op, ast.Or) and len(made) == 2
        return Choice(made, _AT_RUN, *place, "||" if is_either else "")

    def _comprehension(self, node: _Comprehension, scope: Scope, depth: int, doubt: str) -> Expr:
        """Read a list or mapping that is made of another: turn by turn where that is written."""
        place = (node.lineno, node.col_offset + 1)
        over, *more = node.generators
        of = self.expr(over.iter, scope, depth + 1, doubt)
        turns = None if more or over.ifs else turns_over(of, scope)
        if turns is None or not self.may_repeat(node, len(turns)):
            inner = Scope(above=scope, owner=scope.owner)
            for generator in node.generators:
                for name in ast.walk(generator.target):
                    if isinstance(name, ast.Name):
                        why = "it changes from turn to turn"
                        inner.set(name.id, Unread(why, parts=(of,)), scope)
            self.parts(node, inner, depth, f"line {node.lineno}")
            return Unread(_AT_RUN, *place)
        made: list[tuple[Expr | None, Expr]] = []
        for turn in turns:
            inner = Scope(above=scope, owner=scope.owner)
            self.bind(over.target, turn, inner, scope)
            parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (None, node.elt)
            key, value = (
                Within(self.expr(part, inner, depth + 1, doubt), inner, *place) if part else None
                for part in parts
            )
            made.append((key, value or Literal(None)))
        if isinstance(node, ast.DictComp):
            return Entries(tuple(made), *place)
        return Sequence(tuple(value for _, value in made), *place)

    def bind(self, target: ast.expr, value: Expr, inner: Scope, outer: Scope) -> None:
        """Set the names of a target to the parts of what stands in other names."""
        if isinstance(target, ast.Name):
            inner.set(target.id, value, outer)
        elif isinstance(target, ast.Tuple | ast.List):
            for at, item in enumerate(target.elts):
                part = Index(value, Literal(at), value.line, value.column)
                self.bind(item, part, inner, outer)

    def _piece(self, node: ast.expr, scope: Scope, depth: int, doubt: str) -> Expr:
        if isinstance(node, ast.FormattedValue):
            made = self.expr(node.value, scope, depth + 1, doubt)
            is_plain = node.format_spec is None and node.conversion == -1
            return made if is_plain else Unread("it is formatted", made.line, made.column)
        return self.expr(node, scope, depth + 1, doubt)

    def _entries(
        self,
        pairs: list[tuple[Any, ast.expr]],
        scope: Scope,
        depth: int,
        doubt: str,
        place: tuple[int, int],
    ) -> Entries:
        entries: list[tuple[Expr | None, Expr]] = []
        for key, value in pairs:
            made = self.expr(value, scope, depth + 1, doubt)
            named = self.expr(key, scope, depth + 1, doubt) if isinstance(key, ast.expr) else key
            entries.append((named, made))
        return Entries(tuple(entries), *place)

    def _call(
        self, node: ast.Call, scope: Scope, depth: int, doubt: str, place: tuple[int, int]
    ) -> Expr:
        of = self.expr(node.func, scope, depth + 1, doubt)
        arguments = [self.expr(item, scope, depth + 1, doubt) for item in node.args]
        keywords: Entries | None = None
        if node.keywords:
            pairs = [
                (
                    Literal(item.arg, item.lineno, item.col_offset + 1) if item.arg else None,
                    item.value,
                )
                for item in node.keywords
            ]
            keywords = self._entries(pairs, scope, depth, doubt, place)
        parts = [part for _, part in keywords.entries] if keywords is not None else []
        is_open = any(isinstance(item, ast.Starred) for item in node.args)
        by_name = {item.arg or "": part for item, part in zip(node.keywords, parts, strict=True)}
        if not is_open and "" not in by_name:
            given = Given(arguments=tuple(arguments), keywords=by_name, scope=scope)
            inlined = self.inlined(of, given, doubt)
            if inlined is not None:
                return inlined
        return self.call(Call(of, tuple(arguments), keywords, *place), scope, doubt)


def _signed(op: ast.unaryop, value: Any, place: tuple[int, int]) -> Expr:
    if isinstance(op, ast.Not) and isinstance(value, bool):
        return Literal(not value, *place)
    if isinstance(op, ast.USub) and isinstance(value, int | float) and not isinstance(value, bool):
        return Literal(-value, *place)
    return Unread(_AT_RUN, *place)
