"""What an identity may do, as a table of truths."""

from __future__ import annotations

import cProfile
import pstats
from typing import Any

import pytest

from tests.providers.aws.facts.policies import ACCOUNT, allow, deny, fact, graph_of, policy, role

_OWN = f"arn:aws:iam::{ACCOUNT}:policy/own"
_EDGE = f"arn:aws:iam::{ACCOUNT}:policy/edge"
_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}
_TAGGED = {"StringEquals": {"aws:ResourceTag/team": "ml"}}
_ODD = {"StringEquals": {"corp:clearance": "high"}}


def _passed_to(*services: str) -> dict[str, Any]:
    return {"StringEquals": {"iam:PassedToService": list(services)}}


_SAGEMAKER = "sagemaker.amazonaws.com"

TRUTHS: tuple[tuple[str, str, Any, tuple[dict[str, Any], ...]], ...] = (
    # is_admin
    ("everything", "is_admin", True, (allow("*"),)),
    ("everything, written with a colon", "is_admin", True, (allow("*:*"),)),
    ("nothing", "is_admin", False, ()),
    ("everything but identities", "is_admin", False, (allow("iam:*", without_actions=True),)),
    ("everything but one odd right", "is_admin", True, (allow("a:B", without_actions=True),)),
    ("everything, identities denied", "is_admin", False, (allow("*"), deny("iam:*"))),
    ("everything, one right denied", "is_admin", True, (allow("*"), deny("aws-portal:*"))),
    ("everything, all denied", "is_admin", False, (allow("*"), deny("*"))),
    ("everything with a second factor", "is_admin", True, (allow("*", when=_MFA),)),
    ("everything on tagged things", "is_admin", False, (allow("*", when=_TAGGED),)),
    ("everything under an odd condition", "is_admin", "unread", (allow("*", when=_ODD),)),
    ("denied at times", "is_admin", True, (allow("*"), deny("*", when=_MFA))),
    ("denied under an odd condition", "is_admin", "unread", (allow("*"), deny("*", when=_ODD))),
    ("everything on buckets", "is_admin", False, (allow("*", "arn:aws:s3:::*"),)),
    ("all of one service", "is_admin", False, (allow("s3:*"),)),
    # has_wildcard_data_access
    ("read all", "has_wildcard_data_access", True, (allow("s3:GetObject"),)),
    ("read all, by wildcard", "has_wildcard_data_access", True, (allow("s3:Get*"),)),
    ("read all, any case", "has_wildcard_data_access", True, (allow("S3:getOBJECT"),)),
    ("read all, by one letter", "has_wildcard_data_access", True, (allow("s3:GetObjec?"),)),
    ("read all, as ARN", "has_wildcard_data_access", True, (allow("s3:*", "arn:aws:s3:::*"),)),
    ("read all keys", "has_wildcard_data_access", True, (allow("s3:*", "arn:aws:s3:::*/*"),)),
    ("read one bucket", "has_wildcard_data_access", False, (allow("s3:*", "arn:aws:s3:::a/*"),)),
    ("read by prefix", "has_wildcard_data_access", False, (allow("s3:*", "arn:aws:s3:::ml-*"),)),
    ("read by middle", "has_wildcard_data_access", False, (allow("s3:*", "arn:aws:s3:::*ml*"),)),
    ("list only", "has_wildcard_data_access", False, (allow("s3:ListAllMyBuckets"),)),
    ("tagged objects", "has_wildcard_data_access", False,
     (allow("s3:GetObject", when={"StringEquals": {"s3:ExistingObjectTag/ml": "true"}}),)),
    ("objects without a tag pass too", "has_wildcard_data_access", True,
     (allow("s3:GetObject", when={"StringEqualsIfExists": {"s3:ExistingObjectTag/ml": "1"}}),)),
    ("all but one bucket", "has_wildcard_data_access", True,
     (allow("s3:*", "arn:aws:s3:::payroll/*", without_resources=True),)),
    ("denied elsewhere", "has_wildcard_data_access", False,
     (allow("s3:*"), deny("s3:*", ["arn:aws:s3:::a", "arn:aws:s3:::a/*"], without_resources=True))),
    ("one bucket denied", "has_wildcard_data_access", True,
     (allow("s3:*"), deny("s3:*", "arn:aws:s3:::payroll/*"))),
    ("a variable is not everything", "has_wildcard_data_access", False,
     (allow("s3:GetObject", "arn:aws:s3:::${aws:PrincipalTag/b}/*"),)),
    ("from our network only", "has_wildcard_data_access", True,
     (allow("s3:GetObject", when={"StringEquals": {"aws:SourceVpc": "vpc-1"}}),)),
    # a deny takes away what it covers, and conditions are met by one request or by none
    ("all but what one deny spares", "has_wildcard_data_access", True,
     (allow("*"), deny(["s3:Put*"], "arn:aws:s3:::a/*", without_resources=True))),
    ("a deny of other rights elsewhere", "has_wildcard_data_access", True,
     (allow("*"), deny("s3:Get*", "arn:aws:s3:::*", without_actions=True, without_resources=True))),
    ("a deny of all regions but one", "can_invoke_any_lambda", True,
     (allow("*"), deny("*", when={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}))),
    ("allowed and denied in one region", "can_invoke_any_lambda", False,
     (allow("lambda:*", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:*"),
      deny("lambda:*", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:*"))),
    ("under two ranges that do not meet", "has_wildcard_data_access", False,
     (allow("s3:*", when={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
      deny("s3:*", when={"NotIpAddress": {"aws:SourceIp": "192.168.0.0/16"}}))),
    ("a key that no request of the action has", "has_wildcard_data_access", False,
     (allow("s3:*", when={"StringEquals": {"s3:prefix": "a"}}),)),
    ("a key that the caller fills in", "has_full_key_access", False,
     (allow("kms:Decrypt", when={"StringEquals": {"kms:ViaService": "s3.amazonaws.com"}}),)),
    ("through a service of AWS", "has_wildcard_data_access", True,
     (allow("s3:*", when={"Bool": {"aws:ViaAWSService": "true"}}),)),
    ("as another principal", "has_wildcard_data_access", False,
     (allow("s3:*", when={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}),)),
    ("denied to its own session", "has_wildcard_data_access", False,
     (allow("s3:*"), deny("s3:*", when={"StringLike": {"aws:userid": "AROA*"}}))),
    ("denied unless some value differs", "has_wildcard_data_access", True,
     (allow("s3:*"),
      deny("s3:*", when={"ForAnyValue:StringNotEquals": {"aws:CalledVia": "a.amazonaws.com"}}))),
    ("things without a tag", "has_wildcard_data_access", True,
     (allow("s3:*", when={"Null": {"s3:ExistingObjectTag/secret": "true"}}),)),
    # can_write_any_bucket
    ("put all", "can_write_any_bucket", True, (allow("s3:PutObject"),)),
    ("put one", "can_write_any_bucket", False, (allow("s3:PutObject", "arn:aws:s3:::a/*"),)),
    ("put denied", "can_write_any_bucket", False, (allow("s3:*"), deny("s3:Put*"))),
    # can_pass_any_role, can_assume_any_role
    ("pass all", "can_pass_any_role", True, (allow("iam:PassRole"),)),
    ("pass all of the account", "can_pass_any_role", True,
     (allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/*"),)),
    ("pass all, any account", "can_pass_any_role", True,
     (allow("iam:PassRole", "arn:aws:iam::*:role/*"),)),
    ("pass to one service", "can_pass_any_role", True,
     (allow("iam:PassRole", when=_passed_to(_SAGEMAKER)),)),
    ("pass by path", "can_pass_any_role", False,
     (allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/ml/*"),)),
    ("assume all", "can_assume_any_role", True, (allow("sts:AssumeRole"),)),
    ("assume one", "can_assume_any_role", False,
     (allow("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/one"),)),
    # can_invoke_any_lambda, can_read_any_secret, keys
    ("invoke all", "can_invoke_any_lambda", True, (allow("lambda:Invoke*"),)),
    ("invoke all of one region", "can_invoke_any_lambda", True,
     (allow("lambda:InvokeFunction", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:*"),)),
    ("invoke by prefix", "can_invoke_any_lambda", False,
     (allow("lambda:InvokeFunction", f"arn:aws:lambda:*:{ACCOUNT}:function:ml-*"),)),
    ("read secrets", "can_read_any_secret", True, (allow("secretsmanager:*"),)),
    ("read ML secrets", "can_read_any_secret", False,
     (allow("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:*:secret:ml/*"),)),
    ("all keys", "has_full_key_access", True, (allow("kms:*"),)),
    ("use keys", "has_full_key_access", False, (allow(["kms:Decrypt", "kms:Encrypt"]),)),
    # has_full_ml_access
    ("all of SageMaker", "has_full_ml_access", True, (allow("sagemaker:*"),)),
    ("all of Bedrock", "has_full_ml_access", True, (allow("bedrock:*"),)),
    ("all of AgentCore", "has_full_ml_access", True, (allow("bedrock-agentcore:*"),)),
    ("SageMaker but domains", "has_full_ml_access", True,
     (allow("sagemaker:*", "arn:aws:sagemaker:*:*:domain/*", without_resources=True),)),
    ("read SageMaker", "has_full_ml_access", False,
     (allow(["sagemaker:Describe*", "sagemaker:List*"]),)),
    ("one endpoint", "has_full_ml_access", False,
     (allow("sagemaker:*", "arn:aws:sagemaker:*:*:endpoint/a"),)),
    ("Bedrock denied", "has_full_ml_access", False, (allow("bedrock:*"), deny("bedrock:*"))),
    # what hides or disarms
    ("subscribe", "can_subscribe_models", True, (allow("aws-marketplace:Subscribe"),)),
    ("subscribe to some", "can_subscribe_models", False,
     (allow("aws-marketplace:Subscribe",
            when={"ForAnyValue:StringEquals": {"aws-marketplace:ProductId": ["p1"]}}),)),
    ("invoke any model", "can_invoke_any_model", True,
     (allow("bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/*"),)),
    ("invoke one model", "can_invoke_any_model", False,
     (allow("bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/amazon.nova"),)),
    ("change guardrails", "can_change_guardrails", True, (allow("bedrock:*Guardrail"),)),
    ("stop a trail", "can_stop_logging", True, (allow("cloudtrail:StopLogging"),)),
    ("read logs", "can_stop_logging", False, (allow("logs:Get*"),)),
    ("approve models", "can_approve_models", True, (allow("sagemaker:UpdateModelPackage"),)),
    # can_escalate
    ("new policy version", "can_escalate", True, (allow("iam:CreatePolicyVersion"),)),
    ("own access key only", "can_escalate", False,
     (allow("iam:CreateAccessKey", "arn:aws:iam::*:user/${aws:username}"),)),
    ("pass and train", "can_escalate", True,
     (allow(["iam:PassRole", "sagemaker:CreateTrainingJob"]),)),
    ("pass to SageMaker and train", "can_escalate", True,
     (allow("iam:PassRole", when=_passed_to(_SAGEMAKER)), allow("sagemaker:CreateTrainingJob"))),
    ("pass to another service and train", "can_escalate", False,
     (allow("iam:PassRole", when=_passed_to("glue.amazonaws.com")),
      allow("sagemaker:CreateTrainingJob"))),
    ("pass some and train", "can_escalate", False,
     (allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/ml-*"),
      allow("sagemaker:CreateTrainingJob"))),
    ("pass and train under a name", "can_escalate", True,
     (allow("iam:PassRole"), allow("sagemaker:CreateTrainingJob", "arn:aws:sagemaker:*:*:*/t-*"))),
    ("train only", "can_escalate", False, (allow("sagemaker:CreateTrainingJob"),)),
    ("pass denied", "can_escalate", False,
     (allow(["iam:PassRole", "sagemaker:Create*Job"]), deny("iam:PassRole"))),
    ("open any notebook", "can_escalate", True,
     (allow("sagemaker:CreatePresigned*"),)),
    ("passing to SageMaker denied", "can_escalate", False,
     (allow(["iam:PassRole", "sagemaker:CreateTrainingJob"]),
      deny("iam:PassRole", when=_passed_to(_SAGEMAKER)))),
    ("half of a pair", "can_escalate", False,
     (allow(["iam:PassRole", "lambda:CreateFunction"]),)),
    ("a code interpreter", "can_escalate", True,
     (allow(["iam:PassRole", "bedrock-agentcore:*CodeInterpreter*"]),)),
    ("roles only inside a boundary", "can_escalate", False,
     (allow("iam:PutRolePolicy", when={"StringEquals": {"iam:PermissionsBoundary": _EDGE}}),)),
    ("denied outside a boundary", "can_escalate", False,
     (allow("iam:PutRolePolicy"),
      deny("iam:*", when={"StringNotEquals": {"iam:PermissionsBoundary": _EDGE}}))),
    # is_privileged
    ("reads every secret", "is_privileged", True, (allow("secretsmanager:GetSecretValue"),)),
    ("reads one bucket", "is_privileged", False, (allow("s3:GetObject", "arn:aws:s3:::a/*"),)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected", "statements"),
    [truth[1:] for truth in TRUTHS],
    ids=[f"{truth[1]}: {truth[0]}" for truth in TRUTHS],
)
def test_policy_gives_the_ability(
    name: str, expected: Any, statements: tuple[dict[str, Any], ...]
) -> None:
    assert fact(role(*statements), name) == expected


def test_ways_to_escalate_are_named() -> None:
    found = fact(role(allow(["iam:PassRole", "ec2:RunInstances"])), "escalation_paths")
    assert found == ["iam:PassRole + ec2:RunInstances"]


def test_attached_policy_counts_like_an_inline_one() -> None:
    assert fact(role(attached=(_OWN,)), "is_admin", policy(_OWN, allow("*"))) is True


def test_unread_attached_policy_leaves_the_ability_unread() -> None:
    assert fact(role(attached=(_OWN,)), "is_admin", policy(_OWN, unread=True)) == "unread"


def test_attached_policy_that_was_not_found_leaves_the_ability_unread() -> None:
    assert fact(role(allow("s3:*"), attached=(_OWN,)), "is_admin") == "unread"


def test_unread_policy_could_still_deny_what_another_allows() -> None:
    hidden = policy(_OWN, unread=True)
    assert fact(role(allow("*"), attached=(_OWN,)), "is_admin", hidden) == "unread"


def test_a_deny_decides_even_when_another_policy_is_unread() -> None:
    hidden = policy(_OWN, unread=True)
    assert fact(role(deny("*"), attached=(_OWN,)), "is_admin", hidden) is False


def test_unread_inline_policies_leave_the_ability_unread() -> None:
    found = role(unread={"inline_statements": ("gap-inline",)})
    assert graph_of(found).resources[found.id].unread["is_admin"] == ("gap-inline",)


def test_boundary_that_allows_less_takes_the_ability_away() -> None:
    edge = policy(_EDGE, allow("s3:*"))
    assert fact(role(allow("*"), boundary=_EDGE), "is_admin", edge) is False


def test_boundary_that_allows_it_keeps_the_ability() -> None:
    edge = policy(_EDGE, allow("*"), deny("organizations:*"))
    assert fact(role(allow("*"), boundary=_EDGE), "is_admin", edge) is True


def test_boundary_alone_gives_nothing() -> None:
    assert fact(role(boundary=_EDGE), "is_admin", policy(_EDGE, allow("*"))) is False


def test_unread_boundary_leaves_an_allowed_ability_unread() -> None:
    edge = policy(_EDGE, unread=True)
    assert fact(role(allow("*"), boundary=_EDGE), "is_admin", edge) == "unread"
    assert fact(role(allow("s3:*"), boundary=_EDGE), "is_admin", edge) is False


def test_condition_that_is_not_understood_is_named_in_a_gap() -> None:
    found = role(allow("*", when=_ODD))
    graph = graph_of(found)
    (gap,) = graph.resources[found.id].unread["is_admin"]
    assert graph.gaps[gap].wanted == "condition corp:clearance"


def _calls_made(roles: int) -> int:
    shared = policy(_OWN, *(allow([f"s{n}:Do{i}" for i in range(20)]) for n in range(20)))
    holders = [
        role(allow("s3:GetObject", f"arn:aws:s3:::b{n}/*"), name=f"r{n}", attached=(_OWN,))
        for n in range(roles)
    ]
    watch = cProfile.Profile()
    watch.runcall(graph_of, shared, *holders)
    return int(pstats.Stats(watch).total_calls)


def test_work_grows_with_the_number_of_roles_and_not_faster() -> None:
    _calls_made(10)  # what is loaded on first use is not part of it
    # Twice is in step with the number; four times would be with its square.
    assert _calls_made(400) < 3 * _calls_made(200)


def test_what_an_organisation_may_deny_is_said_once_and_changes_no_fact() -> None:
    graph = graph_of(role(allow("*"), name="one"), role(allow("*"), name="other"))
    assert [notice for notice in graph.notices if "organisation" in notice] != []
    assert len(graph.notices) == 1
    assert graph.resources[role(name="one").id].properties["is_admin"] is True
