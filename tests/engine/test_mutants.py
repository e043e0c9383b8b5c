"""A clause that no example decides is told; one that is decided is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.engine.testing.examples import run_examples
from mlsec.engine.testing.mutate import mutants_of, surviving_mutants
from tests.engine.small import one_rule

UNREAD = "not_assessed: [{unread: [is_shared, rules, volume_gb, role]}]"


@pytest.mark.parametrize(
    ("must", "examples", "survivors"),
    [
        ("{is_shared: false}", "pass: [{is_shared: false}], fail: [{is_shared: true}]", ()),
        (
            "{is_shared: false, volume_gb: 5}",
            "pass: [{is_shared: false}], fail: [{is_shared: true}]",
            ("assert: volume_gb eq 5: dropped",),
        ),
        (
            "{volume_gb: {lt: 9}}",
            "pass: [{volume_gb: 5}], fail: [{volume_gb: 20}]",
            ("assert: volume_gb lt 9: became lte",),
        ),
        ("{volume_gb: {lt: 9}}", "pass: [{volume_gb: 5}], fail: [{volume_gb: 9}]", ()),
        (
            "{none: {in: rules, where: {effect: Allow, from_port: 22}}}",
            "pass: [{rules: []}], fail: [{rules: [{effect: Allow, from_port: 22}]}]",
            (
                "assert: none in rules: where dropped",
                "assert: none in rules, where: effect eq Allow: dropped",
                "assert: none in rules, where: from_port eq 22: dropped",
            ),
        ),
        (
            "{none: {in: rules, where: {effect: Allow, from_port: 22}}}",
            "pass: [{rules: [{effect: Deny, from_port: 22}, {effect: Allow}]}], "  # noqa: ISC004
            "fail: [{rules: [{effect: Allow, from_port: 22}]}]",
            (),
        ),
        (
            "{each: {via: role, that: {is_admin: false}}}",
            "pass: [{role: [{is_admin: false}]}], fail: [{role: [{is_admin: true}]}]",
            ("assert: each via role: became some",),
        ),
        (
            "{not: {is_shared: true}}",
            "pass: [{is_shared: false}], fail: [{is_shared: true}]",
            (),
        ),
    ],
)
def test_survivors_are_the_clauses_that_decide_nothing(
    tmp_path: Path, must: str, examples: str, survivors: tuple[str, ...]
) -> None:
    rule, vocabulary = one_rule(tmp_path, must=must, tests=f"{{{examples}, {UNREAD}}}")
    assert run_examples(rule, vocabulary) == ()
    assert surviving_mutants(rule, vocabulary) == survivors


def test_no_mutant_is_the_rule_itself(tmp_path: Path) -> None:
    must = "{any: [{is_shared: false}, {not: {volume_gb: {gte: 9}}}], volume_gb: {lte: 99}}"
    rule, _ = one_rule(tmp_path, must=must)
    changed = [(mutant.rule.when, mutant.rule.must) for mutant in mutants_of(rule)]
    assert (rule.when, rule.must) not in changed
    assert len(changed) == len({repr(each) for each in changed})


def test_an_example_with_another_verdict_is_told_with_its_evidence(tmp_path: Path) -> None:
    rule, vocabulary = one_rule(
        tmp_path,
        tests="{pass: [{is_shared: true}], fail: [{is_shared: true}], not_assessed: [{}]}",
    )
    (wrong,) = run_examples(rule, vocabulary)
    assert (wrong.wanted.value, wrong.index, wrong.got.value) == ("pass", 0, "fail")
    assert wrong.evidence[0].path == "is_shared"
