"""What a rule reads: each property, on each type that it can be read on."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mlsec.engine.model.property_resolution import find_reading
from mlsec.engine.model.rule import AllOf, AnyOf, Compare, Condition, Not, Quantifier, Rule
from mlsec.vocabulary.types import Property, Type, Vocabulary


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A property that a rule reads: of ``owner``; ``path`` is as the rule writes it."""

    owner: Type
    wanted: Property
    path: str


def evidence_of(rule: Rule, vocabulary: Vocabulary) -> tuple[Evidence, ...]:
    """Give every property that the rule reads once, in the order of the rule."""
    evidence: dict[tuple[str, str], Evidence] = {}
    for condition in (rule.when, rule.must):
        for item in _read(condition, vocabulary.types[rule.resource], vocabulary):
            for part in _with_inputs(item):
                evidence.setdefault((part.owner.name, part.wanted.name), part)
    return tuple(evidence.values())


def types_judged(rule: Rule, vocabulary: Vocabulary) -> tuple[Type, ...]:
    """Give the types that the rule runs on."""
    return vocabulary.concrete(rule.resource)


def _with_inputs(item: Evidence) -> Iterator[Evidence]:
    """Yield a property, then the own properties that it is computed from."""
    yield item
    for name in item.wanted.reads:
        below = item.owner.properties.get(name)
        if below is not None and below.name != item.wanted.name:
            yield from _with_inputs(Evidence(owner=item.owner, wanted=below, path=name))


def _read(condition: Condition | None, on: Type, vocabulary: Vocabulary) -> Iterator[Evidence]:
    match condition:
        case None:
            return
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _read(part, on, vocabulary)
        case Not(part=part):
            yield from _read(part, on, vocabulary)
        case Compare(path=path):
            yield from _property(path, on, vocabulary)
        case Quantifier() if condition.is_relation:
            target = _target(condition.path, on, vocabulary)
            for part in (condition.where, condition.that):
                yield from _read(part, target, vocabulary)
        case Quantifier(path=path):
            yield from _property(path, on, vocabulary)


def _property(path: str, on: Type, vocabulary: Vocabulary) -> Iterator[Evidence]:
    for owner in vocabulary.concrete(on.name):
        reading = find_reading(vocabulary, owner, path)
        if reading is not None:
            yield Evidence(owner=owner, wanted=reading.own, path=path)


def _target(path: str, on: Type, vocabulary: Vocabulary) -> Type:
    for step in path.split("."):
        on = vocabulary.types[on.relations[step].to]
    return on
