"""What stands apart from the thing that it sets: it reaches it, or that thing is not judged."""

from __future__ import annotations

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.core.resource import Resource
from tests.iac.reading import inventory_of, scope_of

BUCKET = 'resource "aws_s3_bucket" "{0}" {{\n  bucket = "{0}"\n}}\n'
POLICY = (
    'resource "aws_s3_bucket_policy" "p" {{\n  bucket = {}\n  policy = jsonencode({{\n'
    '    Statement = [{{ Effect = "Allow", Principal = "*", Action = "s3:GetObject",\n'
    '      Resource = "*" }}] }})\n}}\n'
)
MODELS, LOGS = BUCKET.format("models"), BUCKET.format("logs")


def read(texts: dict[str, str], language: Language = Language.TERRAFORM) -> dict[str, Resource]:
    found = inventory_of(scope_of(texts, language)).resources
    return {resource.name: resource for resource in found}


def policies(texts: dict[str, str], language: Language = Language.TERRAFORM) -> dict[str, str]:
    """Say of each bucket whether it is open, closed or not judged."""
    told = {}
    for name, each in read(texts, language).items():
        if each.type.endswith("bucket"):
            is_read = not {"policy", "policy[]"} & each.unread.keys()
            told[name] = ("open" if each.properties["policy"] else "closed") if is_read else "?"
    return told


def test_a_setting_reaches_the_bucket_of_that_name_in_another_root() -> None:
    assert policies(
        {
            "data/main.tf": MODELS + LOGS,
            "access/main.tf": POLICY.format('"models"'),
        }
    ) == {"models": "open", "logs": "closed"}


def test_a_data_source_that_looks_a_bucket_up_by_name_means_that_bucket() -> None:
    looked_up = 'data "aws_s3_bucket" "d" {\n  bucket = "models"\n}\n'
    assert policies(
        {
            "data/main.tf": MODELS + LOGS,
            "access/main.tf": looked_up + POLICY.format("data.aws_s3_bucket.d.id"),
        }
    ) == {"models": "open", "logs": "closed"}


def test_a_setting_stays_with_the_bucket_of_its_own_root() -> None:
    open_root = MODELS + POLICY.format("aws_s3_bucket.models.id")
    scope = scope_of({"a/main.tf": open_root, "b/main.tf": MODELS}, Language.TERRAFORM)
    found = {each.id: each.properties["policy"] for each in inventory_of(scope).resources}
    assert [bool(found[f"{root}#aws_s3_bucket.models"]) for root in "ab"] == [True, False]


def test_a_role_of_that_name_in_another_root_may_be_one_of_another_account() -> None:
    role = (
        'resource "aws_iam_role" "r" {\n  name = "serve"\n'
        '  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow",\n'
        '    Principal = { Service = "sagemaker.amazonaws.com" }, Action = "sts:AssumeRole" }] })\n'
        "}\n"
    )
    attached = (
        'resource "aws_iam_role_policy_attachment" "a" {\n  role = "serve"\n'
        '  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"\n}\n'
    )
    texts = {"a/main.tf": role, "b/main.tf": attached}
    assert "attached_policies[]" in read(texts)["serve"].unread
    assert "attached_policies[]" not in read({"a/main.tf": role})["serve"].unread


@pytest.mark.parametrize(
    ("owner", "told"),
    [
        ("var.bucket", "??"),
        ("aws_cloudformation_stack.s.outputs.Bucket", "closed closed"),
        ("module.far.s3_bucket_id", "closed closed"),
        ("module.given.s3_bucket_id", "? closed"),
        ("module.named.s3_bucket_id", "closed ?"),
        ("module.open.s3_bucket_id", "??"),
        ("data.terraform_remote_state.r.outputs.bucket", "closed closed"),
        ("data.aws_ssm_parameter.s.value", "??"),
        ("terraform_data.s.output", "??"),
        ('aws_s3_bucket.many["x"].id', "closed closed"),
    ],
)
def test_an_owner_that_is_not_known_hides_only_what_it_may_be(owner: str, told: str) -> None:
    around = (
        'variable "bucket" {}\nvariable "many" {}\n'
        'resource "aws_cloudformation_stack" "s" {\n  name = "s"\n}\n'
        'module "far" {\n  source = "example/bucket/aws"\n  bucket = "far"\n}\n'
        'module "given" {\n  source = "example/bucket/aws"\n'
        "  to = [aws_s3_bucket.models.bucket_domain]\n}\n"
        'module "named" {\n  source = "example/bucket/aws"\n  to = { a = aws_s3_bucket.logs.id }\n'
        '}\nmodule "open" {\n  source = "example/bucket/aws"\n  to = var.bucket\n}\n'
        'data "terraform_remote_state" "r" {\n  backend = "s3"\n}\n'
        'data "aws_ssm_parameter" "s" {\n  name = "s"\n}\nresource "terraform_data" "s" {}\n'
        'resource "aws_s3_bucket" "many" {\n  for_each = var.many\n  bucket = each.value\n}\n'
    )
    found = policies({"main.tf": MODELS + LOGS + around + POLICY.format(owner)})
    assert [found["models"], found["logs"]] == told.replace("??", "? ?").split()


@pytest.mark.parametrize(("asked", "told"), [("model_bucket", "?"), ("log_bucket", "closed")])
def test_what_another_root_tells_hides_what_that_root_has(asked: str, told: str) -> None:
    output = 'output "model_bucket" {\n  value = aws_s3_bucket.models.id\n}\n'
    remote = 'data "terraform_remote_state" "d" {\n  backend = "s3"\n}\n'
    owner = f"data.terraform_remote_state.d.outputs.{asked}"
    assert policies(
        {
            "data/main.tf": MODELS + output,
            "access/main.tf": LOGS + remote + POLICY.format(owner),
        }
    ) == {"models": told, "logs": "closed"}


@pytest.mark.parametrize(
    ("imported", "told"),
    [("net-Bucket", "?"), ('"${Parent}-Bucket"', "?"), ("net-Logs", "closed")],
)
def test_an_import_hides_what_the_template_has_that_exports_it(imported: str, told: str) -> None:
    bucket = "Resources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties: {{BucketName: {}}}\n"
    exports = (
        'Outputs:\n  O:\n    Value: !Ref B\n    Export: {Name: !Sub "${AWS::StackName}-Bucket"}\n'
    )
    function = "!Sub " if "$" in imported else ""
    policy = (
        "  P:\n    Type: AWS::S3::BucketPolicy\n    Properties:\n"
        f"      Bucket:\n        Fn::ImportValue: {function}{imported}\n"
        "      PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: '*'}]}\n"
    )
    texts = {
        "a.yaml": "Parameters: {}\n" + bucket.format("models") + exports,
        "b.yaml": "Parameters: {Parent: {Type: String}}\n" + bucket.format("logs") + policy,
    }
    found = policies(texts, Language.CLOUDFORMATION)
    assert found == {"models": told, "logs": "closed"}


def test_a_doubt_is_of_what_it_would_say_and_nothing_else() -> None:
    account = (
        'variable "who" {}\nresource "azurerm_storage_account" "s" {\n  name = "data"\n'
        '  resource_group_name = "g"\n  min_tls_version = "TLS1_0"\n}\n'
        'resource "azurerm_storage_account_network_rules" "n" {\n'
        '  storage_account_id = var.who\n  default_action = "Deny"\n}\n'
    )
    found = read({"main.tf": account})["data"]
    assert found.properties["minimum_tls"] == "TLS1_0"
    assert {"default_action", "minimum_tls"} & found.unread.keys() == {"default_action"}


@pytest.mark.parametrize("order", [1, -1])
def test_a_doubt_stays_beside_what_is_certain(order: int) -> None:
    blocks = (
        'resource "aws_s3_bucket_public_access_block" "{}" {{\n  bucket = {}\n'
        "  block_public_acls = true\n  block_public_policy = true\n}}\n"
    )
    texts = [blocks.format("sure", "aws_s3_bucket.models.id"), blocks.format("open", "var.who")]
    text = MODELS + 'variable "who" {}\n' + "".join(texts[::order])
    found = read({"main.tf": text})["models"]
    assert {"block_public_acls", "block_public_policy"} <= found.unread.keys()
