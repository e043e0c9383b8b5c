"""Rules of a listener of which only what a request has to look like is not known."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.located.located import Node, UnknownValue

# What of a condition says who may come; the rest says what for: host, path, header, method.
_WHO = "SourceIpConfig"


def is_known_but_for_conditions(node: Node) -> bool:
    """Whether it is known where each rule leads, and whom it is for."""
    return isinstance(node.value, tuple) and all(map(_is_known_rule, node.value))


def _is_known_rule(rule: Node) -> bool:
    parts = rule.pairs()
    conditions = parts.get("Conditions", Node(()))
    others = (part for key, part in parts.items() if key != "Conditions")
    is_listed = isinstance(conditions.value, tuple)
    return (
        bool(parts) and is_listed and all(map(_is_known, (*others, *map(_who, conditions.items()))))
    )


def _who(condition: Node) -> Node:
    """Give what a condition says of sources; itself where it is not known at all."""
    is_known = isinstance(condition.value, Mapping)
    return condition.pairs().get(_WHO, Node(())) if is_known else condition


def _is_known(node: Node) -> bool:
    if isinstance(node.value, UnknownValue):
        return False
    inner = node.value.values() if isinstance(node.value, Mapping) else node.value
    return all(map(_is_known, inner)) if isinstance(node.value, Mapping | tuple) else True
