"""Map located values to the properties of the vocabulary, with the location of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mlsec.collect.located.located import Node, UnknownValue, plain
from mlsec.core.enums import GapReason
from mlsec.providers.kubernetes.objects.located_paths import dig_node
from mlsec.vocabulary.types import Kind, Property, Type

# Line, column, and the path of the file where that is another than that of the object.
Place = tuple[int, int, str]
Shapes = Mapping[str, Callable[[Node], Any]]
# Placeholders that another tool fills in before the text reaches a cluster.
_PLACEHOLDER = re.compile(
    r"\$\{(?:(?!\$\{)[^}]|(?!))*+\}|\{\{(?:(?!\{\{).)*?\}\}|\A<[^<>]+>\Z|\A\$[A-Z][A-Z0-9_]*\Z",
    re.S,
)
# Shapes that look at text as it stands: what a shell or the cluster fills in is part of it.
_AS_IT_STANDS = frozenset(
    {"secret_kind", "variable_secret_kind", "argument_text", "scalar_text", "unpinned_install"}
)
_SHAPE_ERRORS = (ValueError, TypeError, KeyError, AttributeError, IndexError)


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """Why a property is not known, and the location of the cause.

    ``is_shared``: all missing properties have this cause, so that it is reported once.
    """

    why: str
    is_shared: bool = False
    reason: GapReason = GapReason.UNRESOLVED
    line: int = 0


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """Properties by name, causes for hidden ones, and the line and column of each."""

    properties: dict[str, Any]
    hidden: dict[str, Hidden]
    places: dict[str, Place]


class UnknownValueError(Exception):
    """A value inside of the requested one is not known from the text."""


def map_node(
    resource_type: Type, views: Mapping[str, Node], shapes: Shapes, missing: str = ""
) -> Mapped:
    """Map the properties whose sources name one of the views (``Container:image``).

    ``missing`` says what decides a missing value, when it is not the default.
    """
    mapped = Mapped(properties={}, hidden={}, places={})
    for name, wanted in resource_type.properties.items():
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


def _note_places(places: dict[str, Place], wanted: Property, node: Node) -> None:
    if node.line:
        places[wanted.name] = (node.line, node.column, node.file)
    if not isinstance(node.value, tuple):
        return
    for index, element in enumerate(node.value):
        if element.line:
            places[f"{wanted.name}[{index}]"] = (element.line, element.column, element.file)
        for name, field in wanted.items.items():
            for path in field.sources.get("api", (name,)):
                part = dig_node(element, path) if path else None
                if part is not None and part.line:
                    places[f"{wanted.name}[{index}].{name}"] = (part.line, part.column, part.file)
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
        if isinstance(node.value, tuple) and _has_elements(wanted):
            elements = [_element(wanted, element, shapes) for element in node.value]
            mapped.properties[name] = [fields for fields, _ in elements]
            for field, hidden in (pair for _, unknown in elements for pair in unknown.items()):
                mapped.hidden.setdefault(f"{name}[].{field}", hidden)
            return
        mapped.properties[name] = shape_node(wanted, node, shapes)
    except UnknownValueError as error:
        mapped.hidden[name] = Hidden(why=str(error), line=node.line)
    except _SHAPE_ERRORS as error:
        mapped.hidden[name] = Hidden(why=str(error), reason=GapReason.MALFORMED, line=node.line)


def shape_node(wanted: Property, node: Node, shapes: Shapes) -> Any:
    """Shape a value and check its kind.

    Raises:
        UnknownValueError: it is not known from the text.
        ValueError: it is of another kind than the vocabulary says.
    """
    if isinstance(node.value, UnknownValue):
        raise UnknownValueError(node.value.why)
    if wanted.shape:
        if wanted.shape in _AS_IT_STANDS:
            return shapes[wanted.shape](node)
        if isinstance(node.value, str):
            refuse_placeholders(node.value)
        value = shapes[wanted.shape](node)
        return _checked(wanted, value) if value is not None else None
    if _has_elements(wanted):
        if not isinstance(node.value, tuple):
            raise TypeError(f"{wanted.name}: expected a list")
        return [_element(wanted, element, shapes)[0] for element in node.value]
    return _checked(wanted, plain(node))


def _checked(wanted: Property, value: Any) -> Any:
    for element in value if isinstance(value, list) else (value,):
        if isinstance(element, str) and wanted.kind not in (Kind.MAP, Kind.LIST):
            refuse_placeholders(element)
    if wanted.kind is Kind.MAP and isinstance(value, dict):
        return {str(name): _as_text(element) for name, element in value.items()}
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
            return isinstance(value, list) and all(isinstance(element, str) for element in value)
        case Kind.LIST:
            return isinstance(value, list)
        case Kind.MAP:
            return isinstance(value, dict)


def _has_elements(wanted: Property) -> bool:
    return wanted.kind is Kind.LIST and bool(wanted.items) and not wanted.shape


def _element(
    wanted: Property, node: Node, shapes: Shapes
) -> tuple[dict[str, Any], dict[str, Hidden]]:
    """Map one element; fields that are not known are left out, and why is said of each."""
    fields: dict[str, Any] = {}
    hidden: dict[str, Hidden] = {}
    for name, field in wanted.items.items():
        part = None
        for path in field.sources.get("api", (name,)):
            part = dig_node(node, path)
            if part is not None:
                break
        try:
            if part is not None:
                fields[name] = shape_node(field, part, shapes)
                continue
            _refuse_scalar(node)
            if field.has_default:
                fields[name] = field.absent
        except UnknownValueError as error:
            hidden[name] = Hidden(why=str(error), line=(part or node).line)
        except _SHAPE_ERRORS as error:
            line = (part or node).line
            hidden[name] = Hidden(why=str(error), reason=GapReason.MALFORMED, line=line)
    return fields, hidden


def _refuse_scalar(node: Node) -> None:
    """Refuse an element that has no fields at all; a null has every default."""
    if isinstance(node.value, str):
        refuse_placeholders(node.value)
    if node.value is not None and not isinstance(node.value, Mapping):
        raise TypeError(f"expected an object, got {type(node.value).__name__}")


def _as_text(value: Any) -> str:
    if isinstance(value, UnknownValue):
        return "?"
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def refuse_placeholders(text: str) -> None:
    """Refuse a text with something in it that another tool fills in.

    Raises:
        UnknownValueError: it names what is filled in.
    """
    placeholder = _PLACEHOLDER.search(text)
    if placeholder:
        raise UnknownValueError(f"{placeholder.group()[:60]} is filled in elsewhere")
