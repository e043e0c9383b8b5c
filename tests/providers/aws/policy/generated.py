"""Policies for differential tests: every operator with every key, and random documents."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from typing import Any

from tests.providers.aws.facts.policies import ACCOUNT

Document = Mapping[str, Any]
PLAIN = {
    "StringEquals": ["alpha"], "StringNotEquals": ["alpha"], "StringEqualsIgnoreCase": ["Alpha"],
    "StringNotEqualsIgnoreCase": ["Alpha"], "StringLike": ["al*"], "StringNotLike": ["al*"],
    "NumericEquals": ["10"], "NumericNotEquals": ["10"], "NumericLessThan": ["10"],
    "NumericLessThanEquals": ["10"], "NumericGreaterThan": ["10"],
    "NumericGreaterThanEquals": ["10"],
    "DateEquals": ["2026-01-01T00:00:00Z"], "DateNotEquals": ["2026-01-01T00:00:00Z"],
    "DateLessThan": ["2026-01-01T00:00:00Z"], "DateLessThanEquals": ["2026-01-01T00:00:00Z"],
    "DateGreaterThan": ["2026-01-01T00:00:00Z"], "DateGreaterThanEquals": ["2026-01-01T00:00:00Z"],
    "Bool": ["true"], "BinaryEquals": ["QmluYXJ5"],
    "IpAddress": ["203.0.113.0/24"], "NotIpAddress": ["203.0.113.0/24"],
    "ArnEquals": [f"arn:aws:iam::{ACCOUNT}:role/runner"],
    "ArnLike": ["arn:aws:iam::*:role/run*"],
    "ArnNotEquals": [f"arn:aws:iam::{ACCOUNT}:role/runner"],
    "ArnNotLike": ["arn:aws:iam::*:role/run*"],
}  # fmt: skip
OPERATORS: tuple[tuple[str, list[str]], ...] = (
    *PLAIN.items(),
    *((f"{name}IfExists", values) for name, values in PLAIN.items()),
    *((f"ForAllValues:{name}", values) for name, values in PLAIN.items()),
    *((f"ForAnyValue:{name}", values) for name, values in PLAIN.items()),
    ("Null", ["true"]), ("Null", ["false"]), ("Bool", ["false"]), ("BoolIfExists", ["false"]),
)  # fmt: skip
KEYS = (
    "aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths",
    "aws:PrincipalTag/team", "aws:PrincipalIsAWSService", "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList", "aws:PrincipalType", "aws:userid", "aws:username",
    "aws:AssumedRoot", "aws:FederatedProvider", "aws:TokenIssueTime", "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent", "aws:ChatbotSourceArn", "aws:Ec2InstanceSourceVpc",
    "aws:Ec2InstanceSourcePrivateIPv4", "aws:SourceIdentity", "ec2:RoleDelivery",
    "ec2:SourceInstanceArn", "glue:RoleAssumedBy", "glue:CredentialIssuingService",
    "lambda:SourceFunctionArn", "ssm:SourceInstanceArn", "identitystore:UserId", "aws:SourceIp",
    "aws:SourceVpc", "aws:SourceVpcArn", "aws:SourceVpce", "aws:VpceAccount", "aws:VpceOrgPaths",
    "aws:VpceOrgID", "aws:VpcSourceIp", "aws:ResourceAccount", "aws:ResourceOrgID",
    "aws:ResourceOrgPaths", "aws:ResourceTag/team", "aws:CalledVia", "aws:CalledViaFirst",
    "aws:CalledViaLast", "aws:ViaAWSService", "aws:CurrentTime", "aws:EpochTime", "aws:referer",
    "aws:RequestedRegion", "aws:RequestTag/team", "aws:TagKeys", "aws:SecureTransport",
    "aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgPaths", "aws:SourceOrgID", "aws:UserAgent",
    "s3:prefix", "s3:x-amz-acl", "s3:ExistingObjectTag/team", "s3:authType", "s3:signatureversion",
    "s3:TlsVersion", "s3:ResourceAccount", "s3:VersionId", "iam:PassedToService",
    "iam:AssociatedResourceArn", "iam:PermissionsBoundary", "iam:PolicyARN",
    "iam:ResourceTag/team", "sts:ExternalId", "sts:RoleSessionName", "kms:ViaService",
"kms:GrantIsForAWSResource", "kms:CallerAccount",
    "kms:EncryptionAlgorithm", "lambda:FunctionArn", "secretsmanager:VersionStage",
    "sagemaker:InstanceTypes", "sagemaker:VpcSubnets", "sagemaker:NetworkIsolation",
    "sagemaker:ModelApprovalStatus", "bedrock:GuardrailIdentifier", "ec2:InstanceType",
)  # fmt: skip
_ACTIONS = (
    "*", "s3:*", "s3:Get*", "s3:PutObject", "s3:GetObject", "iam:*", "iam:PassRole", "iam:Put*",
    "iam:CreatePolicyVersion", "sts:AssumeRole", "lambda:*", "kms:Decrypt", "kms:*", "sagemaker:*",
    "sagemaker:Create*", "bedrock:Invoke*", "secretsmanager:GetSecretValue", "s3:Delete*",
)  # fmt: skip
_RESOURCES = (
    "*", "*", "arn:aws:s3:::*", "arn:aws:s3:::data/*", "arn:aws:s3:::data/public/*",
    "arn:aws:s3:::ml-*/*", f"arn:aws:iam::{ACCOUNT}:role/*", "arn:aws:iam::*:role/ml-*",
    f"arn:aws:iam::{ACCOUNT}:policy/*", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:*",
    f"arn:aws:lambda:*:{ACCOUNT}:function:ml-?", "arn:aws:kms:*:*:key/*",
    "arn:aws:s3:::${aws:PrincipalTag/team}/*", "arn:aws:s3:::*/${aws:userid}/*",
)  # fmt: skip


def conditioned(operator: str, key: str, values: list[str], *, effect: str) -> Document:
    """Make a policy whose allow, or whose deny beside an allow of all, has one condition."""
    bound = {
        "Effect": effect,
        "Action": "*",
        "Resource": "*",
        "Condition": {operator: {key: values}},
    }
    free = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    return {
        "Version": "2012-10-17",
        "Statement": [bound] if effect == "Allow" else [free, bound],
    }


def crossed() -> Iterator[tuple[str, Document]]:
    """Cross every operator with every key, in allow and deny; with what each crosses."""
    for key, (operator, values), effect in itertools.product(KEYS, OPERATORS, ("Allow", "Deny")):
        if _is_left_out(operator, key):
            continue
        yield (
            f"{effect} {operator} {key} {values[0]}",
            conditioned(operator, key, values, effect=effect),
        )


def _is_left_out(operator: str, key: str) -> bool:
    """Whether the simulator and AWS's documentation part ways, or the simulator cannot be asked.

    A number compared with a date is seconds to AWS and milliseconds to the simulator; a region
    with a colon cannot stand in an ARN.
    """
    return ("Date" in operator and key.endswith("Account")) or (
        key == "aws:RequestedRegion" and ("Date" in operator or "Arn" in operator)
    )


def random_document(dice: random.Random, *, exotic: bool) -> Document:
    """Make a document of one to five statements, two of them with a condition."""
    count = dice.randint(1, 5)
    bound = set(dice.sample(range(count), min(count, dice.choice((0, 1, 1, 2)))))
    return {
        "Version": "2012-10-17",
        "Statement": [_statement(dice, exotic=exotic, is_bound=at in bound) for at in range(count)],
    }


def random_control(dice: random.Random) -> Document:
    """Make a service control policy: mostly denials, each of which a condition may bind."""
    statements = []
    for _ in range(dice.choice((1, 1, 2, 3))):
        made = dict(_statement(dice, exotic=False, is_bound=dice.random() < 0.6))
        made["Effect"] = "Deny" if dice.random() < 0.75 else "Allow"
        statements.append(made)
    return {"Version": "2012-10-17", "Statement": statements}


def _statement(dice: random.Random, *, exotic: bool, is_bound: bool) -> Document:
    action = "NotAction" if dice.random() < 0.12 else "Action"
    resource = "NotResource" if dice.random() < 0.15 else "Resource"
    made: dict[str, Any] = {
        "Effect": "Allow" if dice.random() < 0.7 else "Deny",
        action: dice.sample(_ACTIONS, dice.randint(1, 2)),
        resource: dice.sample(_RESOURCES, dice.randint(1, 2)),
    }
    if is_bound:
        made["Condition"] = {}
        for _ in range(dice.choice((1, 1, 2))):
            operator, values = dice.choice(OPERATORS if exotic else _USUAL)
            key = dice.choice(KEYS if exotic else _USUAL_KEYS[operator])
            if _is_left_out(operator, key):
                continue
            made["Condition"].setdefault(operator, {})[key] = values
    return made


_TEXT_KEYS = (
    "aws:SourceVpc", "aws:SourceVpce", "aws:RequestedRegion", "aws:PrincipalOrgID", "aws:userid",
    "aws:ResourceTag/team", "aws:RequestTag/team", "s3:prefix", "iam:PassedToService",
    "sts:ExternalId", "kms:ViaService", "aws:ResourceAccount", "aws:PrincipalAccount",
)  # fmt: skip
_USUAL_KEYS = {
    "StringEquals": _TEXT_KEYS, "StringLike": _TEXT_KEYS, "StringNotEquals": _TEXT_KEYS,
    "StringNotLike": _TEXT_KEYS, "StringEqualsIfExists": _TEXT_KEYS,
    "Bool": ("aws:SecureTransport", "aws:MultiFactorAuthPresent", "aws:ViaAWSService"),
    "BoolIfExists": ("aws:MultiFactorAuthPresent", "aws:ViaAWSService"),
    "IpAddress": ("aws:SourceIp",), "NotIpAddress": ("aws:SourceIp",),
    "ArnLike": ("aws:PrincipalArn", "aws:SourceArn"), "ArnNotLike": ("aws:PrincipalArn",),
    "NumericLessThan": ("aws:MultiFactorAuthAge",), "DateGreaterThan": ("aws:CurrentTime",),
    "Null": ("aws:MultiFactorAuthAge", "aws:TokenIssueTime"),
    "ForAnyValue:StringEquals": ("aws:CalledVia", "aws:TagKeys"),
    "ForAllValues:StringEquals": ("aws:TagKeys",),
}  # fmt: skip
_USUAL = tuple((name, values) for name, values in OPERATORS if name in _USUAL_KEYS)
