"""Laws that hold for any policies: a deny never grants, and knowing less never turns a verdict."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mlsec.core.resource import Resource
from tests.providers.aws.facts.policies import (
    ACCOUNT,
    OTHER,
    account,
    bucket,
    graph_of,
    policy,
    role,
)

_ATTACHED = f"arn:aws:iam::{ACCOUNT}:policy/attached"
_EDGE = f"arn:aws:iam::{ACCOUNT}:policy/edge"
_ABILITIES = (
    "is_admin", "can_escalate", "has_wildcard_data_access", "can_write_any_bucket",
    "can_pass_any_role", "has_full_ml_access", "is_privileged",
)  # fmt: skip
_OUTSIDE = ("is_public_read", "is_public_write", "has_external_writers", "has_external_readers")

_actions = st.sampled_from(
    ["*", "s3:*", "s3:GetObject", "s3:Put*", "iam:*", "iam:PassRole", "sagemaker:*",
     "sagemaker:CreateTrainingJob", "ec2:RunInstances", "bedrock:*", "iam:PutRolePolicy"]
)  # fmt: skip
_resources = st.sampled_from(
    ["*", "arn:aws:s3:::*", "arn:aws:s3:::data/*", "arn:aws:s3:::data",
     f"arn:aws:iam::{ACCOUNT}:role/*", "arn:aws:iam::*:role/${aws:username}"]
)  # fmt: skip
_conditions = st.sampled_from(
    [None, {"Bool": {"aws:SecureTransport": "true"}},
     {"StringEquals": {"aws:ResourceTag/a": "b"}}, {"StringEquals": {"corp:odd": "x"}},
     {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
     {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}},
     {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
     {"StringEquals": {"aws:PrincipalAccount": OTHER}}]
)  # fmt: skip
_principals = st.sampled_from(
    ["*", {"AWS": OTHER}, {"AWS": ACCOUNT}, {"AWS": f"arn:aws:iam::{OTHER}:role/x"},
     {"Service": "sagemaker.amazonaws.com"}]
)  # fmt: skip


@st.composite
def _statement(draw: st.DrawFn, effect: str = "", *, named: bool = False) -> dict[str, Any]:
    chosen = effect or draw(st.sampled_from(["Allow", "Allow", "Deny"]))
    action = draw(st.sampled_from(["Action", "Action", "NotAction"]))
    resource = draw(st.sampled_from(["Resource", "Resource", "NotResource"]))
    written: dict[str, Any] = {
        "Effect": chosen,
        action: draw(_actions),
        resource: draw(_resources),
    }
    condition = draw(_conditions)
    if condition:
        written["Condition"] = condition
    if named:
        is_not = draw(st.sampled_from([False, False, False, True]))
        written["NotPrincipal" if is_not else "Principal"] = draw(_principals)
    return written


_policies = st.lists(_statement(), max_size=4)
_bucket_policies = st.lists(_statement(named=True), max_size=4)


def _facts(resource: Resource, names: tuple[str, ...], *others: Resource) -> dict[str, Any]:
    found = graph_of(resource, *others).resources[resource.id]
    return {name: found.properties.get(name, "unread") for name in names}


def _flips(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [
        name
        for name, value in before.items()
        if after[name] not in ("unread", value) and value != "unread"
    ]


@given(statements=_policies, extra=_statement("Deny"))
@settings(max_examples=200, deadline=None)
def test_another_deny_never_grants_an_ability(
    statements: list[dict[str, Any]], extra: dict[str, Any]
) -> None:
    before = _facts(role(*statements), _ABILITIES)
    after = _facts(role(*statements, extra), _ABILITIES)
    assert [n for n in _ABILITIES if before[n] is False and after[n] is not False] == []


@given(inline=_policies, attached=_policies, edge=_policies, hidden=st.sampled_from("abc"))
@settings(max_examples=200, deadline=None)
def test_an_unread_policy_never_turns_an_ability_around(
    inline: list[dict[str, Any]],
    attached: list[dict[str, Any]],
    edge: list[dict[str, Any]],
    hidden: str,
) -> None:
    full = role(*inline, attached=(_ATTACHED,), boundary=_EDGE)
    before = _facts(full, _ABILITIES, policy(_ATTACHED, *attached), policy(_EDGE, *edge))
    less = role(
        *inline,
        attached=(_ATTACHED,),
        boundary=_EDGE,
        unread={"inline_statements": ("gap-x",)} if hidden == "a" else {},
    )
    after = _facts(
        less,
        _ABILITIES,
        policy(_ATTACHED, *attached, unread=hidden == "b"),
        policy(_EDGE, *edge, unread=hidden == "c"),
    )
    assert _flips(before, after) == []


@given(statements=_bucket_policies, extra=_statement("Deny", named=True))
@settings(max_examples=200, deadline=None)
def test_another_deny_never_lets_an_outsider_in(
    statements: list[dict[str, Any]], extra: dict[str, Any]
) -> None:
    before = _facts(bucket(*statements), _OUTSIDE, account())
    after = _facts(bucket(*statements, extra), _OUTSIDE, account())
    assert [n for n in _OUTSIDE if before[n] is False and after[n] is True] == []


@given(
    statements=_bucket_policies,
    grants=st.lists(
        st.sampled_from(
            [("WRITE", "a" * 64), ("READ", "b" * 64), ("FULL_CONTROL", "b" * 64), ("WRITE", "")]
        ),
        max_size=2,
    ),
    ignores=st.booleans(),
    restricts=st.booleans(),
    hidden=st.sampled_from(
        ["policy", "acl", "owner_id", "ignore_public_acls", "restrict_public_buckets", "account"]
    ),
)
@settings(max_examples=200, deadline=None)
def test_an_unread_setting_never_turns_who_gets_in_around(
    statements: list[dict[str, Any]],
    grants: list[tuple[str, str]],
    ignores: bool,
    restricts: bool,
    hidden: str,
) -> None:
    uri = "http://acs.amazonaws.com/groups/global/AllUsers"
    acl = [
        {"permission": p, "grantee_id": who or None, "grantee_uri": None if who else uri}
        for p, who in grants
    ]
    settings_: dict[str, Any] = {
        "ignore_public_acls": ignores,
        "restrict_public_buckets": restricts,
    }
    before = _facts(bucket(*statements, acl=acl, **settings_), _OUTSIDE, account())
    unread = () if hidden == "account" else (hidden,)
    less = bucket(*statements, acl=acl, unread=unread, **settings_)
    after = _facts(less, _OUTSIDE, account(unread=hidden == "account"))
    assert _flips(before, after) == []
