"""Rights that conditions leave only a part of: what may be attached, passed, and by whom."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.core.resource import Resource
from tests.providers.aws.facts.policies import ACCOUNT, allow, deny, policy, role
from tests.providers.aws.facts.test_escalation import admin, code, facts, trust

_IAM, _BY_AWS = f"arn:aws:iam::{ACCOUNT}", "arn:aws:iam::aws:policy"
_ME, _TEAM = f"{_IAM}:role/runner", f"{_IAM}:policy/team-read"
_HARMLESS = policy(_TEAM, allow("s3:ListAllMyBuckets"))
_HOSTS, _JOBS = {"Service": "ec2.amazonaws.com"}, {"Service": "sagemaker.amazonaws.com"}


def when(operator: str, key: str, *values: str) -> dict[str, Any]:
    return {operator: {key: list(values)}}


def escalates(asked: Resource, *others: Resource) -> Any:
    return facts(asked, *others).properties.get("can_escalate", "unread")


_ATTACHED = "iam:PolicyARN"
ATTACHING: tuple[tuple[str, Any, tuple[dict[str, Any], ...]], ...] = (
    ("to read buckets", False,
     (when("ArnEquals", _ATTACHED, f"{_BY_AWS}/AmazonS3ReadOnlyAccess"),)),
    ("a policy of the account that only reads", False, (when("ArnEquals", _ATTACHED, _TEAM),)),
    ("one of three, an administrator's", True,
     (when("ArnEquals", _ATTACHED, _TEAM, f"{_BY_AWS}/AmazonS3ReadOnlyAccess",
           f"{_BY_AWS}/AdministratorAccess"),)),
    ("over identities", True, (when("StringEquals", _ATTACHED, f"{_BY_AWS}/IAMFullAccess"),)),
    ("all that AWS keeps", True, (when("ArnLike", _ATTACHED, f"{_BY_AWS}/*"),)),
    ("that AWS keeps for functions", False,
     (when("ArnLike", _ATTACHED, f"{_BY_AWS}/service-role/AWSLambdaBasic*"),)),
    ("all but an administrator's", True,
     (when("ArnNotEquals", _ATTACHED, f"{_BY_AWS}/AdministratorAccess"),)),
    ("whose document is not known", "unread",
     (when("ArnEquals", _ATTACHED, f"{_IAM}:policy/x"),)),
    ("of a name that others may give", "unread",
     (when("ArnLike", _ATTACHED, f"{_IAM}:policy/t*"),)),
    ("to which is a boundary", False, (when("ArnLike", "iam:PermissionsBoundary", _TEAM),)),
    ("to which is some boundary", False, (when("Null", "iam:PermissionsBoundary", "false"),)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "conditions"), [a[1:] for a in ATTACHING], ids=[a[0] for a in ATTACHING]
)
def test_attaching_is_worth_what_may_be_attached(
    expected: Any, conditions: tuple[dict[str, Any], ...]
) -> None:
    asked = role(*(allow("iam:AttachRolePolicy", _ME, when=each) for each in conditions))
    assert escalates(asked, _HARMLESS) == expected


def test_who_may_write_the_policy_that_he_may_attach_can_escalate() -> None:
    attach = allow("iam:AttachRolePolicy", _ME, when=when("ArnEquals", _ATTACHED, _TEAM))
    assert escalates(role(attach, allow("iam:CreatePolicyVersion", _TEAM)), _HARMLESS) is True
    another = allow("iam:CreatePolicyVersion", f"{_IAM}:policy/x")
    assert escalates(role(attach, another), _HARMLESS) is False


def test_a_policy_that_is_denied_is_not_attached() -> None:
    largest = [f"{_BY_AWS}/{name}" for name in ("AdministratorAccess", "IAMFullAccess")]
    denied = deny("iam:AttachRolePolicy", when=when("ArnEquals", _ATTACHED, *largest))
    assert escalates(role(allow("iam:AttachRolePolicy", _ME), denied)) is True
    all_of_them = deny(
        "iam:AttachRolePolicy", when=when("ArnLike", _ATTACHED, "arn:aws:iam::*:policy/*")
    )
    assert escalates(role(allow("iam:AttachRolePolicy", _ME), all_of_them)) is False


def test_a_boundary_that_is_asked_for_confines_only_by_its_own_rights() -> None:
    def writing(boundary: str) -> Resource:
        asked = when("StringEquals", "iam:PermissionsBoundary", boundary)
        return role(allow("iam:PutRolePolicy", "*", when=asked))

    assert escalates(writing(_TEAM), _HARMLESS) is False
    assert escalates(writing(f"{_BY_AWS}/AdministratorAccess"), _HARMLESS) is True


def test_the_session_of_a_workload_has_no_second_factor() -> None:
    statement = allow("iam:*", when=when("Bool", "aws:MultiFactorAuthPresent", "true"))
    assert escalates(role(statement, trust=trust(_JOBS))) is False
    assert escalates(role(statement, trust=trust({"AWS": ACCOUNT}))) is True
    if_there = allow("iam:*", when=when("BoolIfExists", "aws:MultiFactorAuthPresent", "true"))
    assert escalates(role(if_there, trust=trust(_JOBS))) is True


@pytest.mark.parametrize(
    ("principal", "expected"),
    [(_ME, True), (f"{_IAM}:role/other", False), (f"{_IAM}:role/run*", True)],
)
def test_a_right_that_is_given_to_another_role_is_not_held(principal: str, expected: bool) -> None:
    mine = when("ArnLike", "aws:PrincipalArn", principal)
    assert escalates(role(allow("iam:PutRolePolicy", _ME, when=mine))) is expected


_CODE = """\
resource "aws_iam_role" "ml" {
  %s
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow",
    Principal = { Service = "sagemaker.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}
resource "aws_iam_role_policy" "ml" {
  role   = aws_iam_role.ml.id
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "iam:*", Resource = "*",
    Condition = { ArnEquals = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/%s" } } }] })
}
"""


@pytest.mark.parametrize(
    ("name", "principal", "expected"),
    [
        ('name = "ml"', "ml", True),
        ('name = "ml"', "deployer", False),
        ('name = "${var.team}-ml"', "fraud-ml", "unread"),
        ('name = "${var.team}-ml"', "deployer", False),
        ('path = "/team/"\n  name = "ml"', "ml", False),
        ('path = "/team/"\n  name = "ml"', "team/ml", True),
        ("", "deployer", "unread"),
    ],
)
def test_a_declared_role_has_the_name_that_code_gives_it(
    name: str, principal: str, expected: Any
) -> None:
    found = code('variable "team" {}\n' + _CODE % (name, principal))["aws_iam_role.ml"]
    assert found.properties.get("can_escalate", "unread") == expected


_PROFILE = "ec2:InstanceProfile"


def _hosting(*statements: dict[str, Any]) -> Resource:
    return role(*statements, allow("iam:PassRole", f"{_IAM}:role/admin"))


def _with_profile(*names: str) -> Resource:
    arns = [f"{_IAM}:instance-profile/{name}" for name in names]
    held = admin(who=_HOSTS)
    held.properties["instance_profiles"] = arns
    return held


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, True),
        ({"resource": f"arn:aws:ec2:*:{ACCOUNT}:subnet/*"}, False),
        ({"when": when("Null", _PROFILE, "true")}, False),
        ({"when": when("ArnEquals", _PROFILE, f"{_IAM}:instance-profile/web")}, False),
        ({"when": when("ArnLike", _PROFILE, f"{_IAM}:instance-profile/a*")}, True),
    ],
)
def test_a_host_is_a_way_only_with_the_profile_of_the_role(
    more: dict[str, Any], expected: bool
) -> None:
    assert (
        escalates(_hosting(allow("ec2:RunInstances", **more)), _with_profile("admin")) is expected
    )


def test_a_host_without_the_right_to_pass_a_role_is_no_way() -> None:
    assert escalates(role(allow("ec2:RunInstances")), _with_profile("admin")) is False
    jobs = when("StringEquals", "iam:PassedToService", "sagemaker.amazonaws.com")
    asked = role(allow("ec2:RunInstances"), allow("iam:PassRole", when=jobs))
    assert escalates(asked, _with_profile("admin")) is False
