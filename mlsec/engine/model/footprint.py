"""What a condition touches on the resource it judges: properties, relations, parameters."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mlsec.engine.model.rule import AllOf, AnyOf, Compare, Condition, Not, Quantifier, Rule


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """Sorted names: ``paths`` of own properties, first steps of ``relations``, ``params``."""

    paths: tuple[str, ...]
    relations: tuple[str, ...]
    params: tuple[str, ...]


def footprint_of(*conditions: Condition | None) -> Footprint:
    """Collect what the conditions read from the judged resource itself."""
    paths: set[str] = set()
    relations: set[str] = set()
    params: set[str] = set()
    for condition in conditions:
        for part, is_own in walk(condition):
            if isinstance(part, Compare):
                paths.update([part.path] if is_own else [])
                params.update([part.param] if part.param else [])
            elif isinstance(part, Quantifier) and is_own:
                names = relations if part.is_relation else paths
                names.add(part.path.split(".")[0] if part.is_relation else part.path)
    return Footprint(
        paths=tuple(sorted(paths)), relations=tuple(sorted(relations)), params=tuple(sorted(params))
    )


def walk(condition: Condition | None, *, is_own: bool = True) -> Iterator[tuple[Condition, bool]]:
    """Yield every part, parents first, and whether it reads the judged resource itself."""
    if condition is None:
        return
    yield condition, is_own
    match condition:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from walk(part, is_own=is_own)
        case Not(part=part):
            yield from walk(part, is_own=is_own)
        case Quantifier(where=where, that=that):
            yield from walk(where, is_own=False)
            yield from walk(that, is_own=False)
        case Compare():
            return


def reads_relations(rule: Rule) -> bool:
    """Whether judging the rule needs other resources."""
    parts = (part for condition in (rule.must, rule.when) for part, _ in walk(condition))
    return any(isinstance(part, Quantifier) and part.is_relation for part in parts)
