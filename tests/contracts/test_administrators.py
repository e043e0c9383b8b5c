"""A rule that leaves administrators out leaves no control with evidence for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mlsec.core.framework import Control
from mlsec.engine.model.footprint import walk
from mlsec.engine.model.rule import Compare, Rule
from tests.shipped import shipped_rules

RULES = shipped_rules().rules
FRAMEWORKS = shipped_rules().frameworks
ADMIN = "workload-identity-admin"
ADMIN_FACTS = ("is_admin", "is_known_admin", "access.admin")
ADMIN_RULES = [rule for rule in RULES if rule.objective == ADMIN]


def asks_for_an_administrator(rule: Rule) -> bool:
    """Whether what the rule is for depends on the judged identity being administrator."""
    return any(
        is_own and isinstance(part, Compare) and part.path in ADMIN_FACTS
        for part, is_own in walk(rule.when)
    )


LEAVE_OUT = [rule for rule in RULES if asks_for_an_administrator(rule) and rule.objective != ADMIN]
OBJECTIVES = frozenset(rule.objective for rule in LEAVE_OUT)


def linked(objective: str) -> frozenset[str]:
    return frozenset(link.id for link in FRAMEWORKS.objectives[objective].controls)


def records() -> Iterator[tuple[str, Control]]:
    for name, framework in FRAMEWORKS.frameworks.items():
        for control_id, record in framework.controls.items():
            yield f"{name}/{control_id}", record


def test_rules_that_leave_administrators_out_are_found_on_every_cloud() -> None:
    found = {rule.resource.partition(".")[0] for rule in LEAVE_OUT}
    assert found >= {"aws", "azure", "gcp", "kubernetes"}


@pytest.mark.parametrize("objective", sorted(OBJECTIVES))
def test_an_administrator_is_evidence_against_what_the_objective_is_evidence_for(
    objective: str,
) -> None:
    assert sorted(linked(objective) - linked(ADMIN)) == []


def test_what_needs_such_an_objective_needs_that_of_administrators() -> None:
    wrong = [
        name
        for name, record in records()
        if OBJECTIVES.intersection(record.needed) and ADMIN not in record.needed
    ]
    assert wrong == []


@pytest.mark.parametrize("rule", LEAVE_OUT, ids=lambda rule: rule.id)
def test_an_administrator_is_evidence_against_the_rules_own_controls(rule: Rule) -> None:
    provider = rule.resource.partition(".")[0]
    of_admin = {
        link.id
        for other in ADMIN_RULES
        if other.resource.partition(".")[0] == provider
        for link in other.controls
    } | linked(ADMIN)
    assert sorted({link.id for link in rule.controls} - of_admin) == []
