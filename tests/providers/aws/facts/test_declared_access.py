"""Access that Terraform code gives by resources beside the thing, and the account it names."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.core.resource import Resource
from tests.providers.aws.facts.test_escalation import code

_ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
_ROLE = """\
resource "aws_iam_role" "ml" {
  name = "ml"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow",
    Principal = { Service = "sagemaker.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}
"""


def value(resource: Resource, name: str) -> Any:
    return "unread" if name in resource.unread else resource.properties[name]


@pytest.mark.parametrize(
    ("beside", "is_admin"),
    [
        (f'"aws_iam_role_policy_attachments_exclusive" "a" {{\n policy_arns = ["{_ADMIN}"]', True),
        ('"aws_iam_role_policy_attachments_exclusive" "a" {\n policy_arns = []', False),
        ('"aws_iam_role_policies_exclusive" "a" {\n policy_names = ["made-by-hand"]', "unread"),
        ('"aws_iam_role_policies_exclusive" "a" {\n policy_names = []', False),
    ],
)
def test_a_list_of_all_policies_of_a_role_counts(beside: str, is_admin: Any) -> None:
    text = f"{_ROLE}resource {beside}\n role_name = aws_iam_role.ml.name\n}}\n"
    assert value(code(text)["aws_iam_role.ml"], "is_admin") == is_admin


def test_an_inline_policy_that_is_listed_and_written_is_known() -> None:
    text = _ROLE + (
        'resource "aws_iam_role_policies_exclusive" "a" {\n role_name = "ml"\n'
        " policy_names = [aws_iam_role_policy.all.name]\n}\n"
        'resource "aws_iam_role_policy" "all" {\n name = "all"\n role = aws_iam_role.ml.id\n'
        ' policy = jsonencode({Statement=[{Effect="Allow",Action="*",Resource="*"}]})\n}\n'
    )
    assert value(code(text)["aws_iam_role.ml"], "is_admin") is True


def test_one_attachment_for_many_gives_each_its_policy() -> None:
    text = _ROLE + (
        'resource "aws_iam_policy_attachment" "a" {\n name = "a"\n roles = ["other", "ml"]\n'
        f' policy_arn = "{_ADMIN}"\n}}\n'
    )
    assert value(code(text)["aws_iam_role.ml"], "is_admin") is True


_FUNCTION = """\
resource "aws_lambda_function" "infer" {
  function_name = "infer"
  role          = aws_iam_role.ml.arn
}
resource "aws_iam_role_policy" "calls" {
  role   = aws_iam_role.ml.id
  policy = jsonencode({ Statement = [{ Effect = "Allow",
    Action = "sagemaker:InvokeEndpoint", Resource = "*" }] })
}
"""


@pytest.mark.parametrize(
    "named",
    ['"infer"', "aws_lambda_function.infer.function_name", "aws_lambda_function.infer.arn"],
)
@pytest.mark.parametrize(("auth", "is_public"), [("NONE", True), ("AWS_IAM", False)])
def test_the_address_of_a_function_leads_to_it_however_it_is_named(
    named: str, auth: str, is_public: bool
) -> None:
    text = f"""{_ROLE}{_FUNCTION}
resource "aws_lambda_function_url" "open" {{
  function_name      = {named}
  authorization_type = "{auth}"
}}
"""
    found = code(text)["aws_lambda_function_url.open"]
    assert value(found, "is_public") is is_public
    assert [route["via"] for route in value(found, "ai_routes")] == ["infer"]


def test_a_permission_opens_the_address_of_the_function() -> None:
    text = f"""{_ROLE}{_FUNCTION}
resource "aws_lambda_function_url" "open" {{
  function_name      = "infer"
  authorization_type = "AWS_IAM"
}}
resource "aws_lambda_permission" "all" {{
  function_name          = aws_lambda_function.infer.arn
  action                 = "lambda:InvokeFunctionUrl"
  principal              = "*"
  function_url_auth_type = "NONE"
}}
"""
    found = code(text)["aws_lambda_function_url.open"]
    assert [statement["principals"] for statement in value(found, "policy")] == [["*"]]


_BUCKET = """\
resource "aws_s3_bucket" "data" { bucket = "data" }
resource "aws_s3_bucket_policy" "data" {
  bucket = aws_s3_bucket.data.id
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:GetObject",
    Resource = "arn:aws:s3:::data/*", Principal = { AWS = "arn:aws:iam::%s:root" } }] })
}
"""
_OWN, _OTHER = "111122223333", "999988887777"


@pytest.mark.parametrize(
    ("provider", "account", "external"),
    [
        ("", _OTHER, "unread"),
        (f'allowed_account_ids = ["{_OWN}"]', _OTHER, True),
        (f'allowed_account_ids = ["{_OWN}"]', _OWN, False),
        (f'allowed_account_ids = ["{_OWN}", "{_OTHER}"]', _OTHER, "unread"),
        (f'assume_role {{ role_arn = "arn:aws:iam::{_OWN}:role/deploy" }}', _OTHER, True),
        ("assume_role { role_arn = var.role }", _OTHER, "unread"),
    ],
)
def test_the_provider_says_which_account_is_the_own(
    provider: str, account: str, external: Any
) -> None:
    text = f'variable "role" {{}}\nprovider "aws" {{\n  {provider}\n}}\n{_BUCKET % account}'
    found = code(text)["aws_s3_bucket.data"]
    assert value(found, "has_external_readers") == external


def test_two_providers_of_different_accounts_leave_the_own_one_open() -> None:
    text = f"""
provider "aws" {{ allowed_account_ids = ["{_OWN}"] }}
provider "aws" {{
  alias               = "partner"
  allowed_account_ids = ["{_OTHER}"]
}}
resource "aws_s3_bucket" "far" {{
  bucket   = "far"
  provider = aws.partner
}}
{_BUCKET % _OTHER}"""
    assert value(code(text)["aws_s3_bucket.data"], "has_external_readers") == "unread"


_OPENED = """\
resource "aws_s3_bucket" "data" { bucket = "data" }
resource "aws_s3_bucket_public_access_block" "data" {
  bucket             = aws_s3_bucket.data.id
  ignore_public_acls = %s
}
resource "aws_s3_object" "model" {
  bucket = aws_s3_bucket.data.id
  key    = "model.safetensors"
  %s
}
"""


@pytest.mark.parametrize(
    ("ignored", "acl", "public"),
    [
        ("false", 'acl = "public-read"', True),
        ("false", 'acl = "authenticated-read"', True),
        ("false", 'acl = "private"', False),
        ("false", "", False),
        ("true", 'acl = "public-read"', False),
        ("false", "acl = var.acl", "unread"),
    ],
)
def test_the_list_of_an_object_opens_a_part_of_its_bucket(
    ignored: str, acl: str, public: Any
) -> None:
    found = code(f'variable "acl" {{}}\n{_OPENED % (ignored, acl)}')["aws_s3_bucket.data"]
    assert value(found, "is_public_read") == public
    assert value(found, "is_public_write") == (False if public != "unread" else "unread")


def test_the_list_of_an_object_does_not_hide_that_of_its_bucket() -> None:
    text = (_OPENED % ("false", 'acl = "private"')).replace(
        '{ bucket = "data" }', '{\n  bucket = "data"\n  acl = "public-read-write"\n}'
    )
    assert value(code(text)["aws_s3_bucket.data"], "is_public_write") is True


_GRANTED = """\
data "aws_canonical_user_id" "own" {}
resource "aws_s3_bucket" "data" { bucket = "data" }
resource "aws_s3_bucket_acl" "data" {
  bucket = aws_s3_bucket.data.id
  access_control_policy {
    owner { id = %s }
    grant {
      grantee {
        type = "CanonicalUser"
        id   = %s
      }
      permission = "FULL_CONTROL"
    }
  }
}
"""
_ME, _YOU, _CURRENT = f'"{"a" * 64}"', f'"{"b" * 64}"', "data.aws_canonical_user_id.own.id"


@pytest.mark.parametrize(
    ("owner", "grantee", "external"),
    [
        (_ME, _YOU, True),
        (_ME, _ME, False),
        (_CURRENT, _CURRENT, False),
        (_CURRENT, _YOU, "unread"),
    ],
)
def test_a_grant_of_a_list_names_its_owner_or_another_account(
    owner: str, grantee: str, external: Any
) -> None:
    found = code(_GRANTED % (owner, grantee))["aws_s3_bucket.data"]
    assert value(found, "has_external_writers") == external


@pytest.mark.parametrize(
    ("grantee", "operations", "external"),
    [
        (f'"arn:aws:iam::{_OTHER}:role/x"', '["Decrypt"]', True),
        (f'"arn:aws:iam::{_OTHER}:role/x"', '["DescribeKey"]', False),
        ("aws_iam_role.ml.arn", '["Decrypt", "Encrypt"]', False),
    ],
)
def test_a_declared_grant_of_a_key_lets_in_whom_it_names(
    grantee: str, operations: str, external: bool
) -> None:
    text = f"""provider "aws" {{ allowed_account_ids = ["{_OWN}"] }}
{_ROLE}
resource "aws_kms_key" "data" {{}}
resource "aws_kms_grant" "given" {{
  key_id            = aws_kms_key.data.key_id
  grantee_principal = {grantee}
  operations        = {operations}
}}
resource "aws_sagemaker_notebook_instance" "uses" {{
  name       = "uses"
  role_arn   = aws_iam_role.ml.arn
  kms_key_id = aws_kms_key.data.arn
}}
"""
    assert value(code(text)["aws_kms_key.data"], "has_external_users") is external
