"""Read the references a property path holds: ``execution_role`` or ``variants[].model_name``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value


def references(resource: Resource, path: str) -> Known | Unknown:
    """Give ``Known(tuple of non-empty strings)`` in document order, or Unknown.

    ``path`` is a property name, or ``list[].field`` (nested as needed). A null reference is none.
    Of what code declares a reference is followed even where its full text is not known (it names
    a declared thing by the same words), and so are those elements of a list that are known.
    """
    head, *fields = path.split("[].")
    name = head.removesuffix("[]")
    is_declared = resource.origin.kind == "iac"
    # Of a list whose elements have no words nothing is left, and that is not an empty one.
    said = resource.properties.get(name)
    if is_declared and (said or (name in resource.properties and name not in resource.unread)):
        fact: Known | Unknown = Known(said)
    else:
        fact = property_value(resource, name)
    if isinstance(fact, Unknown):
        return fact
    values = [fact.value]
    for field in fields:
        stepped = _step(values, field, is_partial=is_declared)
        if stepped is None:
            return Unknown()
        values = stepped
    return _texts(values)


def left_open(resource: Resource, path: str) -> tuple[str, ...]:
    """Name what hides further references of a list that code says in part.

    Other fields of its elements may be hidden: they say nothing of where this one leads.
    """
    if "[]" not in path or not resource.unread:
        return ()
    pieces = path.split("[]")
    starts = ["[]".join(pieces[: at + 1]) for at in range(1, len(pieces))]
    keys = [*starts, *(f"{start[: start.rfind('[]')]}[].*" for start in starts)]
    return next((resource.unread[key] for key in keys if key in resource.unread), ())


def _step(values: list[Any], field: str, *, is_partial: bool) -> list[Any] | None:
    """Go into ``field`` of every element; None when one of them does not know it."""
    out: list[Any] = []
    for value in values:
        for item in value if isinstance(value, list | tuple) else [value]:
            if item is None:
                continue
            if not isinstance(item, Mapping) or field not in item:
                if is_partial:
                    continue
                return None
            out.append(item[field])
    return out


def _texts(values: list[Any]) -> Known | Unknown:
    out: list[str] = []
    for value in values:
        for item in value if isinstance(value, list | tuple) else [value]:
            if item is None or item == "":
                continue
            if not isinstance(item, str):
                return Unknown()
            out.append(item)
    return Known(tuple(out))
