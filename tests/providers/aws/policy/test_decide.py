"""Who can make which request, as a table of policies."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.graph.ternary import NO, YES
from mlsec.providers.aws.policy.callers import (
    Caller,
    anonymous,
    federated,
    foreign_principal,
    principal,
    service,
)
from mlsec.providers.aws.policy.decide import Layer, Request, decide
from mlsec.providers.aws.policy.keys import FREE, within
from mlsec.providers.aws.policy.patterns import ANY
from mlsec.providers.aws.policy.statement import read_statement
from tests.providers.aws.facts.policies import ACCOUNT, OTHER, allow, deny, document

_S3 = "arn:aws:s3:::"
_BUCKET = f"{_S3}data"
_HUB = "token.actions.githubusercontent.com"
_PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{_HUB}"
_GITHUB = federated(
    _PROVIDER, {f"{_HUB}:aud": FREE, f"{_HUB}:sub": within(f"repo:{ANY}/*")}
)  # fmt: skip


def _layer(*statements: dict[str, Any]) -> Layer:
    return Layer(statements=tuple(read_statement(each) for each in document(*statements)))


def _may(
    caller: Caller, action: str, resource: str, *statements: dict[str, Any], **more: Any
) -> str:
    request = Request(action=action.lower(), resource=resource, caller=caller, **more)
    answer = decide(request, [_layer(*statements)])
    return {YES: "yes", NO: "no"}.get(answer, "unknown")


def _when(operator: str, key: str, *values: str) -> dict[str, Any]:
    return {operator: {key: list(values)}}


@pytest.mark.parametrize(
    ("caller", "when", "expected"),
    [
        (anonymous(), {}, "yes"),
        (anonymous(), _when("StringEquals", "aws:PrincipalOrgID", "o-1"), "no"),
        (anonymous(), _when("StringEqualsIfExists", "aws:PrincipalOrgID", "o-1"), "yes"),
        (anonymous(), _when("Bool", "aws:SecureTransport", "true"), "yes"),
        (foreign_principal(), _when("StringEquals", "aws:PrincipalOrgID", "o-1"), "no"),
        (foreign_principal(), _when("StringLike", "aws:PrincipalOrgID", "o-*"), "yes"),
        (foreign_principal(), _when("StringNotEquals", "aws:PrincipalAccount", ACCOUNT), "yes"),
        (
            foreign_principal(),
            _when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/ml"),
            "yes",
        ),
        (
            foreign_principal(),
            _when("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{OTHER}:*"),
            "no",
        ),
        (foreign_principal(), _when("Bool", "aws:PrincipalIsAWSService", "true"), "no"),
        (principal(OTHER), _when("StringEquals", "aws:PrincipalAccount", OTHER), "yes"),
        (principal(OTHER), _when("StringEquals", "aws:PrincipalAccount", ACCOUNT), "no"),
    ],
)
def test_an_open_bucket_lets_in_whom_its_conditions_leave(
    caller: Caller, when: dict[str, Any], expected: str
) -> None:
    open_to_all = allow("s3:GetObject", f"{_BUCKET}/*", principal="*", when=when)
    assert _may(caller, "s3:GetObject", f"{_BUCKET}/*", open_to_all) == expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (_when("StringEquals", f"{_HUB}:aud", "sts.amazonaws.com"), "yes"),
        (_when("StringLike", f"{_HUB}:sub", "*"), "yes"),
        (_when("StringLike", f"{_HUB}:sub", "repo:*"), "yes"),
        (_when("StringLike", f"{_HUB}:sub", "repo:acme/*"), "no"),
        (_when("StringLike", f"{_HUB}:sub", "repo:*:ref:refs/heads/main"), "yes"),
        (_when("StringEquals", f"{_HUB}:sub", "repo:acme/a:ref:refs/heads/main"), "no"),
    ],
)
def test_a_trusted_token_is_confined_only_by_the_claims_that_name_somebody(
    when: dict[str, Any], expected: str
) -> None:
    trust = allow(
        "sts:AssumeRoleWithWebIdentity", None, principal={"Federated": _PROVIDER}, when=when
    )
    assert _may(_GITHUB, "sts:AssumeRoleWithWebIdentity", ANY, trust) == expected


def test_a_service_without_a_source_condition_works_for_anybody() -> None:
    trust = {"principal": {"Service": "bedrock.amazonaws.com"}}
    caller = service("bedrock.amazonaws.com", source_account=within(OTHER))
    own = _when("StringEquals", "aws:SourceAccount", ACCOUNT)
    assert _may(caller, "sts:AssumeRole", ANY, allow("sts:AssumeRole", None, **trust)) == "yes"
    confined = allow("sts:AssumeRole", None, **trust, when=own)
    assert _may(caller, "sts:AssumeRole", ANY, confined) == "no"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ((deny("s3:*", f"{_BUCKET}/public/*", without_resources=True),), "yes"),
        ((deny("s3:*", f"{_BUCKET}/*"),), "no"),
        ((deny("s3:*", f"{_BUCKET}/secret/*"),), "yes"),
        ((deny("s3:*", when=_when("Bool", "aws:SecureTransport", "false")),), "yes"),
        ((deny("s3:*", when=_when("Null", "aws:PrincipalTag/x", "true")),), "yes"),
        ((deny("s3:*", when=_when("StringEquals", "corp:odd", "x")),), "unknown"),
    ],
)
def test_a_deny_takes_away_only_what_it_covers(
    statements: tuple[dict[str, Any], ...], expected: str
) -> None:
    caller = principal(ACCOUNT)
    found = _may(caller, "s3:GetObject", f"{_BUCKET}/*", allow("s3:*"), *statements)
    assert found == expected


def test_conditions_are_met_together_by_one_request() -> None:
    caller = principal(ACCOUNT)
    here = _when("IpAddress", "aws:SourceIp", "10.0.0.0/8")
    elsewhere = deny("s3:*", when=_when("IpAddress", "aws:SourceIp", "10.0.0.0/16"))
    everywhere = deny("s3:*", when=_when("IpAddress", "aws:SourceIp", "10.0.0.0/7"))
    assert _may(caller, "s3:GetObject", _BUCKET, allow("*", when=here), elsewhere) == "yes"
    assert _may(caller, "s3:GetObject", _BUCKET, allow("*", when=here), everywhere) == "no"


def test_some_region_is_a_region_and_not_whatever_a_wildcard_can_be_filled_with() -> None:
    asked = f"arn:aws:lambda:*:{ACCOUNT}:function:{ANY}"
    caller = principal(ACCOUNT)
    for pattern, expected in (
        ("*prod*", "no"),
        ("arn:aws:lambda:eu-*:*:function:*", "yes"),
        ("*", "yes"),
    ):
        assert _may(caller, "lambda:InvokeFunction", asked, allow("lambda:*", pattern)) == expected


def test_patterns_of_many_stars_do_not_keep_judging_busy() -> None:
    patterns = [f"*{'a*' * 150}{at}*" for at in range(40)]
    caller = principal(ACCOUNT)
    answer = _may(
        caller,
        "s3:GetObject",
        f"{_BUCKET}/*",
        allow("s3:*", patterns),
        deny("s3:*", f"{_BUCKET}/*"),
    )
    assert answer in ("no", "unknown")


def test_a_deny_that_spares_what_a_variable_without_a_value_names_denies_nothing() -> None:
    spared = deny("s3:*", "arn:aws:s3:::${aws:PrincipalTag/team}/*", without_resources=True)
    caller = principal(ACCOUNT)
    assert _may(caller, "s3:GetObject", f"{_S3}{ANY}/{ANY}", allow("s3:*"), spared) == "yes"
