"""Who can become privileged by rights on one named thing, and not only on whichever there is."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.resource import Inventory, Resource
from mlsec.graph.build import build_graph
from mlsec.targets.facts import FACTS
from tests.iac.reading import inventory_of, scope_of
from tests.providers.aws.facts.policies import (
    ACCOUNT,
    SCOPE,
    allow,
    deny,
    document,
    policy,
    role,
    vocabulary,
)

_IAM = f"arn:aws:iam::{ACCOUNT}"
_OWN, _OTHER = f"{_IAM}:policy/own", f"{_IAM}:policy/other"
_SAGEMAKER, _LAMBDA = "sagemaker.amazonaws.com", "lambda.amazonaws.com"
_TRAIN = allow("sagemaker:CreateTrainingJob")


def trust(who: dict[str, Any], when: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    statement = {"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}
    return document({**statement, "Condition": when} if when else statement)


def admin(name: str = "admin", who: dict[str, Any] | None = None) -> Resource:
    return role(allow("*"), name=name, trust=trust(who or {"Service": _SAGEMAKER}))


def function(name: str, role_name: str) -> Resource:
    return Resource(
        id=f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{name}",
        type="aws.lambda.function",
        provider="aws",
        scope=SCOPE,
        region="eu-west-1",
        name=name,
        properties={"role_arn": f"{_IAM}:role/{role_name}"},
    )


def facts(asked: Resource, *others: Resource) -> Resource:
    """Derive all facts of a role; every listing of the account is complete."""
    rows = tuple(
        TypeCoverage(type=name, scope=SCOPE, region="")
        for name in vocabulary().types
        if name.startswith("aws.")
    )
    inventory = Inventory(resources=(asked, *others), coverage=coverage_of(rows))
    return build_graph(vocabulary(), inventory, FACTS).resources[asked.id]


def paths(asked: Resource, *others: Resource) -> list[str]:
    return list(facts(asked, *others).properties["escalation_paths"])


def test_a_role_that_may_write_its_own_policy_can_escalate() -> None:
    own = role(allow("iam:PutRolePolicy", f"{_IAM}:role/runner"))
    assert paths(own) == ["iam:PutRolePolicy"]
    assert paths(role(allow("iam:PutRolePolicy", f"{_IAM}:role/other"))) == []


def test_a_role_that_may_attach_policies_to_itself_can_escalate() -> None:
    own = role(allow("iam:AttachRolePolicy", f"{_IAM}:role/run*"))
    assert paths(own) == ["iam:AttachRolePolicy"]
    assert paths(role(allow("iam:AttachRolePolicy", f"{_IAM}:role/other"))) == []


def test_a_role_that_may_rewrite_a_policy_that_it_has_can_escalate() -> None:
    statement = allow("iam:CreatePolicyVersion", _OWN)
    assert paths(role(statement, attached=(_OWN,)), policy(_OWN)) == ["iam:CreatePolicyVersion"]
    assert paths(role(statement, attached=(_OTHER,)), policy(_OTHER)) == []


def test_a_policy_that_aws_keeps_cannot_be_rewritten() -> None:
    kept = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    asked = role(allow("iam:CreatePolicyVersion", kept), attached=(kept,))
    assert facts(asked).properties["can_escalate"] is False


@pytest.mark.parametrize("named", ["admin", "adm*"])
def test_passing_one_privileged_role_to_a_job_escalates_and_names_it(named: str) -> None:
    asked = role(allow("iam:PassRole", f"{_IAM}:role/{named}"), _TRAIN)
    assert paths(asked, admin()) == ["iam:PassRole + sagemaker:CreateTrainingJob -> role/admin"]


def test_passing_a_role_that_lets_in_another_service_or_has_no_rights_does_not_escalate() -> None:
    asked = role(allow("iam:PassRole", f"{_IAM}:role/admin"), _TRAIN)
    assert paths(asked, admin(who={"Service": "ec2.amazonaws.com"})) == []
    assert paths(asked, role(name="admin", trust=trust({"Service": _SAGEMAKER}))) == []


def test_assuming_a_privileged_role_needs_its_trust() -> None:
    asked = role(allow("sts:AssumeRole", f"{_IAM}:role/admin"))
    assert paths(asked, admin(who={"AWS": f"{_IAM}:root"})) == ["sts:AssumeRole -> role/admin"]
    assert paths(asked, admin(who={"AWS": f"{_IAM}:role/other"})) == []


def test_a_trust_policy_that_names_the_role_needs_no_right_and_yields_to_a_deny() -> None:
    named = admin(who={"AWS": f"{_IAM}:role/runner"})
    assert paths(role(), named) == ["sts:AssumeRole -> role/admin"]
    assert paths(role(deny("sts:AssumeRole")), named) == []


def test_replacing_the_code_of_a_function_of_a_privileged_role_escalates() -> None:
    code = f"arn:aws:lambda:*:{ACCOUNT}:function:job"
    asked = role(allow("lambda:UpdateFunctionCode", code))
    powerful = admin(who={"Service": _LAMBDA})
    assert paths(asked, powerful, function("job", "admin")) == [
        "lambda:UpdateFunctionCode -> function:job -> role/admin"
    ]
    assert paths(asked, powerful, function("other", "admin")) == []
    weak = role(name="weak", trust=trust({"Service": _LAMBDA}))
    assert paths(asked, powerful, weak, function("job", "weak")) == []


def test_who_can_act_as_somebody_that_can_escalate_is_privileged_too() -> None:
    """Three roles in a row: each may pass the next one, and the last may rewrite itself."""
    first = role(allow("iam:PassRole", f"{_IAM}:role/second"), _TRAIN)
    second = role(
        allow("iam:PassRole", f"{_IAM}:role/third"),
        _TRAIN,
        name="second",
        trust=trust({"Service": _SAGEMAKER}),
    )
    third = role(
        allow("iam:PutRolePolicy", f"{_IAM}:role/third"),
        name="third",
        trust=trust({"Service": _SAGEMAKER}),
    )
    found = facts(first, second, third)
    assert found.properties["can_escalate"] is True
    assert found.properties["is_privileged"] is True
    weak = role(name="third", trust=trust({"Service": _SAGEMAKER}))
    assert facts(first, second, weak).properties["can_escalate"] is False


def test_passing_oneself_gains_nothing() -> None:
    own = role(
        allow("iam:PassRole", f"{_IAM}:role/runner"),
        _TRAIN,
        trust=trust({"Service": _SAGEMAKER}),
    )
    assert paths(own) == []


def test_passing_a_role_whose_policies_are_hidden_is_not_decided() -> None:
    asked = role(allow("iam:PassRole", f"{_IAM}:role/admin"), _TRAIN)
    hidden = role(
        name="admin",
        trust=trust({"Service": _SAGEMAKER}),
        unread={"inline_statements": ("gap",)},
    )
    assert "can_escalate" in facts(asked, hidden).unread


def code(text: str) -> dict[str, Resource]:
    """Derive the facts of Terraform code, by address."""
    scope = scope_of({"main.tf": text}, Language.TERRAFORM)
    graph = build_graph(vocabulary(), inventory_of(scope), FACTS)
    return {each.id.partition("#")[2]: each for each in graph.resources.values()}


TERRAFORM = """\
resource "aws_iam_role" "ml" {
  name = "ml"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow",
    Principal = { Service = "sagemaker.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}
resource "aws_iam_role_policy" "ml" {
  role   = aws_iam_role.ml.id
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Action = "sagemaker:CreateTrainingJob", Resource = "*" },
    { Effect = "Allow", Action = "iam:PassRole", Resource = %s }] })
}
"""


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("aws_iam_role.ml.arn", False),
        ('"arn:aws:iam::111122223333:role/elsewhere"', "unread"),
        ('"arn:aws:iam::*:role/ml-*"', "unread"),
        ('"*"', True),
    ],
)
def test_a_role_that_code_passes_and_does_not_declare_is_not_taken_for_harmless(
    named: str, told: Any
) -> None:
    found = code(TERRAFORM % named)["aws_iam_role.ml"]
    assert found.properties.get("can_escalate", "unread") == told


def test_rights_on_a_function_that_runs_under_a_role_that_is_not_there_are_not_decided() -> None:
    arn = f"arn:aws:lambda:*:{ACCOUNT}:function:job"
    asked = role(allow("lambda:UpdateFunctionCode", arn))
    assert "can_escalate" in facts(asked, function("job", "gone")).unread
