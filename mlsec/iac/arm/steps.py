"""Steps into values of ARM templates, and values as nodes that stand at one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.arm.functions import FORMAT_HOLE
from mlsec.iac.mapping.partial_text import at


def step_into(value: Any, key: Any) -> Any:
    """Give ``value.key`` or ``value[key]``."""
    if isinstance(value, UnknownValue):
        is_worded = value.text.endswith("›") and not isinstance(key, UnknownValue)
        text = f"{value.text[:-1]}.{key}›" if is_worded else ""
        return value.worded(text, is_given=value.is_given)
    if isinstance(key, UnknownValue):
        return key.worded()
    if isinstance(value, Mapping):
        folded = {str(entry).lower(): inner for entry, inner in value.items()}
        return folded.get(str(key).lower(), UnknownValue(f"{key} is not there"))
    if isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
        return value[key]
    return UnknownValue(f"{key} of something that does not have it")


def format_pieces(form: str, values: list[Any]) -> list[Any]:
    """Take a form of ``format`` apart, its holes filled."""
    parts: list[Any] = []
    for n, piece in enumerate(FORMAT_HOLE.split(form)):
        is_hole = n % 2 == 1
        if is_hole:
            place = int(piece)
            parts.append(values[place] if place < len(values) else "")
        else:
            parts.append(piece)
    return parts


def as_nodes(value: Any, node: Node) -> Any:
    """Give plain values as nodes where a node stands."""
    if isinstance(value, list | tuple):
        return tuple(at(node, as_nodes(item, node)) for item in value)
    if isinstance(value, Mapping):
        return {str(key): at(node, as_nodes(entry, node)) for key, entry in value.items()}
    return value
