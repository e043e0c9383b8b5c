"""Random bucket policies, and what the simulator says of who reads and writes the bucket."""

from __future__ import annotations

import random
from typing import Any

from tests.providers.aws.external_access.keys import KEYS, OWN, S3_KEYS
from tests.providers.aws.external_access.policies import (
    Style,
    random_controls,
    random_policy,
)
from tests.providers.aws.external_access.requests import EVERYBODY, NAMED, TooManyError, requests
from tests.providers.aws.external_access.simulator import Case

WRITES = (
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutObjectAcl",
    "s3:PutObjectVersionAcl",
    "s3:ReplicateObject",
    "s3:ReplicateDelete",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
)
READS = ("s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions")
REST = ("s3:GetBucketLocation", "s3:PutObjectTagging", "s3:GetBucketPolicy")
_BUCKET, _OBJECTS = "arn:aws:s3:::data", "arn:aws:s3:::data/*"
_PLACES = (_BUCKET, *(f"{_BUCKET}/{key}" for key in ("public/x", "team/y", "z")))
_KEYS = (*KEYS, *S3_KEYS)
_STYLE = Style(
    actions=(
        "s3:*",
        "s3:GetObject",
        "s3:PutObject",
        ["s3:GetObject", "s3:PutObject"],
        "s3:Get*",
        "s3:Put*",
        "s3:ListBucket",
        "s3:DeleteObjectVersion",
        "s3:GetObjectVersion",
        "s3:PutLifecycleConfiguration",
        "s3:PutObjectVersionAcl",
        "s3:*Object",
        "*",
        ["s3:PutBucketPolicy", "s3:PutBucketAcl"],
        "s3:ListBucketVersions",
        "s3:Delete*",
        "s3:GetBucketLocation",
        "s3:Replicate*",
        "s3:PutReplicationConfiguration",
    ),
    resources=(
        [_BUCKET, _OBJECTS],
        _OBJECTS,
        _BUCKET,
        "*",
        f"{_BUCKET}/public/*",
        f"{_BUCKET}/*/y",
        [f"{_BUCKET}/public/*", f"{_BUCKET}/team/*"],
        f"{_BUCKET}*",
        f"{_BUCKET}/z",
    ),
    keys=_KEYS,
)


def random_bucket(chance: random.Random, *, exotic: bool) -> Case:
    """Make a policy with the questions of a bucket's facts."""
    while True:
        policy = random_policy(chance, _STYLE, exotic=exotic)
        try:
            return Case(
                account=OWN,
                policy=policy,
                questions=_questions(policy),
                restricted=chance.random() < 0.1,
            )
        except TooManyError:
            continue


def random_controlled_bucket(chance: random.Random, *, exotic: bool) -> Case:
    """Make a policy below the resource control policies of an organisation."""
    while True:
        policy = random_policy(chance, _STYLE, exotic=exotic)
        controls = random_controls(chance, _STYLE, exotic=exotic)
        statements = [s for each in (policy, *controls) for s in each["Statement"]]
        try:
            questions = _questions({"Statement": statements})
        except TooManyError:
            continue
        return Case(account=OWN, policy=policy, questions=questions, controls=controls)


def _questions(policy: dict[str, Any]) -> dict[str, Any]:
    asked = {"read": READS, "write": WRITES, "any": (*READS, *WRITES, *REST)}
    return {
        f"{who} {what}": requests(policy, callers, actions, _PLACES, _KEYS)
        for what, actions in asked.items()
        for who, callers in (("everybody", EVERYBODY), ("named", NAMED))
    }


def expected(answer: dict[str, int]) -> dict[str, bool]:
    """Give each fact of the bucket by what the simulator allows."""
    may = {question: index >= 0 for question, index in answer.items()}
    read, write = may["everybody read"], may["everybody write"]
    return {
        "is_public": read or write,
        "is_public_read": read,
        "is_public_write": write,
        "has_external_readers": read or may["named read"],
        "has_external_writers": write or may["named write"],
        "policy.has_external_readers": read or may["named read"],
        "external_readers": read or may["named read"],
        "external_writers": write or may["named write"],
    }
