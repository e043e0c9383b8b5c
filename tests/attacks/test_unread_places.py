"""Somebody who may commit to a repository puts hostile code where a scan does not look.

They use a folder that tools make, a name or a size that is passed over, an unusual way to write a
key, or a file that stands for another one. They gain a green gate over what is loaded or applied
all the same. In each case the plain twin of the file is the control: it fails the gate too.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlsec.cli.main import main
from mlsec.repository.collector import MAX_BYTES


class Shell:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("id",)


HOSTILE = pickle.dumps(Shell())
HONEST = b"\x93NUMPY\x01\0v\0{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }".ljust(
    127
) + (b"\n" + bytes(8))
FOUND, INCOMPLETE = 10, 11
TERRAFORM = """\
resource "aws_sagemaker_notebook_instance" "n" {
  name                   = "n"
  role_arn               = "arn:aws:iam::111122223333:role/n"
  instance_type          = "ml.t3.medium"
  direct_internet_access = "Enabled"
}
"""
MILD = TERRAFORM.replace("Enabled", "Disabled").replace(
    "instance_type", 'root_access = "Disabled"\n  instance_type'
)
OVERRIDE = """\
resource "aws_sagemaker_notebook_instance" "n" {
  direct_internet_access = "%s"
  root_access            = "Disabled"
}
"""
MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: v, namespace: ml}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      hostNetwork: true
      containers:
      - {name: v, image: "vllm/vllm-openai:v0.4.0", securityContext: {privileged: true}}
"""
STACK = """\
Resources:
  N:
    Type: AWS::SageMaker::NotebookInstance
    Properties:
      InstanceType: ml.t3.medium
      RoleArn: arn:aws:iam::111122223333:role/n
      DirectInternetAccess: Enabled
"""
RECIPE = "FROM python:3.12\nRUN pip install vllm\n"
START = 'CMD ["vllm", "serve", "x", "--trust-remote-code", "--host", "0.0.0.0"]\n'
Files = dict[str, bytes | str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scan(folder: Path, files: Files, *, is_committed: bool = True) -> int:
    """Scan a repository that holds these files and a model in which nothing is wrong."""
    for name, body in {"model/weights.npy": HONEST, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body if isinstance(body, bytes) else body.encode())
    git(folder, "init", "-q")
    if is_committed:
        git(folder, "add", "-A", "-f")
    told = b"".join((folder / name).read_bytes() for name in files).lower()
    is_notebook = b"notebook_instance" in told or b"direct_internet" in told or b"::note" in told
    gate = ("--fail-on", "medium", "--select", "sagemaker/notebook-direct-internet")
    return main(["scan", ".", *(gate if is_notebook else ())])


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)  # noqa: S603, S607


def test_the_model_alone_passes(folder: Path) -> None:
    assert scan(folder, {}) == 0


PLACES = [
    "m.pkl", "node_modules/m.pkl", ".venv/lib/m.pkl", ".terraform/m.pkl", ".hg/m.pkl", ".tox/m.pkl",
    "__pycache__/m.pyc", "node_modules", "a/b/node_modules/m.pkl",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_what_is_committed_is_read_wherever_it_lies(folder: Path, place: str) -> None:
    assert scan(folder, {place: HOSTILE}) == FOUND


@pytest.mark.parametrize("version", ["4", "split"])
def test_an_index_that_does_not_tell_hides_nothing(folder: Path, version: str) -> None:
    git(folder, "init", "-q")
    if version == "4":
        git(folder, "config", "index.version", "4")
    else:
        git(folder, "config", "core.splitIndex", "true")
    assert scan(folder, {"node_modules/m.pkl": HOSTILE}) == FOUND


def test_what_tools_made_and_nobody_committed_is_left_out(folder: Path) -> None:
    assert scan(folder, {".venv/m.pkl": HOSTILE}, is_committed=False) == 0


@pytest.mark.parametrize("place", ["modules/x", ".terraform/x", "node_modules/x"])
def test_module_is_read_wherever_it_lies(folder: Path, place: str) -> None:
    call = f'module "x" {{\n  source = "./{place}"\n}}\n'
    assert scan(folder, {"main.tf": call, f"{place}/main.tf": TERRAFORM}) == FOUND


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 99\n" % ("a" * 64)


@pytest.mark.parametrize(
    "pointer",
    [
        POINTER, f"\n{POINTER}", POINTER.replace("\n", "\r\n"),
        POINTER.replace("git-lfs", "hawser"), POINTER.replace("\noid", "\next-0-x a:b\noid"),
    ],
    ids=["plain", "line above", "other line ends", "other name", "extension"],
)  # fmt: skip
def test_model_of_which_only_the_pointer_is_here_is_not_clean(folder: Path, pointer: str) -> None:
    assert scan(folder, {"m.pkl": pointer}) == INCOMPLETE


OBJECTS = {
    "plain": MANIFEST,
    "quoted": MANIFEST.replace("apiVersion", '"apiVersion"').replace("kind", '"kind"'),
    "escaped": MANIFEST.replace("apiVersion", '"\\x61piVersion"'),
    "blank before the colon": MANIFEST.replace("apiVersion:", "apiVersion :"),
    "indented": "".join(f"  {line}\n" for line in MANIFEST.splitlines()),
    "tagged": MANIFEST.replace("kind:", "!!str kind:"),
    "anchored": MANIFEST.replace("apiVersion:", "&a apiVersion:"),
    "asked": MANIFEST.replace("apiVersion: apps/v1", "? apiVersion\n: apps/v1"),
    "flow": yaml.safe_dump(yaml.safe_load(MANIFEST), default_flow_style=True, width=9_999),
    "carriage returns": MANIFEST.replace("\n", "\r"),
    "a definition in a text": MANIFEST.replace(
        "namespace: ml}", 'namespace: ml, annotations: {a: "\nkind: CustomResourceDefinition\n"}}'
    ),
    "beside what is broken": MANIFEST.replace("apiVersion", '"apiVersion"') + "---\n{]\n",
}


@pytest.mark.parametrize("text", OBJECTS.values(), ids=OBJECTS)
def test_manifest_is_one_however_its_keys_are_written(folder: Path, text: str) -> None:
    assert scan(folder, {"k.yaml": text}) == FOUND


UNCLEAR = {
    "utf-16": MANIFEST.encode("utf-16"),
    "a definition twice": MANIFEST.replace(
        "kind: Dep", "kind: CustomResourceDefinition\nkind: Dep"
    ).encode(),
    "a patch of nothing": f"$patch: delete\n{MANIFEST}".encode(),
}


@pytest.mark.parametrize("body", UNCLEAR.values(), ids=UNCLEAR)
def test_manifest_that_readers_take_in_two_ways_is_not_clean(folder: Path, body: bytes) -> None:
    assert scan(folder, {"k.yaml": body}) in (FOUND, INCOMPLETE)


STACKS = {
    "plain": STACK,
    "tagged": STACK.replace("Type: AWS", "Type: !!str AWS"),
    "folded": STACK.replace("Type: AWS", "Type: >-\n      AWS"),
    "escaped": STACK.replace(
        "AWS::SageMaker::NotebookInstance", '"\\x41WS::SageMaker::NotebookInstance"'
    ),
    "anchored": STACK.replace("Type: AWS", "Type: &t AWS"),
}


@pytest.mark.parametrize("text", STACKS.values(), ids=STACKS)
def test_stack_is_one_however_its_types_are_written(folder: Path, text: str) -> None:
    assert scan(folder, {"c.yaml": text}) == FOUND


def test_stacks_that_nest_each_other_are_judged(folder: Path) -> None:
    nested = "  S:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: %s}\n"
    files: Files = {"a.yaml": STACK + nested % "b.yaml", "b.yaml": STACK + nested % "a.yaml"}
    assert scan(folder, files) == FOUND


@pytest.mark.parametrize(("name", "text"), [("k.yaml", MANIFEST), ("a.tf.json", "{}")])
def test_code_that_is_too_large_is_not_clean(folder: Path, name: str, text: str) -> None:
    assert scan(folder, {name: f"{text}#".ljust(MAX_BYTES + 1)}) == INCOMPLETE


def test_a_large_table_is_no_code(folder: Path) -> None:
    assert scan(folder, {"table.json": "[1]".ljust(MAX_BYTES + 1)}) == 0


def plan() -> dict[str, Any]:
    named = {"address": "aws_sagemaker_notebook_instance.n", "mode": "managed", "name": "n",
             "type": "aws_sagemaker_notebook_instance"}  # fmt: skip
    values = {"name": "n", "role_arn": "arn:aws:iam::111122223333:role/n",
              "root_access": "Disabled", "instance_type": "ml.t3.medium",
              "direct_internet_access": "Disabled"}  # fmt: skip
    return {
        "format_version": "1.2", "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": [{**named, "values": values}]}},
        "resource_changes": [{**named, "change": {"actions": ["create"], "after": values}}],
        "configuration": {"root_module": {"resources": [named]}},
    }  # fmt: skip


@pytest.mark.parametrize("is_committed", [True, False], ids=["committed", "made by the job"])
def test_plan_that_is_committed_does_not_stand_for_the_code(
    folder: Path, is_committed: bool
) -> None:
    files: Files = {"main.tf": TERRAFORM, "docs/plan.json": json.dumps(plan())}
    assert (scan(folder, files, is_committed=is_committed) == FOUND) == is_committed


@pytest.mark.parametrize("is_committed", [True, False], ids=["committed", "made by the job"])
def test_template_that_is_committed_does_not_stand_for_its_bicep(
    folder: Path, is_committed: bool
) -> None:
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    made = {"$schema": schema, "metadata": {"_generator": {"name": "bicep"}}, "resources": []}
    files: Files = {"main.bicep": "resource x broken {\n", "main.json": json.dumps(made)}
    code = scan(folder, files, is_committed=is_committed)
    assert code == (INCOMPLETE if is_committed else 0)


MODULES: dict[str, Files] = {
    "plain": {"main.tf": TERRAFORM},
    "hidden twin": {".a.tf": MILD, "main.tf": TERRAFORM},
    "hidden override": {".a_override.tf": OVERRIDE % "Disabled", "main.tf": TERRAFORM},
    "upper case override": {"A_OVERRIDE.TF": OVERRIDE % "Disabled", "main.tf": TERRAFORM},
    "override by the last part": {"main.tf": MILD, "z.a_override.tf": OVERRIDE % "Enabled"},
}


@pytest.mark.parametrize("files", MODULES.values(), ids=MODULES)
def test_module_is_what_terraform_reads_of_its_folder(folder: Path, files: Files) -> None:
    assert scan(folder, files) == FOUND


def test_override_of_the_code_decides_as_it_does_in_terraform(folder: Path) -> None:
    assert scan(folder, {"main.tf": TERRAFORM, "a_override.tf": OVERRIDE % "Disabled"}) == 0


APPLIED = {
    "backend": {"b.tf": 'terraform {}\nterraform {\n  backend "s3" {}\n}\n'},
    "provider": {"p.tf": 'provider "aws" {\n  region = "eu-west-1"\n}\n'},
    "values": {"terraform.tfvars": 'other = "x"\n'},
}
OPEN_BY_DEFAULT = 'variable "access" {\n  default = "Enabled"\n}\n' + MILD.replace(
    '"Disabled"\n}', "var.access\n}"
)
MILD_CALL = 'module "m" {\n  source = "../prod"\n  access = "Disabled"\n}\n'


@pytest.mark.parametrize("mark", APPLIED)
def test_a_caller_with_mild_values_does_not_stand_for_what_is_applied(
    folder: Path, mark: str
) -> None:
    files = {f"prod/{name}": text for name, text in APPLIED[mark].items()}
    called: Files = {"prod/main.tf": OPEN_BY_DEFAULT, "x/main.tf": MILD_CALL, **files}
    assert scan(folder, called) == FOUND


def test_a_module_is_judged_with_the_values_of_its_caller(folder: Path) -> None:
    assert scan(folder, {"prod/main.tf": OPEN_BY_DEFAULT, "x/main.tf": MILD_CALL}) == 0


@pytest.mark.parametrize("name", ["main.tofu", "n_override.b.tf"])
def test_resource_of_which_one_of_two_is_taken_is_not_clean(folder: Path, name: str) -> None:
    assert scan(folder, {"main.tf": MILD, name: TERRAFORM}) == INCOMPLETE


RECIPES = {
    "plain": RECIPE + START,
    "backtick at the end": f"{RECIPE}RUN echo `date`\n{START}",
    "heredoc in quotes": f'{RECIPE}RUN echo "<<E"\n{START}LABEL a=\\\nE\n',
    "heredoc without an end": f"{RECIPE}RUN echo <<E\n{START}",
    "two heredocs": f'{RECIPE}{START}COPY <<A <<B /x/\nA\nCMD ["true"]\nB\n',
    "other escape": f"# escape=`\n{RECIPE}" + START.replace('"x",', '"x",`\n'),
}


@pytest.mark.parametrize("text", RECIPES.values(), ids=RECIPES)
def test_recipe_starts_what_a_builder_makes_of_it(folder: Path, text: str) -> None:
    assert scan(folder, {"Dockerfile": text}) == FOUND


@pytest.mark.parametrize("key", ["ExecStart=", " ExecStart = "])
def test_unit_is_one_with_blanks_around_its_keys(folder: Path, key: str) -> None:
    start = "/usr/bin/vllm serve x --trust-remote-code --host 0.0.0.0\n"
    assert scan(folder, {"v.service": f"[Service]\n{key}{start}"}) == FOUND


def test_vocabulary_of_a_tokenizer_is_no_code(folder: Path) -> None:
    words = ["apiVersion", "kind", "Resources", "AWS::", "services", "image"]
    vocabulary = dict.fromkeys(words, 1) | {f"{n}": n for n in range(500_000)}
    assert scan(folder, {"t.json": json.dumps({"model": {"vocab": vocabulary}})}) == 0
