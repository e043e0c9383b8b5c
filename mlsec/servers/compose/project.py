"""What a service of a compose file is read with: its file, its variables, its neighbours."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping

import msgspec

from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.servers.images.dockerfile import Recipe
from mlsec.servers.shell.expand import expand, expand_parts
from mlsec.servers.shell.growth import Growth


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """One compose file: ``values`` are those of its ``.env``, ``files`` all of the target.

    ``variables`` gives those of another environment file, None where a limit hides them.
    """

    file: CodeFile
    scope: str
    folder: str
    values: Mapping[str, Node]
    files: Mapping[str, CodeFile]
    recipe: Callable[[Node], Recipe | None]
    variables: Callable[[CodeFile], Mapping[str, Node] | None]
    root: Node
    growth: Growth

    def lookup(self, name: str) -> str | UnknownValue | None:
        """Give a variable as ``.env`` sets it."""
        value = self.values.get(name)
        result: str | UnknownValue | None = value.value if value is not None else None
        hidden = self.growth.take(len(result)) if isinstance(result, str) else None
        return result if hidden is None else hidden

    def filled(self, node: Node) -> Node:
        """Fill in the variables of a node and of all below it."""
        value = node.value
        self.growth.line = node.line
        if isinstance(value, str):
            return Node(
                expand(value, self.lookup, is_compose=True), node.line, node.column, node.tag
            )
        if isinstance(value, tuple):
            return Node(tuple(self.filled(item) for item in value), node.line, node.column)
        if isinstance(value, Mapping):
            pairs = {key: self.filled(entry) for key, entry in value.items()}
            return Node(pairs, node.line, node.column)
        return node

    def parts(self, text: str) -> tuple[str | UnknownValue, ...]:
        """Give the pieces of a word with its variables filled in."""
        return expand_parts(text, self.lookup, is_compose=True)

    def near(self, path: str) -> CodeFile | None:
        """Give the file of the target that a path of this project names."""
        return self.files.get(posixpath.normpath(posixpath.join(self.folder, path)))
