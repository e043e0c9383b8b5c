"""Stacks and programs of Pulumi become the resources that Terraform would declare."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlsec.collect.code.code_file import CodeFile, CodeScope, Language
from mlsec.collect.tally import Tally
from mlsec.core.resource import Resource
from mlsec.iac.pulumi import reader
from mlsec.iac.pulumi.bodies import NOT_YET_KNOWN, SIGNATURE
from mlsec.iac.pulumi.tokens import argument, terraform_type
from mlsec.repository.infrastructure import shapes_of
from mlsec.repository.language import language_of
from tests.shipped import shipped_vocabulary

VOCABULARY = shipped_vocabulary()
PROGRAM = """\
name: ml
runtime: yaml
config:
  bucketName: {{default: models-of-acme}}
variables:
  name: ${{bucketName}}
resources:
  models:
    type: aws:s3:BucketV2
    properties: {{bucket: "${{name}}"}}
  kept:
    type: aws:s3/bucketVersioningV2:BucketVersioningV2
    properties:
      bucket: ${{models.id}}
      versioningConfiguration: {{status: Enabled}}
  role:
    type: aws:iam:Role
    properties:
      assumeRolePolicy:
        fn::toJSON:
          Version: "2012-10-17"
          Statement: [{{Effect: Allow, Action: "sts:AssumeRole", Principal: {{Service: sagemaker.amazonaws.com}}}}]
  notebook:
    type: aws:sagemaker:NotebookInstance
    properties:
      roleArn: ${{role.arn}}
      directInternetAccess: {internet}
      kmsKeyId: {{fn::invoke: {{function: "aws:kms:getKey"}}}}
"""  # noqa: E501 - one statement
URN = "urn:pulumi:dev::ml::{token}::{name}"
BUCKET = "aws:s3/bucket:Bucket"
NOTEBOOK = "aws:sagemaker/notebookInstance:NotebookInstance"


def scope_of(texts: dict[str, str]) -> CodeScope:
    files = []
    for path, text in texts.items():
        language = language_of(path, text)
        assert language in (Language.PULUMI, Language.PULUMI_OUTPUT)
        files.append(CodeFile(id=path, path=path, language=language, text=text))
    return CodeScope("code/t", files, Tally())


def read(texts: dict[str, str]) -> tuple[dict[str, Resource], list[str]]:
    scope = scope_of(texts)
    made = reader.read(scope, VOCABULARY, shapes_of)
    found = {resource.id.partition("#")[2]: resource for resource in made.resources}
    return found, [gap.detail for gap in scope.tally.gaps.values()]


def state(token: str, name: str, inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    urn = URN.format(token=token, name=name)
    return {"urn": urn, "custom": True, "type": token, "inputs": inputs, **more}


def exported(*states: dict[str, Any]) -> str:
    return json.dumps({"version": 3, "deployment": {"manifest": {}, "resources": states}})


def previewed(*states: dict[str, Any], op: str = "create") -> str:
    steps = [{"op": op, "urn": item["urn"], "newState": item} for item in states]
    return json.dumps({"config": {}, "steps": steps, "changeSummary": {op: len(steps)}}, indent=1)


def test_a_program_in_yaml_is_read_where_its_arguments_are_literals() -> None:
    found, gaps = read({"Pulumi.yaml": PROGRAM.format(internet="Disabled")})
    bucket = found["aws_s3_bucket.models"]
    assert (bucket.name, bucket.properties["versioning"]) == ("models-of-acme", "Enabled")
    notebook = found["aws_sagemaker_notebook_instance.notebook"]
    assert notebook.properties["direct_internet"] == "Disabled"
    assert notebook.places["direct_internet"] == "Pulumi.yaml:27:7"
    assert "volume_key" in notebook.unread
    role = found["aws_iam_role.role"]
    assert str(notebook.properties["execution_role"]).endswith(f"role/{role.name}")
    assert "volume_key: fn::invoke is not worked out" in gaps


def test_what_a_stack_has_is_read_and_joined_by_what_it_is_called() -> None:
    bucket = state(BUCKET, "models", {"bucket": "models-1a2b3c", "__defaults": ["bucket"]},
                   id="models-1a2b3c", outputs={"arn": "arn:aws:s3:::models-1a2b3c"})  # fmt: skip
    versions = state(
        "aws:s3/bucketVersioning:BucketVersioning",
        "v",
        {"bucket": "models-1a2b3c", "versioningConfiguration": {"status": "Enabled"}},
    )
    found, gaps = read({"stack.json": exported(bucket, versions)})
    assert found["aws_s3_bucket.models"].properties["versioning"] == "Enabled"
    assert not [gap for gap in gaps if "not read" in gap]


def test_a_preview_says_what_depends_on_what_before_it_has_a_name() -> None:
    bucket = state(BUCKET, "models", {"bucket": "models"})
    versions = state("aws:s3/bucketVersioning:BucketVersioning", "v",
                     {"bucket": NOT_YET_KNOWN, "versioningConfiguration": {"status": "Enabled"}},
                     propertyDependencies={"bucket": [bucket["urn"]]})  # fmt: skip
    found, _ = read({"preview.json": previewed(bucket, versions)})
    assert found["aws_s3_bucket.models"].properties["versioning"] == "Enabled"


def test_what_an_update_deletes_is_not_there() -> None:
    found, _ = read({"preview.json": previewed(state(BUCKET, "b", {"bucket": "b"}), op="delete")})
    assert found == {}


@pytest.mark.parametrize(
    "hidden", [NOT_YET_KNOWN, {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}]
)
def test_what_is_a_secret_or_not_yet_known_is_neither_absent_nor_a_value(hidden: Any) -> None:
    notebook = state(NOTEBOOK, "n", {"directInternetAccess": hidden, "rootAccess": "Disabled"})
    found, _ = read({"stack.json": exported(notebook)})
    made = found["aws_sagemaker_notebook_instance.n"]
    assert "direct_internet" in made.unread
    assert made.properties["root_access"] == "Disabled"


def test_packages_that_are_not_read_are_named_and_objects_go_to_the_reader_of_manifests() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []}}
    text = exported(
        state("azure-native:storage:StorageAccount", "s", {}),
        state("kubernetes:core/v1:Pod", "p", pod),
        state("random:index:Id", "r", {}),
    )
    scope = scope_of({"stack.json": text})
    reader.read(scope, VOCABULARY, shapes_of)
    (gap,) = [gap.detail for gap in scope.tally.gaps.values()]
    assert "azure-native (1)" in gap
    assert "random" not in gap
    assert [item.node.text("kind") for item in scope.objects] == ["Pod"]


@pytest.mark.parametrize(
    ("token", "wanted"),
    [
        ("aws:s3/bucketV2:BucketV2", "aws_s3_bucket"),
        ("aws:s3:Bucket", "aws_s3_bucket"),
        ("aws:ec2/securityGroup:SecurityGroup", "aws_security_group"),
        ("aws:rds/instance:Instance", ""),
        ("aws:bedrock/agentAgent:AgentAgent", "aws_bedrockagent_agent"),
        ("azure:keyvault/keyVault:KeyVault", "azurerm_key_vault"),
        ("gcp:projects/iAMMember:IAMMember", "google_project_iam_member"),
        ("gcp:vertex/aiEndpoint:AiEndpoint", "google_vertex_ai_endpoint"),
        ("aws-native:sagemaker:Model", "awscc_sagemaker_model"),
        ("pulumi:pulumi:Stack", ""),
        ("", ""),
    ],
)
def test_a_token_is_the_type_that_it_is_bridged_from(token: str, wanted: str) -> None:
    assert terraform_type(token, VOCABULARY.declared) == wanted


def test_a_property_is_the_argument_that_the_table_reads() -> None:
    known = frozenset({"rule", "policy", "address"})
    names = [argument(name, "", known) for name in ("rules", "policies", "address", "kmsKeyArn")]
    assert names == ["rule", "policy", "address", "kms_key_arn"]
    assert argument("name", "aws_lambda_function", frozenset()) == "function_name"


LOOP = "variables: {a: '${b}', b: '${a}'}\nresources:\n  x: {type: 'aws:s3:Bucket', properties: "
HOSTILE = {
    "a loop": f"name: x\nruntime: yaml\n{LOOP}{{bucket: '${{a}}'}}}}\n",
    "itself": "name: x\nruntime: yaml\nresources:\n  x: {type: 'aws:s3:Bucket', properties: "
    "{bucket: '${x.id}', tags: '${x}'}}\n",
    "no types": "name: x\nruntime: yaml\nresources: [1, {a: b}]\n",
    "other shapes": "name: x\nruntime: yaml\nresources:\n  x: {type: [1], properties: 3}\n",
    "many holes": "name: x\nruntime: yaml\nresources:\n  x: {type: 'aws:s3:Bucket', properties: "
    "{bucket: '" + "${a" * 5000 + "'}}\n",
    "not YAML": "name: x\nruntime: yaml\nresources: {\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_program_that_is_no_program_ends_and_breaks_nothing(name: str) -> None:
    found, _ = read({"Pulumi.yaml": HOSTILE[name]})
    assert len(found) <= 1


@pytest.mark.parametrize(
    "resources",
    [
        [1, None, {"urn": 5, "custom": True, "type": None}],
        [state(BUCKET, "\u202e\x1b[31m" * 50, {"bucket": {"a": [{"b": {SIGNATURE: 1}}]}})],
        [state(BUCKET, "b", {"bucket": "b"})] * 3,
        {"a": 1},
    ],
)
def test_a_stack_of_other_shapes_is_read_as_far_as_it_goes(resources: Any) -> None:
    text = json.dumps({"deployment": {"resources": resources, "x": "urn:pulumi:x::y"}})
    found, _ = read({"stack.json": text})
    assert len(found) <= 3


def test_a_stack_that_is_nested_too_deep_is_a_gap() -> None:
    inputs: Any = "end"
    for _ in range(60):
        inputs = {"a": inputs}
    found, gaps = read({"stack.json": exported(state(BUCKET, "b", {"bucket": inputs}))})
    assert found or gaps
