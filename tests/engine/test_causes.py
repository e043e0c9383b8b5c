"""Failures fold under what would end them, found by judging again with one fact mended."""

from __future__ import annotations

from pathlib import Path

from mlsec.core.cause import Cause
from mlsec.core.resource import Resource
from mlsec.engine.assessment.assess import assess
from mlsec.engine.causes.causes import causes_of
from mlsec.engine.model.rule import RuleSet
from tests.engine.small import load_texts, rule_text
from tests.engine.test_assess import NOW, TESTS, Shelf, holding


def causes(ruleset: RuleSet, *resources: Resource) -> dict[str, tuple[list[str], Cause]]:
    """Give for each cause, by its facts, the rules of its findings."""
    judgement = assess(ruleset, Shelf(*resources), clock=NOW)
    rules = {one.fingerprint: one.rule for one in judgement.findings}
    return {
        " + ".join(f"{fact.resource} {fact.setting}" for fact in cause.facts): (
            [rules[item] for item in cause.findings],
            cause,
        )
        for cause in causes_of(judgement.findings, ruleset, judgement.grounds)
    }


def rules_of(tmp_path: Path, **conditions: str) -> RuleSet:
    return load_texts(
        tmp_path,
        *(rule_text(f"thing/{name}", must=must, tests=TESTS) for name, must in conditions.items()),
    )


def test_two_rules_of_one_property_share_a_cause(tmp_path: Path) -> None:
    ruleset = rules_of(tmp_path, large="{volume_gb: {lt: 9}}", huge="{volume_gb: {lt: 40}}")
    found = causes(ruleset, holding(1, {"volume_gb": 50}), holding(2, {"volume_gb": 10}))
    assert {key: rules for key, (rules, _) in found.items()} == {
        "arn:n1 volume_gb": ["thing/huge", "thing/large"],
        "arn:n2 volume_gb": ["thing/large"],
    }


def test_failure_that_either_fact_ends_goes_where_more_ends_and_names_the_other(
    tmp_path: Path,
) -> None:
    ruleset = rules_of(
        tmp_path,
        pair="{not: {all: [{is_shared: true}, {direct_internet: Enabled}]}}",
        internet="{direct_internet: Disabled}",
    )
    found = causes(ruleset, holding(1, {"is_shared": True, "direct_internet": "Enabled"}))
    [(key, (rules, cause))] = found.items()
    assert (key, rules) == ("arn:n1 direct_internet", ["thing/internet", "thing/pair"])
    [others] = cause.shared.values()
    assert [fact.setting for fact in others] == ["is_shared"]


def test_failure_that_needs_both_facts_has_a_cause_of_both(tmp_path: Path) -> None:
    ruleset = rules_of(
        tmp_path,
        both="{all: [{is_shared: false}, {direct_internet: Disabled}]}",
        internet="{direct_internet: Disabled}",
    )
    found = causes(ruleset, holding(1, {"is_shared": True, "direct_internet": "Enabled"}))
    assert {key: rules for key, (rules, _) in found.items()} == {
        "arn:n1 is_shared + arn:n1 direct_internet": ["thing/both"],
        "arn:n1 direct_internet": ["thing/internet"],
    }


def test_what_is_missing_is_no_fact_of_what_is_there(tmp_path: Path) -> None:
    ruleset = rules_of(
        tmp_path,
        any="{some: {in: subnets, where: {value: subnet-a}}}",
        small="{volume_gb: {lt: 9}}",
    )
    found = causes(ruleset, holding(1, {"subnets": ["subnet-b", "subnet-c"], "volume_gb": 1}))
    assert list(found) == ["arn:n1 rule thing/any"]
