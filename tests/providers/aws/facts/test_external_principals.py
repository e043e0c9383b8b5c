"""Whom the policies of buckets, keys and roles let in from outside."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.core.resource import Resource
from tests.providers.aws.facts.policies import (
    ACCOUNT,
    OTHER,
    SCOPE,
    account,
    allow,
    bucket,
    deny,
    document,
    fact,
    graph_of,
    policy,
    role,
)

_ALL = "arn:aws:s3:::data/*"
_BOTH = ["arn:aws:s3:::data", "arn:aws:s3:::data/*"]
_ROOT = {"AWS": f"arn:aws:iam::{OTHER}:root"}
_OWN = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/runner"}
_EVERYBODY_URI = "http://acs.amazonaws.com/groups/global/AllUsers"


def _put(principal: Any, **when: Any) -> dict[str, Any]:
    more = {"when": when} if when else {}
    return allow("s3:PutObject", _ALL, principal=principal, **more)


def _shut_out(operator: str, key: str, value: str) -> dict[str, Any]:
    return deny("s3:*", _BOTH, principal="*", when={operator: {key: value}})


WRITERS: tuple[tuple[str, Any, tuple[dict[str, Any], ...]], ...] = (
    ("no policy", [], ()),
    ("everybody", ["*"], (_put("*"),)),
    ("everybody, as a mapping", ["*"], (_put({"AWS": "*"}),)),
    ("everybody but one", ["*"], (allow("s3:PutObject", _ALL, not_principal=_OWN),)),
    ("another account", [OTHER], (_put(_ROOT),)),
    ("a role of another account", [f"arn:aws:iam::{OTHER}:role/x"],
     (_put({"AWS": f"arn:aws:iam::{OTHER}:role/x"}),)),
    ("our own role", [], (_put(_OWN),)),
    ("our own account", [], (_put({"AWS": ACCOUNT}),)),
    ("a service", [], (_put({"Service": "delivery.logs.amazonaws.com"}),)),
    ("readers only", [], (allow("s3:GetObject", _ALL, principal="*"),)),
    ("who may change the policy", ["*"],
     (allow("s3:PutBucketPolicy", "arn:aws:s3:::data", principal="*"),)),
    ("who may do all but read", ["*"],
     (allow("s3:Get*", _ALL, principal="*", without_actions=True),)),
    ("the organisation", [], (_put("*", StringEquals={"aws:PrincipalOrgID": "o-1"}),)),
    ("any organisation", ["*"], (_put("*", StringLike={"aws:PrincipalOrgID": "*"}),)),
    ("our account by condition", [], (_put("*", StringEquals={"aws:PrincipalAccount": ACCOUNT}),)),
    ("another by condition", [OTHER], (_put("*", StringEquals={"aws:PrincipalAccount": OTHER}),)),
    ("our endpoint", [], (_put("*", StringEquals={"aws:SourceVpce": "vpce-1"}),)),
    ("an address", [], (_put("*", IpAddress={"aws:SourceIp": "203.0.113.7/32"}),)),
    ("every address", ["*"], (_put("*", IpAddress={"aws:SourceIp": "0.0.0.0/0"}),)),
    ("a role name in any account", ["*"],
     (_put("*", ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:role/x"}),)),
    ("TLS", ["*"], (_put("*", Bool={"aws:SecureTransport": "true"}),)),
    ("with encryption", ["*"], (_put("*", StringEquals={"s3:x-amz-acl": "private"}),)),
    ("where the key is absent", ["*"],
     (_put("*", StringEqualsIfExists={"aws:SourceVpce": "vpce-1"}),)),
    ("who is not named", ["*"], (_put("*", StringNotEquals={"aws:PrincipalOrgID": "o-1"}),)),
    ("an odd condition", "unread", (_put("*", StringEquals={"corp:badge": "1"}),)),
    ("an odd condition and the organisation", [],
     (_put("*", StringEquals={"corp:badge": "1", "aws:PrincipalOrgID": "o-1"}),)),
    ("everybody, all denied", [], (_put("*"), deny("s3:*", _BOTH, principal="*"))),
    ("everybody, other action denied", ["*"],
     (_put("*"), deny("s3:GetObject", _ALL, principal="*"))),
    ("everybody, other prefix denied", ["*"],
     (_put("*"), deny("s3:*", "arn:aws:s3:::data/a/*", principal="*"))),
    ("denied outside the organisation", [],
     (_put("*"), _shut_out("StringNotEquals", "aws:PrincipalOrgID", "o-1"))),
    ("denied outside the endpoint", [],
     (_put("*"), _shut_out("StringNotEquals", "aws:SourceVpce", "vpce-1"))),
    ("denied without TLS", ["*"], (_put("*"), _shut_out("Bool", "aws:SecureTransport", "false"))),
    ("denied under an odd condition", "unread",
     (_put("*"), _shut_out("StringNotEquals", "corp:badge", "1"))),
    ("another account, denied outside the organisation", [],
     (_put(_ROOT), _shut_out("StringNotEquals", "aws:PrincipalOrgID", "o-1"))),
    ("another account, denied outside an endpoint", [OTHER],
     (_put(_ROOT), _shut_out("StringNotEquals", "aws:SourceVpce", "vpce-1"))),
    ("another account, denied by name", [],
     (_put(_ROOT), deny("s3:*", _BOTH, principal=_ROOT))),
    ("all but ours denied", [], (_put("*"), deny("s3:*", _BOTH, not_principal=_OWN))),
    ("all but another denied", [OTHER], (_put("*"), deny("s3:*", _BOTH, not_principal=_ROOT))),
    ("a canonical id of another", ["b" * 64], (_put({"CanonicalUser": "b" * 64}),)),
    ("our canonical id", [], (_put({"CanonicalUser": "a" * 64}),)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "statements"), [w[1:] for w in WRITERS], ids=[w[0] for w in WRITERS]
)
def test_bucket_policy_lets_write(expected: Any, statements: tuple[dict[str, Any], ...]) -> None:
    found = bucket(*statements)
    assert fact(found, "external_writers", account()) == expected
    has = "unread" if expected == "unread" else bool(expected)
    assert fact(found, "has_external_writers", account()) == has


def _grant(permission: str, **grantee: str) -> dict[str, Any]:
    return {"permission": permission, "grantee_uri": None, "grantee_id": None, **grantee}


def test_acl_for_all_users_is_public_until_ignored() -> None:
    acl = [_grant("WRITE", grantee_uri=_EVERYBODY_URI)]
    assert fact(bucket(acl=acl), "is_public_write", account()) is True
    assert fact(bucket(acl=acl), "is_public_read", account()) is False
    blocked = bucket(acl=acl, ignore_public_acls=True)
    assert fact(blocked, "is_public_write", account()) is False
    assert fact(bucket(acl=acl), "is_public_write", account(ignore_public_acls=True)) is False


def test_blocks_of_new_grants_do_not_undo_old_ones() -> None:
    acl = [_grant("READ", grantee_uri=_EVERYBODY_URI)]
    late = bucket(_put("*"), acl=acl, block_public_acls=True, block_public_policy=True)
    assert fact(late, "is_public_read", account()) is True
    assert fact(late, "is_public_write", account()) is True


def test_acl_for_another_owner_is_an_outside_writer() -> None:
    acl = [_grant("FULL_CONTROL", grantee_id="a" * 64), _grant("WRITE", grantee_id="b" * 64)]
    assert fact(bucket(acl=acl), "external_writers", account()) == ["b" * 64]


def test_reading_from_outside_is_told_of_the_policy_or_of_the_acl() -> None:
    reads = allow("s3:GetObject", _ALL, principal=_ROOT)
    acl = [_grant("READ", grantee_id="b" * 64)]
    for found, by_policy in ((bucket(reads), True), (bucket(_put(_ROOT), acl=acl), False)):
        assert fact(found, "has_external_readers", account()) is True
        assert fact(found, "policy.has_external_readers", account()) is by_policy
    assert fact(bucket(unread=("policy",)), "policy.has_external_readers", account()) == "unread"
    hidden = bucket(reads, unread=("acl",))
    assert fact(hidden, "policy.has_external_readers", account()) is True


def test_acl_of_the_owner_alone_lets_nobody_in() -> None:
    acl = [_grant("FULL_CONTROL", grantee_id="a" * 64)]
    assert fact(bucket(acl=acl), "has_external_writers", account()) is False


def test_restricting_a_public_policy_cuts_everybody_and_named_accounts() -> None:
    found = bucket(_put("*"), _put(_ROOT), restrict_public_buckets=True)
    assert fact(found, "external_writers", account()) == []
    assert fact(found, "is_public_write", account()) is False


def test_restricting_leaves_named_accounts_of_a_policy_that_is_not_public() -> None:
    found = bucket(_put(_ROOT), restrict_public_buckets=True)
    assert fact(found, "external_writers", account()) == [OTHER]


def test_unread_policy_is_unread_unless_the_acl_decides() -> None:
    acl = [_grant("WRITE", grantee_uri=_EVERYBODY_URI)]
    assert fact(bucket(unread=("policy",)), "has_external_writers", account()) == "unread"
    hidden = bucket(acl=acl, unread=("policy",))
    assert fact(hidden, "has_external_writers", account()) is True
    assert fact(hidden, "external_writers", account()) == "unread"


def test_unread_account_block_matters_only_where_something_is_public() -> None:
    assert fact(bucket(_put("*")), "is_public_write", account(unread=True)) == "unread"
    assert fact(bucket(), "is_public_write", account(unread=True)) is False
    assert fact(bucket(), "blocks_public_access", account(unread=True)) == "unread"


def test_all_four_blocks_may_come_from_bucket_or_account() -> None:
    half = bucket(block_public_acls=True, ignore_public_acls=True)
    rest = account(block_public_policy=True, restrict_public_buckets=True)
    assert fact(half, "blocks_public_access", rest) is True
    assert fact(half, "blocks_public_access", account()) is False


def test_only_a_deny_of_reads_and_writes_without_tls_demands_tls() -> None:
    assert fact(bucket(_shut_out("Bool", "aws:SecureTransport", "false")),
                "denies_insecure_transport", account()) is True  # fmt: skip
    assert fact(bucket(_put("*")), "denies_insecure_transport", account()) is False
    reads = deny(
        "s3:GetObject", _ALL, principal="*", when={"Bool": {"aws:SecureTransport": "false"}}
    )
    assert fact(bucket(reads), "denies_insecure_transport", account()) is False


def _writers(*others: Resource, **settings: Any) -> tuple[list[str], tuple[str, ...]]:
    found = bucket(**settings)
    graph = graph_of(found, account(), *others)
    targets = graph.targets(graph.resources[found.id], "writers")
    return [each.name for each in targets.resources], targets.gaps


def test_writers_are_the_roles_that_may_put_somewhere_in_the_bucket() -> None:
    names, gaps = _writers(
        role(allow("s3:*"), name="all"),
        role(allow("s3:PutObject", "arn:aws:s3:::data/in/*"), name="prefix"),
        role(allow("s3:PutObject", "arn:aws:s3:::database/*"), name="lookalike"),
        role(allow("s3:GetObject"), name="reader"),
        role(allow("s3:*"), deny("s3:*", _BOTH), name="denied"),
    )
    assert names == ["all", "prefix"]
    assert gaps == ()


def test_a_role_that_the_bucket_policy_names_is_a_writer() -> None:
    found = bucket(_put(_OWN))
    graph = graph_of(found, account(), role())
    targets = graph.targets(graph.resources[found.id], "writers")
    assert [each.name for each in targets.resources] == ["runner"]


def test_a_role_with_an_unread_policy_makes_the_writers_incomplete() -> None:
    own = f"arn:aws:iam::{ACCOUNT}:policy/own"
    names, gaps = _writers(role(attached=(own,)), policy(own, unread=True))
    assert names == []
    assert gaps == ("gap-policy",)


def _key(*statements: dict[str, Any], **settings: Any) -> Resource:
    key_id = "1234abcd-12ab-34cd-56ef-1234567890ab"
    arn = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{key_id}"
    held = {"arn": arn, "policy": document(*statements), "state": "Enabled", "manager": "CUSTOMER"}
    return Resource(
        id=arn, type="aws.kms.key", provider="aws", scope=SCOPE, region="eu-west-1", name=key_id,
        properties={"grants": [], **held, **settings},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("is_open", "has_outside", "statement"),
    [
        (False, False, allow("kms:*", principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})),
        (True, True, allow("kms:*", principal="*")),
        (True, True, allow("kms:Decrypt", principal={"AWS": "*"})),
        (False, False, allow("kms:Decrypt", principal="*",
                             when={"StringEquals": {"kms:CallerAccount": ACCOUNT}})),
        (True, True, allow("kms:Decrypt", principal="*",
                           when={"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}})),  # noqa: E501
        (False, True, allow("kms:Decrypt", principal=_ROOT)),
        (False, False, allow("kms:DescribeKey", principal=_ROOT)),
    ],
)  # fmt: skip
def test_key_policy_lets_in(is_open: bool, has_outside: bool, statement: dict[str, Any]) -> None:
    assert fact(_key(statement), "is_public") is is_open
    assert fact(_key(statement), "has_external_users") is has_outside


def test_a_key_awaiting_deletion_is_not_usable() -> None:
    assert fact(_key(), "is_usable") is True
    assert fact(_key(state="PendingDeletion"), "is_usable") is False


def test_a_bucket_has_a_customer_key_when_the_key_is_managed_by_the_customer() -> None:
    ours = bucket(encryption_key=_key().id)
    assert fact(ours, "has_customer_key", _key()) is True
    assert fact(ours, "has_customer_key", _key(manager="AWS")) is False
    assert fact(ours, "has_customer_key") == "unread"
    assert fact(bucket(), "has_customer_key") is False
    foreign = _key().id.replace(ACCOUNT, OTHER)
    assert fact(bucket(encryption_key=foreign), "has_customer_key") is True


def test_a_key_is_found_by_id_arn_and_alias() -> None:
    alias = Resource(
        id=f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/data", type="aws.kms.alias", provider="aws",
        scope=SCOPE, region="eu-west-1", name="alias/data",
        properties={"alias_name": "alias/data", "target_key_id": _key().name},
    )  # fmt: skip
    for reference in (_key().id, _key().name, alias.id, alias.name):
        found = bucket(encryption_key=reference)
        assert fact(found, "has_customer_key", _key(), alias) is True


_SAGEMAKER = {"Service": "sagemaker.amazonaws.com"}


@pytest.mark.parametrize(
    ("is_open", "lacks_source", "statement"),
    [
        (False, True, allow("sts:AssumeRole", None, principal=_SAGEMAKER)),
        (False, False, allow("sts:AssumeRole", None, principal=_SAGEMAKER,
                             when={"StringEquals": {"aws:SourceAccount": ACCOUNT}})),
        (False, False, allow("sts:AssumeRole", None, principal=_SAGEMAKER,
                             when={"ArnLike": {"aws:SourceArn": "arn:aws:sagemaker:*"}})),
        (True, False, allow("sts:AssumeRole", None, principal="*")),
        (True, False, allow("sts:AssumeRole", None, principal=_ROOT)),
        (False, False, allow("sts:AssumeRole", None, principal=_ROOT,
                             when={"StringEquals": {"sts:ExternalId": "x"}})),
        (False, False, allow("sts:AssumeRole", None, principal="*",
                             when={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
        (False, False, allow("sts:AssumeRole", None, principal=_OWN)),
        (True, False, allow("sts:AssumeRoleWithWebIdentity", None,
                            principal={"Federated": "accounts.google.com"})),
    ],
)  # fmt: skip
def test_trust_policy(is_open: bool, lacks_source: bool, statement: dict[str, Any]) -> None:
    found = role(trust=document(statement))
    assert fact(found, "has_unconditional_external_trust") is is_open
    assert fact(found, "trust_lacks_source_condition") is lacks_source


def test_services_of_a_trust_policy_are_named() -> None:
    found = role(trust=document(allow("sts:AssumeRole", None, principal=_SAGEMAKER)))
    assert fact(found, "trusts_services") == ["sagemaker.amazonaws.com"]
    assert fact(found, "trusts_ml") is True
