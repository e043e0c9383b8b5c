"""YAML of other people, read with positions and bounds: anchors may repeat but not explode."""

# PyYAML parses. Why not its constructors (or ruamel.yaml's): they follow YAML 1.1, expand merge
# keys without a bound, and lose the places that findings point at.

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.core.errors import LimitError, MlsecError

MAX_DEPTH = 60
MAX_NODES = 400_000

_INT = re.compile(r"[-+]?[0-9]{1,18}\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_STANDARD = "tag:yaml.org,2002:"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Counts the nodes of a stream while they are made: they take more memory than the text."""

    made = 0

    def descend_resolver(self, _parent: yaml.Node | None, _index: Any) -> None:
        """Count one node; every node that is composed begins with this call."""
        self.made += 1
        if self.made > MAX_NODES:
            raise LimitError(f"more than {MAX_NODES:,} values")

    def ascend_resolver(self) -> None:
        """Do nothing: no node is resolved by its path."""


def parse_documents(text: str) -> Iterator[Node]:
    """Yield every document of a YAML stream; an empty one is left out.

    Raises:
        LimitError: too deep, or more than ``MAX_NODES`` values, also once aliases are followed.
        MlsecError: not YAML. The documents before the mistake have been given by then.
            ``location`` is ``line:column``.
    """
    try:
        for root in yaml.compose_all(text, Loader=_Loader):
            if root is not None and not _is_empty(root):
                yield _Builder().build(root, _place(root), 0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{mark.line + 1}:{mark.column + 1}" if mark else ""
        if "nesting depth" in str(error.problem):
            # The parser's own limit is met before ours.
            raise LimitError(f"nested deeper than {MAX_DEPTH} levels", location=where) from None
        raise MlsecError(f"not valid YAML: {error.problem}", location=where) from None
    except RecursionError:
        raise LimitError("YAML nested too deep to be read") from None
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise MlsecError(f"not valid YAML: {reason}") from None


class _Builder:
    """Turns one node tree into values; counts what it makes, so that aliases cannot explode."""

    def __init__(self) -> None:
        self._made = 0
        self._open: set[int] = set()

    def build(self, node: yaml.Node, place: tuple[int, int], depth: int) -> Node:
        self._made += 1
        if self._made > MAX_NODES:
            raise LimitError(f"more than {MAX_NODES:,} values once its aliases are followed")
        if depth > MAX_DEPTH:
            raise LimitError(
                f"nested deeper than {MAX_DEPTH} levels", location=f"{place[0]}:{place[1]}"
            )
        if id(node) in self._open:
            raise MlsecError("an alias that holds itself", location=f"{place[0]}:{place[1]}")
        tag = "" if node.tag.startswith(_STANDARD) else node.tag
        line, column = place
        if isinstance(node, yaml.ScalarNode):
            return Node(_scalar(node), line, column, tag)
        self._open.add(id(node))
        value: Any
        if isinstance(node, yaml.SequenceNode):
            value = tuple(self.build(item, _place(item), depth + 1) for item in node.value)
        else:
            value = self._mapping(node, depth)
        self._open.discard(id(node))
        return Node(value, line, column, tag)

    def _mapping(self, node: yaml.Node, depth: int) -> dict[str, Node]:
        mapping: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for key_node, value_node in node.value:
            place = _place(key_node)
            built = self.build(value_node, place, depth + 1)
            if not isinstance(key_node, yaml.ScalarNode):
                raise MlsecError("a key must be plain text", location=f"{place[0]}:{place[1]}")
            key = str(key_node.value)
            if key == "<<" and not key_node.style:
                for source in built.value if isinstance(built.value, tuple) else (built,):
                    merged = {**source.pairs(), **merged}
            elif key in mapping:
                # Readers differ in which of the two they take.
                mapping[key] = Node(UnknownValue(f'duplicate key "{key}"'), *place)
            else:
                mapping[key] = built
        return {**merged, **mapping}


def _scalar(node: Any) -> Any:
    text = str(node.value)
    if node.style or node.tag == f"{_STANDARD}str":
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    return text


def _is_empty(root: yaml.Node) -> bool:
    return isinstance(root, yaml.ScalarNode) and not root.value and not root.style


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
