"""A value of code as the vocabulary wants it: its kind, its shape, and what of it is not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.collect.located.located import Node, UnknownValue, plain
from mlsec.collect.secrets.kinds import secret_kind
from mlsec.collect.secrets.masking import masked_kind
from mlsec.collect.walk.mapping import Shapes, WrongKindError, shape_value
from mlsec.iac.mapping.case_insensitive import loose
from mlsec.iac.mapping.path_lookup import PathLookup
from mlsec.iac.mapping.policies import (
    known_policy,
    known_statements,
    named,
    statement_places,
    written_out,
)
from mlsec.iac.mapping.traffic import least_and_most
from mlsec.iac.mapping.trust import trust_of
from mlsec.iac.mapping.unknown_parts import (
    OF_ADDRESSES,
    filled,
    in_words,
    may_be_words,
    unresolved,
)
from mlsec.vocabulary.iac_mapping import ONLY_ALLOWS, DeclaredType
from mlsec.vocabulary.types import Kind, Property

POLICY_SHAPES = frozenset({"policy", "named_policies", "default_version"})
# What an identity may do: each statement counts for itself, so that some may be known.
_PERMISSIONS = frozenset({"named_policies", "default_version"})
# Shapes that pick texts out of a value: one with an unknown part in it is not picked for certain.
_PICKS = frozenset({"alarm_endpoints", "alarm_metrics", "alarm_namespaces", "alarm_services"})
# The type and shape that give the ports which rules of traffic open to the internet.
_PORTS = frozenset({("aws.ec2.security_group", "public_sensitive_ports")})
# Shapes that look at the form of a value and not at what stands in it.
_FORMS = frozenset({"", "elements", "entries"})
# What a statement says of where, and when, it holds.
_WHERE = frozenset({"resources", "not_resources", "conditions", "has_condition"})
_TRUE_FALSE = {"true": True, "false": False}


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
        hidden = next(unresolved(node), None)
        if hidden is not None and wanted.shape in POLICY_SHAPES:
            node = written_out(node)
        if wanted.kind is Kind.LIST and wanted.items and wanted.shape in _FORMS:
            is_known = hidden is None or known_policy(node) is None
            return self._list(wanted, node if is_known else named(node))
        if wanted.shape == "secret_kinds":
            return MappedValue(value=self._shaped(wanted, _secrets(node)))
        if hidden is None:
            raw = plain(node)
            places = statement_places(node) if wanted.shape in POLICY_SHAPES else {}
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
            raw = known_policy(node)
            if raw is None and wanted.shape in _PERMISSIONS:
                return self._permissions(wanted, node, hidden)
            if raw is None:
                known = trust_of(node) if wanted.name == "trust" else None
                services = None if known is None else self._shaped(wanted, known)
                return MappedValue(value=services, hidden=hidden)
            return MappedValue(value=self._shaped(wanted, raw), places=statement_places(node))
        if may_be_words(wanted, node):
            return MappedValue(value=self._shaped(wanted, in_words(node)))
        if wanted.shape in _PICKS:
            picked = self._shaped(wanted, in_words(node))
            return MappedValue(value=picked, hidden=hidden if "‹" in str(picked) else None)
        if (self._entry and self._entry.type, wanted.shape) in _PORTS:
            least, most = (self._shaped(wanted, plain(part)) for part in least_and_most(node))
            return MappedValue(value=most) if least == most else MappedValue(hidden=hidden)
        if wanted.kind in (Kind.STRING, Kind.STRINGS):
            if wanted.shape in OF_ADDRESSES and (known := self._in_any_case(wanted, node)):
                return known
            words = in_words(node)
            try:
                return MappedValue(
                    value=self._shaped(wanted, words) if words else None, hidden=hidden
                )
            except WrongKindError:
                pass
        return MappedValue(hidden=hidden)

    def _in_any_case(self, wanted: Property, node: Node) -> MappedValue | None:
        """Give what a part of an address is whatever stands for what is not known of it."""
        try:
            read = [self._shaped(wanted, text) for text in filled(node)]
        except WrongKindError:
            return None
        is_one = bool(read) and all(part == read[0] for part in read)
        return MappedValue(value=read[0]) if is_one else None

    def _permissions(self, wanted: Property, node: Node, hidden: UnknownValue) -> MappedValue:
        """Give the statements that are known, what is known of others, and one for all others."""
        part = known_statements(node)
        if part is None:
            return MappedValue(hidden=hidden)
        known = self._shaped(wanted, plain(part.known)) or []
        listed = self._shaped(wanted, plain(part.perhaps)) or []
        perhaps = [{k: v for k, v in item.items() if k not in _WHERE} for item in listed]
        others: list[dict[str, Any]] = [] if part.is_limited else [{}]
        partly = {"[]": part.hidden, "[].*": part.hidden}
        if part.hidden.only_allows:
            partly[ONLY_ALLOWS] = part.hidden
        return MappedValue(
            value=[*known, *perhaps, *others], partly=partly, places=statement_places(part.known)
        )

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
        unknown = [item.value for item in elements if isinstance(item.value, UnknownValue)]
        if unknown and all(item.only_allows for item in unknown):
            partly[ONLY_ALLOWS] = unknown[0]
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
            try:
                mapped = self.map_value(field, result)
            except WrongKindError as error:
                # It hides itself, and not what stands beside it.
                mapped = MappedValue(hidden=UnknownValue(str(error)))
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


def _secrets(node: Node) -> Any:
    """Give a tree whose texts are reduced to the kind of secret in them, as a collection does."""
    value = node.value
    if isinstance(value, str):
        return {"~secret": masked_kind(value) or secret_kind(value)}
    if isinstance(value, tuple):
        return [_secrets(item) for item in value]
    return {k: _secrets(v) for k, v in value.items()} if isinstance(value, Mapping) else None
