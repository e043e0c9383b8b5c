"""Texts that are put together of parts, and expressions in the words of their source."""

from __future__ import annotations

from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.cdk.syntax.tree import Attribute, Expr, Name
from mlsec.iac.mapping.partial_text import joined


def text_of(parts: list[Node]) -> Any:
    """Join parts; what only a deployment knows is joined by the template."""
    values = [part.value for part in parts]
    if all(isinstance(value, str) for value in values):
        return joined(values)
    if any(isinstance(value, int | float) for value in values) and not any(
        isinstance(value, str) for value in values
    ):
        return UnknownValue("it is worked out when the app runs")
    return {"Fn::Join": Node((Node(""), Node(tuple(parts))))}


def words_of(expr: Expr) -> str:
    """Give an attribute of something in the words of its source; "…" for what has none."""
    if isinstance(expr, Attribute):
        return f"{words_of(expr.of)}.{expr.name}"
    return expr.name if isinstance(expr, Name) else "…"
