"""Every literal of a deployment, and the text in which just that one is not known."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import tree_sitter
import tree_sitter_hcl
import yaml

# What says which language a text is in, and not what it deploys.
_DIALECT = frozenset(
    {"apiVersion", "AWSTemplateFormatVersion", "$schema", "contentVersion", "Transform"}
)
_HCL = tree_sitter.Language(tree_sitter_hcl.language())
_META = frozenset({"source", "version", "required_version", "backend", "for_each", "count"})


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """A text in which one thing is changed. ``line`` is where, 1-based; ``what`` what was there."""

    line: int
    what: str
    text: str


def of_manifest(text: str) -> Iterator[Mutant]:
    """Put what ``envsubst`` fills in for each value of Kubernetes objects or a compose file."""
    for node, path in _yaml_literals(text):
        if path[-1] not in _DIALECT and path != ("kind",):
            yield _replaced(text, node, '"${UNREAD}"')


def of_cloudformation(text: str) -> Iterator[Mutant]:
    """Put a parameter without a default for each value of a template's resources."""
    parameter = "Unread:\n    Type: String"
    for node, path in _yaml_literals(text):
        if path[0] == "Resources" and path[2:3] != ("Type",) and not node.tag.startswith("!"):
            is_json = text.lstrip().startswith("{")
            mutant = _replaced(text, node, '{"Ref": "Unread"}')
            declared = (
                _with_key(mutant.text, "Parameters", '"Unread": {"Type": "String"}')
                if is_json
                else _with_block(mutant.text, "Parameters", f"  {parameter}\n")
            )
            yield Mutant(line=mutant.line, what=mutant.what, text=declared)


def of_arm(text: str) -> Iterator[Mutant]:
    """Put a parameter without a default for each value of a template's resources."""
    for node, path in _yaml_literals(text):
        if path[0] == "resources" and path[-1] not in ("type", "apiVersion"):
            mutant = _replaced(text, node, "\"[parameters('unread')]\"")
            declared = _with_key(mutant.text, "parameters", '"unread": {"type": "string"}')
            yield Mutant(line=mutant.line, what=mutant.what, text=declared)


def of_terraform(text: str) -> Iterator[Mutant]:
    """Put a variable without a default for each literal of resources, modules, data and locals."""
    raw = text.encode()
    tree = tree_sitter.Parser(_HCL).parse(raw)
    declared = '\nvariable "unread" {}\n'
    for node in _hcl_literals(tree.root_node):
        found = raw[node.start_byte : node.end_byte].decode()
        changed = raw[: node.start_byte] + b"var.unread" + raw[node.end_byte :]
        yield Mutant(
            line=node.start_point[0] + 1, what=found[:60], text=changed.decode() + declared
        )


def _hcl_literals(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    waiting: list[tuple[tree_sitter.Node, bool]] = [(root, False)]
    while waiting:
        node, is_inside = waiting.pop()
        if node.type == "block":
            kind = node.children[0].text
            if not is_inside and kind not in (b"resource", b"module", b"data", b"locals"):
                continue
            is_inside = True
        if node.type == "attribute" and (node.children[0].text or b"").decode() in _META:
            continue
        if node.type == "literal_value" and is_inside:
            yield node
            continue
        waiting.extend((child, is_inside) for child in reversed(node.children))


def _yaml_literals(text: str) -> Iterator[tuple[yaml.ScalarNode, tuple[str, ...]]]:
    """Give every value that is written out, with the keys that lead to it."""
    for document in yaml.compose_all(text, yaml.CSafeLoader):
        if document is None:
            continue
        waiting: list[tuple[yaml.Node, tuple[str, ...]]] = [(document, ())]
        while waiting:
            node, path = waiting.pop()
            if isinstance(node, yaml.MappingNode):
                waiting.extend((v, (*path, str(k.value))) for k, v in reversed(node.value))
            elif isinstance(node, yaml.SequenceNode):
                waiting.extend((v, (*path, "[]")) for v in reversed(node.value))
            elif isinstance(node, yaml.ScalarNode) and path and _is_on_one_line(node):
                yield node, path


def _is_on_one_line(node: yaml.ScalarNode) -> bool:
    is_there = node.start_mark.index < node.end_mark.index
    return is_there and node.start_mark.line == node.end_mark.line


def _replaced(text: str, node: yaml.ScalarNode, by: str) -> Mutant:
    start, end = node.start_mark.index, node.end_mark.index
    return Mutant(
        line=node.start_mark.line + 1,
        what=text[start:end][:60],
        text=text[:start] + by + text[end:],
    )


def _with_key(text: str, section: str, entry: str) -> str:
    """Add an entry to a mapping of JSON text, or the mapping to the whole."""
    begin = re.search(rf'"{section}"\s*:\s*\{{', text)
    if begin is None:
        return re.sub(r"\A\s*\{", lambda _: f'{{"{section}": {{{entry}}},', text, count=1)
    comma = "" if re.match(r"\s*\}", text[begin.end() :]) else ","
    return f"{text[: begin.end()]}{entry}{comma}{text[begin.end() :]}"


def _with_block(text: str, section: str, entry: str) -> str:
    begin = re.search(rf"^{section}:[ \t]*\n([ ]+)", text, re.M)
    if begin is None:
        return f"{text.rstrip()}\n{section}:\n{entry}"
    pad = begin.group(1)
    written = "".join(f"{line.replace('  ', pad, 1)}\n" for line in entry.splitlines())
    at = begin.start(1)
    return text[:at] + written + text[at:]


FORMS: Mapping[str, Callable[[str], Iterator[Mutant]]] = {
    "kubernetes": of_manifest,
    "compose": of_manifest,
    "terraform": of_terraform,
    "cloudformation": of_cloudformation,
    "arm": of_arm,
}


def form_of(name: str, text: str) -> str:
    """Say in which form a file is written, "" for one that no generator knows."""
    if name.endswith(".tf"):
        return "terraform"
    if name.endswith(".json"):
        return _json_form(text)
    if not name.endswith((".yaml", ".yml", ".template")):
        return ""
    if re.search(r"^(AWSTemplateFormatVersion|Resources):", text, re.M):
        return "cloudformation"
    if re.search(r"^services:", text, re.M) and "compose" in name:
        return "compose"
    return "kubernetes" if re.search(r"^apiVersion:", text, re.M) and "{{" not in text else ""


def _json_form(text: str) -> str:
    try:
        document: Any = json.loads(text)
    except ValueError:
        return ""
    if not isinstance(document, dict):
        return ""
    if "deploymentTemplate" in str(document.get("$schema")):
        return "arm"
    return "cloudformation" if isinstance(document.get("Resources"), dict) else ""
