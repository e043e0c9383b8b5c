"""A place to read from: a resource, or one item of its list, with the way that led there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from mlsec.core.resource import Resource
from mlsec.engine.evaluation.operators import has_kind
from mlsec.engine.model.property_resolution import Reading, find_in, find_reading, translate
from mlsec.vocabulary.types import Kind, Property, Type, Vocabulary

TEXT_ITEMS: Mapping[str, Property] = {"value": Property(name="value", kind=Kind.STRING)}
NO_GAPS: tuple[str, ...] = ()


class _UnknownValue:
    """Stands for a value that is not known; never equal to anything a document holds."""

    def __repr__(self) -> str:
        return "UNKNOWN_VALUE"


UNKNOWN_VALUE: Any = _UnknownValue()


class RelationTargets(Protocol):
    """The resources a relation leads to; ``gaps`` say that there may be more."""

    @property
    def resources(self) -> tuple[Resource, ...]: ...
    @property
    def gaps(self) -> tuple[str, ...]: ...


class Relations(Protocol):
    """What the evaluator asks of a graph."""

    def targets(self, resource: Resource, relation: str) -> RelationTargets: ...


class Step(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One hop over a relation."""

    source: Resource
    relation: str
    target: Resource


class Value(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was read: ``known`` may be None (absent) or UNKNOWN_VALUE; ``raw`` is evidence."""

    known: Any
    raw: Any = None
    kind: Kind = Kind.STRING
    gaps: tuple[str, ...] = NO_GAPS
    reading: Reading | None = None


class View:
    """Reads paths of one resource, or of one item of a list of it."""

    __slots__ = (
        "item", "list_name", "list_source", "owner", "prefix", "properties", "resource", "trail"
    )  # fmt: skip

    def __init__(
        self,
        resource: Resource,
        owner: Type | None,
        properties: Mapping[str, Property],
        trail: tuple[Step, ...] = (),
    ) -> None:
        self.resource = resource
        self.owner = owner
        self.properties = properties
        self.trail = trail
        self.item: Any = None
        self.prefix = ""
        self.list_name = ""
        self.list_source = ""

    def inner(self, path: str, index: int, of: Property, source: str, item: Any) -> View:
        """Stand on one item of the list ``of`` that was read here."""
        view = View(self.resource, None, of.items or TEXT_ITEMS, self.trail)
        view.item = item
        view.prefix = f"{self.prefix}{path}[{index}]."
        view.list_name = self.list_name or path
        view.list_source = self.list_source or source
        return view


class Sourced(Protocol):
    """What says which operations a document was read with."""

    @property
    def sources(self) -> Mapping[str, str]: ...


def own_source(resource: Sourced, own: Property) -> str:
    """The API operation and payload path that a property was read from, or its derivation."""
    if own.derived:
        return f"derived:{own.derived}"
    places = own.sources.get("api", ())
    asked = [place for place in places if place.partition(":")[0] in resource.sources]
    return (asked or list(places) or [""])[0]


class Reader:
    """Reads values through the vocabulary; resolutions are remembered per type and path."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._readings: dict[tuple[str, str], Reading | None] = {}

    def view(self, resource: Resource, trail: tuple[Step, ...] = ()) -> View:
        """Stand on a resource; a type the vocabulary does not know has nothing to read."""
        owner = self.vocabulary.types.get(resource.type)
        return View(resource, owner, owner.properties if owner else {}, trail)

    def read(self, view: View, path: str) -> Value:
        """Read one path; never raises."""
        if view.owner is None:
            return _read_item(view, path)
        key = (view.owner.name, path)
        if key not in self._readings:
            self._readings[key] = find_reading(self.vocabulary, view.owner, path)
        reading = self._readings[key]
        if reading is None:
            return Value(known=UNKNOWN_VALUE, gaps=view.resource.unread.get("*", NO_GAPS))
        return _read_own(view.resource, reading)


def _read_own(resource: Resource, reading: Reading) -> Value:
    name = reading.own.name
    gaps = unread_gaps(resource, name)
    if gaps is not None or name not in resource.properties:
        return Value(known=UNKNOWN_VALUE, kind=reading.kind, gaps=gaps or NO_GAPS, reading=reading)
    return _finish(resource.properties[name], reading)


def unread_gaps(resource: Resource, name: str) -> tuple[str, ...] | None:
    """The gaps that hide a property or relation; None when nothing hides it."""
    if not resource.unread:
        return None
    result = resource.unread.get(name)
    return result if result is not None else resource.unread.get("*")


def _read_item(view: View, path: str) -> Value:
    if path == "value" and isinstance(view.item, str):
        return Value(known=view.item, raw=view.item)
    reading = find_in(view.properties, path)
    if reading is None or not isinstance(view.item, Mapping):
        return Value(known=UNKNOWN_VALUE, raw=view.item)
    if reading.own.name not in view.item:
        # An item that stands for the part of a list that could not be read says why.
        gaps = view.resource.unread.get(f"{view.list_name}[]", NO_GAPS)
        return Value(known=UNKNOWN_VALUE, kind=reading.kind, gaps=gaps, reading=reading)
    return _finish(view.item[reading.own.name], reading)


def _finish(raw: Any, reading: Reading) -> Value:
    known = raw
    if reading.key and raw is not None:
        is_map = isinstance(raw, Mapping)
        known = raw = raw.get(reading.key) if is_map else UNKNOWN_VALUE
    if reading.values and known is not UNKNOWN_VALUE:
        known = translate(reading.values, raw, UNKNOWN_VALUE)
    if known is not None and known is not UNKNOWN_VALUE and not has_kind(known, reading.kind):
        known = UNKNOWN_VALUE
    shown = None if raw is UNKNOWN_VALUE else raw
    return Value(known=known, raw=shown, kind=reading.kind, reading=reading)
