"""The Python of a target: each file parsed once, what it does itself and what it deploys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlsec.collect.code.code_file import CodeScope, Declared
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.python.call import Call, CallResult
from mlsec.core.resource import Resource
from mlsec.iac.mapping.declaration import Declaration, attribute, called
from mlsec.iac.mapping.path_lookup import PathLookup
from mlsec.iac.mapping.resources import ReferredOf, ShapesOf, declare
from mlsec.iac.python.azure_sdk import is_entity, made_by_azure_ml
from mlsec.iac.python.boto3_calls import (
    KIND,
    answered,
    made_by_boto3,
    may_make,
    operations_of,
)
from mlsec.iac.python.deployment import Deployment
from mlsec.iac.python.google_sdk import made_by_vertex, may_use_vertex
from mlsec.iac.python.python_file import python_resource
from mlsec.iac.python.sagemaker_sdk import made_by_sagemaker, may_run
from mlsec.iac.python.source import Source, sources_of
from mlsec.vocabulary.types import Vocabulary

_DEPTH = 30


def read(
    scope: CodeScope, vocabulary: Vocabulary, shapes_of: ShapesOf, referred_of: ReferredOf
) -> Declared:
    """Give the files that load, fetch or open something, and what they deploy."""
    reading = _Reading(scope, vocabulary)
    declared = declare(scope, vocabulary, reading.declarations(), shapes_of, referred_of)
    return Declared(resources=(*reading.files, *declared.resources))


class _Reading:
    """The Python files of one target; ``files`` are those that do something themselves."""

    def __init__(self, scope: CodeScope, vocabulary: Vocabulary) -> None:
        self._scope = scope
        self._tables = vocabulary.declared.get(KIND, {})
        self._operations = operations_of(self._tables)
        self.files: list[Resource] = []

    def declarations(self) -> Iterator[Declaration]:
        """Read every file once, and give what it deploys."""
        for source in sources_of(self._scope):
            resource = python_resource(self._scope, source)
            if resource is not None:
                self.files.append(resource)
            yield from self._of_file(source)

    def _of_file(self, source: Source) -> Iterator[Declaration]:
        calls = list(source.module.calls(self._may_deploy))
        made = [
            *made_by_boto3(calls, self._tables),
            *made_by_sagemaker(calls),
            *made_by_azure_ml(calls, source.file.path),
            *made_by_vertex(calls),
        ]
        answers = _Answers(made, self._tables, source.file.shown)
        seen: dict[str, int] = {}
        for item in made:
            yield self._declaration(source, item, answers, seen)

    def _may_deploy(self, name: str) -> bool:
        is_aws = may_make(name, self._operations) or may_run(name)
        return is_aws or is_entity(name) or may_use_vertex(name)

    def _declaration(
        self, source: Source, item: Deployment, answers: _Answers, seen: dict[str, int]
    ) -> Declaration:
        # Not by its line: what a thing is called stays when something is written above it.
        base = f"{item.type}/{item.given}"
        seen[base] = seen.get(base, 0) + 1
        count = "" if seen[base] == 1 else f"-{seen[base]}"
        return Declaration(
            kind=item.kind,
            type=item.type,
            address=f"{base}{count}",
            body=answers.resolved(item.body),
            file=source.file,
            stack=source.file.shown,
            line=item.call.line,
            column=1 if source.is_notebook else item.call.column,
            given=f"{item.given}{count}",
            why_open=item.why_open,
        )


class _Answers:
    """What the calls of one file answer: names and ids of what they make."""

    def __init__(self, made: list[Deployment], tables: Mapping[str, Any], file: str) -> None:
        self._file = file
        self._made: dict[tuple[int, int], Deployment] = {
            (item.call.line, item.call.column): item for item in made if item.kind == KIND
        }
        self._tables = tables

    def resolved(self, node: Node, depth: int = 0) -> Node:
        """Give a value with what is taken of such an answer put in its place."""
        value: Any = node.value
        if depth > _DEPTH:
            return node
        if isinstance(value, CallResult):
            text = self._text(value.call, node, depth)
            if text is not None:
                return Node(text, node.line, node.column)
        if isinstance(value, UnknownValue):
            return Node(self._of_file(value), node.line, node.column)
        if isinstance(value, tuple):
            items = tuple(self.resolved(item, depth + 1) for item in value)
            return Node(items, node.line, node.column)
        if isinstance(value, Mapping):
            nodes = {key: self.resolved(item, depth + 1) for key, item in value.items()}
            return Node(nodes, node.line, node.column)
        return node

    def _of_file(self, value: UnknownValue) -> UnknownValue:
        """Say of what is not known at all in which file it stands: another's is another thing."""
        text = value.text
        is_whole = text.startswith("‹") and text.endswith("›") and text.count("‹") == 1
        return value.worded(f"{text[:-1]} of {self._file}›") if is_whole else value

    def _text(self, call: Call, node: Node, depth: int) -> str | None:
        item = self._made.get((call.line, call.column))
        path = answered(node)
        if item is None or not path:
            return None
        digger = PathLookup()
        body = self.resolved(item.body, depth + 1)
        for entry in self._tables.get(item.type, ()):
            if path in entry.attributes:
                names = called(entry, lambda wanted: digger.dig(body, wanted), item.given, "aws")
                return attribute(entry, names, path, lambda _: None)
        return None
