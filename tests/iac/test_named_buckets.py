"""Buckets that no ML resource refers to are judged where rights make them ML data."""

from __future__ import annotations

import pytest

from mlsec.collect.code.code_file import Language
from tests.iac.reading import inventory_of, scope_of

BUCKET = 'resource "aws_s3_bucket" "b" {\n  bucket = "data"\n}\n'
NOTEBOOK = """resource "aws_sagemaker_notebook_instance" "n" {
  name     = "n"
  role_arn = aws_iam_role.r.arn
}
"""


def role(service: str, actions: str, resource: str = "${aws_s3_bucket.b.arn}/*") -> str:
    return f"""resource "aws_iam_role" "r" {{
  name = "r"
  assume_role_policy = jsonencode({{ Statement = [{{ Effect = "Allow",
    Action = "sts:AssumeRole", Principal = {{ Service = "{service}" }} }}] }})
}}
resource "aws_iam_role_policy" "r" {{
  role   = aws_iam_role.r.id
  policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = {actions},
    Resource = "{resource}" }}] }})
}}
resource "aws_lambda_function" "f" {{
  function_name = "f"
  role          = aws_iam_role.r.arn
}}
"""


def policy(action: str, more: str = "") -> str:
    return f"""resource "aws_s3_bucket_policy" "p" {{
  bucket = aws_s3_bucket.b.id
  policy = jsonencode({{ Statement = [{{ Effect = "Allow", Principal = "*", Action = "{action}",
    Resource = "${{aws_s3_bucket.b.arn}}/*"{more} }}] }})
}}
"""


def is_judged(text: str) -> bool:
    scope = scope_of({"main.tf": text}, Language.TERRAFORM)
    found = inventory_of(scope, as_scanned=True)
    return any(resource.type == "aws.s3.bucket" for resource in found.resources)


SAGEMAKER = role("sagemaker.amazonaws.com", '["s3:GetObject"]')
OTHER = role("lambda.amazonaws.com", '["s3:GetObject"]')


def test_what_the_role_of_an_ml_service_names_is_ml_data() -> None:
    assert is_judged(BUCKET + SAGEMAKER)


def test_what_a_role_names_that_starts_training_is_ml_data() -> None:
    assert is_judged(
        BUCKET + role("lambda.amazonaws.com", '["s3:GetObject", "sagemaker:CreateTrainingJob"]')
    )


def test_what_an_attached_policy_of_an_ml_role_names_is_ml_data() -> None:
    attached = """resource "aws_iam_policy" "p" {
  name   = "p"
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:*",
    Resource = aws_s3_bucket.b.arn }] })
}
resource "aws_iam_role_policy_attachment" "p" {
  role       = aws_iam_role.r.name
  policy_arn = aws_iam_policy.p.arn
}
"""
    assert is_judged(BUCKET + role("sagemaker.amazonaws.com", '["logs:*"]', "*") + attached)


@pytest.mark.parametrize(
    "text",
    [
        OTHER,
        role("sagemaker.amazonaws.com", '["s3:*"]', "*"),
        role("sagemaker.amazonaws.com", '["kms:*"]'),
        role("lambda.amazonaws.com", '["*"]'),
    ],
)
def test_what_other_roles_name_or_no_role_names_is_no_ml_data(text: str) -> None:
    assert not is_judged(BUCKET + text)


def test_what_everybody_may_write_is_judged_beside_ml_alone() -> None:
    ml = NOTEBOOK + role("sagemaker.amazonaws.com", '["logs:*"]', "*")
    for action in ("s3:PutObject", "s3:*", "*"):
        assert is_judged(BUCKET + policy(action) + ml)
    assert not is_judged(BUCKET + policy("s3:PutObject") + OTHER)


def test_a_website_beside_ml_is_not_judged() -> None:
    ml = NOTEBOOK + role("sagemaker.amazonaws.com", '["logs:*"]', "*")
    assert not is_judged(BUCKET + policy("s3:GetObject") + ml)
    condition = ', Condition = { StringEquals = { "aws:SourceVpce" = "vpce-1" } }'
    assert not is_judged(BUCKET + policy("s3:PutObject", condition) + ml)
