"""Dotted paths into located values: ``a.b``, ``a[].b`` (each element), ``a.*.b`` (each entry)."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue


def dig_node(node: Node, path: str) -> Node | None:
    """Follow a path; a null counts as missing, because the API server drops nulls.

    An unknown value on the way is returned itself. Below ``[]`` and ``*`` what lacks the rest of
    the path is left out, and the rest is one list.
    """
    return _follow(node, _steps(path), 0)


def from_plain(value: Any) -> Node:
    """Give a parsed answer as a node without location."""
    if isinstance(value, dict):
        return Node({key: from_plain(element) for key, element in value.items()})
    if isinstance(value, list):
        return Node(tuple(from_plain(element) for element in value))
    return Node(value)


def _follow(node: Node, steps: tuple[str, ...], at: int) -> Node | None:
    while at < len(steps):
        if isinstance(node.value, UnknownValue):
            return node
        step = steps[at]
        at += 1
        if step in ("[]", "*"):
            return _each(node, step, steps, at)
        child = node.value.get(step) if isinstance(node.value, Mapping) else None
        if child is None:
            return None
        node = child
    return None if node.value is None else node


def _each(node: Node, step: str, steps: tuple[str, ...], at: int) -> Node | None:
    if step == "[]":
        inside = node.value if isinstance(node.value, tuple) else None
    else:
        inside = tuple(node.value.values()) if isinstance(node.value, Mapping) else None
    if inside is None:
        return None
    nodes: list[Node] = []
    for element in inside:
        inner = _follow(element, steps, at)
        if inner is None:
            continue
        if isinstance(inner.value, tuple) and any(s in ("[]", "*") for s in steps[at:]):
            nodes.extend(inner.value)
        else:
            nodes.append(inner)
    return Node(tuple(nodes), node.line, node.column)


@functools.cache
def _steps(path: str) -> tuple[str, ...]:
    steps: list[str] = []
    for piece in path.split(".") if path not in ("", ".") else ():
        # A dot inside a key is written as a tilde: ``metadata.annotations.a~b/c``.
        name = piece.removesuffix("[]")
        steps += [name.replace("~", ".")] if name else []
        steps += ["[]"] if piece.endswith("[]") else []
    return tuple(steps)
