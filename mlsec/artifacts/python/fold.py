"""Folds Python expressions to the constants that they become, within bounds; nothing is run."""

from __future__ import annotations

import ast
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any, Protocol

from mlsec.artifacts.python.bodies import Bodies, Local, TooDeepError
from mlsec.artifacts.python.operators import COMPARED, OPERATORS, UNARY, grown
from mlsec.artifacts.python.pure import (
    CONSTANTS,
    FUNCTIONS,
    UnfoldableError,
    method,
    printed,
    weight_of,
)

DEEP = 40
# How many expressions are folded for one question.
STEPS = 20_000
_FAULTS = (UnfoldableError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError,
           SyntaxError, EOFError, OSError, RecursionError, MemoryError, struct.error, zlib.error,
           lzma.LZMAError, StopIteration)  # fmt: skip


class Names(Protocol):
    """What is known of the names of a file."""

    def plain_name(self, node: ast.expr) -> str:
        """The one dotted name of an expression, or nothing."""

    def bound_to(self, name: str) -> list[ast.expr]:
        """The expressions that a name is set to."""

    def function(self, name: str) -> ast.FunctionDef | None:
        """The function of the file that has a name."""


class Folder(Bodies):
    """Folds the expressions of one file."""

    def __init__(self, names: Names) -> None:
        super().__init__()
        self.names = names
        self.known: dict[int, Any] = {}
        self.failed: set[int] = set()
        self.open: set[int] = set()
        self.folds: Mapping[type, Callable[[Any, Local, int], Any]] = {
            ast.Constant: lambda node, _, __: node.value,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.BinOp: self._operation,
            ast.UnaryOp: self._unary,
            ast.BoolOp: self._either,
            ast.IfExp: self._chosen,
            ast.Compare: self._compared,
            ast.Subscript: self._item,
            ast.Call: self._call,
            ast.JoinedStr: self._formatted,
            ast.List: self._list,
            ast.Tuple: self._list,
            ast.Set: self._list,
            ast.Dict: self._dict,
            ast.ListComp: self._each,
            ast.GeneratorExp: self._each,
            ast.SetComp: self._each,
            ast.NamedExpr: lambda node, local, deep: self.fold(node.value, local, deep),
        }

    def value(self, node: ast.expr) -> Any:
        """The constant that an expression becomes.

        Raises:
            UnfoldableError: that cannot be said.
        """
        self.steps = STEPS
        try:
            return self.fold(node, {}, 0)
        except _FAULTS as error:
            raise UnfoldableError from error

    def text(self, node: ast.expr) -> str | None:
        """The text that an expression becomes, bytes as Latin-1; None where it is not constant."""
        try:
            value = self.value(node)
        except UnfoldableError:
            return None
        if isinstance(value, bytes):
            return value.decode("latin-1")
        return value if isinstance(value, str) else None

    def fold(self, node: ast.expr, local: Local, deep: int) -> Any:
        self.steps -= 1
        self.left -= 1
        fold = self.folds.get(type(node))
        if fold is None or id(node) in self.failed:
            raise UnfoldableError
        if deep > DEEP or self.steps < 0 or self.left < 0 or id(node) in self.open:
            raise TooDeepError
        if local:
            return self._weighed(fold(node, local, deep + 1))
        if id(node) in self.known:
            return deepcopy(self.known[id(node)])
        self.open.add(id(node))
        try:
            result = self.known[id(node)] = self._weighed(fold(node, local, deep + 1))
        except TooDeepError:
            raise
        except _FAULTS:
            self.failed.add(id(node))
            raise
        finally:
            self.open.discard(id(node))
        return deepcopy(result)

    def _weighed(self, value: Any) -> Any:
        self.left -= weight_of(value) // 16
        return value

    def _name(self, node: ast.Name, local: Local, deep: int) -> Any:
        if node.id in local:
            return local[node.id]
        for bound in self.names.bound_to(node.id)[::-1]:
            try:
                return self.fold(bound, {}, deep + 4)
            except TooDeepError:
                raise
            except _FAULTS:
                continue
        return self._known(node)

    def _known(self, node: ast.expr) -> Any:
        name = self.names.plain_name(node)
        if name not in CONSTANTS:
            raise UnfoldableError
        return CONSTANTS[name]

    def _attribute(self, node: ast.Attribute, local: Local, deep: int) -> Any:
        if node.attr == "parent":
            return self.fold(node.value, local, deep)
        return self._known(node)

    def _operation(self, node: ast.BinOp, local: Local, deep: int) -> Any:
        if isinstance(node.op, ast.Add) and isinstance(node.left, ast.BinOp):
            return self._sum(node, local, deep)
        left, right = self.fold(node.left, local, deep), self.fold(node.right, local, deep)
        self.spend(left, right)
        if isinstance(node.op, ast.Mod) and isinstance(left, str):
            return printed(left, right)
        if isinstance(node.op, ast.Div) and isinstance(left, str):
            return f"{left}/{right}"
        if isinstance(node.op, ast.Mult | ast.LShift | ast.Pow):
            return grown(node.op, left, right)
        return OPERATORS[type(node.op)](left, right)

    def _sum(self, node: ast.expr, local: Local, deep: int) -> Any:
        """A long sum, one side after the other: each character may be a part of its own."""
        parts: list[ast.expr] = []
        while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            parts.append(node.right)
            node = node.left
        made = self.fold(node, local, deep)
        for part in reversed(parts):
            made = made + self.fold(part, local, deep)
            self.spend()
            self.left -= weight_of(made) // 256
        return made

    def _unary(self, node: ast.UnaryOp, local: Local, deep: int) -> Any:
        result = self.fold(node.operand, local, deep)
        return UNARY[type(node.op)](result)

    def _either(self, node: ast.BoolOp, local: Local, deep: int) -> Any:
        result = None
        for part in node.values:
            result = self.fold(part, local, deep)
            if bool(result) is isinstance(node.op, ast.Or):
                break
        return result

    def _chosen(self, node: ast.IfExp, local: Local, deep: int) -> Any:
        is_met = self.fold(node.test, local, deep)
        return self.fold(node.body if is_met else node.orelse, local, deep)

    def _compared(self, node: ast.Compare, local: Local, deep: int) -> bool:
        left = self.fold(node.left, local, deep)
        for sign, part in zip(node.ops, node.comparators, strict=True):
            right = self.fold(part, local, deep)
            if not COMPARED[type(sign)](left, right):
                return False
            left = right
        return True

    def _item(self, node: ast.Subscript, local: Local, deep: int) -> Any:
        if self.names.plain_name(node.value) == "os.environ":
            return _of_environment(self.fold(node.slice, local, deep))
        result = self.fold(node.value, local, deep)
        if isinstance(node.slice, ast.Slice):
            part = node.slice
            ends = [
                end and self.fold(end, local, deep) for end in (part.lower, part.upper, part.step)
            ]
            return result[slice(*ends)]
        return result[self.fold(node.slice, local, deep)]

    def _call(self, node: ast.Call, local: Local, deep: int) -> Any:
        given = self._given(node, local, deep) if not _takes_function(node) else []
        named = {part.arg: self.fold(part.value, local, deep) for part in node.keywords if part.arg}
        if isinstance(node.func, ast.Lambda):
            return self.carried(node.func.args, [node.func.body], given, deep)
        name = self.names.plain_name(node.func)
        if name in {"builtins.map", "builtins.filter"} and len(node.args) == 2:
            return self._mapped(node, local, deep)
        self.spend(given)
        if name in FUNCTIONS:
            return FUNCTIONS[name](*given, **named)
        if name in {"os.environ.get", "os.getenv"}:
            return _of_environment(*given)
        if (made := self.names.function(name)) is not None:
            return self.carried(made.args, made.body, given, deep)
        if isinstance(node.func, ast.Attribute):
            base = self.fold(node.func.value, local, deep)
            self.spend(base)
            return method(base, node.func.attr, given, named)
        raise UnfoldableError

    def _given(self, node: ast.Call, local: Local, deep: int) -> list[Any]:
        result: list[Any] = []
        for part in node.args:
            if isinstance(part, ast.Starred):
                result.extend(self.fold(part.value, local, deep))
            else:
                result.append(self.fold(part, local, deep))
        return result

    def _mapped(self, node: ast.Call, local: Local, deep: int) -> list[Any]:
        function, items = node.args[0], self.fold(node.args[1], local, deep)
        made = [
            ast.Call(func=function, args=[ast.Constant(value=item)], keywords=[]) for item in items
        ]
        return [self.fold(self.keep(call), local, deep) for call in made]

    def _formatted(self, node: ast.JoinedStr, local: Local, deep: int) -> str:
        made = ""
        for part in node.values:
            made += self._field(part, local, deep)
            weight_of(made)
        return made

    def _field(self, part: ast.expr, local: Local, deep: int) -> str:
        if not isinstance(part, ast.FormattedValue):
            return str(self.fold(part, local, deep))
        result = self.fold(part.value, local, deep)
        form = self.fold(part.format_spec, local, deep) if part.format_spec else ""
        return str(method("{:" + form + "}", "format", [result], {})) if form else str(result)

    def _list(self, node: Any, local: Local, deep: int) -> list[Any]:
        return [self.fold(part, local, deep) for part in node.elts]

    def _dict(self, node: ast.Dict, local: Local, deep: int) -> dict[Any, Any]:
        if None in node.keys:
            raise UnfoldableError
        keys = [self.fold(key, local, deep) for key in node.keys if key is not None]
        values = [self.fold(part, local, deep) for part in node.values]
        return dict(zip(keys, values, strict=True))

    def _each(self, node: Any, local: Local, deep: int) -> list[Any]:
        return [self.fold(node.elt, inner, deep) for inner in self._rounds(node, local, deep)]

    def _rounds(self, node: Any, local: Local, deep: int, at: int = 0) -> Iterator[Local]:
        if at == len(node.generators):
            yield local
            return
        loop = node.generators[at]
        for item in self.fold(loop.iter, local, deep):
            self.spend()
            inner = dict(local)
            self.set_name(loop.target, item, inner)
            if all(self.fold(test, inner, deep) for test in loop.ifs):
                yield from self._rounds(node, inner, deep, at + 1)


def _takes_function(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id in {"map", "filter"}


def _of_environment(name: Any, *_: Any) -> str:
    if name not in {"HOME", "USERPROFILE"}:
        raise UnfoldableError
    return "~"
