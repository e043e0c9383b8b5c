"""The calls of a JavaScript or TypeScript file, by the library that they are of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlsec.collect.javascript.names import Names
from mlsec.collect.javascript.syntax import nodes_of, parse, words_of
from mlsec.collect.javascript.values import Values
from mlsec.collect.located.located import Node
from mlsec.collect.python.call import Call

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax

_CALLS = {"call_expression": "function", "new_expression": "constructor"}


class JavaScriptModule:
    """One file, parsed once.

    Raises:
        LimitError: too large, or it takes too long.
    """

    def __init__(self, path: str, text: str) -> None:
        has_elements = not path.lower().endswith((".ts", ".mts", ".cts"))
        self._nodes = list(nodes_of(parse(text, has_elements=has_elements)))
        self._names = Names(self._nodes)
        self._values = Values(self._names)

    def set_to(self, name: str) -> list[Node]:
        """Give what a name, or a member of it, is set to anywhere in the file."""
        given = self._names.set_to.get(name, ())
        return [self._values.value(node) for node in given if node is not None]

    def names_of(self, imported: str) -> list[str]:
        """Give the names under which the file has something of a library."""
        return [name for name, of in self._names.imports.items() if of == imported]

    def calls(self) -> Iterator[Call]:
        """Give the calls of libraries that are looked at: ``transformers.js.pipeline``."""
        for node in self._nodes:
            field = _CALLS.get(node.type)
            function = node.child_by_field_name(field) if field else None
            name = self._name_of(function) if function is not None else ""
            if name:
                given = node.child_by_field_name("arguments")
                items = given.named_children if given is not None else []
                yield Call(
                    name=name,
                    args=tuple(self._values.value(item) for item in items
                               if item.type != "comment"),
                    line=node.start_point[0] + 1,
                    column=node.start_point[1] + 1,
                )  # fmt: skip

    def _name_of(self, node: Syntax) -> str:
        """Give the qualified name of what is called, "" where no library has it."""
        steps: list[str] = []
        while node.type == "member_expression":
            steps.append(words_of(node.child_by_field_name("property")))
            of = node.child_by_field_name("object")
            if of is None:
                return ""
            node = of
        first = self._names.imports.get(words_of(node)) if node.type == "identifier" else None
        return ".".join([first, *reversed(steps)]) if first else ""
