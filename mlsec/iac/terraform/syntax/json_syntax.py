"""Terraform's JSON syntax: the same blocks as mappings, with templates in its texts."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mlsec.collect.located import json as marked_json
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.core.errors import LimitError, MlsecError
from mlsec.iac.terraform.syntax.parse import parse_template
from mlsec.iac.terraform.syntax.tree import (
    Attribute,
    Block,
    Body,
    Broken,
    Expr,
    Literal,
    Mistake,
    ObjectOf,
    Parsed,
    Template,
    TupleOf,
)

# How many labels the blocks of a kind have; every other key at the top is of no interest.
_LABELS = {
    "resource": 2, "data": 2, "ephemeral": 2, "variable": 1, "output": 1, "module": 1,
    "provider": 1, "locals": 0, "terraform": 0, "check": 1, "moved": 0, "import": 0, "removed": 0,
}  # fmt: skip
_NESTED = ("dynamic",)


def parse_json(text: str) -> Parsed:
    """Parse a ``.tf.json`` file."""
    try:
        root = marked_json.parse(text)
    except MlsecError as error:
        return Parsed(mistakes=(_mistake(error),))
    blocks = [
        block
        for kind, node in root.pairs().items()
        for block in _blocks(kind, _LABELS.get(kind, 0), node, ())
    ]
    return Parsed(body=Body({}, tuple(blocks)))


def parse_values(text: str) -> Parsed:
    """Parse a ``.tfvars.json`` file."""
    try:
        return Parsed(body=_body(marked_json.parse(text)))
    except MlsecError as error:
        return Parsed(mistakes=(_mistake(error),))


def _mistake(error: MlsecError) -> Mistake:
    line = int(error.location.partition(":")[0] or 1)
    return Mistake(error.message, line, over_limit=isinstance(error, LimitError))


def _blocks(kind: str, labels: int, node: Node, given: tuple[str, ...]) -> Iterator[Block]:
    for item in node.items() or (node,):
        if labels == 0:
            body = _typed(_body(item)) if kind == "variable" else _body(item)
            yield Block(kind, given, body, item.line, item.column)
            continue
        for label, inner in item.pairs().items():
            yield from _blocks(kind, labels - 1, inner, (*given, label))


def _body(node: Node) -> Body:
    attributes: dict[str, Attribute] = {}
    blocks: list[Block] = []
    for name, result in node.pairs().items():
        if name in _NESTED:
            blocks += _dynamic(result)
        elif name == "//":
            continue
        else:
            attributes[name] = Attribute(name, _expression(result), result.line, result.column)
    return Body(attributes, tuple(blocks))


def _typed(body: Body) -> Body:
    """Give a variable with its type, which is written as the text of an expression, parsed."""
    written = body.attributes.get("type")
    text = written.value.value if written and isinstance(written.value, Literal) else None
    if written is None or not isinstance(text, str):
        return body
    made = _text(f"${{{text}}}", (written.line, written.column))
    typed = msgspec.structs.replace(written, value=made)
    return msgspec.structs.replace(body, attributes={**body.attributes, "type": typed})


def _dynamic(node: Node) -> Iterator[Block]:
    for entry in node.items() or (node,):
        for label, inner in entry.pairs().items():
            for item in inner.items() or (inner,):
                content = item.get("content")
                body = _body(item)
                nested: tuple[Block, ...] = ()
                if content is not None:
                    nested = (Block("content", (), _body(content), content.line, content.column),)
                attributes = {k: v for k, v in body.attributes.items() if k != "content"}
                yield Block("dynamic", (label,), Body(attributes, nested), item.line, item.column)


def _expression(node: Node) -> Expr:
    place = (node.line, node.column)
    value = node.value
    if isinstance(value, UnknownValue):
        return Broken(*place, value.why)
    if isinstance(value, tuple):
        return TupleOf(*place, tuple(_expression(item) for item in value))
    if isinstance(value, dict):
        items = tuple((_text(key, place), _expression(entry)) for key, entry in value.items())
        return ObjectOf(*place, items)
    return _text(value, place) if isinstance(value, str) else Literal(*place, value)


def _text(text: str, place: tuple[int, int]) -> Expr:
    if "${" not in text and "%{" not in text:
        return Literal(*place, text)
    made = parse_template(text) or Broken(*place, "a template that is not valid")
    if isinstance(made, Template) and len(made.parts) == 2 and made.parts[1] == _nothing(made):
        return made.parts[0]  # one hole and nothing else is no text, but the value itself
    return made


def _nothing(made: Template) -> Literal:
    return Literal(made.line, made.column, "")
