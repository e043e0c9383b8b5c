"""Findings in modules from elsewhere stand where the code of the target decides: at the call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlsec.collect.located.located import Node
from mlsec.iac.terraform.modules.module import Placed
from mlsec.iac.terraform.syntax.tree import Attr, Attribute, Block, Body, Expr, Name

Place = tuple[int, int]


def at_call(body: Node, block: Block, call: Placed, *, is_direct: bool) -> Node:
    """Give the body of a resource as it stands at the call of its module.

    What one input alone decides stands at that input; ``is_direct``: the inputs are the call's.
    """
    here = (call.block.line, call.block.column)
    given = call.block.body.attributes if is_direct else {}
    if not isinstance(body.value, Mapping):
        return _placed(body, here)
    made = {
        key: _placed(value, _input_of(key, block.body, given) or here)
        for key, value in body.value.items()
    }
    return Node(made, *here)


def _input_of(key: str, body: Body, given: Mapping[str, Attribute]) -> Place | None:
    attribute = body.attributes.get(key)
    exprs: list[Any] = [attribute.value] if attribute is not None else []
    exprs += [inner for inner in body.blocks if key in (inner.kind, *inner.labels[:1])]
    inputs = {name for name in _variables(exprs) if name in given} if given else set()
    if len(inputs) != 1:
        return None
    chosen = given[inputs.pop()]
    return chosen.line, chosen.column


def _variables(waiting: list[Any]) -> Iterator[str]:
    """Yield the inputs that are named anywhere in expressions and blocks."""
    while waiting:
        item = waiting.pop()
        if isinstance(item, Attr) and isinstance(item.of, Name) and item.of.name == "var":
            yield item.name
        elif isinstance(item, (Expr, Block, Body, Attribute)):
            waiting += [getattr(item, field) for field in type(item).__struct_fields__]
        elif isinstance(item, (tuple, list)):
            waiting += item
        elif isinstance(item, Mapping):
            waiting += item.values()


def _placed(node: Node, place: Place) -> Node:
    value: Any = node.value
    if isinstance(value, tuple):
        value = tuple(_placed(item, place) for item in value)
    elif isinstance(value, Mapping):
        value = {key: _placed(item, place) for key, item in value.items()}
    return msgspec.structs.replace(node, value=value, line=place[0], column=place[1])
