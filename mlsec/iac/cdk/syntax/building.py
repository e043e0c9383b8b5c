"""What both readers of source do alike: notes of calls and settings, names of modules, limits."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mlsec.iac.cdk.syntax.tree import (
    Attribute,
    Call,
    Choice,
    Expr,
    Index,
    Name,
    Scope,
    Source,
    Unread,
    Use,
)

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 60
MAX_NODES = 400_000
# So much of a file is read more than once: in the turns of loops, and where functions are called.
MAX_REPEATED = 100_000
_LIBRARY = "aws-cdk-lib"
_CALLED = re.compile(r"(?<![\w$])[\w$]++(?=\s*\()")


class Function(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A function of the file, as its language parses it; ``written`` are the names around it.

    ``is_named_so``: where it is written its name stands before its arguments. ``is_offered``: other
    files may call it.
    """

    node: Any
    key: int
    name: str
    written: Scope
    depth: int
    doubt: str
    is_named_so: bool = True
    is_offered: bool = False


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What a function of the file is called with, and the names in which that stands."""

    arguments: tuple[Expr, ...]
    keywords: Mapping[str, Expr]
    scope: Scope


class Builder(ABC):
    """Collects what a file imports, sets and calls.

    A function of the file is read where it is called, with what it is given; by itself only when
    nothing in the file calls it, or other files may.
    """

    def __init__(self) -> None:
        self.source = Source()
        self.file = Scope()
        self.source.objects.append(self.file)
        self._is_deep = False
        self._waiting: list[Function] = []
        # Functions that are read where they are called, or at the end.
        self.noted: set[int] = set()
        self._inlined: set[int] = set()
        self._open: set[int] = set()
        self._left = MAX_REPEATED

    @abstractmethod
    def body(self, function: Function, given: Given | None, doubt: str) -> Expr | None:
        """Read a function; without ``given`` its arguments are not known.

        Returns what it gives in any case, None where that is not one expression.
        """

    @abstractmethod
    def size(self, node: Any) -> int:
        """Count the parts of what is parsed."""

    def may_repeat(self, node: Any, times: int) -> bool:
        """Whether a part may be read so often, which is then counted."""
        left = self._left - self.size(node) * times
        if left < 0:
            return False
        self._left = left
        return True

    def wait(self, function: Function) -> None:
        """Note a function, which may be called by its name from now on."""
        function.written.functions[function.name] = function
        self.noted.add(function.key)
        self._waiting.append(function)

    def finish(self, text: str, is_used: Callable[[str], bool]) -> None:
        """Read the functions that nothing has called, first those that nothing in the file may.

        ``is_used`` says whether another file may call a function of that name.
        """
        called = Counter(_CALLED.findall(text))
        named = Counter(item.name for item in self._waiting if item.is_named_so)
        while self._waiting:
            first = [item for item in self._waiting if called[item.name] <= named[item.name]]
            now = first or self._waiting[:1]
            keys = {item.key for item in now}
            self._waiting = [item for item in self._waiting if item.key not in keys]
            for function in now:
                is_called = function.key in self._inlined
                if not is_called or (function.is_offered and is_used(function.name)):
                    self._open.add(function.key)
                    self.body(function, None, function.doubt)
                    self._open.discard(function.key)

    def inlined(self, callee: Expr, given: Given, doubt: str) -> Expr | None:
        """Read the function of the file that is called; None where it is not known which.

        Returns what it gives.
        """
        function = _function_of(callee, given.scope)
        if function is None or function.key in self._open or not self.may_repeat(function.node, 1):
            return None
        before = len(self.source.returned)
        self._open.add(function.key)
        self._inlined.add(function.key)
        made = self.body(function, given, doubt)
        self._open.discard(function.key)
        del self.source.returned[before:]
        return made or Unread("a function of the app works it out", callee.line, callee.column)

    def too_deep(self, line: int) -> None:
        """Note that a part is nested deeper than it is read."""
        self.source.is_over_limit = True
        if not self._is_deep:
            self._is_deep = True
            self.source.mistakes.append((line, f"nested deeper than {MAX_DEPTH}"))

    def object(self, above: Scope, name: str) -> Scope:
        """Begin the names of a class."""
        inner = Scope(above=above, owner=name, is_class=True)
        self.source.objects.append(inner)
        return inner

    def method(self, above: Scope, name: str) -> Scope:
        """Begin the names of a function."""
        inner = Scope(above=above, owner=above.owner)
        if name == "visit" and above.is_class:
            self.source.visitors.append(inner)
        return inner

    def call(self, call: Call, scope: Scope, doubt: str) -> Call:
        """Note a call."""
        self.source.uses.append(Use(call, scope, doubt))
        return call

    def assign(self, target: Expr, value: Expr, scope: Scope, doubt: str) -> None:
        """Note that a name, or a part of something, is set."""
        if doubt:
            # What it is depends on what is done; the thing itself is noted with its call.
            why = f"it is set only where {doubt} says so"
            value = Choice((value,), why, target.line, target.column)
        if isinstance(target, Name):
            home = scope.home_of(target.name) or scope
            home.set(target.name, value, scope)
        elif isinstance(target, Attribute) and target.of == Name("this", *_place(target.of)):
            home = scope.object() or scope
            home.set(target.name, value, scope)
        elif isinstance(target, Attribute | Index):
            self.source.uses.append(Use(target, scope, doubt, value))


def _place(expr: Expr) -> tuple[int, int]:
    return expr.line, expr.column


def _function_of(callee: Expr, scope: Scope) -> Function | None:
    """Give the function of the file that is called by its name, or by that and ``this``."""
    here: Scope | None = scope
    if isinstance(callee, Attribute):
        is_own = isinstance(callee.of, Name) and callee.of.name == "this"
        home = scope.object() if is_own else None
        return home.functions.get(callee.name) if home is not None else None
    while isinstance(callee, Name) and here is not None:
        if not here.is_class and (callee.name in here.functions or callee.name in here.names):
            is_clear = len(here.names.get(callee.name, ())) <= 1
            return here.functions.get(callee.name) if is_clear else None
        here = here.above
    return None


def module_of(written: str) -> str:
    """Name a module as both languages' readers do: ``aws_s3``, ``core``, or as it is written."""
    if written in (_LIBRARY, "@aws-cdk/core"):
        return "core"
    for start in (f"{_LIBRARY}/", "@aws-cdk/"):
        if written.startswith(start):
            return written.removeprefix(start).removesuffix("/lib").replace("-", "_")
    return written
