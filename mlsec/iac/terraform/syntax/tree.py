"""The syntax tree of HCL: expressions, attributes and blocks, each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Expr(msgspec.Struct, frozen=True):
    """Something that has a value; ``line`` and ``column`` count from 1."""

    line: int
    column: int


class Literal(Expr, frozen=True):
    """A number, a word (true, false, null) or text without holes."""

    value: Any


class Broken(Expr, frozen=True):
    """What the parser could not read; ``is_over_limit``: there is more of it than it may read."""

    why: str
    is_over_limit: bool = False


class Template(Expr, frozen=True):
    """Text with holes; a heredoc or quoted text."""

    parts: tuple[Expr, ...]


class TemplateIf(Expr, frozen=True):
    """``%{ if }``: both branches are templates."""

    condition: Expr
    then: Expr
    otherwise: Expr


class TemplateFor(Expr, frozen=True):
    """``%{ for }`` over a collection, its body a template."""

    key_name: str
    value_name: str
    collection: Expr
    body: Expr


class Name(Expr, frozen=True):
    """The first word of a reference: ``var``, ``local``, ``each``, a resource's type."""

    name: str


class Attr(Expr, frozen=True):
    """``of.name``."""

    of: Expr
    name: str


class Index(Expr, frozen=True):
    """``of[key]``."""

    of: Expr
    key: Expr


class Splat(Expr, frozen=True):
    """``of[*]`` followed by what is done to each element, which ``each`` calls ``ELEMENT``."""

    of: Expr
    each: Expr


class Call(Expr, frozen=True):
    """A function call; with ``expands`` the last argument is a list of arguments."""

    name: str
    arguments: tuple[Expr, ...]
    expands: bool


class Unary(Expr, frozen=True):
    """``-`` or ``!``."""

    operator: str
    operand: Expr


class Binary(Expr, frozen=True):
    """An operation on two values."""

    operator: str
    left: Expr
    right: Expr


class Conditional(Expr, frozen=True):
    """``condition ? then : otherwise``."""

    condition: Expr
    then: Expr
    otherwise: Expr


class TupleOf(Expr, frozen=True):
    """``[a, b]``."""

    items: tuple[Expr, ...]


class ObjectOf(Expr, frozen=True):
    """``{a = b}``; a key that is a bare word is a literal already."""

    items: tuple[tuple[Expr, Expr], ...]


class For(Expr, frozen=True):
    """A for expression; ``key`` is None when it makes a list."""

    key_name: str
    value_name: str
    collection: Expr
    key: Expr | None
    value: Expr
    condition: Expr | None
    groups: bool


# The name under which a splat's ``each`` knows the element.
ELEMENT = "*"


class Attribute(msgspec.Struct, frozen=True):
    """``name = value``, at the place of the name."""

    name: str
    value: Expr
    line: int
    column: int


class Block(msgspec.Struct, frozen=True):
    """``kind "label" { ... }``; what a broken one lacks may have been lost in what is not HCL."""

    kind: str
    labels: tuple[str, ...]
    body: Body
    line: int
    column: int
    is_broken: bool = False


class Body(msgspec.Struct, frozen=True):
    """What stands between braces, or a whole file."""

    attributes: Mapping[str, Attribute] = {}
    blocks: tuple[Block, ...] = ()

    def of_kind(self, kind: str) -> tuple[Block, ...]:
        """Give the blocks of one kind."""
        return tuple(block for block in self.blocks if block.kind == kind)


class Mistake(msgspec.Struct, frozen=True):
    """Something in a file that could not be read, and where."""

    what: str
    line: int
    over_limit: bool = False


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """One file as it was understood."""

    body: Body = Body()
    mistakes: tuple[Mistake, ...] = ()
