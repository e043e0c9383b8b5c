"""Where a rule is far milder or graver than the same check of another tool, a reason says why."""

from __future__ import annotations

from tests.contracts.severity_comparison import (
    FAR,
    pairs,
    reasons,
    severities_of_others,
    table,
)
from tests.shipped import shipped_rules

# Every check of these is compared; of the policies, those that Defender for Cloud recommends.
WHOLE = ("prowler:", "securityhub:", "trivy:")


def test_the_severity_of_every_equivalent_is_known() -> None:
    equivalents = {each for rule in shipped_rules().rules for each in rule.equivalents}
    named = {each for each in equivalents if each.startswith(WHOLE)}
    assert named - severities_of_others().keys() == set()


def test_no_severity_is_kept_of_a_check_that_no_rule_names() -> None:
    equivalents = {each for rule in shipped_rules().rules for each in rule.equivalents}
    assert severities_of_others().keys() - equivalents == set()


def test_each_difference_of_two_steps_has_a_reason_and_each_reason_a_difference() -> None:
    far = {(pair.rule, pair.other) for pair in pairs() if abs(pair.steps) >= FAR}
    assert far - reasons().keys() == set()
    assert reasons().keys() - far == set()


def test_the_table_has_a_row_for_every_pair() -> None:
    assert table().count("\n| ") == len(list(pairs())) + 2
