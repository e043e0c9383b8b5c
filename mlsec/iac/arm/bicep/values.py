"""Values of Bicep as those of a template: objects and lists as they stand, or expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.arm.bicep.expressions import expression, key_of, quoted
from mlsec.iac.arm.bicep.symbols import (
    SPREAD,
    File,
    Loop,
    NotReadError,
    loop_of,
    parts_of,
    place_of,
    properties,
)

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax

_MAX_DEPTH = 50


class Values:
    """Writes the values of one file."""

    def __init__(self, file: File) -> None:
        self.file = file

    def value(self, node: Syntax, depth: int = 0) -> Node:
        """Give a value of the template; what is not read of it is not known."""
        place = place_of(node)
        if depth > _MAX_DEPTH:
            return Node(UnknownValue(f"it is nested deeper than {_MAX_DEPTH}"), *place)
        literal = self.file.literal(node)
        if literal is not None:
            is_bracketed = literal.startswith("[") and literal.endswith("]")
            return Node(f"[{literal}" if is_bracketed else literal, *place)
        match node.type:
            case "object":
                if any(key == SPREAD for key, _, _ in self._pairs(node)):
                    return Node(self.written(lambda: expression(self.file, node)).value, *place)
                return Node(self.entries(node, depth), *place)
            case "array":
                items = parts_of(node)
                return Node(tuple(self._element(item, depth) for item in items), *place)
            case "number" | "boolean" | "null":
                return Node(_scalar(self.file.text(node)), *place)
            case _:
                made = self.written(lambda: expression(self.file, node))
                return Node(made.value, *place)

    def _element(self, node: Syntax, depth: int) -> Node:
        if node.type == "ERROR":
            return Node(UnknownValue("another list is put in here"), *place_of(node))
        return self.value(node, depth + 1)

    def written(self, write: Callable[[], str]) -> Node:
        """Give an expression as a value; one that is not read is not known."""
        try:
            return Node(f"[{write()}]")
        except NotReadError as error:
            return Node(UnknownValue(str(error)))

    def entries(self, node: Syntax, depth: int, left_out: tuple[str, ...] = ()) -> dict[str, Node]:
        """Give the entries of an object."""
        made: dict[str, Node] = {}
        copies: list[Node] = []
        for key, place, value in self._pairs(node):
            if key in left_out:
                continue
            if value.type == "for_statement":
                copies.append(self.copy(key, value))
                continue
            made[key] = Node(self.value(value, depth + 1).value, *place)
        if copies:
            made["copy"] = Node(tuple(copies))
        return made

    def _pairs(self, node: Syntax) -> Iterator[tuple[str, tuple[int, int], Syntax]]:
        for item in properties(node):
            parts = parts_of(item)
            key = key_of(self.file, parts[0]) if len(parts) == 2 else None
            if key is not None:
                yield key, place_of(item), parts[1]

    def copy(self, name: str, node: Syntax) -> Node:
        """Write a list that is made by a loop."""
        place = place_of(node)
        try:
            loop: Loop | None = loop_of(self.file, node)
        except NotReadError:
            loop = None
        if loop is None or loop.condition is not None:
            hidden = Node(UnknownValue("which elements the list has is not worked out"))
            return Node({"name": Node(name), "count": Node(1), "input": hidden}, *place)
        with Names(self.file, loop, name):
            entry = self.count(name, loop).value
            return Node({**entry, "input": self.value(loop.body)}, *place)

    def count(self, name: str, loop: Loop) -> Node:
        """Say how often a loop is made."""
        outer = self.written(lambda: f"length({expression(self.file, loop.over)})")
        return Node({"name": Node(name), "count": outer})


class Names:
    """Names of a loop's item and index, while its body is written."""

    def __init__(self, file: File, loop: Loop | None, name: str) -> None:
        self._file, self._loop, self._name = file, loop, name
        self._before = dict(file.local)

    def __enter__(self) -> None:
        if self._loop is None:
            return
        index = f"copyIndex({quoted(self._name)})"
        try:
            item = f"{expression(self._file, self._loop.over)}[{index}]"
        except NotReadError:
            item = "theItemOfTheLoop()"
        for name, value in zip(self._loop.names, (item, index), strict=False):
            self._file.local[name] = value

    def __exit__(self, *_: object) -> None:
        self._file.local = self._before


def _scalar(text: str) -> Any:
    named = {"true": True, "false": False, "null": None}
    if text in named:
        return named[text]
    try:
        return int(text)
    except ValueError:
        return text
