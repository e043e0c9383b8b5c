"""The commands that change a policy, run on one: only what the finding is about goes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlsec.core.fix_template import HOLE
from tests.commands.printed import fixes

Statement = dict[str, Any]
Put = Callable[[str, list[Statement]], list[Statement]]

OWN, OUTSIDE = "111122223333", "444455556666"
OUTSIDERS = f"{OUTSIDE},arn:aws:iam::{OUTSIDE}:root,*"
COMMANDS = {
    rule: line
    for rule, provider, fix in fixes()
    if provider == "aws"
    for line in fix.cli.splitlines()
    if "def kept(" in line
}
OF_OUTSIDERS = sorted(rule for rule, command in COMMANDS.items() if "is_out" in command)
OF_WRITERS = sorted(rule for rule, command in COMMANDS.items() if "def reads" in command)
OF_EVERYBODY = sorted(rule for rule, command in COMMANDS.items() if 'kept(. != "*")' in command)
TRUST = "iam/ml-role-trust-unrestricted"
DENY_PLAIN = {
    "Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}  # fmt: skip


def allow(principal: object, action: object, **more: object) -> Statement:
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", **more}


def others(service: str) -> list[Statement]:
    """Give statements that no fix of external principals is about."""
    outside = f"arn:aws:iam::{OUTSIDE}:root"
    return [
        DENY_PLAIN,
        {**allow({"AWS": outside}, f"{service}:Put*"), "Effect": "Deny", "Sid": "NotThem"},
        allow({"Service": "sagemaker.amazonaws.com"}, f"{service}:*", Sid="Service"),
        allow({"AWS": f"arn:aws:iam::{OWN}:root"}, f"{service}:*", Sid="Own"),
        allow({"AWS": f"arn:aws:iam::{OWN}:role/{OUTSIDE}"}, f"{service}:*", Sid="OwnRole"),
        allow(
            "*",
            f"{service}:*",
            Sid="Organisation",
            Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
        ),
        {"Effect": "Allow", "NotPrincipal": {"AWS": OUTSIDE}, "Action": "*", "Resource": "*"},
    ]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Run the command of a rule on statements; give those that it puts."""
    jq = shutil.which("jq")
    if jq is None:
        pytest.skip("jq is not installed")
    (tmp_path / "jq").symlink_to(jq)
    script = Path(__file__).with_name("aws_of_a_policy.py")
    (tmp_path / "aws").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
    (tmp_path / "aws").chmod(0o755)

    def run(rule: str, statements: list[Statement]) -> list[Statement]:
        policy = tmp_path / "policy.json"
        policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": statements}))
        command = COMMANDS[rule].replace("<external-account-id>", OUTSIDERS)
        subprocess.run(  # noqa: S603 - a command of our own rules
            ["/bin/sh", "-c", HOLE.sub(lambda hole: value_of(hole[1]), command)],
            cwd=tmp_path,
            env={"PATH": str(tmp_path)},
            check=True,
            capture_output=True,
        )
        result: list[Statement] = json.loads(policy.read_text())["Statement"]
        return result

    return run


def value_of(hole: str) -> str:
    if "external" in hole:
        return OUTSIDERS
    return OWN if hole == "account" else "name"


def service_of(rule: str) -> str:
    service = COMMANDS[rule].split()[1]
    return {"s3api": "s3", "ec2": "s3"}.get(service, service)


def test_every_policy_fix_is_run_here() -> None:
    assert (len(COMMANDS), len(OF_OUTSIDERS), len(OF_WRITERS)) == (25, 20, 13)
    assert len(OF_EVERYBODY) == 3
    dropping = [rule for rule, _, fix in fixes() if "select(.Principal.AWS? !=" in fix.cli]
    assert dropping == []


@pytest.mark.parametrize("rule", OF_OUTSIDERS)
@pytest.mark.parametrize(
    "outside",
    [OUTSIDE, [f"arn:aws:iam::{OUTSIDE}:root"], f"arn:aws:iam::{OUTSIDE}:role/deliver", "*"],
)
def test_only_the_external_grant_goes(rule: str, outside: object, put: Put) -> None:
    service = service_of(rule)
    kept = others(service)
    external = allow({"AWS": outside}, [f"{service}:PutObject", f"{service}:DeleteObject"])
    assert put(rule, [*kept[:3], external, *kept[3:]]) == kept


@pytest.mark.parametrize("rule", OF_OUTSIDERS)
def test_who_stands_beside_an_external_principal_keeps_the_grant(rule: str, put: Put) -> None:
    service, own = service_of(rule), f"arn:aws:iam::{OWN}:role/train"
    mixed = {"Service": "sagemaker.amazonaws.com", "AWS": [own, OUTSIDE]}
    result = put(rule, [allow(mixed, f"{service}:Put*", Sid="Mixed"), DENY_PLAIN])
    left = {"Service": "sagemaker.amazonaws.com", "AWS": [own]}
    assert result == [allow(left, f"{service}:Put*", Sid="Mixed"), DENY_PLAIN]


@pytest.mark.parametrize("rule", OF_EVERYBODY)
def test_only_the_grant_to_everybody_goes(rule: str, put: Put) -> None:
    service = service_of(rule)
    kept = others(service)
    mixed = allow({"AWS": "*", "Service": "sagemaker.amazonaws.com"}, f"{service}:*")
    left = {**mixed, "Principal": {"Service": "sagemaker.amazonaws.com"}}
    assert put(rule, [*kept, allow("*", f"{service}:*"), mixed]) == [*kept, left]


@pytest.mark.parametrize("rule", OF_WRITERS)
def test_external_writers_may_still_read(rule: str, put: Put) -> None:
    service, outside = service_of(rule), {"AWS": OUTSIDE}
    reading = allow(outside, [f"{service}:GetObject", f"{service}:ListBucket"])
    both = allow({"AWS": [OWN, OUTSIDE]}, [f"{service}:PutObject", f"{service}:BatchGetImage"])
    every = allow(outside, f"{service}:*", Sid="All")
    read, own, theirs, rest = put(rule, [reading, both, every])
    assert read == reading
    assert own == {**both, "Principal": {"AWS": [OWN]}}
    assert theirs == {**both, "Principal": {"AWS": [OUTSIDE]}, "Action": [both["Action"][1]]}
    verbs = {action.partition(":")[2].rstrip("*") for action in rest["Action"]}
    assert {"Get", "List"} <= verbs <= {"Get", "List", "BatchGet", "BatchCheck", "Describe"}
    assert {**rest, "Action": every["Action"]} == every


@pytest.mark.parametrize("rule", sorted(COMMANDS.keys() - {TRUST}))
def test_a_policy_of_which_nothing_is_left_is_not_put(rule: str, put: Put) -> None:
    gone: object = {"AWS": OUTSIDE} if rule in OF_OUTSIDERS else {"Service": "ec2.amazonaws.com"}
    gone = "*" if rule in OF_EVERYBODY else gone
    statements = [allow(gone, "s3:PutObject")]
    match service_of(rule), rule:
        case "kms", _:
            assert put(rule, statements) == []
        case _, "vpc/endpoint-policy-external-account":
            nobody = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
            assert put(rule, statements) == [nobody]
        case _:
            with pytest.raises(subprocess.CalledProcessError) as refused:
                put(rule, statements)
            assert "error" in refused.value.stderr.decode()


def test_a_service_keeps_its_role_when_others_lose_it(put: Put) -> None:
    own = {"AWS": f"arn:aws:iam::{OWN}:role/build", "Service": "sagemaker.amazonaws.com"}
    trust = {**own, "Service": ["sagemaker.amazonaws.com", "lambda.amazonaws.com"]}
    result = put("iam/ml-role-shared-with-compute", [DENY_PLAIN, allow(trust, "sts:AssumeRole")])
    left = {**own, "Service": ["sagemaker.amazonaws.com"]}
    assert result == [DENY_PLAIN, allow(left, "sts:AssumeRole")]


def test_trust_of_everybody_becomes_trust_of_a_named_role(put: Put) -> None:
    service = {"Service": "sagemaker.amazonaws.com"}
    kept = others("sts")[:1] + others("sts")[2:]
    mixed = allow({"AWS": "*", **service}, "sts:AssumeRole")
    result = put(TRUST, [*kept, mixed, allow("*", "sts:AssumeRole")])
    assert result == [
        *kept,
        allow({"AWS": "<role-arn>", **service}, "sts:AssumeRole"),
        allow({"AWS": "<role-arn>"}, "sts:AssumeRole"),
    ]


def test_trust_of_another_account_asks_for_an_external_id(put: Put) -> None:
    outside, service = f"arn:aws:iam::{OUTSIDE}:root", {"Service": "sagemaker.amazonaws.com"}
    trust = allow({"AWS": outside, **service}, "sts:AssumeRole", Sid="Mixed")
    asked = {"StringEquals": {"sts:ExternalId": "<external-id>"}}
    assert put(TRUST, [trust]) == [
        allow(service, "sts:AssumeRole", Sid="Mixed"),
        allow({"AWS": outside}, "sts:AssumeRole", Condition=asked),
    ]
    assert put(TRUST, [{**trust, "Condition": asked}]) == [{**trust, "Condition": asked}]


def test_trust_of_tokens_asks_whose_they_are(put: Put) -> None:
    issuer = "token.actions.githubusercontent.com"
    provider = {"Federated": f"arn:aws:iam::{OWN}:oidc-provider/{issuer}"}
    audience = {"StringEquals": {f"{issuer}:aud": "sts.amazonaws.com"}}
    whose = {"StringLike": {f"{issuer}:sub": "<subject-of-the-owner>"}}
    trust = allow(provider, "sts:AssumeRoleWithWebIdentity", Condition=audience)
    asked = {**trust, "Condition": {**audience, **whose}}
    assert put(TRUST, [trust]) == [asked]
    named = {**trust, "Condition": {"StringLike": {f"{issuer}:sub": "repo:acme/*"}}}
    assert put(TRUST, [named]) == [named]


def test_trust_of_another_account_over_tls_asks_for_an_external_id(put: Put) -> None:
    tls = {"Bool": {"aws:SecureTransport": "true"}}
    trust = allow({"AWS": f"arn:aws:iam::{OUTSIDE}:root"}, "sts:AssumeRole", Condition=tls)
    identifier = {"StringEquals": {"sts:ExternalId": "<external-id>"}}
    assert put(TRUST, [trust]) == [{**trust, "Condition": {**tls, **identifier}}]
