"""Make the answers of an API out of the body of a declaration, as its table says.

What a table says of an answer is one of:

- a path in the body (``.`` is the body itself, ``$name``, ``$id``, ``$ref`` what it is called);
- a list of such: the first that is there;
- ``{"=": value}``: the value itself, which is what the service makes it;
- ``{each: path, key: what, ...}``: a list with one mapping for each element found there, whose
  paths are relative to the element (``.: .`` takes all that the element has);
- ``{of: path, is: {text: value}, else: value}``: what a word there means;
- ``{has: path, then: value, else: value}``: whether something stands there;
- ``{last: path}``: what follows the last ``/`` of the text there;
- ``{list: path}``: a list of the one thing there;
- any other mapping: a mapping of the same keys (``.: path`` takes all that stands there).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.collect.iac.declaration import Called, text_of
from mlsec.collect.iac.digging import Digger
from mlsec.collect.marked import Node, Unresolved


class Builder:
    """Builds the answers about one declaration."""

    def __init__(self, called: Called, digger: Digger) -> None:
        self._called = {"$name": called.name, "$id": called.id, "$ref": called.ref}
        self._digger = digger

    def build(self, spec: Any, body: Node) -> Node | None:
        """Give what a table asks for; None when the body does not have it."""
        if isinstance(spec, str):
            return self._path(spec, body)
        if isinstance(spec, list):
            for one in spec:
                found = self.build(one, body)
                if found is not None:
                    return found
            return None
        if "=" in spec:
            return constant(spec["="])
        if "each" in spec:
            return self._each(spec, body)
        if "has" in spec:
            return self._presence(spec, body)
        if "of" in spec:
            return self._meaning(spec, body)
        if "list" in spec:
            held = self.build(spec["list"], body)
            return None if held is None else Node((held,), held.line, held.column, "", held.file)
        if "last" in spec:
            return self._last(spec["last"], body)
        return self._mapping(spec, body)

    def _path(self, spec: str, body: Node) -> Node | None:
        if spec.startswith("$"):
            return Node(self._called[spec])
        return self._digger.dig(body, spec)

    def _each(self, spec: Mapping[str, Any], body: Node) -> Node | None:
        held = self._digger.dig(body, spec["each"])
        if held is None or isinstance(held.value, Unresolved):
            return held
        inner = {key: what for key, what in spec.items() if key != "each"}
        elements = held.value if isinstance(held.value, tuple) else (held,)
        made = [
            each if isinstance(each.value, Unresolved) else self._mapping(inner, each)
            for each in elements
        ]
        return Node(tuple(made), held.line, held.column, "", held.file)

    def _meaning(self, spec: Mapping[str, Any], body: Node) -> Node | None:
        held = self._path(spec["of"], body)
        if held is None or isinstance(held.value, Unresolved):
            return held or constant(spec.get("else"))
        meant = constant(spec["is"].get(text_of(held), spec.get("else")))
        return Node(meant.value, held.line, held.column, "", held.file)

    def _presence(self, spec: Mapping[str, Any], body: Node) -> Node | None:
        held = self._path(spec["has"], body)
        if held is None or held.value in ("", (), {}):
            return constant(spec.get("else"))
        if isinstance(held.value, Unresolved) and not held.value.is_given:
            return held
        made = constant(spec.get("then"))
        return Node(made.value, held.line, held.column, "", held.file)

    def _last(self, path: str, body: Node) -> Node | None:
        held = self._path(path, body)
        if held is None or not isinstance(held.value, str):
            return held
        return Node(held.value.rpartition("/")[2], held.line, held.column, "", held.file)

    def _mapping(self, spec: Mapping[str, Any], body: Node) -> Node:
        found: dict[str, Node] = {}
        for key, what in spec.items():
            if key == ".":
                base = self.build(what, body)
                if base is not None and isinstance(base.value, Unresolved):
                    return base
                found |= base.pairs() if base is not None else {}
        for key, what in spec.items():
            if key != ".":
                made = self.build(what, body)
                if made is not None:
                    found[key] = made
        return Node(found, body.line, body.column, "", body.file)


def constant(value: Any) -> Node:
    """Give a plain value as a node that stands nowhere."""
    if isinstance(value, list):
        return Node(tuple(constant(each) for each in value))
    if isinstance(value, Mapping):
        return Node({key: constant(each) for key, each in value.items()})
    return Node(value)


def merged(first: Node | None, second: Node) -> Node:
    """Put two answers together: lists one after the other, mappings key by key."""
    if first is None or first.value is None:
        return second
    if isinstance(first.value, Unresolved) or isinstance(second.value, Unresolved):
        return first if isinstance(first.value, Unresolved) else second
    if isinstance(first.value, tuple) and isinstance(second.value, tuple):
        return Node((*first.value, *second.value), first.line, first.column, "", first.file)
    if isinstance(first.value, Mapping) and isinstance(second.value, Mapping):
        both = dict(first.value)
        for key, value in second.value.items():
            both[key] = merged(both.get(key), value)
        return Node(both, first.line or second.line, first.column or second.column, "", first.file)
    return second


def stamped(node: Node, file: str) -> Node:
    """Say of a whole tree which file it stands in."""
    value = node.value
    if isinstance(value, tuple):
        value = tuple(stamped(each, file) for each in value)
    elif isinstance(value, Mapping):
        value = {key: stamped(each, file) for key, each in value.items()}
    return Node(value, node.line, node.column, node.tag, node.file or file)
