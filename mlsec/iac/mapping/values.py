"""A value of code as the vocabulary wants it: its kind, its shape, and what of it is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlsec.collect.located.located import Node, UnknownValue, plain
from mlsec.collect.secrets.kinds import secret_kind
from mlsec.collect.secrets.masking import masked_kind
from mlsec.collect.walk.mapping import Shapes, WrongKindError, shape_value
from mlsec.iac.mapping.case_insensitive import loose
from mlsec.iac.mapping.path_lookup import PathLookup
from mlsec.vocabulary.iac_mapping import DeclaredType
from mlsec.vocabulary.types import Kind, Property

POLICY_SHAPES = frozenset({"policy", "named_policies", "default_version"})
# Shapes that pick texts out of a value: one with an unknown part in it is not picked for certain.
_PICKS = frozenset({"alarm_endpoints", "alarm_metrics", "alarm_namespaces", "alarm_services"})
# Shapes that look at the form of a value and not at what stands in it.
_FORMS = frozenset({"", "elements", "entries"})
_TRUE_FALSE = {"true": True, "false": False}
_RESOURCES = ("Resource", "NotResource")


class MappedValue(msgspec.Struct, frozen=True, kw_only=True):
    """What code reports one property.

    ``hidden`` says what hides it; ``value`` is then its own words for it, for those who refer to
    it, or None. ``partly`` maps ``list[]`` and ``list[].field`` to what hides parts.
    ``places`` maps ``[0]`` and ``[0].field`` to where they stand.
    """

    value: Any = None
    hidden: UnknownValue | None = None
    partly: Mapping[str, UnknownValue] = msgspec.field(default_factory=dict)
    places: Mapping[str, Node] = msgspec.field(default_factory=dict)


class ValueMapper:
    """Turns what stands in code into values; ``followed`` are the item fields relations go by.

    ``why_open`` says why a field that is not written is not what the service then does.
    """

    def __init__(
        self,
        shapes: Shapes,
        digger: PathLookup,
        followed: frozenset[str],
        entry: DeclaredType | None = None,
        why_open: UnknownValue | None = None,
    ) -> None:
        self._why_open = why_open
        self._entry = entry
        self._shapes = shapes
        self._digger = digger
        self._followed = followed

    def map_value(self, wanted: Property, node: Node) -> MappedValue:
        """Give what a node reports a property.

        Raises:
            WrongKindError: it is not what the vocabulary says.
        """
        hidden = next(_unresolved(node), None)
        if wanted.kind is Kind.LIST and wanted.items and wanted.shape in _FORMS:
            return self._list(wanted, node)
        if wanted.shape == "secret_kinds":
            return MappedValue(value=self._shaped(wanted, _secrets(node)))
        if hidden is None:
            raw = plain(node)
            places = _statement_places(node) if wanted.shape in POLICY_SHAPES else {}
            return MappedValue(value=self._shaped(wanted, raw), places=places)
        return self._hidden(wanted, node, hidden)

    def _shaped(self, wanted: Property, raw: Any) -> Any:
        if wanted.shape == "tag_map" and isinstance(raw, Mapping):
            return dict(raw)  # code writes as a mapping what the API lists
        if wanted.shape and wanted.shape not in POLICY_SHAPES and wanted.kind is not Kind.MAP:
            raw = loose(raw)
        return shape_value(wanted, raw if wanted.shape else coerced(wanted.kind, raw), self._shapes)

    def _hidden(self, wanted: Property, node: Node, hidden: UnknownValue) -> MappedValue:
        if wanted.shape in ("is_present", "count") and not isinstance(node.value, UnknownValue):
            return MappedValue(value=self._shaped(wanted, plain(node)))
        if wanted.shape == "is_present" and hidden.is_given:
            return MappedValue(value=True)
        if wanted.shape in POLICY_SHAPES:
            raw = _policy(node)
            if raw is None:
                return MappedValue(hidden=hidden)
            return MappedValue(value=self._shaped(wanted, raw), places=_statement_places(node))
        if wanted.kind is Kind.MAP and not isinstance(node.value, UnknownValue):
            return MappedValue(value=self._shaped(wanted, _in_words(node)))
        if wanted.shape in _PICKS:
            picked = self._shaped(wanted, _in_words(node))
            return MappedValue(value=picked, hidden=hidden if "‹" in str(picked) else None)
        if wanted.kind in (Kind.STRING, Kind.STRINGS):
            words = _in_words(node)
            try:
                return MappedValue(
                    value=self._shaped(wanted, words) if words else None, hidden=hidden
                )
            except WrongKindError:
                pass
        return MappedValue(hidden=hidden)

    def _list(self, wanted: Property, node: Node) -> MappedValue:
        if isinstance(node.value, UnknownValue):
            return MappedValue(hidden=node.value)
        elements = _elements(wanted.shape, node)
        if elements is None:
            raise WrongKindError(f"expected a list, got {type(node.value).__name__}")
        items: list[dict[str, Any]] = []
        partly: dict[str, UnknownValue] = {}
        places: dict[str, Node] = {}
        for index, element in enumerate(elements):
            places[f"[{index}]"] = element
            if isinstance(element.value, UnknownValue):
                items.append({})
                partly["[]"] = partly["[].*"] = element.value
                continue
            items.append(self._element(wanted, element, index, partly, places))
        return MappedValue(value=items, partly=partly, places=places)

    def _element(
        self,
        wanted: Property,
        element: Node,
        index: int,
        partly: dict[str, UnknownValue],
        places: dict[str, Node],
    ) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for name, field in wanted.items.items():
            why = self._entry.never.get(f"{wanted.name}[].{name}") if self._entry else None
            if why is not None:
                partly["[]"] = partly[f"[].{name}"] = UnknownValue(f"{name} {why}")
                continue
            result = self._field(wanted.name, field, element)
            if result is None:
                if self._why_open:
                    partly["[]"] = partly[f"[].{name}"] = self._why_open
                elif field.has_default:
                    fields[name] = field.absent
                continue
            places[f"[{index}].{name}"] = result
            mapped = self.map_value(field, result)
            inner = {f"[].{name}{below}": part for below, part in mapped.partly.items()}
            if inner:
                partly |= inner
                partly["[]"] = next(iter(inner.values()))
            if mapped.hidden is None:
                fields[name] = mapped.value
                continue
            partly["[]"] = mapped.hidden
            if mapped.value is not None and f"{wanted.name}[].{name}" in self._followed:
                fields[name] = mapped.value
                partly[f"[].{name}~"] = mapped.hidden
            else:
                partly[f"[].{name}"] = mapped.hidden
        if not isinstance(element.value, Mapping) and not fields:
            raise WrongKindError("expected elements with fields")
        return fields

    def _field(self, owner: str, field: Property, element: Node) -> Node | None:
        own = self._entry.paths.get(f"{owner}[].{field.name}") if self._entry else None
        for path in own or field.sources.get("api", (field.name,)):
            result = self._digger.dig(element, path)
            if result is not None:
                return result
        return None


def coerced(kind: Kind, raw: Any) -> Any:
    """Read a text as the number or word that it is meant to be, and a number as text."""
    match kind:
        case Kind.BOOL if isinstance(raw, str):
            return _TRUE_FALSE.get(raw.lower(), raw)
        case Kind.INT | Kind.FLOAT if isinstance(raw, str):
            return _number(raw)
        case Kind.STRING | Kind.ENUM | Kind.DATE:
            return _text(raw)
        case Kind.STRINGS:
            return [_text(item) for item in raw] if isinstance(raw, list) else [_text(raw)]
        case _:
            return raw


def _number(raw: str) -> Any:
    try:
        return int(raw) if raw.lstrip("+-").isdecimal() else float(raw)
    except ValueError:
        return raw


def _text(raw: Any) -> Any:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return str(raw) if isinstance(raw, int | float) else raw


def _elements(shape: str, node: Node) -> tuple[Node, ...] | None:
    value = node.value
    if shape == "entries":
        if not isinstance(value, Mapping):
            return None
        return tuple(
            Node({"key": Node(key), "value": entry}, entry.line, entry.column, "", entry.file)
            for key, entry in sorted(value.items())
        )
    if isinstance(value, tuple):
        return value
    is_one = shape == "elements" and isinstance(value, Mapping)
    return (node,) if is_one else None


def _unresolved(node: Node) -> Iterator[UnknownValue]:
    value = node.value
    if isinstance(value, UnknownValue):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _unresolved(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _unresolved(item)


def _in_words(node: Node) -> Any:
    """Give plain values with the words of what is not known; what has none is left out."""
    value = node.value
    if isinstance(value, UnknownValue):
        return value.text or None
    if isinstance(value, tuple):
        return [item for item in map(_in_words, value) if item is not None]
    if isinstance(value, Mapping):
        return {key: _in_words(entry) for key, entry in value.items()}
    return value


def _secrets(node: Node) -> Any:
    """Give a tree whose texts are reduced to the kind of secret in them, as a collection does."""
    value = node.value
    if isinstance(value, str):
        return {"~secret": masked_kind(value) or secret_kind(value)}
    if isinstance(value, tuple):
        return [_secrets(item) for item in value]
    return {k: _secrets(v) for k, v in value.items()} if isinstance(value, Mapping) else None


def _policy(node: Node) -> Any:
    """Give a policy whose only unknown parts are inside the names of resources; else None.

    Such a name cannot be every resource, so that what the policy allows everywhere is known.
    """

    def stands(node: Node, key: str) -> Any:
        value = node.value
        if isinstance(value, UnknownValue):
            is_name = key in _RESOURCES and value.text.startswith("arn:")
            if not is_name:
                raise _NotKnownError
            return value.text
        if isinstance(value, tuple):
            return [stands(item, key) for item in value]
        if isinstance(value, Mapping):
            return {name: stands(entry, name) for name, entry in value.items()}
        return value

    try:
        return stands(node, "")
    except _NotKnownError:
        return None


class _NotKnownError(Exception):
    """A part of a policy that decides what it allows is not known."""


def _statement_places(node: Node) -> dict[str, Node]:
    """Say where each statement stands, in the order in which a policy's shape gives them."""
    documents = node.value if isinstance(node.value, tuple) else (node,)
    nodes: list[Node] = []
    for item in documents:
        document = item.get("PolicyDocument") or item
        statements = document.get("Statement")
        if statements is None:
            return {}
        nodes += statements.value if isinstance(statements.value, tuple) else (statements,)
    return {f"[{index}]": statement for index, statement in enumerate(nodes)}
