"""Who gets into a bucket through access points to which its policy leaves access."""

from __future__ import annotations

from typing import Any

import pytest

from tests.providers.aws.facts.test_declared_access import value
from tests.providers.aws.facts.test_escalation import code

_OWN, _OTHER = "111122223333", "999988887777"
_LEFT = f'StringEquals = {{ "s3:DataAccessPointAccount" = "{_OWN}" }}'
_TEXT = """\
variable "bucket" {{}}
provider "aws" {{ allowed_account_ids = ["{own}"] }}
resource "aws_s3_bucket" "data" {{ bucket = "data" }}
resource "aws_s3_bucket_public_access_block" "data" {{ bucket = aws_s3_bucket.data.id }}
resource "aws_s3_bucket_policy" "data" {{
  bucket = aws_s3_bucket.data.id
  policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = "s3:*", Principal = {who},
    Resource = ["arn:aws:s3:::data", "arn:aws:s3:::data/*"], Condition = {{ {left} }} }}] }})
}}
resource "aws_s3_access_point" "way" {{
  name   = "way"
  bucket = {bucket}
  {settings}
}}
resource "aws_s3control_access_point_policy" "way" {{
  access_point_arn = aws_s3_access_point.way.arn
  policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = "{action}",
    Principal = {{ AWS = "{principal}" }},
    Resource = "${{aws_s3_access_point.way.arn}}/object/*" }}] }})
}}
"""
_OPEN = "public_access_block_configuration { restrict_public_buckets = false }"
_NETWORK = f'{_OPEN}\n  vpc_configuration {{ vpc_id = "vpc-1" }}'
_DEFAULTS = {
    "own": _OWN, "who": '"*"', "left": _LEFT, "bucket": "aws_s3_bucket.data.id", "settings": _OPEN,
    "action": "s3:GetObject", "principal": _OTHER,
}  # fmt: skip


def reading(**settings: str) -> tuple[Any, Any]:
    """Say whether everybody, and whether anybody of another account, may read the bucket."""
    found = code(_TEXT.format(**{**_DEFAULTS, **settings}))["aws_s3_bucket.data"]
    return value(found, "is_public_read"), value(found, "has_external_readers")


@pytest.mark.parametrize(
    ("settings", "public", "external"),
    [
        ({}, False, True),
        ({"principal": f"arn:aws:iam::{_OWN}:root"}, False, False),
        ({"principal": "*"}, True, True),
        ({"principal": "*", "settings": ""}, False, False),
        ({"principal": "*", "settings": _NETWORK}, False, False),
        ({"action": "s3:PutObject"}, False, False),
        ({"bucket": '"another"'}, False, False),
        ({"left": f'{_LEFT.rstrip(" }")}, "aws:PrincipalAccount" = "{_OWN}" }}'}, False, False),
        ({"who": f'{{ AWS = "{_OTHER}" }}', "principal": "*"}, False, True),
        ({"bucket": "var.bucket"}, "unread", "unread"),
    ],
)
def test_an_access_point_lets_in_whom_its_policy_and_the_bucket_let_in(
    settings: dict[str, str], public: Any, external: Any
) -> None:
    assert reading(**settings) == (public, external)


def test_an_access_point_opens_nothing_that_the_bucket_does_not_leave_to_it() -> None:
    secure = 'Bool = { "aws:SecureTransport" = "true" }'
    assert reading(who=f'{{ AWS = "arn:aws:iam::{_OWN}:root" }}', left=secure) == (False, False)


_MANY = """\
provider "aws" {{ allowed_account_ids = ["{own}"] }}
resource "aws_s3_bucket" "data" {{ bucket = "data" }}
resource "aws_s3_bucket_public_access_block" "data" {{ bucket = aws_s3_bucket.data.id }}
resource "aws_s3_bucket_policy" "data" {{
  bucket = aws_s3_bucket.data.id
  policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = "s3:*", Principal = "*",
    Resource = ["arn:aws:s3:::data/*"], Condition = {{ {left} }} }}] }})
}}
resource "aws_s3control_multi_region_access_point" "way" {{
  details {{
    name = "way"
    public_access_block {{ restrict_public_buckets = false }}
    region {{ bucket = "elsewhere" }}
    region {{ bucket = {bucket} }}
  }}
}}
resource "aws_s3control_multi_region_access_point_policy" "way" {{
  details {{
    name   = "way"
    policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = "s3:GetObject",
      Principal = "*", Resource = "*" }}] }})
  }}
}}
"""


@pytest.mark.parametrize(("bucket", "public"), [("aws_s3_bucket.data.id", True), ('"x"', False)])
def test_an_access_point_of_many_regions_is_a_way_into_each_of_its_buckets(
    bucket: str, public: bool
) -> None:
    found = code(_MANY.format(own=_OWN, left=_LEFT, bucket=bucket))["aws_s3_bucket.data"]
    assert value(found, "is_public_read") is public
