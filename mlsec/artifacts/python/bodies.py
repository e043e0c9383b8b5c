"""Carries out short functions of a Python file on constants: assignments, loops and branches."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from typing import Any

from mlsec.artifacts.python.pure import UnfoldableError, weight_of

Local = dict[str, Any]
# How many expressions are folded for one file.
ALL_STEPS = 400_000


class TooDeepError(UnfoldableError):
    """It was not followed to its end, which may be known when it is asked for by itself."""


class Bodies(ABC):
    """Functions whose every step makes a constant of constants."""

    def __init__(self) -> None:
        self.steps = 0
        self.left = ALL_STEPS
        self.made: list[ast.expr] = []

    @abstractmethod
    def fold(self, node: ast.expr, local: Local, deep: int) -> Any:
        """The constant that an expression becomes, with the names of a function."""

    def spend(self, *values: Any) -> None:
        """Count a step, and what it works on: it costs time though little may come of it.

        Raises:
            TooDeepError: no more are left.
        """
        self.steps -= 1
        self.left -= 1 + sum(weight_of(value) for value in values) // 16
        if self.steps < 0 or self.left < 0:
            raise TooDeepError

    def keep(self, node: ast.expr) -> ast.expr:
        """Keep a node that was made here: what is known of it is found by its identity."""
        self.made.append(node)
        return node

    def carried(self, form: ast.arguments, body: list[Any], given: list[Any], deep: int) -> Any:
        """What a short function of the file makes of constants."""
        names = [argument.arg for argument in form.args]
        local = dict(zip(names, given, strict=False))
        behind = names[len(names) - len(form.defaults) :]
        for name, default in zip(behind, form.defaults, strict=True):
            if name not in local:
                local[name] = self.fold(default, {}, deep)
        if len(body) == 1 and isinstance(body[0], ast.expr):
            return self.fold(body[0], local, deep)
        is_done, result = self._statements(body, local, deep + 4)
        if not is_done:
            raise UnfoldableError
        return result

    def _statements(self, body: list[Any], local: Local, deep: int) -> tuple[bool, Any]:
        for entry in body:
            self.spend()
            match entry:
                case ast.Return(value=ast.expr() as made):
                    return True, self.fold(made, local, deep)
                case ast.Assign(targets=[target]):
                    self.set_name(target, self.fold(entry.value, local, deep), local)
                case ast.AugAssign(target=ast.Name() as target):
                    sum_of = ast.BinOp(left=ast.Name(id=target.id), op=entry.op, right=entry.value)
                    local[target.id] = self.fold(self.keep(sum_of), local, deep)
                case ast.For(orelse=[]):
                    for item in self.fold(entry.iter, local, deep):
                        self.spend()
                        self.set_name(entry.target, item, local)
                        is_done, result = self._statements(entry.body, local, deep + 1)
                        if is_done:
                            return True, result
                case ast.If():
                    chosen = entry.body if self.fold(entry.test, local, deep) else entry.orelse
                    is_done, result = self._statements(chosen, local, deep + 1)
                    if is_done:
                        return True, result
                case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom():
                    continue
                case ast.Expr(
                    value=ast.Call(
                        func=ast.Attribute(attr="append", value=ast.Name() as owner), args=[part]
                    )
                ):
                    local[owner.id].append(self.fold(part, local, deep))
                case _:
                    raise UnfoldableError
        return False, None

    def set_name(self, target: ast.expr, value: Any, local: Local) -> None:
        if isinstance(target, ast.Name):
            local[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            for inner, part in zip(target.elts, value, strict=True):
                self.set_name(inner, part, local)
        else:
            raise UnfoldableError
