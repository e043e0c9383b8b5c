"""Follow the API's paths in the body of a declaration, whose keys are written another way."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.secrets.kinds import secret_kind
from mlsec.collect.secrets.masking import masked_kind
from mlsec.collect.secrets.script_signs import script_signs, script_text
from mlsec.collect.walk.paths import steps_of


class PathLookup:
    """Digs in one tree; keys match without regard to case and ``_``, the exact one first."""

    def __init__(self) -> None:
        self._folded: dict[int, Mapping[str, Node]] = {}

    def dig(self, node: Node | None, path: str) -> Node | None:
        """Follow ``A.B``, ``A[0].B`` or ``A[].B``; None when there is nothing, or null.

        What lies below something that is not known is not known either.
        """
        return self._follow(node, steps_of(path), 0)

    def _follow(
        self, node: Node | None, steps: tuple[str | int | None, ...], at: int
    ) -> Node | None:
        while node is not None and at < len(steps):
            if isinstance(node.value, UnknownValue):
                return node
            step = steps[at]
            at += 1
            if step is None:
                return self._each(node, steps, at)
            if isinstance(step, int):
                value = node.value
                node = value[step] if isinstance(value, tuple) and step < len(value) else None
            else:
                node = self.key(node, step)
        return None if node is None or node.value is None else node

    def _each(self, node: Node, steps: tuple[str | int | None, ...], at: int) -> Node | None:
        if not isinstance(node.value, tuple):
            return None
        nodes: list[Node] = []
        for element in node.value:
            inner = self._follow(element, steps, at)
            if inner is None:
                continue
            if isinstance(inner.value, tuple) and at < len(steps):
                nodes.extend(inner.value)
            else:
                nodes.append(inner)
        return Node(tuple(nodes), node.line, node.column, "", node.file)

    def key(self, node: Node, key: str) -> Node | None:
        """Give a key of a mapping, or of the one mapping in a list (a block of its own)."""
        value = node.value
        if key.startswith("~"):
            return _reduced(node, key)
        if isinstance(value, tuple) and len(value) == 1:
            value = value[0].value
        if not isinstance(value, Mapping):
            return None
        exact = value.get(key)
        if exact is not None or not value:
            return exact
        folded = self._folded.get(id(value))
        if folded is None:
            folded = self._folded[id(value)] = {fold(name): entry for name, entry in value.items()}
        return folded.get(fold(key))


def _reduced(node: Node, key: str) -> Node | None:
    """Give what a live collection keeps of a text that may hold a secret."""
    text = node.value
    if not isinstance(text, str):
        return None
    result: Any = None
    match key:
        case "~secret":
            result = masked_kind(text) or secret_kind(text)
        case "~signs":
            result = script_signs(script_text(text))
        case "~length":
            result = len(text)
        case "~tail":
            result = ""
    return None if result is None else Node(_as_node(result), node.line, node.column, "", node.file)


def _as_node(value: Any) -> Any:
    return tuple(Node(item) for item in value) if isinstance(value, list | tuple) else value


@functools.lru_cache(maxsize=16384)
def fold(key: str) -> str:
    """Give a key without case and without ``_``."""
    return key.replace("_", "").lower()


def camel(node: Node, verbatim: tuple[str, ...], here: str = "") -> Node:
    """Write the first letter of each key small; what lies below ``verbatim`` stays as it is."""
    value: Any = node.value
    if isinstance(value, tuple):
        value = tuple(camel(item, verbatim, here) for item in value)
    elif isinstance(value, Mapping):
        if here in verbatim:
            return node
        value = {
            key[:1].lower() + key[1:]: camel(entry, verbatim, f"{here}.{key}" if here else key)
            for key, entry in value.items()
        }
    else:
        return node
    return Node(value, node.line, node.column, node.tag, node.file)
