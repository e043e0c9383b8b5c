"""A plan says what its code says, but for what only the apply will know."""

from __future__ import annotations

from mlsec.collect.code.code_file import CodeFile, CodeScope, Language
from mlsec.collect.tally import Tally
from mlsec.core.resource import Resource
from tests.iac.reading import inventory_of, scope_of
from tests.iac.terraform.planned import plan_of

CODE = {
    "main.tf": 'variable "open" { default = "Enabled" }\n'
    'resource "aws_iam_role" "r" {\n  name = "serve"\n  assume_role_policy = jsonencode({\n'
    '    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole",\n'
    '      Principal = { Service = "sagemaker.amazonaws.com" } }] })\n}\n'
    'resource "aws_sagemaker_notebook_instance" "n" {\n  name = "n"\n'
    "  role_arn = aws_iam_role.r.arn\n  direct_internet_access = var.open\n}\n"
    'module "m" {\n  source = "./m"\n}\n',
    "m/main.tf": 'resource "aws_s3_bucket" "b" {\n  count = 1\n  bucket = "models"\n}\n'
    'resource "aws_s3_bucket_versioning" "b" {\n  bucket = aws_s3_bucket.b[0].arn\n'
    '  versioning_configuration {\n    status = "Enabled"\n  }\n}\n',
}


def together(texts: dict[str, tuple[str, Language]]) -> dict[str, Resource]:
    files = [
        CodeFile(id=f"repo/{path}", path=path, language=kind, text=text, in_repository=path)
        for path, (text, kind) in texts.items()
    ]
    found = inventory_of(CodeScope("code/repo", files, Tally())).resources
    return {each.id: each for each in found if each.provider == "aws"}


def test_a_plan_alone_says_what_the_code_says() -> None:
    planned = together({"plan.json": (plan_of(CODE), Language.TERRAFORM_PLAN)})
    coded = together({path: (text, Language.TERRAFORM) for path, text in CODE.items()})
    assert [key.partition("#")[2] for key in planned] == [key.partition("#")[2] for key in coded]
    for (_, plan), (_, code) in zip(planned.items(), coded.items(), strict=True):
        assert plan.properties == code.properties, plan.id
        assert plan.unread.keys() == code.unread.keys(), plan.id


def test_a_plan_stands_in_for_its_code_and_points_at_it() -> None:
    both = {path: (text, Language.TERRAFORM) for path, text in CODE.items()}
    both["plan.json"] = (plan_of(CODE), Language.TERRAFORM_PLAN)
    found = together(both)
    notebook = found[".#aws_sagemaker_notebook_instance.n"]
    assert notebook.places["direct_internet"] == "main.tf:11:3"
    assert found[".#module.m.aws_s3_bucket.b[0]"].origin.file == "m/main.tf"
    assert sum(1 for each in found.values() if each.type == "aws.s3.bucket") == 1


def test_a_plan_without_its_code_points_into_itself() -> None:
    text = plan_of(CODE)
    found = together({"plan.json": (text, Language.TERRAFORM_PLAN)})
    place = found["plan.json#aws_sagemaker_notebook_instance.n"].places["direct_internet"]
    file, line, _ = place.split(":")
    assert file == "plan.json"
    assert '"direct_internet_access": "Enabled"' in text.splitlines()[int(line) - 1]


def test_what_is_no_plan_is_refused() -> None:
    scope = scope_of({"plan.json": '{"terraform_version": 1'}, Language.TERRAFORM_PLAN)
    inventory_of(scope)
    assert "no plan" in scope.tally.gaps[scope.refused["repo/plan.json"][0]].detail


def test_a_policy_that_is_attached_by_its_arn_is_found_in_a_plan() -> None:
    code = (
        'resource "aws_iam_policy" "p" {\n  name = "p"\n'
        "  policy = jsonencode({ Statement = [] })\n}\n"
        'resource "aws_iam_role" "r" {\n  name = "r"\n'
        "  assume_role_policy = jsonencode({ Statement = [] })\n}\n"
        'resource "aws_iam_role_policy_attachment" "a" {\n  role = aws_iam_role.r.name\n'
        "  policy_arn = aws_iam_policy.p.arn\n}\n"
    )
    planned = together({"plan.json": (plan_of({"main.tf": code}), Language.TERRAFORM_PLAN)})
    coded = together({"main.tf": (code, Language.TERRAFORM)})
    attached = [
        (each.properties["attached_policies"], each.unread)
        for found in (planned, coded)
        for each in found.values()
        if each.type == "aws.iam.role"
    ]
    assert attached[0][0] == attached[1][0]
    assert "attached_policies" not in attached[0][1]


def test_a_repository_counts_as_used_where_the_image_of_a_model_is_not_known_yet() -> None:
    repository = 'resource "aws_ecr_repository" "e" {\n  name = "serve"\n}\n'
    model = (
        'resource "aws_sagemaker_model" "m" {\n  primary_container {\n'
        '    image = "${aws_ecr_repository.e.repository_url}:1"\n  }\n}\n'
    )
    for code, kept in ((repository + model, 1), (repository, 0)):
        scope = scope_of({"plan.json": plan_of({"main.tf": code})}, Language.TERRAFORM_PLAN)
        found = inventory_of(scope, as_scanned=True).resources
        assert sum(each.type == "aws.ecr.repository" for each in found) == kept
