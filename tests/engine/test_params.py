"""Parameters are tuned within their bounds, and what does not fit is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.core.enums import Status
from mlsec.engine.model.diagnostics import RuleFilesError
from mlsec.engine.model.rule import RuleSet
from mlsec.engine.rules.params import apply_overrides, load_overrides, parameter_values
from tests.engine.small import load_texts, rule_text
from tests.engine.test_kleene import judge

TESTS = "{pass: [{}], fail: [{}], not_assessed: [{}]}"


def ruleset(folder: Path) -> RuleSet:
    return load_texts(
        folder,
        rule_text(
            "thing/small",
            must="{volume_gb: {lte: $max_gb}}",
            params="{max_gb: {type: int, default: 50, min: 1, max: 500}}",
            tests=TESTS,
        ),
        rule_text(
            "thing/stranger",
            must="{each: {in: subnets, that: {value: $ours}}, status: {in: $states}}",
            params=(
                "{ours: {type: list of string, default: []}, "
                "states: {type: list of string, default: [Stopped]}}"
            ),
            tests=TESTS,
        ),
    )


def override(folder: Path, text: str, rules: RuleSet) -> RuleSet:
    path = folder / "params.yaml"
    path.write_text(text)
    return apply_overrides(rules, load_overrides(path, rules))


def test_an_override_changes_the_verdict_and_is_told(tmp_path: Path) -> None:
    before = ruleset(tmp_path)
    after = override(tmp_path, "thing/small: {max_gb: 10}\n", before)
    document = {"volume_gb": 20}
    assert judge(before.rules[0], before.vocabulary, document) is Status.PASS
    assert judge(after.rules[0], after.vocabulary, document) is Status.FAIL
    assert parameter_values(after)["thing/small.max_gb"] == 10


def test_an_empty_list_as_a_parameter_means_none_of_our_own(tmp_path: Path) -> None:
    before = ruleset(tmp_path)
    document = {"subnets": ["a"], "status": "Stopped"}
    assert judge(before.rules[1], before.vocabulary, document) is Status.FAIL
    after = override(tmp_path, "thing/stranger: {ours: [a, b]}\n", before)
    assert judge(after.rules[1], after.vocabulary, document) is Status.PASS


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("thing/smal: {max_gb: 1}", '1:1: unknown rule "thing/smal"; did you mean "thing/small"?'),
        ("thing/small: {max: 1}", '1:15: thing/small has no parameter "max"'),
        ("thing/small: {maxgb: 1}", 'did you mean "max_gb"?'),
        ("thing/small: {max_gb: 0}", '1:23: thing/small "max_gb": 0 is below the minimum 1'),
        ("thing/small: {max_gb: 501}", "501 is above the maximum 500"),
        ("thing/small: {max_gb: many}", "expected int, not 'many'"),
        ("thing/small: {max_gb: true}", "expected int, not True"),
        ("thing/stranger: {ours: a}", "expected list of string"),
        ("thing/stranger: {states: [Stoped]}", 'did you mean "Stopped"?'),
        ("thing/small: 5", "expected {parameter: value}"),
    ],
)
def test_an_override_that_does_not_fit_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(RuleFilesError) as caught:
        override(tmp_path, text + "\n", ruleset(tmp_path))
    assert sentence in str(caught.value)
