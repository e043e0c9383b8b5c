"""Buckets of code that belong to machine learning although no ML resource refers to them.

A training job that a function starts, or a notebook, stands in no declaration: what it reads and
writes shows only in the rights of its role. A bucket counts as ML data

- where a role names it that SageMaker, Bedrock or AgentCore may assume, or that may start training
  or create a model, in a statement that allows something of S3; or
- where everybody may write into it, and what is applied with it declares ML resources: whatever
  it holds, what they answer with may be changed there. One that everybody may only read may be a
  website, and does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mlsec.core.resource import Resource
from mlsec.providers.aws.policy.patterns import matches

_ML_TYPES = ("aws.sagemaker.", "aws.bedrock.", "aws.agentcore.")
_ML_SERVICES = ("sagemaker.", "bedrock.", "bedrock-agentcore.")
_STARTS = (
    "sagemaker:createtrainingjob", "sagemaker:createprocessingjob", "sagemaker:createmodel",
    "sagemaker:startpipelineexecution", "bedrock:createmodelcustomizationjob",
    "bedrock:startingestionjob",
)  # fmt: skip
_WRITES = (
    "s3:putobject", "s3:putobjectacl", "s3:deleteobject", "s3:putbucketpolicy", "s3:putbucketacl",
)  # fmt: skip
_EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
_GRANTS = ("WRITE", "WRITE_ACP", "FULL_CONTROL")
Statement = Mapping[str, Any]


def named_buckets(kept: Iterable[Resource], left: Iterable[Resource]) -> list[Resource]:
    """Give those of ``left`` that are ML data by what is judged with them."""
    buckets = [item for item in left if item.type == "aws.s3.bucket"]
    if not buckets:
        return []
    kept = list(kept)
    named = set(_named(kept))
    with_ml = {item.origin.stack for item in kept if item.type.startswith(_ML_TYPES)}
    return [
        item
        for item in buckets
        if (item.origin.stack, item.identity) in named
        or (item.origin.stack in with_ml and _is_written_by_everybody(item))
    ]


def _named(kept: list[Resource]) -> Iterator[tuple[str, str]]:
    """Give the stack and ARN of each bucket that an ML role names."""
    policies = {
        (item.origin.stack, item.identity): item for item in kept if item.type == "aws.iam.policy"
    }
    for role in kept:
        if role.type != "aws.iam.role":
            continue
        stack = role.origin.stack
        statements = list(_allowing(role, "inline_statements"))
        for attached in role.properties.get("attached_policies") or ():
            policy = policies.get((stack, str(attached.get("arn"))))
            statements += _allowing(policy, "statements") if policy else ()
        if not (_is_of_service(role) or any(_starts_ml(item) for item in statements)):
            continue
        for statement in statements:
            if any(a == "*" or a.lower().startswith("s3:") for a in _texts(statement, "actions")):
                for resource in _texts(statement, "resources"):
                    yield stack, resource.partition("/")[0]


def _starts_ml(statement: Statement) -> bool:
    """Say whether a statement is about ML: an administrator's, for every service, is not."""
    return "*" not in _texts(statement, "actions") and _allows(statement, _STARTS)


def _is_of_service(role: Resource) -> bool:
    return any(
        principal.startswith(_ML_SERVICES)
        for statement in _allowing(role, "trust")
        for principal in _texts(statement, "principals")
    )


def _is_written_by_everybody(bucket: Resource) -> bool:
    grants = bucket.properties.get("acl") or ()
    return any(
        "*" in _texts(statement, "principals")
        and not statement.get("has_condition")
        and _allows(statement, _WRITES)
        for statement in _allowing(bucket, "policy")
    ) or any(
        grant.get("grantee_uri") == _EVERYBODY and grant.get("permission") in _GRANTS
        for grant in grants
    )


def _allowing(resource: Resource, name: str) -> Iterator[Statement]:
    for statement in resource.properties.get(name) or ():
        if statement.get("effect") == "Allow":
            yield statement


def _allows(statement: Statement, wanted: tuple[str, ...]) -> bool:
    patterns = [action.lower() for action in _texts(statement, "actions")]
    return any(matches(pattern, action) for pattern in patterns for action in wanted)


def _texts(statement: Statement, name: str) -> list[str]:
    return [text for text in statement.get(name) or () if isinstance(text, str)]
