"""The index of roles by bucket leaves out only roles that certainly may not write it."""

from __future__ import annotations

import pytest

from mlsec.providers.aws.facts.bucket_write_candidates import _buckets_named
from mlsec.providers.aws.facts.pages import Pages
from mlsec.providers.aws.facts.permissions import Identity
from mlsec.providers.aws.facts.policy_statements import ANY, Cover, Question, read_document
from mlsec.providers.aws.policy.callers import principal

BUCKET = "arn:aws:s3:::weights"
QUESTION = Question(action="s3:putobject", resource=f"{BUCKET}/{ANY}", reach=Cover.PART)


def identity(*statements: dict[str, object]) -> Identity:
    raw = [
        {"effect": "Allow", "actions": ["s3:PutObject"], "resources": [], **each}
        for each in statements
    ]
    pages = Pages(documents=(read_document(raw),))
    return Identity(account="1", partition="aws", caller=principal("1"), policies=pages)


@pytest.mark.parametrize(
    "statement",
    [
        {"resources": [f"{BUCKET}/*"]},
        {"resources": [f"{BUCKET}/live/*", "arn:aws:s3:::other/*"]},
        {"resources": ["*"]},
        {"resources": ["arn:aws:s3:::w*/x"]},
        {"resources": ["arn:aws:s3:::weight?/x"]},
        {"resources": ["arn:aws:s3:::${aws:username}/x"]},
        {"resources": [], "not_resources": ["arn:aws:s3:::other/*"]},
        {"resources": []},
        {"actions": ["s3:*"], "resources": [BUCKET]},
    ],
)
def test_a_role_that_may_write_a_bucket_is_always_among_those_asked(
    statement: dict[str, object],
) -> None:
    asked = identity(statement)
    named = _buckets_named(asked)
    assert named is None or BUCKET in named or asked.may(QUESTION).truth.value == "false"


def test_a_role_that_names_other_buckets_is_not_asked() -> None:
    named = _buckets_named(identity({"resources": ["arn:aws:s3:::other/*"]}))
    assert named == {"arn:aws:s3:::other"}


def test_a_role_whose_policies_were_not_all_read_is_always_asked() -> None:
    whole = identity({"resources": ["arn:aws:s3:::other/*"]})
    part = Pages(documents=whole.policies.documents, gaps=("g",), is_whole=False)
    hidden = Identity(account="1", partition="aws", caller=principal("1"), policies=part)
    assert _buckets_named(hidden) is None
