"""Turns the nodes of a YAML document into plain values, and refuses what could surprise."""

# PyYAML parses. Why not strictyaml: without a schema it reads every scalar as text, and it
# carries a copy of ruamel.yaml.

from __future__ import annotations

import re
from typing import Any

import yaml

from mlsec.core.errors import MlsecError

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 40

_INT = re.compile(r"[-+]?[0-9]{1,18}\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Path = tuple[str | int, ...]
Places = dict[Path, tuple[int, int]]


def read_nodes(text: str, file: str) -> tuple[Any, Places]:
    """Give a document's value, and where each key and item stands.

    Raises:
        MlsecError: not YAML, an anchor, alias, tag or duplicate key, too deep, or too big.
    """
    if len(text) > MAX_BYTES:
        raise MlsecError(f"file is larger than {MAX_BYTES} bytes", location=file)
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        raise MlsecError(f"not valid YAML: {error.problem}", location=where) from None
    except (yaml.YAMLError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise MlsecError(f"not valid YAML: {reason}", location=file) from None
    builder = _Builder(file)
    value = builder.build(root, ()) if root is not None else None
    return value, builder.places


class _Builder:
    """Turns a node tree into plain values; refuses what could expand or surprise."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: Places = {}
        self._seen: set[int] = set()

    def build(self, node: yaml.Node, path: Path) -> Any:
        if path not in self.places:
            self.places[path] = _place(node)
        if len(path) > MAX_DEPTH:
            raise MlsecError(f"nested deeper than {MAX_DEPTH} levels", location=self._at(node))
        if id(node) in self._seen:
            raise MlsecError("anchors and aliases are not allowed", location=self._at(node))
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            self._refuse_tag(node, "tag:yaml.org,2002:seq")
            return [self._item(child, (*path, n)) for n, child in enumerate(node.value)]
        return self._scalar(node)

    def _item(self, node: yaml.Node, path: Path) -> Any:
        self.places[path] = _place(node)
        return self.build(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        self._refuse_tag(node, "tag:yaml.org,2002:map")
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise MlsecError("a key must be plain text", location=self._at(key_node))
            key = str(key_node.value)
            if key in mapping:
                raise MlsecError(f'duplicate key "{key}"', location=self._at(key_node))
            child = (*path, key)
            self.places[child] = _place(key_node)
            self.places[(*child, "=")] = _place(value_node)
            mapping[key] = self.build(value_node, child)
        return mapping

    def _scalar(self, node: Any) -> Any:
        text = str(node.value)
        if node.style:
            self._refuse_tag(node, "tag:yaml.org,2002:str")
            return text
        if node.tag.startswith("!") or node.tag.startswith("tag:yaml.org,2002:python"):
            raise MlsecError(f"tags such as {node.tag} are not allowed", location=self._at(node))
        if text in _WORDS:
            return _WORDS[text]
        if _INT.match(text):
            return int(text)
        if _FLOAT.match(text):
            return float(text)
        return text

    def _refuse_tag(self, node: yaml.Node, plain: str) -> None:
        if node.tag != plain:
            raise MlsecError(f"tags such as {node.tag} are not allowed", location=self._at(node))

    def _at(self, node: yaml.Node) -> str:
        line, column = _place(node)
        return f"{self.file}:{line}:{column}"


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
