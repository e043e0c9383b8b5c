"""Policies of an organisation that Terraform attaches to an account, and whom they limit."""

from __future__ import annotations

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.graph.build import build_graph
from mlsec.graph.graph import Graph
from mlsec.targets.facts import FACTS
from tests.iac.reading import inventory_of, scope_of
from tests.providers.aws.facts.policies import ACCOUNT, OTHER, vocabulary

_ROLE = """\
resource "aws_iam_role" "ml" {
  name = "ml"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow",
    Principal = { Service = "sagemaker.amazonaws.com" }, Action = "sts:AssumeRole" }] })
  inline_policy {
    name   = "grow"
    policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "iam:PutRolePolicy",
      Resource = "*" }] })
  }
}
"""
_POLICY = """\
resource "aws_organizations_policy" "limit" {
  name    = "limit"
  content = jsonencode({ Statement = [{ Effect = "Deny", Action = "iam:*", Resource = "*" }] })
}
resource "aws_organizations_policy_attachment" "limit" {
  policy_id = aws_organizations_policy.limit.id
  target_id = "%s"
}
"""


def _held_to(account: str) -> str:
    return f'provider "aws" {{\n  allowed_account_ids = ["{account}"]\n}}\n' if account else ""


def _graph(application: str, management: str, target: str) -> Graph:
    texts = {
        "application/main.tf": _held_to(application) + _ROLE,
        "organisation/main.tf": _held_to(management) + _POLICY % target,
    }
    return build_graph(vocabulary(), inventory_of(scope_of(texts, Language.TERRAFORM)), FACTS)


@pytest.mark.parametrize(
    ("application", "management", "target", "can_escalate", "says"),
    [
        (ACCOUNT, OTHER, ACCOUNT, False, "read in part"),
        (ACCOUNT, OTHER, "444455556666", True, "are not read"),
        # Who attaches says nothing of its own account, as an example does.
        (ACCOUNT, "", ACCOUNT, True, "are not read"),
        # No policy limits the account that manages the organisation.
        (ACCOUNT, ACCOUNT, ACCOUNT, True, "are not read"),
        ("", OTHER, ACCOUNT, True, "not applied to the rest"),
    ],
)
def test_policy_limits_only_the_account_that_both_sides_name(
    application: str, management: str, target: str, can_escalate: bool, says: str
) -> None:
    graph = _graph(application, management, target)
    (role,) = graph.of_type("aws.iam.role")
    assert role.properties["can_escalate"] is can_escalate
    (notice,) = graph.notices
    assert says in notice


def test_attachments_of_cloudformation_are_read() -> None:
    text = (
        "Resources:\n  Limit:\n    Type: AWS::Organizations::Policy\n    Properties:\n"
        "      Name: limit\n      Type: RESOURCE_CONTROL_POLICY\n"
        f'      TargetIds: ["{ACCOUNT}"]\n'
        "      Content: {Statement: [{Effect: Deny, Principal: '*', Action: 's3:*'}]}\n"
    )
    found = inventory_of(scope_of({"t.yaml": text}, Language.CLOUDFORMATION)).resources
    (policy,) = [each for each in found if each.type == "aws.organizations.policy"]
    assert policy.properties["targets"] == [ACCOUNT]
    assert policy.properties["kind"] == "RESOURCE_CONTROL_POLICY"
    assert [each["effect"] for each in policy.properties["statements"]] == ["Deny"]
