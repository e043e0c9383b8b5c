"""What a resource of Pulumi sets as the body of a resource of Terraform."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.pulumi.tokens import argument, argument_names
from mlsec.iac.terraform.declaration import Declaration
from mlsec.vocabulary.iac_mapping import Tables

# Pulumi's own marks, as its protocol documents them: of a secret, and of what only an update knows.
SIGNATURE = "4dabf18193072939515e22adb298388d"
NOT_YET_KNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SECRET = UnknownValue("is a secret, which Pulumi keeps encrypted", is_given=True)
_NOT_YET = UnknownValue("is only known after the update", is_given=True)
_DEEPEST = 40
# Below these the keys are the user's own, and no arguments.
_OWN_KEYS = ("tags", "labels", "environment", "metadata", "variables", "annotations")
# What a text stands for, by the name of its argument: itself, or what it refers to.
TextOf = Callable[[str, str], object]


class PulumiResource(msgspec.Struct, frozen=True, kw_only=True):
    """One resource of a stack or program.

    ``key`` is its name, unique among those of its type; ``urn`` what a stack calls it.
    """

    token: str
    key: str
    inputs: Node
    urn: str = ""
    line: int
    column: int


def declaration(
    resource: PulumiResource,
    declared_type: str,
    tables: Tables,
    text_of: TextOf,
    file: CodeFile,
) -> Declaration:
    """Give a resource as the declaration of the type that it is bridged from.

    ``text_of`` says what a text stands for, by the name of its argument.
    """
    known = argument_names(declared_type, tables)
    body = _mapping(resource.inputs, declared_type, known, text_of, 0)
    return Declaration(
        address=f"{declared_type}.{resource.key}",
        type=declared_type,
        name=resource.key,
        file=file,
        line=resource.line,
        column=resource.column,
        body=Node(body, resource.line, resource.column),
        provider={},
        root=file.shown,
    )


def _mapping(
    node: Node,
    declared_type: str,
    known: frozenset[str],
    text_of: TextOf,
    depth: int,
) -> dict[str, Node]:
    made: dict[str, Node] = {}
    for key, value in node.pairs().items():
        if key.startswith("__"):
            continue
        name = argument(key, declared_type if depth == 0 else "", known)
        made[name] = _value(value, name, known, text_of, depth + 1)
    return made


def _value(node: Node, name: str, known: frozenset[str], text_of: TextOf, depth: int) -> Node:
    value = node.value
    place = (node.line, node.column)
    if depth > _DEEPEST:
        return Node(UnknownValue("is nested too deep", is_over_limit=True), *place)
    if isinstance(value, dict):
        if SIGNATURE in value:
            return Node(_SECRET, *place)
        if node.tag:
            return Node(value, *place, node.tag)
        if name in _OWN_KEYS:
            return Node(
                {k: _value(v, k, known, text_of, depth + 1) for k, v in value.items()}, *place
            )
        return Node(_mapping(node, "", known, text_of, depth), *place)
    if isinstance(value, tuple):
        return Node(tuple(_value(v, name, known, text_of, depth + 1) for v in value), *place)
    if value == NOT_YET_KNOWN:
        made = text_of(name, NOT_YET_KNOWN)
        return Node(_NOT_YET if made == NOT_YET_KNOWN else made, *place)
    return Node(text_of(name, value), *place) if isinstance(value, str) else node
