"""Condition keys of random policies: the operators and values that are written, and who holds what.

Nothing here is taken from mlsec: what a caller holds follows from what AWS documents of each key.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

OWN, OTHER, FOREIGN = "111122223333", "999988887777", "666655554444"
_STRING = (
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
)
_ARN = (
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "StringEquals",
    "StringLike",
    "StringNotLike",
)
_BOOL = ("Bool", "StringEquals")
_IP = ("IpAddress", "NotIpAddress")

Value = str | list[str] | None
"""What a request holds for a key; None: the key is absent."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls: ``account`` "" for an unsigned request."""

    account: str
    principal: str | None
    arn: str
    userid: str
    kind: str


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One condition key. ``held`` gives what a caller may send."""

    name: str
    operators: tuple[str, ...]
    values: tuple[str, ...]
    held: Callable[[Caller], list[Value]]
    actions: tuple[str, ...] = ("*",)
    is_exotic: bool = False


def _free(*values: Value) -> Callable[[Caller], list[Value]]:
    return lambda caller: list(values)


def _signed(*values: Value) -> Callable[[Caller], list[Value]]:
    return lambda caller: list(values) if caller.account else [None]


def _org(caller: Caller) -> list[Value]:
    return [None, "o-foreign000"] if caller.account else [None]


def _paths(caller: Caller) -> list[Value]:
    return [None, ["o-foreign000/r-zz11/ou-zz11-00000001/"]] if caller.account else [None]


KEYS = (
    Key(
        name="aws:PrincipalAccount",
        operators=_STRING,
        values=(OWN, OTHER, "*", "9999888877*", "1111*"),
        held=lambda caller: [caller.account or "anonymous"],
    ),
    Key(
        name="aws:PrincipalArn",
        operators=_ARN,
        values=(
            f"arn:aws:iam::{OWN}:role/runner",
            f"arn:aws:iam::{OWN}:*",
            f"arn:aws:iam::{OTHER}:role/x",
            "arn:aws:iam::*:role/x",
            "arn:aws:iam::*:role/*",
            "*",
            f"arn:aws:iam::{OTHER}:root",
        ),
        held=lambda caller: [caller.arn or None],
    ),
    Key(
        name="aws:PrincipalOrgID", operators=_STRING, values=("o-ours000000", "o-*", "*"), held=_org
    ),
    Key(
        name="aws:PrincipalOrgPaths",
        operators=(
            "ForAnyValue:StringEquals",
            "ForAnyValue:StringLike",
            "ForAllValues:StringLike",
            "ForAnyValue:StringNotLike",
            "ForAnyValue:StringNotEquals",
        ),
        values=("o-ours000000/r-1/ou-1/", "o-ours000000/*", "*"),
        held=_paths,
    ),
    Key(
        name="aws:PrincipalType",
        operators=_STRING,
        values=("User", "AssumedRole", "Anonymous", "*"),
        held=lambda caller: [caller.kind],
    ),
    Key(
        name="aws:userid",
        operators=_STRING,
        values=("AROAOURS00000000:*", "*:deploy", "AIDAOURS00000000", OWN, "*"),
        held=lambda caller: [caller.userid],
    ),
    Key(
        name="aws:PrincipalTag/team",
        operators=_STRING,
        values=("ml", "m*"),
        held=_signed(None, "ml", "m*", "other"),
    ),
    Key(
        name="aws:SourceIp",
        operators=_IP,
        values=("203.0.113.7/32", "0.0.0.0/0", "10.0.0.0/8", "52.95.0.0/16"),
        held=_free("192.0.2.55", None),
    ),
    Key(
        name="aws:SourceVpc",
        operators=_STRING,
        values=("vpc-0ours", "vpc-*", "*"),
        held=_free(None, "vpc-0foreign"),
    ),
    Key(
        name="aws:SourceVpce",
        operators=_STRING,
        values=("vpce-0ours", "vpce-*"),
        held=_free(None, "vpce-0foreign"),
    ),
    Key(
        name="aws:VpcSourceIp",
        operators=_IP,
        values=("10.0.0.0/8", "10.1.2.3/32"),
        held=_free(None, "10.1.2.3", "172.16.0.9"),
    ),
    Key(
        name="aws:SecureTransport",
        operators=_BOOL,
        values=("true", "false"),
        held=_free("true", "false"),
    ),
    Key(
        name="aws:ViaAWSService",
        operators=("Bool",),
        values=("true", "false"),
        held=_signed("false", "true"),
    ),
    Key(
        name="aws:PrincipalIsAWSService",
        operators=("Bool",),
        values=("true", "false"),
        held=_signed("false"),
    ),
    Key(name="aws:SourceAccount", operators=_STRING, values=(OWN, OTHER, "*"), held=_free(None)),
    Key(
        name="aws:SourceArn",
        operators=_ARN,
        values=(f"arn:aws:sns:eu-west-1:{OWN}:t", "arn:aws:sns:*:*:*"),
        held=_free(None),
    ),
    Key(
        name="aws:UserAgent",
        operators=_STRING,
        values=("curl/8", "secret-agent*"),
        held=_free("curl/8", "secret-agent-1", "secret-agent*", "other", None),
    ),
    Key(
        name="aws:Referer",
        operators=_STRING,
        values=("https://ours.example/*",),
        held=_free(None, "https://ours.example/x", "https://ours.example/*", "other"),
    ),
    Key(
        name="aws:MultiFactorAuthPresent",
        operators=("Bool",),
        values=("true", "false"),
        held=_signed(None, "true", "false"),
    ),
    Key(
        name="aws:MultiFactorAuthAge",
        operators=("NumericLessThan", "NumericGreaterThan"),
        values=("3600",),
        held=_signed(None, "60", "7200"),
        is_exotic=True,
    ),
    Key(
        name="aws:CurrentTime",
        operators=("DateGreaterThan", "DateLessThan"),
        values=("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"),
        held=_free("2026-11-29T12:00:00Z"),
        is_exotic=True,
    ),
    Key(
        name="aws:RequestedRegion",
        operators=_STRING,
        values=("eu-west-1",),
        held=_free("eu-west-1"),
    ),
    Key(name="aws:ResourceAccount", operators=_STRING, values=(OWN, OTHER), held=_free(OWN)),
)
S3_KEYS = (
    Key(
        name="s3:x-amz-acl",
        operators=_STRING,
        values=("bucket-owner-full-control", "private"),
        held=_free(None, "bucket-owner-full-control", "private", "public-read"),
        actions=("s3:PutObject", "s3:PutObjectAcl", "s3:PutBucketAcl", "s3:PutObjectVersionAcl"),
    ),
    Key(
        name="s3:x-amz-server-side-encryption",
        operators=_STRING,
        values=("AES256", "aws:kms"),
        held=_free(None, "AES256", "aws:kms"),
        actions=("s3:PutObject",),
    ),
    Key(
        name="s3:prefix",
        operators=_STRING,
        values=("public/", "home/*"),
        held=_free(None, "public/", "home/x", "home/*", "other"),
        actions=("s3:ListBucket", "s3:ListBucketVersions"),
    ),
    Key(
        name="s3:authType",
        operators=("StringEquals",),
        values=("REST-HEADER", "REST-QUERY-STRING"),
        held=_signed("REST-HEADER", "REST-QUERY-STRING"),
    ),
    Key(
        name="s3:signatureAge",
        operators=("NumericLessThan", "NumericGreaterThan"),
        values=("600000",),
        held=_signed(None, "1000", "700000"),
        is_exotic=True,
    ),
    Key(
        name="s3:DataAccessPointAccount",
        operators=("StringEquals", "StringNotEquals"),
        values=(OWN, OTHER),
        held=_free(None),
    ),
    Key(name="s3:ResourceAccount", operators=_STRING, values=(OWN, OTHER), held=_free(OWN)),
)
WITH_CONTEXT = (
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:CreateGrant",
)
KMS_KEYS = (
    Key(
        name="kms:CallerAccount",
        operators=_STRING,
        values=(OWN, OTHER, "*"),
        held=lambda caller: [caller.account],
    ),
    Key(
        name="kms:ViaService",
        operators=_STRING,
        values=("s3.eu-west-1.amazonaws.com", "s3.*.amazonaws.com"),
        held=_free(
            None, "s3.eu-west-1.amazonaws.com", "s3.*.amazonaws.com", "sqs.eu-west-1.amazonaws.com"
        ),
    ),
    Key(
        name="kms:EncryptionContext:team",
        operators=_STRING,
        values=("ml", "m*"),
        held=_free(None, "ml", "m*", "other"),
        actions=WITH_CONTEXT,
    ),
    Key(
        name="kms:GrantIsForAWSResource",
        operators=("Bool",),
        values=("true", "false"),
        held=_free(None, "true", "false"),
        actions=("kms:CreateGrant", "kms:RevokeGrant", "kms:ListGrants"),
    ),
    Key(
        name="kms:EncryptionContextKeys",
        operators=("ForAllValues:StringEquals", "ForAnyValue:StringEquals"),
        values=("team",),
        held=_free(None, ["team"], ["other"]),
        actions=WITH_CONTEXT,
        is_exotic=True,
    ),
)
