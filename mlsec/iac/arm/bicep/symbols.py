"""What the names of one Bicep file stand for, and the syntax that they are read from."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax


class NotReadError(Exception):
    """A part of the file that is not read, and why."""


class Kind(enum.Enum):
    """What a name stands for."""

    PARAMETER = "parameters"
    VARIABLE = "variables"
    RESOURCE = "resource"
    MODULE = "module"
    OTHER = "other"


class Symbol(msgspec.Struct, kw_only=True, eq=False):
    """One declared name; of a resource also its type, its body and the symbol that it is in.

    ``loop`` is what it is repeated over, with the names of the item and of its index.
    """

    name: str
    kind: Kind
    node: Syntax
    type: str = ""
    body: Syntax | None = None
    condition: Syntax | None = None
    loop: Loop | None = None
    parent: Symbol | None = None
    is_existing: bool = False


class Loop(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """``[for item, index in over: body]``."""

    names: tuple[str, ...]
    over: Syntax
    body: Syntax
    condition: Syntax | None = None


class File:
    """The text of a file, its names, and the names of the loops that are open."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.symbols: dict[str, Symbol] = {}
        # Name -> the expression that stands for it.
        self.local: dict[str, str] = {}
        # Line and reason of each part that only a compiler can put in.
        self.left: list[tuple[int, str]] = []

    def text(self, node: Syntax) -> str:
        """Give the text of a node."""
        return self._data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def between(self, left: Syntax, right: Syntax) -> str:
        """Give what stands between two nodes, without spaces and comments."""
        text = self._data[left.end_byte : right.start_byte].decode("utf-8", "replace")
        return "".join(line.partition("//")[0] for line in text.split("\n")).strip()

    def literal(self, node: Syntax | None) -> str | None:
        """Give a text without holes; None for anything else."""
        if node is None or node.type != "string":
            return None
        if any(child.type == "interpolation" for child in node.named_children):
            return None
        return "".join(self.piece(child) for child in node.named_children)

    def piece(self, node: Syntax) -> str:
        """Give a piece of a text as it is meant."""
        text = self.text(node)
        return _ESCAPES.get(text, text) if node.type == "escape_sequence" else text


_ESCAPES = {r"\n": "\n", r"\r": "\r", r"\t": "\t", r"\\": "\\", r"\'": "'", r"\$": "$"}


def loop_of(file: File, node: Syntax) -> Loop:
    """Read a loop.

    Raises:
        NotReadError: it is not one that is understood.
    """
    body = node.child_by_field_name("body")
    names: list[str] = []
    over: Syntax | None = None
    for child in node.named_children:
        if child.type == "for_loop_parameters":
            names = [file.text(item) for item in child.named_children]
        elif node.child_by_field_name("initializer") == child:
            names = [file.text(child)]
        elif child != body and child.type != "comment":
            over = child
    if body is None or over is None or not names:
        raise NotReadError("a loop that is not understood")
    condition, inner = conditional(body)
    return Loop(names=tuple(names), over=over, body=inner, condition=condition)


def conditional(node: Syntax) -> tuple[Syntax | None, Syntax]:
    """Take ``if (condition) body`` apart; the condition is None where there is none."""
    if node.type != "if_statement":
        return None, node
    parts = parts_of(node)
    if len(parts) != 2 or parts[0].type != "parenthesized_expression":
        raise NotReadError("a condition that is not understood")
    return parts[0], parts[1]


# Stands for ``...`` in an object: the grammar does not know it.
SPREAD = "putInHere"


def mistakes_in(root: Syntax) -> Iterator[Syntax]:
    """Give the parts that do not parse; ``!`` says not null, ``...`` is known in lists."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        is_list = node.parent is not None and node.parent.type == "array"
        is_known = node.text == b"!" or (node.text == b"..." and is_list)
        if node.is_missing or (node.type == "ERROR" and not is_known):
            yield node
        else:
            waiting += [child for child in node.children if child.has_error or child.is_missing]


def is_sound(node: Syntax) -> bool:
    """Whether all of a declaration parses: what stands beside a mistake may be torn apart."""
    return next(mistakes_in(node), None) is None


def parts_of(node: Syntax) -> list[Syntax]:
    """Give what a node is made of, without comments and without what says nothing."""
    return [
        child
        for child in node.named_children
        if child.type != "comment" and not (child.type == "ERROR" and child.text == b"!")
    ]


def properties(node: Syntax) -> list[Syntax]:
    """Give the properties of an object."""
    return [child for child in node.named_children if child.type == "object_property"]


def place_of(node: Syntax) -> tuple[int, int]:
    """Give the line and column at which a node begins."""
    return node.start_point[0] + 1, node.start_point[1] + 1
