"""Blocks to marked values: each stands where a reviewer would look for it."""

from __future__ import annotations

from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.terraform.evaluation.evaluate import Evaluator
from mlsec.iac.terraform.evaluation.traverse import items_of
from mlsec.iac.terraform.syntax.tree import Block, Body, Call, Conditional, Expr, ObjectOf, TupleOf
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
    """Give an expression's value with places: keys and elements that stand there keep theirs."""
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
            verdict = bool_of(evaluator.value(expr.condition))
            if isinstance(verdict, bool):
                branch = expr.then if verdict else expr.otherwise
                return expression_node(branch, evaluator, place, depth + 1)
    return value_node(evaluator.value(expr), place, evaluator)


def value_node(value: Value, place: Place, evaluator: Evaluator) -> Node:
    """Give a computed value as a node that stands at one place as a whole."""
    weight = weigh(value)
    evaluator.budget.steps -= weight
    if weight >= MAX_WEIGHT:
        return Node(UnknownValue("a value of too many parts"), *place)
    if evaluator.budget.steps <= 0:
        return Node(UnknownValue("the evaluation was cut off: too many steps"), *place)
    return _node(value, place, 0)


def _node(value: Value, place: Place, depth: int) -> Node:
    if depth > _MAX_DEPTH:
        return Node(UnknownValue("nested too deep"), *place)
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
    return _node(value, place, 0)


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
        key = text_of(evaluator.value(key_expr))
        if not isinstance(key, str):
            why = key.why if isinstance(key, UnknownValue) else "a key that only the apply knows"
            return Node(UnknownValue(why), *place)
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
    items = items_of(evaluator.value(over.value))
    if isinstance(items, UnknownValue):
        return Node(items, *place)
    named = block.body.attributes.get("iterator")
    iterator = getattr(named.value, "name", name) if named is not None else name
    made = []
    for key, result in items:
        # The key of a list's element is its position; that of a set is the element itself.
        inner = evaluator.knowing({iterator: {"key": key, "value": result}})
        made.append(body_node(contents[0].body, inner, place))
    return Node(tuple(made), *place)


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
