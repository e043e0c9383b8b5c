"""Links of rules: each rule tests one objective, and links only to frameworks of its providers."""

from __future__ import annotations

from mlsec.core.catalogue import ControlLink
from mlsec.core.enums import Consequence, Effort, Exposure, Profile
from mlsec.engine.model.controls import Frameworks
from mlsec.engine.model.objectives import Objective
from mlsec.engine.model.rule import Rule
from tests.loops import for_each
from tests.shipped import shipped_rules

OBJECTIVE = Objective(
    name="o",
    tests="It holds.",
    exposure=Exposure.INSIDE,
    consequence=Consequence.DATA,
    effort=Effort.DIRECT,
    profile=Profile.RECOMMENDED,
    controls=(
        ControlLink(id="f/B", because="the objective's"),
        ControlLink(id="f/A", because="the objective's"),
    ),
)


@for_each("rule", lambda: shipped_rules().rules, lambda rule: rule.id)
def test_every_shipped_rule_tests_an_objective(rule: Rule) -> None:
    assert rule.objective in shipped_rules().frameworks.objectives


@for_each("rule", lambda: shipped_rules().rules, lambda rule: rule.id)
def test_a_rule_links_to_no_framework_of_other_providers_only(rule: Rule) -> None:
    own = {
        item.name.partition(".")[0] for item in shipped_rules().vocabulary.concrete(rule.resource)
    }
    for link in shipped_rules().frameworks.links(rule.objective, rule.controls):
        framework = shipped_rules().frameworks.frameworks[link.id.partition("/")[0]]
        assert not framework.providers or own.intersection(framework.providers), link.id


def test_every_objective_is_tested_by_a_rule() -> None:
    assert {*shipped_rules().frameworks.objectives} == {
        rule.objective for rule in shipped_rules().rules
    }


def test_own_links_and_the_objectives_are_joined_and_the_own_one_holds() -> None:
    own = (ControlLink(id="f/B", because="its own"), ControlLink(id="f/C", because="its own"))
    joined = Frameworks(objectives={"o": OBJECTIVE}).links("o", own)
    assert [(link.id, link.because) for link in joined] == [
        ("f/A", "the objective's"), ("f/B", "its own"), ("f/C", "its own"),
    ]  # fmt: skip
