"""The syntaxes of configuration files, each value with its place: nothing is run or included."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable
from typing import Any

from mlsec.collect.located import json as marked_json
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.located.yaml import parse_documents
from mlsec.core.errors import MlsecError

_KEY_VALUE = re.compile(r"[ \t]*([A-Za-z0-9_.\-/]+)[ \t]*[=:][ \t]*(.*)")
_WORDS = re.compile(r"[ \t]*+([A-Za-z0-9_.-]++)[ \t]++(.*\S)[ \t]*")
_SECTION = re.compile(r"[ \t]*\[([^\]]+)\]")
_MOST_LINES = 100_000


def parse_config(path: str, text: str) -> Node:
    """Parse a configuration file by its name; keys of sections are joined by dots.

    Raises:
        MlsecError: it is not of the syntax that its name says.
    """
    name = path.rpartition("/")[2].lower()
    return _syntax_of(name)(text)


def _syntax_of(name: str) -> Callable[[str], Node]:
    if name.endswith((".yaml", ".yml")):
        return _yaml
    if name.endswith(".json"):
        return marked_json.parse
    if name.endswith(".toml"):
        return _toml
    if name.endswith(".py"):
        return _python
    if name.endswith((".ini", ".cfg")):
        return _sections
    if name.endswith(".pbtxt") or name == "models.config":
        return _pbtxt
    if name.endswith(".conf"):
        return _directives
    return _properties


def _yaml(text: str) -> Node:
    return next(iter(parse_documents(text)), Node({}))


def _properties(text: str) -> Node:
    nodes: dict[str, Node] = {}
    for number, line in enumerate(_lines(text), start=1):
        matched = _KEY_VALUE.match(line)
        if matched is not None and line.lstrip()[:1] not in ("#", "!"):
            nodes[matched[1]] = Node(matched[2].strip(), number, matched.start(1) + 1)
    return Node(nodes)


def _sections(text: str) -> Node:
    nodes: dict[str, Node] = {}
    section = ""
    for number, line in enumerate(_lines(text), start=1):
        if line.lstrip()[:1] in ("#", ";"):
            continue
        head = _SECTION.match(line)
        if head is not None:
            section = head[1].strip()
            continue
        matched = _KEY_VALUE.match(line)
        if matched is not None:
            key = f"{section}.{matched[1]}" if section else matched[1]
            nodes[key] = Node(matched[2].strip(), number, matched.start(1) + 1)
    return Node(nodes)


def _directives(text: str) -> Node:
    """``name value`` lines as of Redis, and ``name = value`` as of PostgreSQL."""
    nodes: dict[str, Node] = {}
    for number, line in enumerate(_lines(text), start=1):
        if line.lstrip().startswith("#"):
            continue
        matched = re.match(r"[ \t]*([A-Za-z0-9_.]+)[ \t]*=[ \t]*(.*)", line) or _WORDS.match(line)
        if matched is not None:
            value = re.sub(r"(?<!\s)\s++#.*\Z", "", matched[2]).strip().strip("'\"")
            nodes[matched[1].lower()] = Node(value, number, matched.start(1) + 1)
    return Node(nodes)


def _toml(text: str) -> Node:
    try:
        result = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise MlsecError(f"not valid TOML: {' '.join(str(error).split())[:200]}") from None
    places = {key: (node.line, node.column) for key, node in _sections(text).pairs().items()}
    return _placed(result, places, "")


def _placed(value: Any, places: dict[str, tuple[int, int]], path: str) -> Node:
    line, column = places.get(path, (0, 0))
    if isinstance(value, dict):
        pairs = {
            str(key): _placed(entry, places, f"{path}.{key}" if path else str(key))
            for key, entry in value.items()
        }
        return Node(pairs, line, column)
    if isinstance(value, list):
        return Node(tuple(_placed(item, places, path) for item in value), line, column)
    is_plain = value is None or isinstance(value, bool | int | float | str)
    return Node(value if is_plain else str(value), line, column)


def _python(text: str) -> Node:
    """Read ``c.Class.name = literal`` from a file of traitlets, by its syntax tree."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise MlsecError(f"not valid Python: {' '.join(str(error).split())[:200]}") from None
    nodes: dict[str, Node] = {}
    for statement in ast.walk(tree):
        if isinstance(statement, ast.Call):
            nodes.update(_launched(statement))
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            name = _dotted(target)
            if name.startswith("c."):
                value = _literal(statement.value)
                is_nested = statement.col_offset > 0
                if is_nested and not isinstance(value, UnknownValue):
                    value = UnknownValue(f"{name} is set under a condition")
                nodes[name[2:]] = Node(value, statement.lineno, statement.col_offset + 1)
    return Node(nodes)


def _launched(call: ast.Call) -> dict[str, Node]:
    """Give the named arguments of ``x.launch(...)``, as Gradio's applications end."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "launch":
        return {}
    return {
        f"launch.{keyword.arg}": Node(
            _literal(keyword.value), keyword.lineno, keyword.col_offset + 1
        )
        for keyword in call.keywords
        if keyword.arg
    }


def _dotted(node: ast.expr) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _literal(node: ast.expr) -> Any:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return UnknownValue("an expression of Python")
    if isinstance(value, list | tuple | set):
        return tuple(Node(item if _is_plain(item) else str(item)) for item in value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if _is_plain(value) else str(value)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def _pbtxt(text: str) -> Node:
    """Read scalar fields of a text protocol buffer; nested messages are joined by dots."""
    nodes: dict[str, Node] = {}
    path: list[str] = []
    for number, raw in enumerate(_lines(text), start=1):
        line = raw.partition("#")[0]
        for token in re.finditer(
            r"(?<!\w)([A-Za-z_]\w*+)\s*+(?::\s*+)?[{\[]|(?<!\w)([A-Za-z_]\w*+)\s*+:\s*+(\"(?:[^\"\\]|\\.)*\"|[^\s,{}\[\]]+)|[}\]]",
            line,
        ):
            if token[1]:
                path.append(token[1])
            elif token[2]:
                key = ".".join([*path, token[2]])
                nodes.setdefault(key, Node(token[3].strip('"'), number, token.start() + 1))
            elif path:
                path.pop()
    return Node(nodes)


def _lines(text: str) -> list[str]:
    return text.splitlines()[:_MOST_LINES]
