"""Decode targets that hold only what the rules of a type read; the decoder skips all else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Union

import msgspec

from mlsec.core.resource import Origin
from mlsec.engine.evaluation.property_reader import NOT_READ
from mlsec.engine.rules.footprint import walk
from mlsec.engine.rules.property_resolution import find_in, find_reading
from mlsec.engine.rules.rule import Compare, Condition, Quantifier, Rule
from mlsec.vocabulary.types import Kind, Type, Vocabulary

_PLAIN = re.compile(r"[A-Za-z0-9_.:/-]+")


class SlimResource(msgspec.Struct, kw_only=True, frozen=True, gc=False, tag_field="type", tag=""):
    """A resource without its properties, field by field as core.resource.Resource.

    A subclass for each type adds ``properties``: a struct of what the rules read, in which what
    the document does not have is NOT_READ.
    """

    id: str
    provider: str
    scope: str
    region: str = ""
    name: str = ""
    unread: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    origin: Origin = Origin()
    sources: dict[str, str] = msgspec.field(default_factory=dict)
    is_stub: bool = False
    known_as: str = ""
    places: dict[str, str] = msgspec.field(default_factory=dict)


class SlimTarget(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The struct of one type, and the attributes of its properties and of its lists' items."""

    struct: Any
    fields: Mapping[str, str]
    lists: Mapping[str, Mapping[str, str]]


def slim_target(owner: Type, rules: tuple[Rule, ...], vocabulary: Vocabulary) -> SlimTarget | None:
    """Make the decode target of one type for rules that read no relations.

    None when a name holds what the decoder does not match byte by byte (quotes, controls).
    """
    names, items = _what_is_read(owner, rules, vocabulary)
    read_names = {owner.name, *names, *[f for fields in items.values() for f in fields or ()]}
    if not all(_PLAIN.fullmatch(name) for name in read_names):
        return None
    fields = {name: f"f{n}" for n, name in enumerate(names)}
    lists = {
        name: {
            field: f"f{n}" for n, field in enumerate(_in_order(read, owner.properties[name].items))
        }
        for name, read in items.items()
        if read is not None
    }
    kinds = {name: _list_of(lists[name]) if name in lists else Any for name in names}
    properties = _struct("Properties", fields, kinds)
    # defstruct takes the tag of a subclass as it takes any other setting.
    struct = msgspec.defstruct(
        "Slim",
        [("properties", properties, msgspec.field(default_factory=properties))],
        bases=(SlimResource,),
        tag=owner.name,
        kw_only=True,
        frozen=True,
        gc=False,
    )
    return SlimTarget(struct=struct, fields=fields, lists=lists)


def slim_decoder(structs: Sequence[Any]) -> msgspec.json.Decoder[Any]:
    """A decoder that tells the types apart by ``type``; ValidationError for any other document."""
    return msgspec.json.Decoder(Union[tuple(structs)])  # noqa: UP007


def _list_of(fields: Mapping[str, str]) -> Any:
    return list[_struct("Item", fields, {})] | None  # type: ignore[misc]


def _struct(name: str, fields: Mapping[str, str], kinds: Mapping[str, Any]) -> Any:
    return msgspec.defstruct(
        name,
        [(attribute, kinds.get(field, Any), NOT_READ) for field, attribute in fields.items()],
        rename={attribute: field for field, attribute in fields.items()},
        frozen=True,
        gc=False,
    )


def _what_is_read(
    owner: Type, rules: tuple[Rule, ...], vocabulary: Vocabulary
) -> tuple[list[str], dict[str, set[str] | None]]:
    """The properties, and for lists of which only fields are read, those fields."""
    names: set[str] = set()
    items: dict[str, set[str] | None] = {}
    for condition in (c for rule in rules for c in (rule.when, rule.must) if c is not None):
        for part, is_own in walk(condition):
            if not is_own or not isinstance(part, Compare | Quantifier):
                continue
            reading = find_reading(vocabulary, owner, part.path)
            if reading is None:
                continue
            names.add(reading.own.name)
            read = _item_fields(part, reading.own.items)
            if reading.kind is not Kind.LIST or reading.values or read is None:
                # The list itself is shown or compared somewhere, so that it is kept whole.
                items[reading.own.name] = None
            elif items.setdefault(reading.own.name, set()) is not None:
                items[reading.own.name] = (items[reading.own.name] or set()) | read
    return _in_order(names, owner.properties), items


def _in_order(names: Iterable[str], declared: Mapping[str, Any]) -> list[str]:
    """As the vocabulary declares them: collectors write them so, and the decoder looks for the
    field after the last one first.
    """
    place = {name: n for n, name in enumerate(declared)}
    return sorted(names, key=lambda name: place[name])


def _item_fields(part: Compare | Quantifier, items: Mapping[str, Any]) -> set[str] | None:
    if not isinstance(part, Quantifier) or not items:
        return None
    conditions: list[Condition] = [c for c in (part.where, part.that) if c is not None]
    found = set()
    for inner, is_item in (pair for c in conditions for pair in walk(c)):
        if is_item and isinstance(inner, Compare | Quantifier):
            reading = find_in(items, inner.path)
            found |= {reading.own.name} if reading is not None else set()
    return found
