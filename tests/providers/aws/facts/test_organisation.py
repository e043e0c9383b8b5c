"""What the organisation above an account takes away from its identities and resources."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mlsec.core.resource import Resource
from tests.providers.aws.facts.organisations import (
    EVERYTHING,
    MEMBER,
    ORGANISATION,
    ROOT,
    SCP,
    UNIT,
    attached,
    members,
    place,
    resource_controls,
    service_controls,
)
from tests.providers.aws.facts.policies import (
    ACCOUNT,
    OTHER,
    account,
    allow,
    bucket,
    deny,
    document,
    fact,
    graph_of,
    role,
)

_MINE = f"arn:aws:iam::{ACCOUNT}:role/"
_NOT_MINE = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANISATION}}
_PERIMETER = deny(
    "*", principal="*", when={**_NOT_MINE, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}
)
_ML = allow(["s3:*", "sagemaker:*"])
SERVICE_CONTROLS: tuple[tuple[str, bool, tuple[Resource, ...]], ...] = (
    ("everything on each level", True, service_controls()),
    ("a level that only allows other services", False, service_controls(unit=(_ML,))),
    ("the root allows other services", False, service_controls(root=(_ML,))),
    ("the account's own level allows other services", False, service_controls(account=(_ML,))),
    ("a level with both", True, service_controls(unit=(_ML, EVERYTHING))),
    ("a deny at the root", False, service_controls(root=(EVERYTHING, deny("iam:*")))),
    ("a deny on the account", False, service_controls(account=(EVERYTHING, deny("iam:Put*")))),
    ("a deny of something else", True, service_controls(unit=(EVERYTHING, deny("ec2:*")))),
    ("a deny that spares the role", True, service_controls(root=(EVERYTHING, deny(
        "iam:*", when={"ArnNotLike": {"aws:PrincipalArn": f"{_MINE}run*"}})))),
    ("a deny that spares another role", False, service_controls(root=(EVERYTHING, deny(
        "iam:*", when={"ArnNotLike": {"aws:PrincipalArn": f"{_MINE}admin"}})))),
    ("a deny without MFA, which a session can have", True, service_controls(root=(
        EVERYTHING, deny("iam:*", when={"Bool": {"aws:MultiFactorAuthPresent": "false"}})))),
    ("a deny outside the organisation", True,
     service_controls(root=(EVERYTHING, deny("iam:*", when=_NOT_MINE)))),
    ("a deny of all but some actions", False, service_controls(
        root=(EVERYTHING, deny(["s3:*", "sts:*"], without_actions=True)))),
    ("an allow on other roles", False, service_controls(
        unit=(_ML, allow("iam:*", f"{_MINE}other")))),
    ("an account that manages the organisation", True,
     (place("management"), attached(SCP, ACCOUNT, _ML))),
    ("an account in no organisation", True, (place("none"), attached(SCP, ACCOUNT, _ML))),
    ("an organisation that may not be read", True, (place("refused"),)),
    ("a level that is read in part allows what it may", True,
     (place("part"), attached(SCP, ROOT, _ML), attached(SCP, UNIT, is_read=False))),
    ("a deny of a level that is read in part", False,
     (place("part"), attached(SCP, ROOT, deny("iam:*")), attached(SCP, UNIT, is_read=False))),
    ("a kind of policy that is not switched on", True, (place(), members())),
)  # fmt: skip


@pytest.mark.parametrize(
    ("may", "above"), [case[1:] for case in SERVICE_CONTROLS], ids=[c[0] for c in SERVICE_CONTROLS]
)
def test_role_escalates_only_where_every_level_above_allows_it(
    may: bool, above: tuple[Resource, ...]
) -> None:
    holder = role(allow("iam:PutRolePolicy"))
    assert fact(holder, "can_escalate", *above) is may


def test_level_that_allows_less_makes_no_admin() -> None:
    holder = role(allow("*"))
    assert fact(holder, "is_admin") is True
    assert fact(holder, "is_admin", *service_controls(unit=(_ML,))) is False


def test_role_that_a_service_is_linked_to_is_not_limited() -> None:
    holder = role(
        allow("iam:PutRolePolicy"), name="aws-service-role/x.amazonaws.com/AWSServiceRole"
    )
    above = service_controls(root=(EVERYTHING, deny("*")))
    assert fact(holder, "can_escalate", *above) is True


def _open(principal: Any = "*", **more: Any) -> Resource:
    return bucket(allow("s3:*", ["arn:aws:s3:::data", "arn:aws:s3:::data/*"],
                        principal=principal, **more))  # fmt: skip


_PARTNER, _SISTER = {"AWS": f"arn:aws:iam::{OTHER}:root"}, {"AWS": MEMBER}
RESOURCE_CONTROLS: tuple[tuple[str, Any, Resource, tuple[Resource, ...]], ...] = (
    ("everybody", True, _open(), resource_controls()),
    ("everybody behind the perimeter", False, _open(), resource_controls(_PERIMETER)),
    ("everybody, a perimeter for other services", True, _open(), resource_controls(
        deny("sqs:*", principal="*", when=_NOT_MINE))),
    ("everybody, a perimeter for what is read", True, _open(), resource_controls(
        deny("s3:GetObject*", principal="*", when=_NOT_MINE))),
    ("a partner behind the perimeter", False, _open(_PARTNER), resource_controls(_PERIMETER)),
    ("a partner", True, _open(_PARTNER), resource_controls()),
    ("a partner whom the perimeter spares", True, _open(_PARTNER), resource_controls(
        deny("s3:*", principal="*",
             when={**_NOT_MINE, "StringNotEquals": {"aws:PrincipalAccount": OTHER}}))),
    ("another account of the organisation", True, _open(_SISTER), resource_controls(_PERIMETER)),
    ("everybody, in the account that manages", True, _open(),
     (place("management"), *resource_controls(_PERIMETER)[1:])),
    ("everybody, attached to the account", False, _open(),
     resource_controls(_PERIMETER, at=ACCOUNT)),
    ("everybody, attached elsewhere", True, _open(), resource_controls(_PERIMETER, at="ou-x")),
    ("everybody by an ACL", False, bucket(acl=[
        {"permission": "FULL_CONTROL", "grantee_uri": "http://acs.amazonaws.com/groups/global/AllUsers"}
    ]), resource_controls(_PERIMETER)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("lets_in", "resource", "above"),
    [case[1:] for case in RESOURCE_CONTROLS],
    ids=[case[0] for case in RESOURCE_CONTROLS],
)
def test_bucket_lets_out_nothing_that_a_resource_control_policy_denies(
    lets_in: bool, resource: Resource, above: tuple[Resource, ...]
) -> None:
    assert fact(resource, "has_external_writers", account(), *above) is lets_in


def test_member_is_unknown_where_the_accounts_of_the_organisation_are() -> None:
    above = [each for each in resource_controls(_PERIMETER) if "organization/" not in each.id]
    above.append(place())
    assert fact(_open(_SISTER), "has_external_writers", account(), *above) == "unread"
    assert fact(_open(), "is_public", account(), *above) is False


def test_trust_in_another_account_ends_at_the_perimeter() -> None:
    trust = document({"Effect": "Allow", "Principal": _PARTNER, "Action": "sts:AssumeRole"})
    trusting = role(trust=trust)
    assert fact(trusting, "has_unconditional_external_trust") is True
    above = resource_controls(_PERIMETER)
    assert fact(trusting, "has_unconditional_external_trust", *above) is False


def test_bucket_whose_organisation_denies_plain_http_needs_no_policy_for_it() -> None:
    plain = deny("s3:*", principal="*", when={"BoolIfExists": {"aws:SecureTransport": "false"}})
    assert fact(bucket(), "denies_insecure_transport", *resource_controls(plain)) is True
    assert fact(bucket(), "denies_insecure_transport", *resource_controls()) is False


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("refused", "are not read"), ("part", "read in part"),
        ("not_collected", "were not collected"), ("read", ""), ("none", ""), ("management", ""),
    ],
)  # fmt: skip
def test_what_is_not_known_of_the_organisation_is_said_once(state: str, says: str) -> None:
    twin = msgspec.structs.replace(role(), id=f"{_MINE}other")
    notices = graph_of(role(), twin, _open(), place(state)).notices
    assert len(notices) == bool(says)
    assert all(says in notice for notice in notices)
