"""Kubernetes objects from documents of a manifest or items of an API's answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located.located import Node


class KubeObject(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One object. ``id`` is unique in the scan; ``file`` is None for what a cluster answered.

    ``namespace`` is "" for what belongs to none, and in a file for what does not say. ``stack`` and
    ``scenario`` are as in ``Origin``.
    """

    id: str
    scope: str
    group: str
    kind: str
    namespace: str
    name: str
    node: Node
    file: CodeFile | None = None
    call: str = ""
    stack: str = ""
    scenario: str = ""

    @property
    def label(self) -> str:
        """``Kind.group`` for display."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def labels(self) -> Mapping[str, str]:
        """The object's own labels."""
        return texts(self.node, "metadata", "labels")

    @property
    def annotations(self) -> Mapping[str, str]:
        """The object's annotations."""
        return texts(self.node, "metadata", "annotations")


def texts(node: Node, *path: str) -> dict[str, str]:
    """Give the texts of a mapping; what is not text there is left out."""
    return {k: n.value for k, n in node.pairs(*path).items() if isinstance(n.value, str)}


def group_of(api_version: str) -> str:
    """``apps`` of ``apps/v1``; "" for the core group."""
    return api_version.rpartition("/")[0]


def is_object(node: Node) -> bool:
    """Whether a document has apiVersion and kind."""
    return bool(node.text("apiVersion") and node.text("kind"))


def unfold(node: Node) -> Iterator[Node]:
    """Give the objects of a document: itself, or the items of a list, each with its own kind."""
    if node.text("kind").endswith("List") and isinstance(_items(node), tuple):
        for item in node.items("items"):
            yield item if is_object(item) else _as_item(node, item)
    else:
        yield node


def _items(node: Node) -> Any:
    items = node.get("items")
    return items.value if items is not None else None


def _as_item(parent: Node, node: Node) -> Node:
    """Add the kind to an item of a typed list, which does not repeat it."""
    kind = parent.text("kind").removesuffix("List")
    if not kind or not isinstance(node.value, Mapping):
        return node
    header = {"apiVersion": parent.pairs()["apiVersion"], "kind": Node(kind)}
    return Node({**header, **node.value}, node.line, node.column)
