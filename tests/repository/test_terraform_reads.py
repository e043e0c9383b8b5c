"""What Terraform code reads is read with it: files that are no code, and installed modules."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from mlsec.core.resource import Resource
from tests.repository.test_folder import inventory_of

ROLE = (
    'data "template_file" "trust" {\n  template = file("${path.module}/policies/trust.tpl")\n'
    '  vars = { service = "sagemaker.amazonaws.com" }\n}\n'
    'resource "aws_iam_role" "r" {\n  name = "r"\n'
    "  assume_role_policy = data.template_file.trust.rendered\n}\n"
    'resource "aws_iam_role_policy" "p" {\n  role = aws_iam_role.r.id\n'
    '  policy = templatefile("policies/access.json", { what = "s3:*" })\n}\n'
    'resource "aws_sagemaker_model" "m" {\n  execution_role_arn = aws_iam_role.r.arn\n}\n'
)
TRUST = (
    '{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
    ' "Principal": {"Service": "${service}"}}]}'
)
ACCESS = '{"Statement": [{"Effect": "Allow", "Action": "${what}", "Resource": "*"}]}'
CALL = 'module "m" {\n  source = "acme/thing/aws"\n}\n'
MODULE = 'resource "aws_sagemaker_notebook_instance" "n" {\n  name = "n"\n}\n'
LISTED = {"Key": "m", "Source": "acme/thing/aws", "Version": "", "Dir": ".terraform/modules/m"}


def written(folder: Path, texts: dict[str, str]) -> Path:
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def resources(folder: Path, scratch: Path) -> dict[str, Resource]:
    found = inventory_of(folder, scratch).resources
    return {resource.name: resource for resource in found}


def initialised(tmp_path: Path) -> Path:
    texts = {
        "main.tf": CALL,
        ".terraform/modules/modules.json": json.dumps({"Modules": [LISTED]}),
        ".terraform/modules/m/main.tf": MODULE,
        ".terraform/modules/m/examples/x/main.tf": MODULE,
        ".terraform/providers/p/main.tf": MODULE,
    }
    return written(tmp_path / "repo", texts)


def test_policies_and_templates_that_code_names_are_read(tmp_path: Path) -> None:
    texts = {"main.tf": ROLE, "policies/trust.tpl": TRUST, "policies/access.json": ACCESS}
    role = resources(written(tmp_path / "repo", {**texts, "notes.json": "{}"}), tmp_path)["r"]
    assert "sagemaker.amazonaws.com" in str(role.properties)
    assert "s3:*" in str(role.properties)


def test_what_no_code_names_is_not_read(tmp_path: Path) -> None:
    texts = {"main.tf": ROLE, "policies/other.json": ACCESS, "access.json": ACCESS}
    found = resources(written(tmp_path / "repo", texts), tmp_path)
    assert not [name for name in found if name.endswith(".json")]


def test_installed_modules_are_read_where_they_are_called_and_nothing_beside(
    tmp_path: Path,
) -> None:
    found = resources(initialised(tmp_path), tmp_path)
    assert (found["n"].origin.file, found["n"].origin.line) == ("main.tf", 1)
    assert not [name for name in found if "examples" in name or "providers" in name]


def test_a_committed_list_of_modules_says_nothing(tmp_path: Path) -> None:
    folder = initialised(tmp_path)
    for words in (["init", "-q"], ["add", "-f", "."]):
        subprocess.run(["git", "-C", str(folder), *words], check=True)  # noqa: S603, S607
    found = resources(folder, tmp_path)
    assert found["n"].origin.file != "main.tf"
    assert found[".terraform/modules/modules.json"].properties["unresolved_parts"]
