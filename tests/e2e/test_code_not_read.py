"""What a repository holds and nothing here reads is a gap: never 100 percent, never exit 0."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.core.assessment import Assessment
from mlsec.core.enums import GapReason, Status
from mlsec.engine.assessment.gate import assessed_percent
from mlsec.repository.other_tools import OTHER_TOOLS
from tests.e2e import runs
from tests.repository.changes.repositories import repository

BUCKET = 'resource "aws_s3_bucket" "models" {\n  bucket = "models-of-somebody"\n}\n'
STACK = """\
Resources:
  S:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: 'https://example.org/t'}
"""
# A file of each kind that is not read, and what the reason must say to do instead.
NOT_READ = {
    "a CDK app": ("cdk.json", '{"app": "npx ts-node bin/app.ts"}', "cdk synth"),
    "constructs of the CDK": ("queues.py", "from aws_cdk import aws_sqs\n", "that uses them"),
    "a CDK for Terraform app": ("cdktf.json", '{"app": "python main.py"}', "cdktf synth"),
    "a Pulumi program": ("Pulumi.yaml", "name: ml\nruntime: python\n", "pulumi preview --json"),
    "an azd project": (
        "azure.yaml",
        "name: ml\nservices:\n  api:\n    project: ./src\n    host: containerapp\n",
        "azure://",
    ),
    "a Serverless service": ("serverless.yml", "service: a\nprovider:\n  name: aws\n", "package"),
    "a Terragrunt unit": ("live/terragrunt.hcl", 'terraform {\n  source = "x"\n}\n', "terragrunt"),
    "a registry module": (
        "eks.tf",
        'module "eks" {\n  source = "terraform-aws-modules/eks/aws"\n}\n',
        "terraform show -json",
    ),
    "a git module": (
        "vpc.tf",
        'module "vpc" {\n  source = "git::https://example.org/vpc.git?ref=v1"\n}\n',
        "terraform show -json",
    ),
    "a Helm release": ("helm.tf", 'resource "helm_release" "x" {\n  name = "x"\n}\n', "helm"),
    "objects in Terraform": (
        "k8s.tf",
        'resource "kubernetes_deployment" "x" {\n  metadata {\n    name = "x"\n  }\n}\n',
        "kubernetes://",
    ),
    "a kustomization": (
        "k/kustomization.yaml",
        "resources: ['https://example.invalid/base?ref=v1']\n",
        "never fetched",
    ),
    "a nested stack": (
        "stack.yaml",
        STACK,
        "scan its template",
    ),
    "a Bicep module of a registry": (
        "main.bicep",
        "module m 'br/public:avm/res/storage/storage-account:0.9.0' = {\n  name: 'm'\n}\n",
        "az bicep build",
    ),
}


def scan(folder: Path, out: Path, *words: str) -> tuple[int, Assessment]:
    done = runs.mlsec("scan", folder, "-o", out, "-f", "json", *words)
    return done.returncode, runs.load_assessment(out)


def test_every_tool_of_the_table_has_a_case_here(tmp_path: Path) -> None:
    for name, (path, text, _) in NOT_READ.items():
        place = tmp_path / re.sub(r"\W", "-", name) / path
        place.parent.mkdir(parents=True)
        place.write_text(text)
    _, made = scan(tmp_path, tmp_path / "out")
    assert {tool.value for tool in OTHER_TOOLS} <= {gap.wanted for gap in made.gaps}
    assert {tool for tool in Language if tool in OTHER_TOOLS} == set(OTHER_TOOLS)


@pytest.mark.parametrize("name", NOT_READ)
def test_what_is_there_and_not_read_lowers_the_coverage_and_forbids_exit_0(
    name: str, tmp_path: Path
) -> None:
    path, text, instead = NOT_READ[name]
    folder = tmp_path / "repo"
    (folder / path).parent.mkdir(parents=True)
    (folder / path).write_text(text)
    (folder / "bucket.tf").write_text(BUCKET)
    code, made = scan(folder, tmp_path / "out", "--fail-on", "none")
    gaps = [gap for gap in made.gaps if gap.reason is GapReason.UNSUPPORTED]
    assert any(instead in gap.detail for gap in gaps), [gap.detail for gap in gaps]
    assert assessed_percent(made) < 100
    assert code == 11


MADE = {
    "CDK": ("cdk.json", '{"app": "x"}', "cdk.out/S.template.json"),
    "Serverless": ("serverless.yml", "provider:\n  name: aws\n", ".serverless/t.json"),
}


@pytest.mark.parametrize("name", MADE)
def test_what_the_tool_made_is_read_in_its_place(name: str, tmp_path: Path) -> None:
    path, text, made_in = MADE[name]
    bucket = {"Type": "AWS::SageMaker::NotebookInstance", "Properties": {"InstanceType": "x"}}
    folder = tmp_path / "repo"
    (folder / made_in).parent.mkdir(parents=True)
    (folder / path).write_text(text)
    (folder / made_in).write_text(json.dumps({"Resources": {"N": bucket}}))
    _, made = scan(folder, tmp_path / "out", "--fail-on", "none")
    assert not [gap for gap in made.gaps if gap.reason is GapReason.UNSUPPORTED]
    assert any(finding.resource.type == "aws.sagemaker.notebook" for finding in made.findings)


def test_what_pulumi_printed_is_read_in_the_place_of_its_program(tmp_path: Path) -> None:
    token = "aws:sagemaker/notebookInstance:NotebookInstance"
    state = {"urn": f"urn:pulumi:dev::ml::{token}::n", "custom": True, "type": token,
             "inputs": {"directInternetAccess": "Enabled"}}  # fmt: skip
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: ml\nruntime: nodejs\n")
    (folder / "stack.json").write_text(json.dumps({"deployment": {"resources": [state]}}))
    _, made = scan(folder, tmp_path / "out", "--fail-on", "none")
    assert not [gap for gap in made.gaps if gap.reason is GapReason.UNSUPPORTED]
    failed = {item.rule: item for item in made.findings if item.status is Status.FAIL}
    assert failed["sagemaker/notebook-direct-internet"].resource.file == "stack.json"


LIBRARY = {
    "package.json": '{"peerDependencies": {"aws-cdk-lib": "^2.0.0"}}',
    "src/notebook.ts": (
        "import { CfnNotebookInstance } from 'aws-cdk-lib/aws-sagemaker';\n"
        "export class N extends Construct { constructor(scope, id) { super(scope, id);\n"
        "  new CfnNotebookInstance(this, 'N', { instanceType: 'x', roleArn: 'y' }); } }\n"
    ),
    "test/notebook.test.ts": "import { App } from 'aws-cdk-lib';\n",
}


@pytest.mark.parametrize(
    ("changed", "findings", "gaps"),
    [
        ({}, True, 1),
        ({"cdk.json": '{"app": "x"}'}, True, 0),
        ({"package.json": '{"dependencies": {"react": "^18"}}'}, False, 0),
    ],
)
def test_a_library_of_constructs_is_read_and_is_a_gap(
    changed: dict[str, str], findings: bool, gaps: int, tmp_path: Path
) -> None:
    folder = repository(tmp_path / "repo", LIBRARY | changed)
    _, made = scan(folder, tmp_path / "out", "--fail-on", "none")
    assert findings is any(f.resource.type == "aws.sagemaker.notebook" for f in made.findings)
    assert len([gap for gap in made.gaps if "below no cdk.json (1 file)" in gap.detail]) == gaps


def test_what_is_committed_does_not_stand_for_what_the_tool_would_make(tmp_path: Path) -> None:
    queue = {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}
    files = {"cdk.json": '{"app": "x"}', "cdk.out/S.template.json": json.dumps(queue)}
    folder = repository(tmp_path / "repo", files)
    code, made = scan(folder, tmp_path / "out", "--fail-on", "none")
    assert [gap.wanted for gap in made.gaps if gap.reason is GapReason.UNSUPPORTED] == ["CDK app"]
    assert code == 11


def test_a_plan_has_what_the_modules_declare(tmp_path: Path) -> None:
    folder = tmp_path / "repo"
    folder.mkdir()
    module = 'module "eks" {\n  source = "terraform-aws-modules/eks/aws"\n}\n'
    (folder / "main.tf").write_text(module)
    bucket = {
        "address": "module.eks.aws_s3_bucket.models", "mode": "managed", "type": "aws_s3_bucket",
        "name": "models", "values": {"bucket": "models-of-somebody"},
    }  # fmt: skip
    plan = {
        "format_version": "1.2", "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"child_modules": [
            {"address": "module.eks", "resources": [bucket]},
        ]}},
        "configuration": {"root_module": {"module_calls": {"eks": {"source": "x", "module": {}}}}},
    }  # fmt: skip
    (folder / "plan.json").write_text(json.dumps(plan))
    _, made = scan(folder, tmp_path / "out", "--fail-on", "none")
    assert not [gap for gap in made.gaps if gap.reason is GapReason.UNSUPPORTED]


SERVED = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: NS}
spec:
  selector: {matchLabels: {app: NS}}
  template:
    metadata: {labels: {app: NS}}
    spec: {containers: [{name: c, image: "vllm/vllm-openai:v0.6.0"}]}
"""


def test_a_manifest_that_cannot_be_parsed_hides_its_own_folder_only(tmp_path: Path) -> None:
    folder = tmp_path / "repo"
    for space in ("one", "two"):
        (folder / space).mkdir(parents=True)
        (folder / space / "app.yaml").write_text(SERVED.replace("NS", space))
    (folder / "one" / "broken.yaml").write_text("apiVersion: v1\nkind: Service\n  a: [b\n")
    _, made = scan(folder, tmp_path / "out", "--profile", "strict")
    broken = {gap.id for gap in made.gaps if gap.reason is GapReason.MALFORMED}
    assert broken
    hidden = {
        finding.resource.file
        for finding in made.findings
        if finding.status is Status.NOT_ASSESSED and broken & {*finding.gaps}
    }
    assert {Path(file).parent.name for file in hidden} == {"one"}
