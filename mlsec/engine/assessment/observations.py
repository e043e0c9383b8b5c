"""What was observed where a rule passed: the values that decided, once for all resources alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlsec.core.assessment import Observed
from mlsec.core.resource import Resource
from mlsec.engine.compiler.compile import FastPass
from mlsec.engine.evaluation.evaluate import Evaluator
from mlsec.engine.evaluation.kleene import Clause
from mlsec.engine.findings.evidence import evidence_of
from mlsec.engine.model.footprint import footprint_of
from mlsec.engine.model.rule import Rule

# An observation names so many values; a rule over a long list passes on each of its items.
SHOWN_VALUES = 4
_SCALARS = (str, int, float, bool, type(None))
Values = Mapping[str, Any]


class Observations:
    """Collects what the passes of each rule were decided by."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._properties: dict[str, tuple[str, ...] | None] = {}
        self._alike: dict[tuple[Any, ...], Values] = {}
        # By rule and by how the values read: they, and for which resources.
        self._of_rule: dict[str, dict[str, tuple[Values, list[str]]]] = {}

    def add_proven(self, plan: FastPass, rule: Rule, resource: Resource) -> None:
        """Note a pass that was proven without evidence; resources alike are looked at once."""
        key = self._key(plan, rule, resource)
        values = self._alike.get(key) if key is not None else None
        if values is None:
            values = _values(resource, self._evaluator.judge(rule, resource).clauses)
            if key is not None:
                self._alike[key] = values
        self._keep(rule, resource, values)

    def add(self, rule: Rule, resource: Resource, clauses: Iterable[Clause]) -> None:
        """Note a pass with the clauses that decided it."""
        self._keep(rule, resource, _values(resource, clauses))

    def _keep(self, rule: Rule, resource: Resource, values: Values) -> None:
        groups = self._of_rule.setdefault(rule.id, {})
        groups.setdefault(repr(tuple(values.items())), (values, []))[1].append(resource.id)

    def of(self, passed: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[Observed, ...]]:
        """Hand over by rule what was observed; resources are their positions in ``passed``."""
        # One object for each number: the positions of all rules are millions in an organisation.
        places = tuple(range(max(map(len, passed.values()), default=0)))
        return {
            rule: _grouped(ids, places, self._of_rule.pop(rule))
            for rule, ids in passed.items()
            if rule in self._of_rule
        }

    def _key(self, plan: FastPass, rule: Rule, resource: Resource) -> tuple[Any, ...] | None:
        """Give what the pass depends on, the values of the resource's own properties; else None.

        Plain values are compared, all others by being the same object: the graph holds them all.
        """
        if rule.id not in self._properties:
            self._properties[rule.id] = _own_properties(plan, rule)
        names = self._properties[rule.id]
        if names is None or resource.unread:
            return None
        values = list(map(resource.properties.get, names))
        known = [value if isinstance(value, _SCALARS) else id(value) for value in values]
        # True and 1 are equal, and are not the same observation; nor are a list and its id.
        return (rule.id, *known, *map(type, values))


def _own_properties(plan: FastPass, rule: Rule) -> tuple[str, ...] | None:
    """Name the properties that a rule for one type reads; None where it reads anything else."""
    read = footprint_of(rule.when, rule.must)
    is_own = rule.resource == plan.owner.name and not read.relations
    is_plain = all(path in plan.owner.properties for path in read.paths)
    return read.paths if is_own and is_plain else None


def _values(resource: Resource, clauses: Iterable[Clause]) -> Values:
    observed: dict[str, Any] = {}
    for item in evidence_of(clauses)[:SHOWN_VALUES]:
        is_own = item.resource in ("", resource.id)
        observed[item.path if is_own else f"{item.path} of {item.resource}"] = item.actual
    return dict(sorted(observed.items()))


def _grouped(
    ids: tuple[str, ...], places: tuple[int, ...], groups: Mapping[str, tuple[Values, list[str]]]
) -> tuple[Observed, ...]:
    group_of = {item: key for key, (_, members) in groups.items() for item in members}
    positions: dict[str, list[int]] = {}
    for position, item in zip(places, ids, strict=False):
        if item in group_of:
            positions.setdefault(group_of[item], []).append(position)
    return tuple(
        Observed(values=groups[key][0], resources=tuple(numbers))
        for key, numbers in positions.items()
    )


def moved(
    observed: Mapping[str, tuple[Observed, ...]],
    passed: Mapping[str, tuple[str, ...]],
    left: Mapping[str, tuple[str, ...]],
) -> dict[str, tuple[Observed, ...]]:
    """Give what was observed, with the positions that the resources have among those left."""
    result = {}
    for rule, groups in observed.items():
        now = {item: position for position, item in enumerate(left[rule])}
        before = passed[rule]
        shown = (
            Observed(
                values=group.values,
                resources=tuple(now[before[n]] for n in group.resources if before[n] in now),
            )
            for group in groups
        )
        result[rule] = tuple(group for group in shown if group.resources)
    return result
