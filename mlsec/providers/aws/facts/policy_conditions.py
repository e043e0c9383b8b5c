"""What the conditions of a statement do to the rights it gives, or takes, in an identity's policy.

The question is never "does it hold now" but "can the holder use the right on what is asked about".
A condition on the circumstances of a call (from where, when, with which factor) leaves the right
in place; one on the resource leaves out what lacks the tag; one we do not know makes the answer
unknown, with its key as the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mlsec.core.wildcard import matches
from mlsec.graph.ternary import NO, YES, Answer, all_of, not_, unknown

# Circumstances of the call, which the holder meets or arranges: the right stays.
_CALL = (
    "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip", "aws:multifactorauth",
    "aws:requestedregion", "aws:securetransport", "aws:principal", "aws:currenttime",
    "aws:epochtime", "aws:tokenissuetime", "aws:viaawsservice", "aws:calledvia", "aws:useragent",
    "aws:referer", "aws:userid", "aws:username", "aws:sourceidentity", "aws:federatedprovider",
    "aws:requesttag/", "aws:tagkeys", "aws:resourceaccount", "aws:resourceorg", "aws:sourceaccount",
    "aws:sourcearn", "aws:ec2instancesourcevpc", "s3:resourceaccount", "s3:x-amz-", "s3:prefix",
    "s3:delimiter", "s3:max-keys", "s3:signatureversion", "s3:authtype", "s3:tlsversion",
    "sts:externalid", "sts:rolesessionname", "sagemaker:", "bedrock:", "bedrock-agentcore:",
    "ec2:instancetype", "ec2:region", "iam:awsservicename",
)  # fmt: skip
# Conditions on the resource: what does not carry the tag or name is left out.
_RESOURCE = (
    "aws:resourcetag/", "s3:existingobjecttag/", "iam:resourcetag/", "ec2:resourcetag/",
    "secretsmanager:resourcetag/", "sagemaker:resourcetag/", "ssm:resourcetag/",
    "kms:resourcealiases", "kms:requestalias", "aws-marketplace:productid",
    "kms:viaservice", "kms:encryptioncontext", "iam:associatedresourcearn",
    "lambda:functionarn", "s3:dataaccesspoint",
)  # fmt: skip
_BOUNDARY = "iam:permissionsboundary"
_PASSED_TO = "iam:passedtoservice"


class Circumstance(msgspec.Struct, frozen=True, kw_only=True):
    """One condition. ``is_negated``: the operator asks for a difference (StringNotEquals).

    ``is_lenient``: a request without the key meets it (IfExists, ForAllValues).
    """

    operator: str
    key: str
    values: tuple[str, ...]
    is_negated: bool
    is_lenient: bool


def read_conditions(raw: Iterable[Mapping[str, Any]]) -> tuple[Circumstance, ...]:
    """Compile the conditions of a normalised statement; keys and operators in lower case."""
    return tuple(_read_condition(condition) for condition in raw)


def applies(
    conditions: tuple[Circumstance, ...], *, is_allow: bool, is_everything: bool, passed_to: str
) -> Answer:
    """Say whether a statement with these conditions counts for the question.

    A deny counts only where its conditions always hold: a right that is denied at times is a
    right at other times.
    """
    if not conditions:
        return YES
    if is_allow:
        return all_of(
            _allow(condition, passed_to, is_everything=is_everything) for condition in conditions
        )
    return all_of(_deny(condition, passed_to) for condition in conditions)


def _allow(condition: Circumstance, passed_to: str, *, is_everything: bool) -> Answer:
    if condition.key == _PASSED_TO:
        return _passes(condition, passed_to)
    if condition.key == _BOUNDARY:
        # What is made must carry a boundary: the holder does not gain more than that.
        return YES if condition.is_negated or condition.is_lenient else NO
    if condition.key.startswith(_RESOURCE):
        if condition.is_negated or condition.is_lenient:
            return YES
        return NO if is_everything else unknown({"?" + condition.key})
    if condition.key.startswith(_CALL):
        return YES
    return unknown({"?" + condition.key})


def _deny(condition: Circumstance, passed_to: str) -> Answer:
    if condition.key == _PASSED_TO:
        return _passes(condition, passed_to) if passed_to else NO
    if condition.key == _BOUNDARY:
        return YES if condition.is_negated else NO
    if condition.key.startswith((*_CALL, *_RESOURCE)):
        return NO
    return unknown({"?" + condition.key})


def _passes(condition: Circumstance, passed_to: str) -> Answer:
    if not passed_to:
        return YES
    if condition.operator == "null":
        return YES if "false" in condition.values else NO
    is_named = any(matches(value.lower(), passed_to) for value in condition.values)
    answer = YES if is_named else NO
    return not_(answer) if condition.is_negated else answer


def _read_condition(raw: Mapping[str, Any]) -> Circumstance:
    operator = str(raw.get("operator", "")).lower()
    is_lenient = operator.endswith("ifexists") or operator.startswith("forallvalues:")
    bare = operator.rpartition(":")[2].removesuffix("ifexists")
    return Circumstance(
        operator=bare,
        key=str(raw.get("key", "")).lower(),
        values=tuple(str(value) for value in raw.get("values", ())),
        is_negated="not" in bare,
        is_lenient=is_lenient,
    )
