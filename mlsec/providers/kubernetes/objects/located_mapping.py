"""Turn marked values into properties as the vocabulary says; each property knows its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mlsec.collect.located.located import Node, UnknownValue, plain
from mlsec.core.enums import GapReason
from mlsec.providers.kubernetes.objects.located_paths import dig_node
from mlsec.vocabulary.types import Kind, Property, Type

Shapes = Mapping[str, Callable[[Node], Any]]
# What some other tool fills in before the text reaches a cluster.
_HOLE = re.compile(r"\$\{(?:(?!\$\{)[^}]|(?!))*+\}|\{\{(?:(?!\{\{).)*?\}\}|\A<[^<>]+>\Z", re.S)
# Shapes that look at text as it stands: what a shell or the cluster fills in is part of it.
_AS_IT_STANDS = frozenset({"secret_kind", "argument_text", "scalar_text"})
_SHAPE_ERRORS = (ValueError, TypeError, KeyError, AttributeError, IndexError)


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """Why a property is not known, and where that stands.

    ``is_shared``: the same holds for all that does not stand there, so that it is reported once.
    """

    why: str
    is_shared: bool = False
    reason: GapReason = GapReason.UNRESOLVED
    line: int = 0


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """Properties by name, what hides the others, and where each stands (line and column)."""

    properties: dict[str, Any]
    hidden: dict[str, Hidden]
    places: dict[str, tuple[int, int]]


class UnknownValueError(Exception):
    """A value that the text does not say, inside of what was asked for."""


def map_node(found: Type, views: Mapping[str, Node], shapes: Shapes, missing: str = "") -> Mapped:
    """Map the properties whose sources name one of the views (``Container:image``).

    ``missing`` says who decides what does not stand there, when it is not the default.
    """
    mapped = Mapped(properties={}, hidden={}, places={})
    for name, wanted in found.properties.items():
        sources = [s.partition(":") for s in wanted.sources.get("api", ())]
        if wanted.derived or not any(view in views for view, _, _ in sources):
            if wanted.is_constant:
                mapped.properties[name] = wanted.absent
            continue
        node = None
        for view, _, path in sources:
            node = dig_node(views[view], path) if view in views else None
            if node is not None:
                break
        if node is not None:
            _note_places(mapped.places, wanted, node)
        _put(mapped, wanted, node, shapes, missing)
    return mapped


def _note_places(places: dict[str, tuple[int, int]], wanted: Property, node: Node) -> None:
    if node.line:
        places[wanted.name] = (node.line, node.column)
    if not isinstance(node.value, tuple):
        return
    for index, each in enumerate(node.value):
        if each.line:
            places[f"{wanted.name}[{index}]"] = (each.line, each.column)
        for name, field in wanted.items.items():
            for path in field.sources.get("api", (name,)):
                found = dig_node(each, path) if path else None
                if found is not None and found.line:
                    places[f"{wanted.name}[{index}].{name}"] = (found.line, found.column)
                    break


def _put(mapped: Mapped, wanted: Property, node: Node | None, shapes: Shapes, missing: str) -> None:
    name = wanted.name
    if node is None:
        if missing and wanted.has_default:
            mapped.hidden[name] = Hidden(why=missing, is_shared=True)
        elif wanted.has_default:
            mapped.properties[name] = wanted.absent
        return
    try:
        mapped.properties[name] = shape_node(wanted, node, shapes)
    except UnknownValueError as error:
        mapped.hidden[name] = Hidden(why=str(error), line=node.line)
    except _SHAPE_ERRORS as error:
        mapped.hidden[name] = Hidden(why=str(error), reason=GapReason.MALFORMED, line=node.line)


def shape_node(wanted: Property, node: Node, shapes: Shapes) -> Any:
    """Shape a value and check its kind.

    Raises:
        UnknownValueError: the text does not say it.
        ValueError: it is of another kind than the vocabulary says.
    """
    if isinstance(node.value, UnknownValue):
        raise UnknownValueError(node.value.why)
    if wanted.shape:
        if wanted.shape in _AS_IT_STANDS:
            return shapes[wanted.shape](node)
        if isinstance(node.value, str):
            _refuse_holes(node.value)
        value = shapes[wanted.shape](node)
        return _checked(wanted, value) if value is not None else None
    if wanted.kind is Kind.LIST and wanted.items:
        if not isinstance(node.value, tuple):
            raise TypeError(f"{wanted.name}: expected a list")
        return [_element(wanted, each, shapes) for each in node.value]
    return _checked(wanted, plain(node))


def _checked(wanted: Property, value: Any) -> Any:
    for each in value if isinstance(value, list) else (value,):
        if isinstance(each, str) and wanted.kind not in (Kind.MAP, Kind.LIST):
            _refuse_holes(each)
    if wanted.kind is Kind.MAP and isinstance(value, dict):
        return {str(name): _as_text(each) for name, each in value.items()}
    if not _is_of(wanted.kind, value):
        raise TypeError(f"{wanted.name}: expected {wanted.kind.value}, got {type(value).__name__}")
    return value


def _is_of(kind: Kind, value: Any) -> bool:
    match kind:
        case Kind.STRING | Kind.DATE | Kind.ENUM:
            return isinstance(value, str)
        case Kind.INT:
            return isinstance(value, int) and not isinstance(value, bool)
        case Kind.FLOAT:
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case Kind.BOOL:
            return isinstance(value, bool)
        case Kind.STRINGS:
            return isinstance(value, list) and all(isinstance(each, str) for each in value)
        case Kind.LIST:
            return isinstance(value, list)
        case Kind.MAP:
            return isinstance(value, dict)


def _element(wanted: Property, node: Node, shapes: Shapes) -> dict[str, Any]:
    """Map one element; a field that the text does not say is left out, which is unknown."""
    fields: dict[str, Any] = {}
    for name, field in wanted.items.items():
        found = None
        for path in field.sources.get("api", (name,)):
            found = dig_node(node, path)
            if found is not None:
                break
        if found is None:
            if field.has_default:
                fields[name] = field.absent
            continue
        try:
            fields[name] = shape_node(field, found, shapes)
        except (UnknownValueError, *_SHAPE_ERRORS):
            continue
    return fields


def _as_text(value: Any) -> str:
    if isinstance(value, UnknownValue):
        return "?"
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _refuse_holes(text: str) -> None:
    hole = _HOLE.search(text)
    if hole:
        raise UnknownValueError(f"{hole.group()[:60]} is filled in elsewhere")
