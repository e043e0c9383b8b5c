"""The policy comes from the table of operations; the budget gives way and recovers."""

from __future__ import annotations

import json

from mlsec.collect.client.rate_limit import Budget
from mlsec.providers.aws.collect.reader import plans
from mlsec.providers.aws.least_privilege import least_privilege_policy, rights
from mlsec.providers.aws.tables import ORGANISATION, operations_of


def test_policy_allows_every_operation_of_the_plans() -> None:
    (statement,) = json.loads(least_privilege_policy())["Statement"]
    asked = {r for plan in plans() for o in operations_of(plan) for r in o.right.split(",")}
    assert asked <= set(statement["Action"])
    assert not [right for right in statement["Action"] if "*" in right]


def test_narrow_policy_keeps_the_way_to_the_answer() -> None:
    assert rights(["DescribeModel"]) == (
        "account:ListRegions", "sagemaker:DescribeModel", "sagemaker:ListModels",
        "sagemaker:Search", "sts:GetCallerIdentity",
    )  # fmt: skip


def test_walking_an_organisation_needs_one_right_more_than_reading_what_is_above() -> None:
    assert set(rights(is_organisation=True)) - set(rights()) == {"sts:AssumeRole"}
    assert {operation.right for operation in ORGANISATION} <= set(rights())


def test_refusal_halves_the_rate_once_per_burst() -> None:
    budget = Budget(100.0)
    for _ in range(5):
        budget.refuse(0.0)
    waits_s = [budget.reserve() for _ in range(100)]
    assert 1.2 < waits_s[-1] <= 2.0


def test_retry_after_holds_everybody_back() -> None:
    budget = Budget(100.0)
    budget.refuse(3.0)
    assert budget.reserve() > 2.5


def test_calls_beyond_the_burst_wait_their_turn() -> None:
    budget = Budget(10.0)
    waits = [budget.reserve() for _ in range(15)]
    assert waits[0] == 0.0
    assert waits[-1] > 0.3
