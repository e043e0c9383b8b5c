"""Blocks to marked values: each stands where a reviewer would look for it."""

from __future__ import annotations

from typing import Any

from mlsec.collect.code.budget import OverLimitError
from mlsec.collect.located.located import Node, UnknownValue, over_limit
from mlsec.iac.terraform.evaluation.evaluate import Evaluator
from mlsec.iac.terraform.evaluation.traverse import items_of
from mlsec.iac.terraform.syntax.tree import (
    Block,
    Body,
    Call,
    Conditional,
    Expr,
    Literal,
    ObjectOf,
    TupleOf,
)
from mlsec.iac.terraform.values import (
    MAX_WEIGHT,
    Encoded,
    Space,
    Value,
    bool_of,
    text_of,
    weigh,
)

Place = tuple[int, int]
# Arguments and blocks of Terraform itself, which the resource does not have.
META = frozenset({"count", "for_each", "provider", "providers", "depends_on", "source", "version"})
_META_BLOCKS = frozenset({"lifecycle", "provisioner", "connection", "timeouts"})
_MAX_DEPTH = 60


def body_node(body: Body, evaluator: Evaluator, place: Place, *, is_resource: bool = False) -> Node:
    """Give what a body sets: arguments by name, nested blocks as lists; null is not set."""
    made: dict[str, Node] = {}
    if evaluator.is_repeated:
        evaluator.budget.spend(1)
    for name, attribute in body.attributes.items():
        if is_resource and name in META:
            continue
        node = expression_node(attribute.value, evaluator, (attribute.line, attribute.column))
        if node.value is not None:
            made[name] = node
    for block in body.blocks:
        if block.kind == "dynamic" and block.labels:
            _put(made, block.labels[0], _dynamic(block, evaluator))
        elif not (is_resource and block.kind in _META_BLOCKS):
            inner = body_node(block.body, evaluator, (block.line, block.column))
            _put(made, block.kind, Node((inner,), block.line, block.column))
    return Node(made, *place)


def expression_node(expr: Expr, evaluator: Evaluator, place: Place, depth: int = 0) -> Node:
    """Give an expression's value with places: keys and elements that stand there keep theirs.

    What costs too much is not known, and no more than that.

    Raises:
        OverLimitError: in a loop, which then costs too much as a whole.
    """
    if evaluator.is_repeated:
        evaluator.budget.spend(1)
    if depth < _MAX_DEPTH:
        if isinstance(expr, ObjectOf):
            return _object(expr, evaluator, place, depth)
        if isinstance(expr, TupleOf):
            items = tuple(
                expression_node(item, evaluator, (item.line, item.column), depth + 1)
                for item in expr.items
            )
            return Node(items, *place)
        if isinstance(expr, Call) and expr.name == "jsonencode" and len(expr.arguments) == 1:
            inner = expression_node(expr.arguments[0], evaluator, place, depth + 1)
            return Node(inner.value, *place, tag="json")
        if isinstance(expr, Conditional):
            verdict = bool_of(evaluator.part(expr.condition))
            if isinstance(verdict, bool):
                branch = expr.then if verdict else expr.otherwise
                return expression_node(branch, evaluator, place, depth + 1)
    if isinstance(expr, Literal):
        return Node(expr.value, *place)
    if evaluator.is_repeated:
        return value_node(evaluator.value(expr), place, evaluator)
    with evaluator.limited(expr.line) as unit:
        unit.value = value_node(evaluator.value(expr), place, evaluator)
    return unit.value if isinstance(unit.value, Node) else Node(unit.value, *place)


def value_node(value: Value, place: Place, evaluator: Evaluator) -> Node:
    """Give a computed value as a node that stands at one place as a whole.

    Raises:
        OverLimitError: it has too many parts.
    """
    weight = weigh(value)
    evaluator.budget.spend(weight)
    if weight >= MAX_WEIGHT:
        raise OverLimitError("a value of too many parts")
    return _node(value, place, 0)


def _node(value: Value, place: Place, depth: int) -> Node:
    if depth > _MAX_DEPTH:
        raise OverLimitError(f"a value nested deeper than {_MAX_DEPTH} levels")
    if isinstance(value, Encoded):
        return Node(_node(value.value, place, depth + 1).value, *place, tag="json")
    if isinstance(value, list):
        return Node(tuple(_node(item, place, depth + 1) for item in value), *place)
    if isinstance(value, dict):
        kept = {key: entry for key, entry in value.items() if entry is not None}
        return Node({key: _node(entry, place, depth + 1) for key, entry in kept.items()}, *place)
    if isinstance(value, Space):
        return Node(UnknownValue("a whole resource as a value"), *place)
    return Node(value, *place)


def plain_node(value: Value, place: Place) -> Node:
    """Give a value that was computed before as a node at one place."""
    try:
        return _node(value, place, 0)
    except OverLimitError as error:
        return Node(over_limit(str(error)), *place)


def node_value(node: Node) -> Value:
    """Give a node's value without its places."""
    if isinstance(node.value, tuple):
        made: Any = [node_value(item) for item in node.value]
    elif isinstance(node.value, dict):
        made = {key: node_value(value) for key, value in node.value.items()}
    else:
        made = node.value
    return Encoded(made) if node.tag == "json" else made


def _object(expr: ObjectOf, evaluator: Evaluator, place: Place, depth: int) -> Node:
    made: dict[str, Node] = {}
    for key_expr, value_expr in expr.items:
        key = text_of(evaluator.part(key_expr))
        if not isinstance(key, str):
            hidden = UnknownValue("a key that only the apply knows")
            return Node(key.worded() if isinstance(key, UnknownValue) else hidden, *place)
        at = (key_expr.line, key_expr.column)
        node = expression_node(value_expr, evaluator, at, depth + 1)
        if node.value is not None:
            made[key] = node
    return Node(made, *place)


def _dynamic(block: Block, evaluator: Evaluator) -> Node:
    """Expand a dynamic block: one of its content for each element."""
    place = (block.line, block.column)
    name = block.labels[0]
    over = block.body.attributes.get("for_each")
    contents = block.body.of_kind("content")
    if over is None or not contents:
        return Node(UnknownValue(f'the dynamic block "{name}" has no content'), *place)
    named = block.body.attributes.get("iterator")
    iterator = getattr(named.value, "name", name) if named is not None else name

    def expanded() -> Any:
        items = items_of(evaluator.part(over.value))
        if isinstance(items, UnknownValue):
            return items
        # The key of a list's element is its position; that of a set is the element itself.
        pairs = ({iterator: {"key": key, "value": result}} for key, result in items)
        turns = (evaluator.knowing(pair, is_repeated=True) for pair in pairs)
        return tuple(body_node(contents[0].body, turn, place) for turn in turns)

    if evaluator.is_repeated:
        return Node(expanded(), *place)
    # All of it is one unit: blocks in blocks may each be repeated.
    with evaluator.limited(block.line) as unit:
        unit.value = expanded()
    return Node(unit.value, *place)


def _put(made: dict[str, Node], kind: str, node: Node) -> None:
    """Add blocks of a kind to those that stand there already."""
    before = made.get(kind)
    if before is None:
        if node.value != ():
            made[kind] = node
        return
    if not isinstance(before.value, tuple):
        return
    if isinstance(node.value, tuple):
        made[kind] = Node((*before.value, *node.value), before.line, before.column)
    else:
        made[kind] = Node((*before.value, node), before.line, before.column)
