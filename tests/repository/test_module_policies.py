"""Managed policies for a whole service that a module is given, and narrower ones."""

from __future__ import annotations

import pytest

from mlsec.collect.code.code_file import CodeFile, Language
from mlsec.repository.module_policies import module_policies

ARN = "arn:aws:iam::aws:policy"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f'module "m" {{\n  policies = ["{ARN}/AmazonS3FullAccess"]\n}}\n', [2]),
        (f'module "m" {{\n  a = {{\n    p = "{ARN}/AmazonS3ReadOnlyAccess"\n  }}\n}}\n', [3]),
        (f'module "m" {{\n  p = "{ARN}/service-role/AmazonEBSCSIDriverPolicy"\n}}\n', []),
        (f'module "m" {{\n  # p = "{ARN}/AdministratorAccess"\n}}\n', []),
        (f'module "m" {{\n}}\nlocals {{\n  p = "{ARN}/AdministratorAccess"\n}}\n', []),
        (f'resource "aws_x" "m" {{\n  policy_arn = "{ARN}/AmazonS3FullAccess"\n}}\n', []),
    ],
)
def test_a_broad_policy_that_a_module_is_given_is_found(text: str, found: list[int]) -> None:
    file = CodeFile(id="m.tf", path="m.tf", language=Language.TERRAFORM, text=text)
    assert [line for line, _ in module_policies(file)] == found
