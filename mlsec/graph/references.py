"""Read the references a property path holds: ``execution_role`` or ``variants[].model_name``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.core.resource import Resource
from mlsec.graph.values import Known, Unread, property_value


def references(resource: Resource, path: str) -> Known | Unread:
    """Give ``Known(tuple of non-empty strings)`` in document order, or Unread.

    ``path`` is a property name, or ``list[].field`` (nested as needed). A null reference is none.
    """
    head, *fields = path.split("[].")
    held = property_value(resource, head.removesuffix("[]"))
    if isinstance(held, Unread):
        return held
    values = [held.value]
    for field in fields:
        stepped = _step(values, field)
        if stepped is None:
            return Unread()
        values = stepped
    return _texts(values)


def _step(values: list[Any], field: str) -> list[Any] | None:
    """Go into ``field`` of every element; None when one of them does not know it."""
    out: list[Any] = []
    for value in values:
        for item in value if isinstance(value, list | tuple) else [value]:
            if item is None:
                continue
            if not isinstance(item, Mapping) or field not in item:
                return None
            out.append(item[field])
    return out


def _texts(values: list[Any]) -> Known | Unread:
    out: list[str] = []
    for value in values:
        for item in value if isinstance(value, list | tuple) else [value]:
            if item is None or item == "":
                continue
            if not isinstance(item, str):
                return Unread()
            out.append(item)
    return Known(tuple(out))
