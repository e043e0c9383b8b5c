"""Change one clause of a rule at a time: an example must notice, or the clause decides nothing."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mlsec.engine.model.rule import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Not,
    Operator,
    Quantifier,
    Quantity,
    Rule,
)
from mlsec.engine.testing.examples import built_examples, judge_example
from mlsec.vocabulary.types import Vocabulary

_BOUNDARY = {
    Operator.LT: Operator.LTE,
    Operator.LTE: Operator.LT,
    Operator.GT: Operator.GTE,
    Operator.GTE: Operator.GT,
}
_OTHER = {Quantity.EACH: Quantity.SOME, Quantity.SOME: Quantity.EACH}


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """One changed rule and what was changed."""

    rule: Rule
    change: str


def mutants_of(rule: Rule) -> Iterator[Mutant]:
    """Every single change of a clause; none that is the same rule by construction."""
    for change, must in _mutate(rule.must):
        yield Mutant(rule=msgspec.structs.replace(rule, must=must), change=f"assert: {change}")
    if rule.when is None:
        return
    yield Mutant(rule=msgspec.structs.replace(rule, when=None), change="when: dropped")
    for change, when in _mutate(rule.when):
        yield Mutant(rule=msgspec.structs.replace(rule, when=when), change=f"when: {change}")


def surviving_mutants(rule: Rule, vocabulary: Vocabulary) -> tuple[str, ...]:
    """The changes that no example of the rule notices, in words."""
    examples = built_examples(rule, vocabulary)
    survivors = []
    for mutant in mutants_of(rule):
        is_killed = any(
            judge_example(mutant.rule, example, vocabulary).status is not wanted
            for wanted, _, example in examples
        )
        if not is_killed:
            survivors.append(mutant.change)
    return tuple(survivors)


def _mutate(condition: Condition) -> Iterator[tuple[str, Condition]]:
    match condition:
        case Compare():
            yield f"{describe(condition)}: negated", Not(part=condition)
            other = _BOUNDARY.get(condition.operator)
            if other is not None:
                changed = msgspec.structs.replace(condition, operator=other)
                yield f"{describe(condition)}: became {other.value}", changed
        case Not(part=part):
            yield f"not {describe(part)}: lost its not", part
            for change, inner in _mutate(part):
                # Negating the clause under a "not" is the same as losing the "not".
                if not (isinstance(inner, Not) and inner.part is part):
                    yield change, Not(part=inner)
        case AllOf(parts=parts) | AnyOf(parts=parts):
            yield from _mutate_parts(type(condition), parts)
        case Quantifier():
            yield from _mutate_quantifier(condition)


def _mutate_parts(
    kind: type[AllOf] | type[AnyOf], parts: tuple[Condition, ...]
) -> Iterator[tuple[str, Condition]]:
    for n, part in enumerate(parts):
        rest = (*parts[:n], *parts[n + 1 :])
        if rest:
            yield f"{describe(part)}: dropped", rest[0] if len(rest) == 1 else kind(parts=rest)
        for change, inner in _mutate(part):
            yield change, kind(parts=(*parts[:n], inner, *parts[n + 1 :]))


def _mutate_quantifier(condition: Quantifier) -> Iterator[tuple[str, Condition]]:
    name = f"{condition.quantity.value} {condition.over} {condition.path}"
    other = _OTHER.get(condition.quantity)
    if other is not None and condition.that is not None:
        changed = msgspec.structs.replace(condition, quantity=other)
        yield f"{name}: became {other.value}", changed
    else:
        yield f"{name}: negated", Not(part=condition)
    for field in ("where", "that"):
        part: Condition | None = getattr(condition, field)
        if part is None:
            continue
        is_needed = field == "that" and condition.quantity is Quantity.EACH
        if not is_needed:
            yield f"{name}: {field} dropped", _with(condition, field, None)
        for change, inner in _mutate(part):
            yield f"{name}, {field}: {change}", _with(condition, field, inner)


def _with(condition: Quantifier, field: str, part: Condition | None) -> Quantifier:
    if field == "where":
        return msgspec.structs.replace(condition, where=part)
    return msgspec.structs.replace(condition, that=part)


def describe(condition: Condition) -> str:
    """Say a condition in one line, near to how the rule writes it."""
    match condition:
        case Compare():
            expected = f"${condition.param}" if condition.param else _constant(condition.expected)
            return f"{condition.path} {condition.operator.value} {expected}"
        case Not(part=part):
            return f"not ({describe(part)})"
        case AllOf(parts=parts):
            return " and ".join(f"({describe(part)})" for part in parts)
        case AnyOf(parts=parts):
            return " or ".join(f"({describe(part)})" for part in parts)
        case Quantifier(where=where, that=that):
            text = f"{condition.quantity.value} {condition.over} {condition.path}"
            if where is not None:
                text += f" where {describe(where)}"
            return f"{text} that {describe(that)}" if that is not None else text


def _constant(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_constant(item) for item in value) + "]"
    return str(value)
