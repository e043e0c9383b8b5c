"""From a YAML condition to a checked tree; what is wrong is recorded with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.core.regex import regex
from mlsec.core.suggestions import did_you_mean
from mlsec.engine.evaluation.property_reader import TEXT_ITEMS
from mlsec.engine.model.diagnostics import Diagnostics
from mlsec.engine.model.property_resolution import Reading, find_in
from mlsec.engine.model.rule import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Not,
    Operator,
    Parameter,
    Quantifier,
    Quantity,
)
from mlsec.engine.rules.constants import why_unsuitable, why_wrong
from mlsec.vocabulary.types import Kind, Property, Type, Vocabulary

_QUANTITIES = {quantity.value: quantity for quantity in Quantity}
_OPERATORS = {operator.value: operator for operator in Operator}
_QUANTIFIER_KEYS = ("in", "via", "where", "that")
_PARAM = regex(r"\$[a-z][a-z0-9_]*\Z")
Path = tuple[str | int, ...]


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What paths stand on: a type's properties and relations, or the fields of a list's items."""

    title: str
    properties: Mapping[str, Property]
    owner: Type | None = None


class ConditionReader:
    """Reads the conditions of one rule against the vocabulary."""

    def __init__(
        self, vocabulary: Vocabulary, params: Mapping[str, Parameter], mistakes: Diagnostics
    ) -> None:
        self.vocabulary = vocabulary
        self.params = params
        self.mistakes = mistakes

    def ground(self, owner: Type) -> Ground:
        """Stand on a type."""
        return Ground(title=owner.name, properties=owner.properties, owner=owner)

    def read(self, raw: Any, ground: Ground, here: Path) -> Condition | None:
        """Read one condition; None when it holds a mistake."""
        if not isinstance(raw, dict) or not raw:
            self.mistakes.add("a condition is a mapping such as {property: value}", *here, "=")
            return None
        parts = [self._entry(key, value, ground, (*here, key)) for key, value in raw.items()]
        return _all_of(parts)

    def _entry(self, key: str, raw: Any, ground: Ground, here: Path) -> Condition | None:
        if key in ("all", "any"):
            return self._several(key, raw, ground, here)
        if key == "not":
            part = self.read(raw, ground, here)
            return Not(part=part) if part is not None else None
        if key in _QUANTITIES:
            return self._quantifier(_QUANTITIES[key], raw, ground, here)
        return self._clauses(key, raw, ground, here)

    def _several(self, key: str, raw: Any, ground: Ground, here: Path) -> Condition | None:
        if not isinstance(raw, list) or not raw:
            self.mistakes.add(f'"{key}" takes a list of conditions', *here, "=")
            return None
        parts = [self.read(part, ground, (*here, n)) for n, part in enumerate(raw)]
        known = tuple(part for part in parts if part is not None)
        if len(known) != len(parts):
            return None
        return AllOf(parts=known) if key == "all" else AnyOf(parts=known)

    def _quantifier(
        self, quantity: Quantity, raw: Any, ground: Ground, here: Path
    ) -> Condition | None:
        if not isinstance(raw, dict):
            self.mistakes.add(f'"{quantity.value}" takes a mapping with "in" or "via"', *here, "=")
            return None
        for key in raw:
            if key not in _QUANTIFIER_KEYS:
                suggestion = did_you_mean(key, _QUANTIFIER_KEYS)
                self.mistakes.add(f'unknown key "{key}"{suggestion}', *here, key)
        if ("in" in raw) == ("via" in raw):
            self.mistakes.add(f'"{quantity.value}" needs either "in" or "via"', *here)
            return None
        over = "in" if "in" in raw else "via"
        path = str(raw[over])
        inner = (self._items if over == "in" else self._targets)(path, ground, (*here, over))
        if quantity is Quantity.EACH and "that" not in raw:
            self.mistakes.add('"each" needs "that": what must hold for every element', *here)
            return None
        if inner is None:
            return None
        before = len(self.mistakes.errors)
        where = self.read(raw["where"], inner, (*here, "where")) if "where" in raw else None
        that = self.read(raw["that"], inner, (*here, "that")) if "that" in raw else None
        if len(self.mistakes.errors) != before:
            return None
        return Quantifier(quantity=quantity, over=over, path=path, where=where, that=that)

    def _items(self, path: str, ground: Ground, here: Path) -> Ground | None:
        prop = ground.properties.get(path)
        if prop is None:
            self._unknown_path(path, ground, (*here, "="))
            return None
        if prop.kind is Kind.STRINGS:
            return Ground(title=f"{path} of {ground.title}", properties=TEXT_ITEMS)
        if prop.kind is not Kind.LIST:
            self.mistakes.add(f'"{path}" is {prop.kind.value}, not a list', *here, "=")
            return None
        return Ground(title=f"the items of {path} of {ground.title}", properties=prop.items)

    def _targets(self, path: str, ground: Ground, here: Path) -> Ground | None:
        owner = ground.owner
        if owner is None:
            self.mistakes.add("the items of a list have no relations", *here)
            return None
        for step in path.split("."):
            relation = owner.relations.get(step)
            if relation is None:
                suggestion = did_you_mean(step, owner.relations)
                self.mistakes.add(
                    f'unknown relation "{step}" of {owner.name}{suggestion}',
                    *here,
                    "=",
                    hint=f"mlsec rules vocabulary {owner.name}",
                )
                return None
            owner = self.vocabulary.types[relation.to]
        return self.ground(owner)

    def _clauses(self, path: str, raw: Any, ground: Ground, here: Path) -> Condition | None:
        reading = find_in(ground.properties, path)
        if reading is None:
            self._unknown_path(path, ground, here)
            return None
        if isinstance(raw, dict) and raw:
            return _all_of(
                [self._clause(path, reading, op, value, (*here, op)) for op, value in raw.items()]
            )
        is_many = isinstance(raw, list) or self._is_list_param(raw)
        operator = "in" if is_many else "eq"
        return self._clause(path, reading, operator, raw, here)

    def _is_list_param(self, raw: Any) -> bool:
        param = self.params.get(raw[1:]) if isinstance(raw, str) and _PARAM.match(raw) else None
        return param is not None and isinstance(param.default, list | tuple)

    def _clause(
        self, path: str, reading: Reading, name: str, raw: Any, here: Path
    ) -> Condition | None:
        operator = _OPERATORS.get(name)
        if operator is None:
            suggestion = did_you_mean(name, _OPERATORS)
            known = ", ".join(_OPERATORS)
            self.mistakes.add(f'unknown operator "{name}"{suggestion}', *here, hint=known)
            return None
        param, expected = "", raw
        if isinstance(raw, str) and _PARAM.match(raw):
            param = raw[1:]
            if param not in self.params:
                suggestion = did_you_mean(param, self.params)
                self.mistakes.add(f'unknown parameter "{param}"{suggestion}', *here, "=")
                return None
            expected = self.params[param].default
        wrong = why_unsuitable(operator, reading.kind) or why_wrong(
            operator, reading.kind, reading.enum, expected, may_be_empty=bool(param)
        )
        if wrong:
            self.mistakes.add(f'"{path}": {wrong}', *here, "=")
            return None
        constant = tuple(expected) if isinstance(expected, list) else expected
        return Compare(path=path, operator=operator, expected=constant, param=param)

    def _unknown_path(self, path: str, ground: Ground, here: Path) -> None:
        owner = ground.owner
        if owner is not None and path.split(".", maxsplit=1)[0] in owner.relations:
            self.mistakes.add(
                f'"{path}" of {owner.name} is a relation; write each, some or none with via:', *here
            )
            return
        suggestion = did_you_mean(path, ground.properties)
        hint = f"mlsec rules vocabulary {owner.name}" if owner else ""
        message = f'unknown property "{path}" of {ground.title}{suggestion}'
        self.mistakes.add(message, *here, hint=hint)


def _all_of(parts: list[Condition | None]) -> Condition | None:
    known = tuple(part for part in parts if part is not None)
    if len(known) != len(parts):
        return None
    return known[0] if len(known) == 1 else AllOf(parts=known)
