"""What a macro may set has no default, as far as no template says it; SAM's globals are read."""

from __future__ import annotations

import pytest

from mlsec.core.resource import Resource
from tests.iac.reading import declared, why

NOTEBOOK = """
Resources:
  N:
    Type: AWS::SageMaker::NotebookInstance
    Properties:
      NotebookInstanceName: n
      DirectInternetAccess: Disabled
"""
INCLUDE = "{Name: 'AWS::Include', Parameters: {Location: s3://shared/n.yaml}}"


def unread(text: str) -> set[str]:
    notebook = declared(text)["N"]
    return {"direct_internet", "root_access", "volume_key"} & notebook.unread.keys()


def test_without_a_macro_what_is_not_said_is_what_the_service_does() -> None:
    notebook = declared(NOTEBOOK)["N"]
    assert notebook.properties["root_access"] == "Enabled"
    assert unread(NOTEBOOK) == set()


@pytest.mark.parametrize("where", ["      ", "    "])
def test_a_macro_among_properties_may_set_any_of_them(where: str) -> None:
    text = f"{NOTEBOOK}{where}Fn::Transform: {INCLUDE}\n"
    assert unread(text) == {"direct_internet", "root_access", "volume_key"}
    assert "the macro AWS::Include works it out" in why(text, "N", "root_access")


@pytest.mark.parametrize("macro", ["Mine", "[AWS::Serverless-2016-10-31, Mine]", INCLUDE])
def test_a_macro_of_the_template_may_set_what_is_not_said(macro: str) -> None:
    text = f"Transform: {macro}\n{NOTEBOOK}"
    assert unread(text) == {"root_access", "volume_key"}
    assert "may set it" in why(text, "N", "root_access")


def test_a_macro_among_the_resources_is_no_resource_and_may_set_what_is_not_said() -> None:
    text = f"{NOTEBOOK}  Fn::Transform: {{Name: Mine}}\n"
    assert list(declared(text)) == ["N"]
    assert unread(text) == {"root_access", "volume_key"}


@pytest.mark.parametrize("macro", ["AWS::Serverless-2016-10-31", "AWS::LanguageExtensions"])
def test_a_macro_whose_work_is_known_changes_nothing(macro: str) -> None:
    assert unread(f"Transform: {macro}\n{NOTEBOOK}") == set()


def test_a_macro_may_add_what_stands_beside_a_bucket_and_what_an_element_does_not_say() -> None:
    bucket: Resource = declared("""
Transform: Mine
Resources:
  B:
    Type: AWS::S3::Bucket
    Properties:
      BucketEncryption:
        ServerSideEncryptionConfiguration: [{ServerSideEncryptionByDefault: {SSEAlgorithm: a}}]
""")["B"]
    assert {"policy", "block_public_policy", "versioning"} <= bucket.unread.keys()
    assert bucket.properties["encryption_algorithm"] == "a"


def test_globals_say_what_a_function_does_not() -> None:
    functions = declared("""
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: python3.12
    Timeout: 10
    VpcConfig: {SubnetIds: [subnet-1], SecurityGroupIds: [sg-1]}
    Tracing: Active
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: f, Tracing: PassThrough, VpcConfig: {SecurityGroupIds: [sg-2]}}
  G: {Type: AWS::Serverless::Function}
""")
    f, g = functions["F"].properties, functions["G"].properties
    assert [f["runtime"], g["runtime"]] == ["python3.12"] * 2
    assert [f["tracing"], g["tracing"]] == ["PassThrough", "Active"]
    assert [f["security_group_ids"], g["security_group_ids"]] == [["sg-1", "sg-2"], ["sg-1"]]
