"""Turn the answers about one item into a Resource, as the vocabulary says and nothing more."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mlsec.collect.walk.item import Item, Scope
from mlsec.collect.walk.paths import MISSING, Steps, dig, follow, steps_of
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.equal_values import EqualValues
from mlsec.core.resource import Gap, Resource
from mlsec.vocabulary.types import Kind, Property, Type

NOT_COLLECTED = "the evidence was taken without it: collect again"

Shapes = Mapping[str, Callable[[Any], Any]]
_HOLE = re.compile(r"\{([^{}]+)\}")
# Shapes are small parsers of foreign values; these are what a parser of wrong input raises.
_SHAPE_ERRORS = (ValueError, TypeError, KeyError, AttributeError, IndexError)


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """A resource and the gaps that its ``unread`` refers to."""

    resource: Resource
    gaps: tuple[Gap, ...] = ()


class Canon(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider writes what it may answer in several ways.

    ``id`` takes an identity as answered and its scope; ``region`` a region as answered.
    """

    id: Callable[[str, Scope], str] = lambda given, _: given
    region: Callable[[str], str] = lambda given: given


class WrongKindError(Exception):
    """A value is of another JSON kind than the vocabulary says."""


def identify(kind: Type, item: Item, canon: Canon) -> str:
    """Give the canonical id from the parts read so far, or "" when they do not hold it."""
    given = _text(kind.identity.get("api", ()), item)
    return canon.id(given, item.scope) if given else ""


def map_item(kind: Type, item: Item, shapes: Shapes, equal: EqualValues) -> Mapped:
    """Map all properties. A denied part leaves its properties unread, never at a default.

    Of what is equal in many resources, ``equal`` keeps one copy.
    """
    gaps: dict[str, Gap] = {}
    properties: dict[str, Any] = {}
    unread: dict[str, tuple[str, ...]] = {}
    for wanted in kind.given:
        if not wanted.sources:
            properties[wanted.name] = wanted.absent
            continue
        value = _read(wanted, item, shapes)
        if isinstance(value, tuple):
            unread[wanted.name] = tuple(sorted({gap.id for gap in value}))
            gaps.update((gap.id, gap) for gap in value)
        elif value is not MISSING:
            properties[wanted.name] = equal.value(value)
    tags = properties.get("tags")
    tags = {str(k): str(v) for k, v in tags.items()} if isinstance(tags, dict) else {}
    resource = Resource(
        id=item.id,
        type=kind.name,
        provider=item.scope.name.partition("/")[0],
        scope=item.scope.name,
        region=item.region,
        name=_text(kind.naming.get("api", ()), item) or item.id.rpartition("/")[2],
        properties=properties,
        unread=unread,
        tags=equal.value(
            {str(k): str(v) for k, v in tags.items()} if isinstance(tags, dict) else {}
        ),
        sources=equal.value(dict(sorted(item.sources.items()))),
        places=equal.value({}),
    )
    return Mapped(resource=resource, gaps=tuple(gaps[key] for key in sorted(gaps)))


def _read(wanted: Property, item: Item, shapes: Shapes) -> Any:
    """Give the value, MISSING, or a tuple of the gaps that hide it."""
    hidden: list[Gap] = []
    is_answered = False
    for source in wanted.sources["api"]:
        operation, steps = _place_of(source)
        part = item.part(operation)
        if part is MISSING:
            gap = item.gap(operation)
            hidden += [gap] if gap else []
            continue
        is_answered = True
        raw = follow(part, steps)
        if raw is MISSING:
            continue
        try:
            return shape_value(wanted, raw, shapes)
        except WrongKindError as error:
            return (_gap(item, source, GapReason.MALFORMED, str(error)),)
    if hidden:
        return tuple(hidden)
    if not is_answered:
        source = wanted.sources["api"][0]
        return (_gap(item, source, GapReason.NOT_COLLECTED, NOT_COLLECTED),)
    return wanted.absent if wanted.has_default else MISSING


def shape_value(wanted: Property, raw: Any, shapes: Shapes) -> Any:
    """Shape a raw value and check its kind.

    Raises:
        WrongKindError: it is not what the vocabulary says.
    """
    if wanted.shape:
        try:
            raw = shapes[wanted.shape](raw)
        except _SHAPE_ERRORS as error:
            raise WrongKindError(f"{wanted.shape}: {error}") from None
        if raw is None:
            return None
    return _of_kind(wanted, raw, shapes)


def _of_kind(wanted: Property, raw: Any, shapes: Shapes) -> Any:
    match wanted.kind:
        case Kind.STRING | Kind.DATE | Kind.ENUM:
            is_right = isinstance(raw, str)
        case Kind.INT:
            is_right = (isinstance(raw, int) and not isinstance(raw, bool)) or (
                isinstance(raw, float) and raw.is_integer()
            )
            raw = int(raw) if is_right else raw
        case Kind.FLOAT:
            is_right = isinstance(raw, (int, float)) and not isinstance(raw, bool)
        case Kind.BOOL:
            is_right = isinstance(raw, bool)
        case Kind.STRINGS:
            is_right = isinstance(raw, list) and all(isinstance(item, str) for item in raw)
        case Kind.MAP:
            raw = _pairs(raw)
            is_right = isinstance(raw, dict)
        case Kind.LIST:
            is_right = isinstance(raw, list)
            if is_right and wanted.items:
                return [_element(wanted, item, shapes) for item in raw]
    if not is_right:
        raise WrongKindError(f"expected {wanted.kind.value}, got {type(raw).__name__}")
    return raw


def _element(wanted: Property, raw: Any, shapes: Shapes) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, field in wanted.items.items():
        value: Any = MISSING
        for path in field.sources.get("api", (name,)):
            value = dig(raw, path)
            if value is not MISSING:
                break
        if value is not MISSING:
            fields[name] = shape_value(field, value, shapes)
        elif field.has_default:
            fields[name] = field.absent
    if not isinstance(raw, dict) and not fields:
        raise WrongKindError(f"expected elements with fields, got {type(raw).__name__}")
    return fields


def _pairs(raw: Any) -> Any:
    """Turn [{Key, Value}, ...] in any case into a mapping; everything else stays as it is."""
    if not isinstance(raw, list):
        return raw
    pairs = {}
    for pair in raw:
        folded = {str(k).lower(): v for k, v in pair.items()} if isinstance(pair, dict) else {}
        key = folded.get("key", folded.get("tagkey"))
        if not isinstance(key, str):
            raise WrongKindError("expected Key and Value")
        pairs[key] = folded.get("value", folded.get("tagvalue", ""))
    return pairs


def _text(sources: tuple[str, ...], item: Item) -> str:
    for source in sources:
        if "{" in source:
            text = _template(source, item)
        else:
            operation, steps = _place_of(source)
            part = item.part(operation)
            text = follow(part, steps) if part is not MISSING else MISSING
        if isinstance(text, (str, int)) and text != "":
            return str(text)
    return ""


@functools.cache
def _place_of(source: str) -> tuple[str, Steps]:
    """Split ``Operation:dotted.path``; a vocabulary names some thousands of them."""
    operation, _, path = source.partition(":")
    return operation, steps_of(path)


def _template(source: str, item: Item) -> Any:
    known = {
        "region": item.home,
        "account": item.scope.account,
        "partition": item.scope.partition,
        "parent": item.parent.id if item.parent else "",
    }
    is_whole = True

    def value_of(hole: re.Match[str]) -> str:
        nonlocal is_whole
        inside = hole.group(1)
        if inside in known:
            return known[inside]
        value = _text((inside,), item)
        is_whole = is_whole and value != ""
        return value

    text = _HOLE.sub(value_of, source)
    return text if is_whole else MISSING


def _gap(item: Item, source: str, reason: GapReason, detail: str) -> Gap:
    return make_gap(
        scope=item.scope.name, subject=item.id, wanted=source, reason=reason, detail=detail
    )
