"""A role that may rewrite itself and pass one administrator: in code, and as it runs."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from mlsec.core.finding import Finding
from mlsec.engine.model.rule import RuleSet
from tests.e2e import runs
from tests.e2e.retold import Edit, retell

RULE = "iam/ml-role-can-escalate"
PASSES = "iam:PassRole + sagemaker:CreateTrainingJob -> role/admin"
ROLE = "fraud-0001-execution"
_ACCOUNT = "123456789012"
_TRUST = (
    'jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole",\n'
    '    Principal = { Service = "sagemaker.amazonaws.com" } }] })'
)
_CODE = f"""\
data "aws_caller_identity" "current" {{}}
resource "aws_iam_role" "training" {{
  name               = "training"
  assume_role_policy = {_TRUST}
}}
resource "aws_iam_role_policy" "training" {{
  role   = aws_iam_role.training.id
  policy = jsonencode({{ Statement = [
    {{ Effect = "Allow", Action = "iam:PutRolePolicy", Resource = aws_iam_role.training.arn }},
    {{ Effect = "Allow", Action = "sagemaker:CreateTrainingJob", Resource = "*" }},
    {{ Effect = "Allow", Action = "iam:PassRole",
      Resource = "arn:aws:iam::${{data.aws_caller_identity.current.account_id}}:role/admin" }}] }})
}}
resource "aws_iam_role" "admin" {{
  name                = "admin"
  managed_policy_arns = ["arn:aws:iam::aws:policy/AdministratorAccess"]
  assume_role_policy  = {_TRUST}
}}
"""


def finding_on(assessment: Assessment, name: str) -> Finding:
    (found,) = [
        finding
        for finding in assessment.findings
        if finding.rule == RULE and finding.resource.name == name
    ]
    return found


def told(finding: Finding) -> tuple[Any, tuple[str, ...]]:
    """Give the techniques that the evidence names, and the nodes of the drawn path."""
    (techniques,) = [e.actual for e in finding.evidence if e.path == "escalation_paths"]
    return techniques, tuple(node.name for node in finding.path.nodes) if finding.path else ()


def _grant(*statements: dict[str, Any]) -> Edit:
    """Give the role one more policy, and the account an administrator."""

    def change(answer: dict[str, Any]) -> None:
        own = next((r for r in answer["RoleDetailList"] if r["RoleName"] == ROLE), None)
        if own is None:
            return
        admin = copy.deepcopy(own)
        admin |= {
            "RoleName": "admin",
            "Arn": f"arn:aws:iam::{_ACCOUNT}:role/admin",
            "RoleId": "AROAADMIN",
            "RolePolicyList": [_policy({"Effect": "Allow", "Action": "*", "Resource": "*"})],
            "AttachedManagedPolicies": [],
        }
        own["RolePolicyList"] = [*own.get("RolePolicyList", []), _policy(*statements)]
        answer["RoleDetailList"].append(admin)

    return Edit(operation="GetAccountAuthorizationDetails", change=change)


def _policy(*statements: dict[str, Any]) -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return {"PolicyName": "more", "PolicyDocument": document}


def test_code_names_the_techniques_and_draws_the_way_to_the_administrator(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "main.tf").write_text(_CODE)
    runs.mlsec("scan", tmp_path / "code", "-f", "json", "-o", tmp_path / "out")
    found = finding_on(runs.load_assessment(tmp_path / "out"), "training")
    assert found.status is Status.FAIL
    assert told(found) == (["iam:PutRolePolicy", PASSES], ("training", "admin"))


_BY_NAME = (
    'jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole",\n'
    '    Principal = { AWS = "arn:aws:iam::111122223333:PRINCIPAL" } }] })'
)
_ASSUMES = f"""\
resource "aws_iam_role" "training" {{
  name               = "training"
  assume_role_policy = {_TRUST}
}}
resource "aws_iam_role_policy" "training" {{
  role   = aws_iam_role.training.id
  policy = jsonencode({{ Statement = [
    {{ Effect = "Allow", Action = "sts:AssumeRole", Resource = aws_iam_role.admin.arn }}] }})
}}
resource "aws_iam_role" "admin" {{
  name                = "admin"
  managed_policy_arns = ["arn:aws:iam::aws:policy/AdministratorAccess"]
  assume_role_policy  = {_BY_NAME}
}}
"""


@pytest.mark.parametrize(
    ("principal", "status"),
    [
        ("role/training", Status.FAIL),
        ("root", Status.NOT_ASSESSED),
        ("role/somebody", None),
    ],
)
def test_a_trust_that_names_an_account_by_its_number_may_mean_its_own(
    principal: str, status: Status | None, tmp_path: Path
) -> None:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "main.tf").write_text(_ASSUMES.replace("PRINCIPAL", principal))
    runs.mlsec("scan", folder, "-o", tmp_path / "out", "-f", "json", "--profile", "strict")
    made = runs.load_assessment(tmp_path / "out")
    found = [f.status for f in made.findings if (f.rule, f.resource.name) == (RULE, "training")]
    assert found == ([] if status is None else [status])


@pytest.mark.parametrize(
    ("passed", "status"), [("admin", Status.FAIL), ("other", Status.PASS)], ids=["one", "another"]
)
def test_an_account_fails_for_the_role_that_it_may_pass_and_for_no_other(
    passed: str, status: Status, ruleset: RuleSet, tmp_path: Path
) -> None:
    arn = f"arn:aws:iam::{_ACCOUNT}:role/{passed}"
    snapshot = tmp_path / "live.mlsnap"
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": arn}
    training = {"Effect": "Allow", "Action": "sagemaker:CreateTrainingJob", "Resource": "*"}
    retell(runs.ROOT / "fixtures" / "demo", snapshot, [_grant(passing, training)])
    assessment = runs.judge(snapshot, ruleset)
    if status is Status.PASS:
        failed = [f for f in assessment.findings if f.rule == RULE and f.resource.name == ROLE]
        assert failed == []
    else:
        assert told(finding_on(assessment, ROLE)) == ([PASSES], (ROLE, "admin"))
