"""Shapes turn raw AWS values into what rules read, and refuse what they do not understand."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.providers.aws.shapes.policy_document import ShapeError
from mlsec.providers.aws.shapes.table import SHAPES

_DIGEST = "sha256:" + "0f" * 32
_ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
_REPOSITORY = "arn:aws:ecr:eu-west-1:111122223333:repository"

CASES: tuple[tuple[str, Any, Any], ...] = (
    ("s3_bucket", "s3://data/a/b.tar.gz", "data"),
    ("s3_bucket", "s3://data", "data"),
    ("s3_bucket", "https://data.s3.eu-west-1.amazonaws.com/a", "data"),
    ("s3_bucket", "https://my.data.s3.amazonaws.com/a", "my.data"),
    ("s3_bucket", "https://s3.eu-west-1.amazonaws.com/data/a", "data"),
    ("s3_bucket", "https://s3-us-west-2.amazonaws.com/data/a", "data"),
    ("s3_bucket", "https://s3.dualstack.us-east-1.amazonaws.com/data/a", "data"),
    ("s3_bucket", "https://data.s3.cn-north-1.amazonaws.com.cn/a", "data"),
    ("s3_bucket", "arn:aws:s3:::data/a", "data"),
    ("s3_bucket", "https://example.com/data/a", None),
    ("s3_bucket", "https://s3.example.com/data", None),
    ("s3_bucket", "data", None),
    ("s3_bucket", "", None),
    ("s3_key", "s3://data/a/b.tar.gz", "a/b.tar.gz"),
    ("s3_key", "https://data.s3.amazonaws.com/a%20b", "a b"),
    ("s3_key", "s3://data", ""),
    ("s3_bucket_arn", "s3://data/a", "arn:aws:s3:::data"),
    ("s3_buckets", ["s3://a/x", "https://example.com", "s3://b"], ["a", "b"]),
    ("ecr_repository", f"{_ECR}/ml/serve:1", f"{_REPOSITORY}/ml/serve"),
    ("ecr_repository", f"{_ECR}/serve@{_DIGEST}", f"{_REPOSITORY}/serve"),
    ("ecr_repository", "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/a",
     "arn:aws-cn:ecr:cn-north-1:111122223333:repository/a"),
    ("ecr_repository", "docker.io/library/python:3", None),
    ("ecr_repository", "public.ecr.aws/x/y:1", None),
    ("image_tag", f"{_ECR}/serve:1.2", "1.2"),
    ("image_tag", "python", "latest"),
    ("image_tag", f"{_ECR}/serve@{_DIGEST}", None),
    ("image_tag", f"{_ECR}/serve:1@{_DIGEST}", "1"),
    ("image_tag", "localhost:5000/serve", "latest"),
    ("image_digest", f"{_ECR}/serve:1@{_DIGEST}", _DIGEST),
    ("image_digest", f"{_ECR}/serve:1", None),
    ("registry_host", f"{_ECR}/serve:1", _ECR),
    ("registry_host", "library/python:3", "docker.io"),
    ("registry_host", "python:3", "docker.io"),
    ("registry_host", "localhost:5000/serve", "localhost:5000"),
    ("account_of", "arn:aws:sagemaker:eu-west-1:111122223333:model/a", "111122223333"),
    ("account_of", "arn:aws:s3:::data", None),
    ("region_of", "arn:aws:sagemaker:eu-west-1:111122223333:model/a", "eu-west-1"),
    ("last_segment", "arn:aws:iam::111122223333:role/ml/runner", "runner"),
    ("url_host", "https://Hub.Example.com:8443/x", "hub.example.com"),
    ("entries", {"b": 2, "a": 1}, [{"key": "a", "value": 1}, {"key": "b", "value": 2}]),
    ("tag_map", [{"Key": "env", "Value": "prod"}], {"env": "prod"}),
    ("tag_map", [{"key": "env", "value": "prod"}], {"env": "prod"}),
    ("tag_map", [{"TagKey": "env", "TagValue": "prod"}], {"env": "prod"}),
    ("tag_map", {"env": "prod"}, {"env": "prod"}),
    ("names", [{"Name": "a"}, {"name": "b"}], ["a", "b"]),
    ("is_present", {"TargetBucket": "b"}, True),
    ("is_present", {}, False),
    ("is_enabled", "ENABLED", True),
    ("is_enabled", "Disabled", False),
    ("count", [1, 2], 2),
    ("texts", "one", ["one"]),
    ("first", [], None),
    ("lower", "ABC", "abc"),
)  # fmt: skip


@pytest.mark.parametrize(("shape", "raw", "expected"), CASES)
def test_shape_gives(shape: str, raw: Any, expected: Any) -> None:
    assert SHAPES[shape](raw) == expected


_OURS = ("table", "addresses", "policy_document")
_PLAIN = sorted(n for n, shape in SHAPES.items() if shape.__module__.rpartition(".")[2] in _OURS)


@pytest.mark.parametrize("shape", _PLAIN)
def test_a_plain_shape_gives_none_for_none(shape: str) -> None:
    assert SHAPES[shape](None) is None


_DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {
            "AWS": ["arn:aws:iam::111122223333:root", "*"],
            "Service": "s3.amazonaws.com",
        },
        "Action": "s3:GetObject",
        "NotResource": ["arn:aws:s3:::a"],
        "Condition": {"Bool": {"aws:SecureTransport": True}},
    },
}
_STATEMENT = {
    "sid": "",
    "effect": "Allow",
    "principals": ["111122223333", "*", "s3.amazonaws.com"],
    "not_principals": [],
    "actions": ["s3:GetObject"],
    "not_actions": [],
    "resources": [],
    "not_resources": ["arn:aws:s3:::a"],
    "conditions": [{"operator": "Bool", "key": "aws:SecureTransport", "values": ["true"]}],
    "has_condition": True,
}


@pytest.mark.parametrize(
    "raw", [_DOCUMENT, json.dumps(_DOCUMENT), urllib.parse.quote(json.dumps(_DOCUMENT))]
)
def test_policy_reads_the_same_from_every_form(raw: Any) -> None:
    assert SHAPES["policy"](raw) == [_STATEMENT]


@pytest.mark.parametrize(
    "raw",
    [
        "{",
        "[]",
        {"Statement": ["x"]},
        {"Statement": [{"Effect": "Allow", "Condition": 1}]},
        {"Statement": [{"Effect": "allow", "Action": "*", "Resource": "*"}]},
        {"Statement": [{"Action": "*", "Resource": "*"}]},
    ],
)
def test_what_is_not_a_policy_is_refused_and_never_read_as_none(raw: Any) -> None:
    with pytest.raises(ShapeError):
        SHAPES["policy"](raw)


def test_no_policy_is_none() -> None:
    assert SHAPES["policy"]("") is None


def test_only_the_default_version_of_a_policy_counts() -> None:
    versions = [
        {"VersionId": "v2", "IsDefaultVersion": False, "Document": {"Statement": []}},
        {"VersionId": "v1", "IsDefaultVersion": True, "Document": _DOCUMENT},
    ]
    assert SHAPES["default_version"](versions) == [_STATEMENT]
    with pytest.raises(ShapeError):
        SHAPES["default_version"](versions[:1])


def test_inline_policies_become_one_list_that_names_them() -> None:
    found = SHAPES["named_policies"]([{"PolicyName": "p", "PolicyDocument": _DOCUMENT}])
    assert found == [{"policy": "p", **_STATEMENT}]


@given(st.text())
def test_keys_never_raise_on_any_text(raw: str) -> None:
    SHAPES["s3_key"](raw)


@pytest.mark.parametrize("shape", ["image_tag", "image_digest", "registry_host", "ecr_repository"])
@pytest.mark.parametrize("raw", ["<YOUR_IMAGE_HERE>", "{image}", "$(IMAGE)", "my image", ":"])
def test_text_that_is_no_address_of_an_image_has_no_tag_and_no_registry(
    shape: str, raw: str
) -> None:
    with pytest.raises(ValueError, match="no address of an image"):
        SHAPES[shape](raw)
    if shape != "ecr_repository":
        assert SHAPES[shape]("localhost:5000/a_b/c.d:v1@sha256:" + "0" * 64) is not None
