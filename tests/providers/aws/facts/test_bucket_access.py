"""Who reads and writes a bucket, and who uses a key, by the smallest policies of each kind."""

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
    role,
)

_BUCKET, _OBJECTS = "arn:aws:s3:::data", "arn:aws:s3:::data/*"
_BOTH = [_BUCKET, _OBJECTS]
_PARTNER = {"AWS": f"arn:aws:iam::{OTHER}:root"}


def _put(principal: Any = "*", **when: Any) -> dict[str, Any]:
    more = {"when": when} if when else {}
    return allow("s3:PutObject", _OBJECTS, principal=principal, **more)


def _shut_out(**when: Any) -> dict[str, Any]:
    return deny("s3:*", _BOTH, principal="*", when=when)


PUBLIC: tuple[tuple[str, Any, tuple[dict[str, Any], ...]], ...] = (
    ("a prefix", True, (allow("s3:PutObject", f"{_BUCKET}/public/*", principal="*"),)),
    ("a prefix that a deny spares", True,
     (_put(), deny("s3:PutObject", f"{_BUCKET}/public/*", principal="*", without_resources=True))),
    ("no prefix that a deny spares", False,
     (allow("s3:PutObject", f"{_BUCKET}/a/*", principal="*"),
      deny("s3:PutObject", f"{_BUCKET}/public/*", principal="*", without_resources=True))),
    ("an action that a deny spares", True,
     (_put(), deny("s3:PutObject", _BOTH, principal="*", without_actions=True))),
    ("from one's own network", True, (_put(StringLike={"aws:SourceVpc": "vpc-*"}),)),
    ("from an address of one's own network", True,
     (_put(IpAddress={"aws:VpcSourceIp": "10.0.0.0/8"}),)),
    ("from our network", False, (_put(StringEquals={"aws:SourceVpc": "vpc-1"}),)),
    ("through a service", True, (_put(Bool={"aws:ViaAWSService": "true"}),)),
    ("as a service", False, (_put(Bool={"aws:PrincipalIsAWSService": "true"}),)),
    ("through a service past a deny of addresses", True,
     (_put(), _shut_out(NotIpAddressIfExists={"aws:SourceIp": "203.0.113.0/24"},
                        Bool={"aws:ViaAWSService": "false"}))),
    ("of any organisation", True, (_put(StringLike={"aws:PrincipalOrgID": "o-*"}),)),
    ("of an organisation's units", False,
     (_put(**{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}),)),
    ("of no organisation, for all values", True,
     (_put(**{"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}),)),
    ("past a deny that needs a unit", True,
     (_put(), _shut_out(**{"ForAnyValue:StringNotLike": {"aws:PrincipalOrgPaths": "o-1/*"}}))),
    ("in a session called so", True, (_put(StringLike={"aws:userid": "*:deploy"}),)),
    ("as a role of ours", False, (_put(StringLike={"aws:userid": "AROAOURS00000000:*"}),)),
    ("past a deny of other ids", False,
     (_put(), _shut_out(StringNotLike={"aws:userid": ["AROAOURS00000000:*", ACCOUNT]}))),
    ("under a role's name in any account", True,
     (_put(ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:role/trainer"}),)),
    ("until it was forbidden", False,
     (_put(DateLessThan={"aws:CurrentTime": "2024-01-01T00:00:00Z"}),)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "statements"), [w[1:] for w in PUBLIC], ids=[w[0] for w in PUBLIC]
)
def test_everybody_may_write(expected: bool, statements: tuple[dict[str, Any], ...]) -> None:
    assert fact(bucket(*statements), "is_public_write", account()) is expected


@pytest.mark.parametrize(
    "action",
    [
        "s3:DeleteObjectVersion", "s3:PutObjectVersionAcl", "s3:ReplicateObject",
        "s3:ReplicateDelete", "s3:PutLifecycleConfiguration", "s3:PutReplicationConfiguration",
        "s3:DeleteBucketPolicy", "s3:PutBucketOwnershipControls",
    ],
)  # fmt: skip
def test_who_may_change_objects_their_keeping_or_their_rights_writes(action: str) -> None:
    found = bucket(allow(action, _BOTH, principal=_PARTNER))
    assert fact(found, "external_writers", account()) == [OTHER]
    assert fact(bucket(allow(action, _BOTH, principal="*")), "is_public_write", account()) is True


@pytest.mark.parametrize("action", ["s3:GetObjectVersion", "s3:ListBucketVersions"])
def test_who_may_read_versions_reads(action: str) -> None:
    found = bucket(allow(action, _BOTH, principal="*"))
    assert fact(found, "is_public_read", account()) is True


def test_who_may_read_settings_alone_does_not_read() -> None:
    found = bucket(allow("s3:GetBucketLocation", _BOTH, principal="*"))
    assert fact(found, "is_public_read", account()) is False
    assert fact(found, "policy.is_public", account()) is True


def test_a_named_account_is_let_in_under_conditions_that_it_meets() -> None:
    found = bucket(_put(_PARTNER, StringEquals={"aws:PrincipalTag/team": "ml"}))
    assert fact(found, "external_writers", account()) == [OTHER]
    other = bucket(_put(_PARTNER, StringEquals={"aws:PrincipalAccount": ACCOUNT}))
    assert fact(other, "external_writers", account()) == []


def test_restricting_counts_a_policy_as_public_by_what_it_allows() -> None:
    closed = _shut_out(StringNotEquals={"aws:SourceVpce": "vpce-1"})
    found = bucket(_put(), _put(_PARTNER), closed, restrict_public_buckets=True)
    assert fact(found, "external_writers", account()) == []


def _writers(*statements: dict[str, Any], roles: tuple[Resource, ...]) -> list[str]:
    found = bucket(*statements)
    graph = graph_of(found, account(), *roles)
    return [each.name for each in graph.targets(graph.resources[found.id], "writers").resources]


def _session(name: str) -> dict[str, str]:
    return {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}"}


def _known(name: str, unique_id: str) -> Resource:
    made = role(name=name)
    return Resource(
        id=made.id, type=made.type, provider="aws", scope=SCOPE, name=name,
        properties={**made.properties, "unique_id": unique_id},
    )  # fmt: skip


BY_POLICY: tuple[tuple[str, list[str], tuple[dict[str, Any], ...]], ...] = (
    ("everybody", ["a", "b"], (_put(),)),
    ("everybody of the own account", ["a", "b"],
     (_put(StringEquals={"aws:PrincipalAccount": ACCOUNT}),)),
    ("everybody of another account", [], (_put(StringEquals={"aws:PrincipalAccount": OTHER}),)),
    ("one by its ARN", ["a"],
     (_put(ArnEquals={"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/a"}),)),
    ("one by its id", ["b"], (_put(StringLike={"aws:userid": "AROABBBB:*"}),)),
    ("one by its id as principal", ["b"], (_put({"AWS": "AROABBBB"}),)),
    ("a session of one", ["a"], (_put(_session("a/train")),)),
    ("a session that a deny of another spares", ["a"],
     (_put(_session("a/train")), deny("s3:*", _BOTH, principal=_session("a/serve")))),
    ("a session that is denied", [],
     (_put(_session("a/train")), deny("s3:*", _BOTH, principal=_session("a/train")))),
    ("the account, which leaves it to its roles", [], (_put({"AWS": ACCOUNT}),)),
    ("one that another deny shuts out", [],
     (_put({"AWS": f"arn:aws:iam::{ACCOUNT}:role/a"}), deny("s3:*", _BOTH, principal="*"))),
)  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "statements"), [w[1:] for w in BY_POLICY], ids=[w[0] for w in BY_POLICY]
)
def test_roles_that_the_buckets_own_policy_lets_write(
    expected: list[str], statements: tuple[dict[str, Any], ...]
) -> None:
    roles = (_known("a", "AROAAAAA"), _known("b", "AROABBBB"))
    assert _writers(*statements, roles=roles) == expected


def test_a_role_that_the_bucket_denies_is_no_writer_whatever_it_may_itself() -> None:
    may = role(allow("s3:*"), name="may")
    assert _writers(roles=(may,)) == ["may"]
    assert _writers(deny("s3:PutObject", _OBJECTS, principal="*"), roles=(may,)) == []
    but = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}
    assert _writers(deny("s3:*", _BOTH, not_principal=but), roles=(may,)) == []
    plain = _shut_out(Bool={"aws:SecureTransport": "false"})
    assert _writers(plain, roles=(may,)) == ["may"]
    elsewhere = deny("s3:*", f"{_BUCKET}/locked/*", principal="*")
    assert _writers(elsewhere, roles=(may,)) == ["may"]


def test_an_unread_bucket_policy_leaves_the_writers_open() -> None:
    found = bucket(unread=("policy",))
    graph = graph_of(found, account(), role(allow("s3:*")))
    targets = graph.targets(graph.resources[found.id], "writers")
    assert targets.resources == ()
    assert targets.gaps == ("gap-policy",)


_TRAIL = {"Service": "cloudtrail.amazonaws.com"}


@pytest.mark.parametrize(
    ("expected", "when"),
    [
        (["cloudtrail.amazonaws.com"], {}),
        (["cloudtrail.amazonaws.com"], {"StringEquals": {"s3:x-amz-acl": "private"}}),
        (["cloudtrail.amazonaws.com"], {"StringEquals": {"aws:SourceAccount": OTHER}}),
        ([], {"StringEquals": {"aws:SourceAccount": ACCOUNT}}),
        ([], {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"}}),
    ],
)
def test_a_service_that_acts_for_any_account_is_named_apart(
    expected: list[str], when: dict[str, Any]
) -> None:
    found = bucket(_put(_TRAIL, **when))
    assert fact(found, "policy.services_without_source", account()) == expected
    assert fact(found, "external_writers", account()) == []


def _key(*statements: dict[str, Any], grants: list[dict[str, Any]] | None = None) -> Resource:
    key_id = "1234abcd-12ab-34cd-56ef-1234567890ab"
    arn = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{key_id}"
    return Resource(
        id=arn, type="aws.kms.key", provider="aws", scope=SCOPE, region="eu-west-1", name=key_id,
        properties={"arn": arn, "policy": document(*statements), "state": "Enabled",
                    "grants": grants or []},
    )  # fmt: skip


@pytest.mark.parametrize(
    "action",
    [
        "kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext", "kms:ReplicateKey",
        "kms:ReEncrypt*", "kms:CreateGrant", "kms:RevokeGrant", "kms:ImportKeyMaterial",
    ],
)  # fmt: skip
def test_who_may_make_copies_or_grants_of_a_key_uses_it(action: str) -> None:
    assert fact(_key(allow(action, principal=_PARTNER)), "external_users") == [OTHER]


@pytest.mark.parametrize(
    ("is_open", "when"),
    [
        (True, {"StringEquals": {"kms:EncryptionContext:team": "ml"}}),
        (True, {"StringLike": {"kms:CallerAccount": "*"}}),
        (True, {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}),
        (False, {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com",
                                  "kms:CallerAccount": ACCOUNT}}),
        (False, {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}),
    ],
)  # fmt: skip
def test_a_key_is_public_to_who_meets_its_conditions(is_open: bool, when: dict[str, Any]) -> None:
    found = _key(allow("kms:Decrypt", principal="*", when=when))
    assert fact(found, "is_public") is is_open


@pytest.mark.parametrize(("grantee", "expected"), [("b" * 64, True), ("a" * 64, False)])
def test_what_the_acl_gives_is_told_beside_a_policy_that_gives_it_too(
    grantee: str, expected: bool
) -> None:
    partner = allow("s3:GetObject", _OBJECTS, principal=_PARTNER)
    grants = [{"grantee_type": "CanonicalUser", "grantee_id": grantee, "permission": "READ"}]
    found = bucket(partner, acl=grants)
    assert fact(found, "policy.has_external_readers", account()) is True
    assert fact(found, "acl.has_external_readers", account()) is expected


_THROUGH = "s3:DataAccessPointAccount"


@pytest.mark.parametrize(
    ("account_of_points", "external", "public"),
    [(OTHER, True, False), (ACCOUNT, "unread", "unread"), ("*", True, True)],
)
def test_a_policy_that_leaves_access_to_access_points_lets_in_whom_they_let_in(
    account_of_points: str, external: Any, public: Any
) -> None:
    when = {"StringLike": {_THROUGH: account_of_points}}
    found = bucket(allow("s3:*", _BOTH, principal="*", when=when))
    assert fact(found, "has_external_readers", account()) == external
    assert fact(found, "is_public_read", account()) == public


def test_access_points_within_the_account_only_let_in_the_account() -> None:
    when = {"StringEquals": {_THROUGH: ACCOUNT, "aws:PrincipalAccount": ACCOUNT}}
    found = bucket(allow("s3:*", _BOTH, principal="*", when=when))
    assert fact(found, "has_external_readers", account()) is False


@pytest.mark.parametrize(
    ("grantee", "operations", "expected"),
    [
        (f"arn:aws:iam::{OTHER}:role/x", ["Decrypt"], True),
        (OTHER, ["GenerateDataKey", "DescribeKey"], True),
        (f"arn:aws:iam::{OTHER}:role/x", ["DescribeKey"], False),
        (f"arn:aws:iam::{ACCOUNT}:role/x", ["Decrypt"], False),
        ("rds.eu-west-1.amazonaws.com", ["Decrypt"], False),
    ],
)
def test_a_grant_of_a_key_lets_in_whom_it_names(
    grantee: str, operations: list[str], expected: bool
) -> None:
    found = _key(grants=[{"grantee": grantee, "operations": operations}])
    assert fact(found, "has_external_users") is expected
