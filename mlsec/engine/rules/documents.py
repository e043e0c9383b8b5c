"""An example document of a rule, checked, and made into a resource with a little graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.core.resource import Resource
from mlsec.core.suggestions import did_you_mean
from mlsec.engine.evaluation.operators import has_kind, instant_s
from mlsec.engine.model.diagnostics import Diagnostics
from mlsec.vocabulary.types import Kind, Property, Type, Vocabulary

DEFAULT_NOW = "2026-01-01T00:00:00Z"
FACTS = ("id", "name", "region", "type")
_SPECIAL = (*FACTS, "unread", "now")
Path = tuple[str | int, ...]


class ExampleTargets(msgspec.Struct, frozen=True, kw_only=True):
    """What a relation of an example leads to; never incomplete (``unread`` says that)."""

    resources: tuple[Resource, ...] = ()
    gaps: tuple[str, ...] = ()


class ExampleGraph:
    """The relations that an example spells out."""

    def __init__(self) -> None:
        self.links: dict[tuple[str, str], tuple[Resource, ...]] = {}

    def targets(self, resource: Resource, relation: str) -> ExampleTargets:
        """Give the documents listed under the relation's name."""
        return ExampleTargets(resources=self.links.get((resource.id, relation), ()))


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One document ready to be judged at its own clock."""

    resource: Resource
    graph: Any
    now_s: float


def check_document(
    raw: Any, owner: Type, vocabulary: Vocabulary, mistakes: Diagnostics, here: Path
) -> None:
    """Record every key that the type does not have and every value of the wrong shape."""
    if not isinstance(raw, dict):
        mistakes.add("an example is a mapping of properties", *here)
        return
    owner = _type_of(raw, owner, vocabulary)
    known = (*owner.properties, *owner.relations)
    for key, value in raw.items():
        if key in owner.properties and not _is_relation(key, value, owner):
            _check_value(value, owner.properties[key], mistakes, (*here, key))
        elif key in owner.relations:
            target = vocabulary.types[owner.relations[key].to]
            if not isinstance(value, list):
                mistakes.add(f'relation "{key}" takes a list of documents', *here, key, "=")
                continue
            for n, item in enumerate(value):
                check_document(item, target, vocabulary, mistakes, (*here, key, n))
        elif key == "unread":
            _check_unread(value, known, mistakes, (*here, key))
        elif key == "now":
            if instant_s(value) is None:
                mistakes.add("now is an ISO 8601 time", *here, key, "=")
        elif key not in _SPECIAL:
            suggestion = did_you_mean(key, (*known, *_SPECIAL))
            mistakes.add(f'unknown property "{key}" of {owner.name}{suggestion}', *here, key)


def _is_relation(key: str, value: Any, owner: Type) -> bool:
    """Where a property and a relation share a name, a list of documents means the relation."""
    if key not in owner.relations or owner.properties[key].kind is Kind.LIST:
        return False
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _check_unread(raw: Any, known: tuple[str, ...], mistakes: Diagnostics, here: Path) -> None:
    if not isinstance(raw, list):
        mistakes.add("unread is a list of properties and relations", *here, "=")
        return
    for n, name in enumerate(raw):
        if name not in known and name != "*":
            suggestion = did_you_mean(name, known)
            mistakes.add(f'unknown property or relation "{name}"{suggestion}', *here, n)


def _check_value(value: Any, declared: Property, mistakes: Diagnostics, here: Path) -> None:
    if value is None:
        return
    if not has_kind(value, declared.kind):
        mistakes.add(f"expected {declared.kind.value}, not {value!r}", *here, "=")
    elif declared.kind is Kind.ENUM and value not in declared.enum:
        suggestion = did_you_mean(value, declared.enum)
        members = ", ".join(declared.enum)
        mistakes.add(f'"{value}" is not one of {members}{suggestion}', *here, "=")
    elif declared.kind is Kind.DATE and instant_s(value) is None:
        mistakes.add(f'"{value}" is not an ISO 8601 date', *here, "=")
    elif declared.kind is Kind.STRINGS:
        for n, item in enumerate(value):
            if not isinstance(item, str):
                mistakes.add("expected text (quote it)", *here, n)
    elif declared.kind is Kind.LIST:
        for n, item in enumerate(value):
            _check_item(item, declared, mistakes, (*here, n))


def _check_item(item: Any, declared: Property, mistakes: Diagnostics, here: Path) -> None:
    if not isinstance(item, dict):
        mistakes.add(f'an item of "{declared.name}" is a mapping', *here)
        return
    for key, value in item.items():
        field = declared.items.get(key)
        if field is not None:
            _check_value(value, field, mistakes, (*here, key))
        elif key != "unread":
            suggestion = did_you_mean(key, declared.items)
            message = f'unknown field "{key}" of the items of "{declared.name}"{suggestion}'
            mistakes.add(message, *here, key)


def build_example(raw: Mapping[str, Any], owner: Type, vocabulary: Vocabulary) -> Example:
    """Make a checked document into a resource; what is left out gets its ``absent`` value."""
    graph = ExampleGraph()
    resource = _build(raw, owner, vocabulary, graph, "example")
    now_s = instant_s(raw.get("now", DEFAULT_NOW))
    return Example(resource=resource, graph=graph, now_s=now_s or 0.0)


def _build(
    raw: Mapping[str, Any], owner: Type, vocabulary: Vocabulary, graph: ExampleGraph, key: str
) -> Resource:
    owner = _type_of(raw, owner, vocabulary)
    unread = tuple(raw.get("unread", ()))
    facts = {name: str(raw[name]) for name in FACTS if name in raw and name != "type"}
    own = {
        name: value
        for name, value in raw.items()
        if name in owner.properties and not _is_relation(name, value, owner)
    }
    resource = Resource(
        id=f"{facts.get('id', 'id')}#{key}" if "id" in facts else key,
        type=owner.name,
        provider="example",
        scope="example",
        region=facts.get("region", "example-1"),
        name=facts.get("name", key),
        properties={} if "*" in unread else filled(own, owner.properties, unread),
        unread=dict.fromkeys(unread, ("example",)),
    )
    for name, relation in owner.relations.items():
        if name in raw and (name not in owner.properties or _is_relation(name, raw[name], owner)):
            target = vocabulary.types[relation.to]
            graph.links[resource.id, name] = tuple(
                _build(item, target, vocabulary, graph, f"{key}.{name}[{n}]")
                for n, item in enumerate(raw[name])
            )
    return resource


def _type_of(raw: Mapping[str, Any], owner: Type, vocabulary: Vocabulary) -> Type:
    named = raw.get("type")
    result = vocabulary.types.get(named) if isinstance(named, str) else None
    return owner if result is None or "type" in owner.properties else result


def filled(
    raw: Mapping[str, Any], declared: Mapping[str, Property], unread: tuple[str, ...]
) -> dict[str, Any]:
    """Give the values of a checked document; what is left out gets its ``absent`` value."""
    result: dict[str, Any] = {}
    for name, prop in declared.items():
        if name in unread:
            continue
        if name in raw:
            result[name] = _filled_value(raw[name], prop)
        elif prop.has_default:
            result[name] = prop.absent
    return result


def _filled_value(value: Any, declared: Property) -> Any:
    if declared.kind is Kind.LIST and isinstance(value, list):
        return [
            filled(item, declared.items, tuple(item.get("unread", ())))
            if isinstance(item, dict)
            else item
            for item in value
        ]
    return value
