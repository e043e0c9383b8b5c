"""Conditions of CloudFormation templates, three-valued: what is not known stays unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue, plain
from mlsec.core.enums import Truth
from mlsec.vocabulary.iac_mapping import CODE_ACCOUNT, CODE_REGION

_MAX_DEPTH = 60
Work = Callable[[Node], Any]


class Conditions:
    """The conditions of one template; ``work`` works out a value of it."""

    def __init__(self, nodes: dict[str, Node], work: Callable[[Node], Node | None]) -> None:
        self._held = nodes
        self._work = work
        self._known: dict[str, Truth] = {}
        self._open: set[str] = set()

    def named(self, name: str) -> Truth:
        """Whether a condition holds; one that is not there, or refers to itself, is unknown."""
        if name not in self._known:
            if name in self._open or name not in self._held or len(self._open) > _MAX_DEPTH:
                return Truth.UNKNOWN
            self._open.add(name)
            self._known[name] = self.holds(self._held[name])
            self._open.discard(name)
        return self._known[name]

    def holds(self, node: Node, depth: int = 0) -> Truth:
        """Whether the condition written at a node holds."""
        if depth > _MAX_DEPTH:
            return Truth.UNKNOWN
        name, argument = function_of(node)
        if argument is None:
            return _truth(node.value)
        parts = argument.value if isinstance(argument.value, tuple) else (argument,)
        match name:
            case "Condition":
                return self.named(argument.value) if isinstance(argument.value, str) else _NOT_KNOWN
            case "Fn::Equals":
                return self._equals(parts)
            case "Fn::Not":
                return _not(self.holds(parts[0], depth + 1)) if parts else _NOT_KNOWN
            case "Fn::And" | "Fn::Or":
                decides = Truth.FALSE if name == "Fn::And" else Truth.TRUE
                return _fold([self.holds(part, depth + 1) for part in parts], decides)
            case _:
                worked = self._work(node)
                return _truth(worked.value) if worked is not None else _NOT_KNOWN

    def _equals(self, parts: tuple[Node, ...]) -> Truth:
        if len(parts) != 2:
            return _NOT_KNOWN
        worked = [self._work(part) for part in parts]
        if any(item is None for item in worked):
            return _NOT_KNOWN
        first, second = (_comparable(plain(item)) for item in worked if item is not None)
        if first is None or second is None:
            return _NOT_KNOWN
        if first == second:
            return Truth.TRUE
        return _NOT_KNOWN if _stands_for(first) or _stands_for(second) else Truth.FALSE


_NOT_KNOWN = Truth.UNKNOWN
_SHORT = {
    "!Ref": "Ref", "!Condition": "Condition",
    **{f"!{name}": f"Fn::{name}" for name in (
        "And", "Base64", "Cidr", "Contains", "Equals", "FindInMap", "GetAtt", "GetAZs", "If",
        "ImportValue", "Join", "Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString",
        "Transform",
    )},
}  # fmt: skip


def function_of(node: Node) -> tuple[str, Node | None]:
    """Give the name and the argument of the function that a node is; ("", None) for none."""
    if node.tag:
        name = _SHORT.get(node.tag, node.tag)
        return name, Node(node.value, node.line, node.column, "", node.file)
    if isinstance(node.value, dict) and len(node.value) == 1:
        name = next(iter(node.value))
        if name in ("Ref", "Condition") or name.startswith("Fn::"):
            return name, node.value[name]
    return "", None


def _truth(value: Any) -> Truth:
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower())
    if isinstance(value, bool):
        return Truth.TRUE if value else Truth.FALSE
    return Truth.UNKNOWN


def _not(truth: Truth) -> Truth:
    return {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE}.get(truth, Truth.UNKNOWN)


def _fold(truths: list[Truth], decides: Truth) -> Truth:
    if decides in truths:
        return decides
    return Truth.UNKNOWN if Truth.UNKNOWN in truths else _not(decides)


def _comparable(value: Any) -> Any:
    """Give a value as text, as templates compare; None when it is not known."""
    if isinstance(value, UnknownValue) or value is None:
        return None
    if isinstance(value, list):
        parts = [_comparable(item) for item in value]
        return None if any(part is None for part in parts) else ",".join(map(str, parts))
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def _stands_for(text: Any) -> bool:
    """Whether a text holds what only stands for the account or the region."""
    return CODE_ACCOUNT in text or text == CODE_REGION
