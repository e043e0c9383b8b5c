"""Programs in YAML (``runtime: yaml``): the resources that a Pulumi.yaml itself lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located import yaml as marked_yaml
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.core.errors import MlsecError
from mlsec.core.regex import regex
from mlsec.iac.pulumi.bodies import PulumiResource
from mlsec.iac.pulumi.tokens import address_of
from mlsec.iac.terraform.values import Joined, Symbol
from mlsec.vocabulary.iac_mapping import Tables

_HOLE = regex(r"\$\$\{|\$\{([^{}]*)\}")
_STEP = regex(r"[A-Za-z_][\w-]*|\[\d+\]")
_BOUNDARY = regex(r"(?<=[a-z0-9])(?=[A-Z])")
_MOST_HOPS = 12


class Program:
    """One program.

    Raises:
        MlsecError: it is not YAML. ``location`` is ``line:column``.
    """

    def __init__(self, file: CodeFile, tables: Tables) -> None:
        documents = list(marked_yaml.parse_documents(file.text))
        if len(documents) != 1:
            raise MlsecError("a project has one document", location="1:1")
        self._root = documents[0]
        self._variables = self._root.pairs("variables")
        self._config = {**self._root.pairs("configuration"), **self._root.pairs("config")}
        self._addresses = {
            name: address_of(node.text("type"), name, tables)
            for name, node in self._root.pairs("resources").items()
        }

    def resources(self) -> Iterator[PulumiResource]:
        """Yield each resource that the program makes; one that it only looks up is not its own."""
        for name, node in self._root.pairs("resources").items():
            token = node.text("type")
            if token and node.get("get") is None:
                made = self._worked_out(node.get("properties") or Node({}), 0)
                yield PulumiResource(
                    token=token, key=name, inputs=made, line=node.line, column=node.column
                )

    def _worked_out(self, node: Node, hops: int) -> Node:
        """Give a node with its functions and its references to variables and settings followed."""
        value: Any = node.value
        if isinstance(value, tuple):
            value = tuple(self._worked_out(item, hops) for item in value)
        elif isinstance(value, Mapping):
            function = next((key for key in value if key.lower().startswith("fn::")), "")
            if function.lower() == "fn::tojson" and len(value) == 1:
                inner = self._worked_out(value[function], hops)
                return Node(inner.value, node.line, node.column, "json")
            if function.lower() == "fn::secret" and len(value) == 1:
                value = UnknownValue("is a secret", is_given=True)
            elif function:
                value = UnknownValue(f"{function[:40]} is not worked out", is_given=True)
            else:
                value = {key: self._worked_out(item, hops) for key, item in value.items()}
        elif isinstance(value, str) and "${" in value:
            return self._text(node, value, hops)
        return Node(value, node.line, node.column, node.tag)

    def _text(self, node: Node, text: str, hops: int) -> Node:
        match = _HOLE.fullmatch(text)
        if match is not None and match[1] is not None:
            result = self._referred(match[1], hops)
            return Node(result.value, node.line, node.column, result.tag)
        parts: list[Any] = []
        end = 0
        for hole in _HOLE.finditer(text):
            parts.append(text[end : hole.start()])
            end = hole.end()
            result = self._referred(hole[1], hops) if hole[1] is not None else Node("${")
            known = isinstance(result.value, (str, Symbol, UnknownValue))
            parts.append(result.value if known else str(result.value))
        parts.append(text[end:])
        if all(isinstance(part, str) for part in parts):
            return Node("".join(parts), node.line, node.column)
        return Node(Joined(tuple(part for part in parts if part != "")), node.line, node.column)

    def _referred(self, expression: str, hops: int) -> Node:
        steps = _STEP.findall(expression)
        name = steps[0] if steps else ""
        if name in self._addresses:
            attribute = _BOUNDARY.sub("_", steps[1]).lower() if len(steps) > 1 else "id"
            return Node(Symbol(self._addresses[name], (attribute,)))
        source = self._variables.get(name)
        if source is None and len(steps) == 1 and name in self._config:
            setting = self._config[name]
            source = setting.get("default") if setting.pairs() else setting
        if source is None or len(steps) > 1 or hops > _MOST_HOPS:
            why = f"{expression[:80]} is only known when the program runs"
            return Node(UnknownValue(why, f"‹{expression[:80]}›", is_given=True))
        return self._worked_out(source, hops + 1)
