"""What is read of a source file: expressions, names and calls; both languages are brought here."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec


class Literal(msgspec.Struct, frozen=True):
    """A text, number, truth value or nothing."""

    value: Any
    line: int = 0
    column: int = 0


class Name(msgspec.Struct, frozen=True):
    """A name; ``this`` is the object that a method belongs to."""

    name: str
    line: int = 0
    column: int = 0


class Attribute(msgspec.Struct, frozen=True):
    """``of.name``."""

    of: Expr
    name: str
    line: int = 0
    column: int = 0


class Index(msgspec.Struct, frozen=True):
    """``of[key]``."""

    of: Expr
    key: Expr
    line: int = 0
    column: int = 0


class Call(msgspec.Struct, frozen=True):
    """A call or an instantiation; ``keywords`` are the arguments that are given by name."""

    callee: Expr
    arguments: tuple[Expr, ...]
    keywords: Entries | None = None
    line: int = 0
    column: int = 0


class Entries(msgspec.Struct, frozen=True):
    """A mapping as it is written; an entry without a key puts another mapping in."""

    entries: tuple[tuple[Expr | None, Expr], ...]
    line: int = 0
    column: int = 0


class Sequence(msgspec.Struct, frozen=True):
    """A list as it is written."""

    items: tuple[Expr, ...]
    line: int = 0
    column: int = 0


class Text(msgspec.Struct, frozen=True):
    """A text put together of parts."""

    parts: tuple[Expr, ...]
    line: int = 0
    column: int = 0


class Within(msgspec.Struct, frozen=True, eq=False):
    """An expression that stands in other names: what a function of the file gives."""

    of: Expr
    scope: Scope
    line: int = 0
    column: int = 0


class Choice(msgspec.Struct, frozen=True, eq=False):
    """One of several expressions, or of one and something else.

    ``sign`` is what chooses in both languages: ``?`` by ``test``, ``??`` and ``||`` by the first
    option; "" where it is not worked out.
    """

    options: tuple[Expr, ...]
    why: str
    line: int = 0
    column: int = 0
    sign: str = ""
    test: Expr | None = None


class Unread(msgspec.Struct, frozen=True):
    """An expression that is not worked out, and why; ``parts`` are what stands in it."""

    why: str
    line: int = 0
    column: int = 0
    parts: tuple[Expr, ...] = ()


Expr: TypeAlias = (
    Literal | Name | Attribute | Index | Call | Entries | Sequence | Text | Within | Choice | Unread
)


class Scope(msgspec.Struct, kw_only=True, eq=False):
    """Names of a file, a class or a function, each with all that it is set to.

    ``owner`` is the class that a method belongs to, "" outside of one. ``functions`` are those that
    are written there, as their language parses them.
    """

    above: Scope | None = None
    owner: str = ""
    names: dict[str, list[tuple[Expr, Scope]]] = msgspec.field(default_factory=dict)
    is_class: bool = False
    functions: dict[str, Any] = msgspec.field(default_factory=dict)

    def set(self, name: str, value: Expr, inside: Scope | None = None) -> None:
        """Note what a name is set to, and where what it is set to is worked out."""
        self.names.setdefault(name, []).append((value, inside or self))

    def home_of(self, name: str) -> Scope | None:
        """Give the names in which a name was declared; None where it was not."""
        here: Scope | None = self
        while here is not None:
            if name in here.names and not here.is_class:
                return here
            here = here.above
        return None

    def object(self) -> Scope | None:
        """Give the names of the object that ``this`` is."""
        scope: Scope | None = self
        while scope is not None and not scope.is_class:
            scope = scope.above
        return scope


class Use(msgspec.Struct, frozen=True, eq=False):
    """A call, or a setting of ``call``'s attribute to ``value``, in the order of the file.

    ``doubt`` says on what it depends whether it is done at all, "" where it is in any case.
    """

    of: Expr
    scope: Scope
    doubt: str = ""
    value: Expr | None = None


class Source(msgspec.Struct, kw_only=True, eq=False):
    """One file: what it imports (name -> module and what of it), its names and its calls.

    ``returned`` are what its functions give, ``objects`` the names that others may see: those of
    the file, and the members of its classes. ``visitors`` are the methods that visit constructs.
    """

    imports: dict[str, str] = msgspec.field(default_factory=dict)
    uses: list[Use] = msgspec.field(default_factory=list)
    returned: list[tuple[Expr, Scope]] = msgspec.field(default_factory=list)
    objects: list[Scope] = msgspec.field(default_factory=list)
    visitors: list[Scope] = msgspec.field(default_factory=list)
    mistakes: list[tuple[int, str]] = msgspec.field(default_factory=list)
    is_over_limit: bool = False
