"""A template says what the account will say once it is deployed, or that it cannot know."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlsec.collect.code.code_file import Language
from tests.iac.reading import declared, graph_of, inventory_of, scope_of, why

NOTEBOOK = """
Parameters:
  Given: {{Type: String, Default: Enabled}}
  Open: {{Type: String}}
  Many: {{Type: CommaDelimitedList, Default: "Enabled, Disabled"}}
Mappings:
  Settings: {{prod: {{Net: Disabled}}, dev: {{Net: Enabled}}}}
  Regions: {{eu-west-1: {{Net: Disabled, Zone: a}}, us-east-1: {{Net: Disabled, Zone: b}}}}
Conditions:
  Yes: !Equals [a, a]
  No: !Not [!Condition Yes]
  Both: !And [!Condition Yes, !Equals [!Ref Given, Enabled]]
  Either: !Or [!Condition No, !Condition Unknown]
  Unknown: !Equals [!Ref Open, x]
  Here: !Equals [!Ref "AWS::Region", eu-west-1]
  Circle: !Condition Circle
Resources:
  N:
    Type: AWS::SageMaker::NotebookInstance
    Properties:
      InstanceType: ml.t3.medium
      RoleArn: arn:aws:iam::000000000000:role/r
      DirectInternetAccess: {value}
"""


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Disabled", "Disabled"),
        ("!Ref Given", "Enabled"),
        ('{"Ref": "Given"}', "Enabled"),
        ('!Sub "${Given}"', "Enabled"),
        ('!Sub ["${A}bled", {A: Disa}]', "Disabled"),
        ('{"Fn::Sub": "Disabled"}', "Disabled"),
        ('!Join ["", [Dis, abled]]', "Disabled"),
        ('!Select [1, !Split [",", "a,Disabled"]]', "Disabled"),
        ("!Select [0, !Ref Many]", "Enabled"),
        ("!FindInMap [Settings, prod, Net]", "Disabled"),
        ('!FindInMap [Regions, !Ref "AWS::Region", Net]', "Disabled"),
        ("!If [Yes, Disabled, Enabled]", "Disabled"),
        ("!If [No, Disabled, Enabled]", "Enabled"),
        ("!If [Both, Disabled, Enabled]", "Disabled"),
        ("!If [Unknown, Disabled, Disabled]", "Disabled"),
        ('!If [Yes, !Ref "AWS::NoValue", Disabled]', "Enabled"),
        ("!Base64 Disabled", "Disabled"),
    ],
)
def test_a_function_is_worked_out(written: str, meant: str) -> None:
    notebook = declared(NOTEBOOK.format(value=written))["N"]
    assert notebook.properties["direct_internet"] == meant
    assert not notebook.unread.get("direct_internet")


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("!Ref Open", "parameter Open"),
        ("!Sub '${Open}abled'", "parameter Open"),
        ("!If [Unknown, Disabled, Enabled]", "condition Unknown"),
        ("!If [Either, Disabled, Enabled]", "condition Either"),
        ("!If [Here, Disabled, Enabled]", "condition Here"),
        ("!If [Circle, Disabled, Enabled]", "condition Circle"),
        ("!ImportValue net", "export net"),
        ("!Ref AWS::StackName", "AWS::StackName"),
        ("!GetAtt N.Nothing", "N.Nothing"),
        ("!Ref Missing", "Missing is not in the template"),
        ('!FindInMap [Regions, !Ref "AWS::Region", Zone]', "Regions.region.Zone"),
        ("!Transform {Name: AWS::Include}", "Fn::Transform"),
        ("!Select [9, !Ref Many]", "not in the list"),
    ],
)
def test_what_only_a_deployment_knows_is_unread_and_names_why(written: str, named: str) -> None:
    assert named in why(NOTEBOOK.format(value=written), "N", "direct_internet")


def test_yaml_and_json_say_the_same() -> None:
    body: dict[str, Any] = {
        "Resources": {
            "B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "x-y"}}}
        }
    }
    written = (
        "Resources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties: {BucketName: !Sub x-y}\n"
    )
    first, second = declared(json.dumps(body))["B"], declared(written)["B"]
    assert (
        (first.name, first.properties)
        == (second.name, second.properties)
        == ("x-y", {**first.properties})
    )


def test_every_property_knows_its_own_line() -> None:
    found = declared(
        """Resources:
  C:
    Type: AWS::SageMaker::EndpointConfig
    Properties:
      KmsKeyId: k
      ProductionVariants:
        - ModelName: m
          InitialInstanceCount: 1
"""
    )["C"]
    assert found.origin.line == 2
    assert found.places["volume_key"] == "t.yaml:5:7"
    assert found.places["variants"] == "t.yaml:6:7"
    assert found.places["variants[0].instance_count"] == "t.yaml:8:11"


def test_an_element_with_one_unknown_field_keeps_the_others() -> None:
    found = declared(
        """Parameters: {T: {Type: String}}
Resources:
  C:
    Type: AWS::SageMaker::EndpointConfig
    Properties:
      ProductionVariants:
        - {ModelName: m, InstanceType: !Ref T, InitialInstanceCount: "2"}
"""
    )["C"]
    (variant,) = found.properties["variants"]
    assert variant["instance_count"] == 2
    assert "instance_type" not in variant
    assert "variants[]" in found.unread


BUCKET = """
Parameters: {Env: {Type: String}}
Resources:
  Models:
    Type: AWS::S3::Bucket
    Properties: {BucketName: !Sub "${Env}-models"}
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Models
      PolicyDocument:
        Statement:
          - {Effect: Allow, Principal: PRINCIPAL, Action: "s3:*", Resource: !Sub "${Models.Arn}/*"}
"""
OWN = '{AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}'


@pytest.mark.parametrize(
    ("principal", "allows_all_users", "lets_others_in"),
    [
        ('"*"', True, [True]),
        (OWN, False, [False]),
        ("{Service: sagemaker.amazonaws.com}", False, [False]),
        # Whether this is the account that it is deployed to, the template does not say.
        ("{AWS: arn:aws:iam::111122223333:root}", False, []),
    ],
)
def test_the_own_account_is_no_outsider(
    principal: str, *, allows_all_users: bool, lets_others_in: list[bool]
) -> None:
    graph = graph_of(BUCKET.replace("PRINCIPAL", principal))
    (bucket,) = graph.of_type("aws.s3.bucket")
    assert bucket.properties["policy.is_public"] is allows_all_users
    told = (
        [bucket.properties["has_external_writers"]]
        if "has_external_writers" in bucket.properties
        else []
    )
    blocked = [False] if lets_others_in == [True] else lets_others_in
    assert told == blocked


def test_a_declared_thing_is_found_by_name_by_arn_and_in_policies() -> None:
    graph = graph_of(
        """
Parameters: {Env: {Type: String}}
Resources:
  Models: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "${Env}-models"}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Statement: []}
      Policies:
        - PolicyName: p
          PolicyDocument:
            Statement:
              Effect: Allow
              Action: s3:PutObject
              Resource: !Sub "arn:aws:s3:::${Env}-models/*"
  Model:
    Type: AWS::SageMaker::Model
    Properties:
      ExecutionRoleArn: !GetAtt Role.Arn
      PrimaryContainer: {Image: x, ModelDataUrl: !Sub "s3://${Models}/model.tar.gz"}
"""
    )
    (model,) = graph.of_type("aws.sagemaker.model")
    (bucket,) = graph.of_type("aws.s3.bucket")
    assert [r.id for r in graph.targets(model, "role").resources] == ["0.yaml#Role"]
    assert [r.id for r in graph.targets(model, "artifact_buckets").resources] == ["0.yaml#Models"]
    assert [r.id for r in graph.targets(bucket, "writers").resources] == ["0.yaml#Role"]


@pytest.mark.parametrize(
    ("policy", "is_admin"),
    [("AdministratorAccess", True), ("AmazonS3FullAccess", False), ("Unheard", None)],
)
def test_what_aws_itself_manages_is_known_by_its_name(
    policy: str, *, is_admin: bool | None
) -> None:
    graph = graph_of(
        f"""
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {{Statement: []}}
      ManagedPolicyArns: [!Sub "arn:${{AWS::Partition}}:iam::aws:policy/{policy}"]
"""
    )
    (role,) = graph.of_type("aws.iam.role")
    assert role.properties.get("is_admin") is is_admin
    assert ("is_admin" in role.unread) is (is_admin is None)


def test_one_name_in_two_templates_means_that_of_its_own() -> None:
    text = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {RoleName: same, AssumeRolePolicyDocument: {Statement: []}}
  Model: {Type: AWS::SageMaker::Model, Properties: {ExecutionRoleArn: !GetAtt Role.Arn}}
"""
    graph = graph_of(text, text)
    reached = {
        model.id: [role.id for role in graph.targets(model, "role").resources]
        for model in graph.of_type("aws.sagemaker.model")
    }
    assert reached == {"0.yaml#Model": ["0.yaml#Role"], "1.yaml#Model": ["1.yaml#Role"]}


def test_what_is_declared_nowhere_may_be_declared_elsewhere() -> None:
    graph = graph_of(
        "Resources: {E: {Type: AWS::SageMaker::Endpoint, Properties: {EndpointConfigName: c}}}"
    )
    (endpoint,) = graph.of_type("aws.sagemaker.endpoint")
    alarms = graph.targets(endpoint, "alarms")
    assert not alarms.resources
    assert "may be declared outside the scanned code" in graph.gaps[alarms.gaps[0]].detail


def test_a_policy_of_a_bucket_that_is_not_known_clouds_every_bucket_of_the_stack() -> None:
    text = """
Parameters: {Which: {Type: String}}
Resources:
  B: {Type: AWS::S3::Bucket}
  P:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Which
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: "*", Action: "*"}]
"""
    assert "P may be about this" in why(text, "B", "policy")


def test_what_no_rule_reads_and_what_is_not_made_are_counted() -> None:
    scope = scope_of(
        {
            "t.yaml": """
Conditions: {No: !Equals [a, b]}
Resources:
  T: {Type: AWS::SNS::Topic}
  B: {Type: AWS::S3::Bucket, Condition: No}
  C: {Type: AWS::S3::Bucket}
"""
        },
        Language.CLOUDFORMATION,
    )
    inventory = inventory_of(scope)
    rows = {
        row.type: (row.enumerated, row.excluded, row.excluded_because)
        for row in inventory.coverage.rows
    }
    assert rows["AWS::SNS::Topic"] == (1, 1, "no rule reads it")
    assert rows["AWS::S3::Bucket"] == (1, 1, "its condition does not hold with the defaults")
    assert rows["aws.s3.bucket"] == (1, 0, "")


def test_a_nested_stack_in_the_target_is_read_with_the_parameters_of_its_parent() -> None:
    child = """
Parameters: {Access: {Type: String, Default: Enabled}}
Resources:
  N:
    Type: AWS::SageMaker::NotebookInstance
    Properties: {InstanceType: t, RoleArn: r, DirectInternetAccess: !Ref Access}
Outputs: {Name: {Value: !GetAtt N.NotebookInstanceName}}
"""
    parent = """
Resources:
  Child:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: ./child.yaml, Parameters: {Access: Disabled}}
  B: {Type: AWS::S3::Bucket, Properties: {BucketName: !GetAtt Child.Outputs.Name}}
"""
    inventory = inventory_of(
        scope_of({"stacks/main.yaml": parent, "stacks/child.yaml": child}, Language.CLOUDFORMATION)
    )
    found = {resource.id: resource for resource in inventory.resources}
    assert set(found) == {"stacks/main.yaml#Child/N", "stacks/main.yaml#B"}
    assert found["stacks/main.yaml#Child/N"].properties["direct_internet"] == "Disabled"
    assert found["stacks/main.yaml#Child/N"].origin.file == "stacks/child.yaml"
    assert found["stacks/main.yaml#B"].name == "n"


def test_a_nested_stack_from_elsewhere_is_not_read() -> None:
    scope = scope_of(
        {
            "t.yaml": "Resources:\n  S:\n    Type: AWS::CloudFormation::Stack\n"
            "    Properties: {TemplateURL: 'https://x/y'}\n"
        },
        Language.CLOUDFORMATION,
    )
    inventory_of(scope)
    assert [scope.tally.gaps[gap].detail for gap in scope.refused["repo/t.yaml"]] == [
        "the nested stack S is not in this folder: scan its template too"
    ]


def test_a_neighbour_is_judged_where_something_of_ml_refers_to_it_and_else_counted() -> None:
    text = """
Parameters: {Which: {Type: String}}
Resources:
  Mine: {Type: AWS::S3::Bucket}
  Other: {Type: AWS::S3::Bucket}
  Model:
    Type: AWS::SageMaker::Model
    Properties:
      ExecutionRoleArn: r
      PrimaryContainer: {Image: x, ModelDataUrl: !Sub "s3://${FROM}/model.tar.gz"}
"""
    known = scope_of({"t.yaml": text.replace("FROM", "Mine")}, Language.CLOUDFORMATION)
    found = inventory_of(known, as_scanned=True)
    assert {each.id for each in found.resources} == {"t.yaml#Mine", "t.yaml#Model"}
    (row,) = [row for row in found.coverage.rows if row.type == "aws.s3.bucket"]
    assert (row.assessed, row.excluded) == (1, 1)
    # Which bucket it is, is not known: it may be any of them.
    open_to_all = scope_of({"t.yaml": text.replace("FROM", "Which")}, Language.CLOUDFORMATION)
    ids = {each.id for each in inventory_of(open_to_all, as_scanned=True).resources}
    assert ids == {"t.yaml#Mine", "t.yaml#Other", "t.yaml#Model"}


def test_properties_that_are_no_mapping_tell_nothing() -> None:
    template = "Resources:\n  M: {Type: AWS::SageMaker::Model, Properties: oops}\n"
    told = why(template, "M", "network_isolated")
    assert told == "network_isolated: what is written as Properties is not a mapping"


def test_a_policy_under_a_condition_that_is_not_known_says_nothing_for_sure() -> None:
    template = (
        "Parameters: {Open: {Type: String}}\nConditions: {IsOpen: !Equals [!Ref Open, y]}\n"
        "Resources:\n  B: {Type: AWS::S3::Bucket}\n  P:\n    Type: AWS::S3::BucketPolicy\n"
        "    Condition: IsOpen\n    Properties:\n      Bucket: !Ref B\n"
        "      PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 's3:*'}]}\n"
    )
    assert why(template, "B", "policy") == (
        "policy: P may be there or not: condition IsOpen depends on the deployment"
    )


@pytest.mark.parametrize(
    ("repeated", "told"),
    [
        ("!Ref Names", "what this Fn::ForEach repeats over is not known"),
        (str([f"n{n}" for n in range(510)]), "the last 10 turns of this Fn::ForEach are left out"),
        ("[a, b]", ""),
    ],
)
def test_a_loop_that_is_not_followed_to_its_end_is_told(repeated: str, told: str) -> None:
    text = f"""
Parameters:
  Names: {{Type: CommaDelimitedList}}
Resources:
  Fn::ForEach::Buckets:
    - Name
    - {repeated}
    - B${{Name}}: {{Type: AWS::S3::Bucket}}
"""
    scope = scope_of({"t.yaml": text}, Language.CLOUDFORMATION)
    inventory_of(scope)
    gaps = [gap for gaps in scope.doubts.values() for gap in gaps]
    gaps += [scope.tally.gaps[gap] for ids in scope.refused.values() for gap in ids]
    assert [gap.detail for gap in gaps] == [told] * bool(told)


def test_neighbours_of_equal_names_in_many_stacks_are_all_judged() -> None:
    text = """
Resources:
  K: {Type: AWS::KMS::Key}
  N: {Type: AWS::SageMaker::NotebookInstance, Properties: {KmsKeyId: !GetAtt K.Arn}}
"""
    scope = scope_of({f"{n}.yaml": text for n in range(12)}, Language.CLOUDFORMATION)
    found = inventory_of(scope, as_scanned=True).resources
    assert sum(each.type == "aws.kms.key" for each in found) == 12


def test_a_bucket_that_code_opens_is_public_whatever_its_account_may_block() -> None:
    (bucket,) = graph_of(
        "Resources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties:\n"
        "      PublicAccessBlockConfiguration: {BlockPublicPolicy: false}\n"
        "  P:\n    Type: AWS::S3::BucketPolicy\n    Properties:\n      Bucket: !Ref B\n"
        "      PolicyDocument:\n        Statement:\n          - Effect: Allow\n"
        "            Principal: '*'\n            Action: s3:GetObject\n"
        "            Resource: !Sub '${B.Arn}/*'\n"
    ).of_type("aws.s3.bucket")
    assert bucket.properties["is_public_read"] is True


def test_what_the_cdk_synthesised_is_named_by_its_construct_and_nested_by_its_asset() -> None:
    child = {
        "Resources": {
            "Notebook1A2B3C4D": {
                "Type": "AWS::SageMaker::NotebookInstance",
                "Properties": {"DirectInternetAccess": "Disabled"},
                "Metadata": {"aws:cdk:path": "App/Nested/Notebook"},
            }
        }
    }
    parent = {
        "Resources": {
            "NestedStack0F1E2D3C": {
                "Type": "AWS::CloudFormation::Stack",
                "Properties": {"TemplateURL": {"Fn::Sub": "https://s3/${AWS::AccountId}/x.json"}},
                "Metadata": {"aws:asset:path": "AppNested.nested.template.json"},
            },
            "ModelsBucket5E6F7A8B": {
                "Type": "AWS::S3::Bucket",
                "Metadata": {"aws:cdk:path": "App/Models/Bucket/Resource"},
            },
        }
    }
    texts = {
        "cdk.out/App.template.json": json.dumps(parent),
        "cdk.out/AppNested.nested.template.json": json.dumps(child),
    }
    scope = scope_of(texts, Language.CLOUDFORMATION)
    found = {each.name: each for each in inventory_of(scope).resources}
    assert set(found) == {"nested-notebook", "models-bucket"}
    assert found["nested-notebook"].id.endswith("#NestedStack0F1E2D3C/Notebook1A2B3C4D")
    assert not scope.refused


SEARCH_POLICIES = """
Parameters:
  Name: {Type: String}
Resources:
  C:
    Type: AWS::OpenSearchServerless::Collection
    Properties: {Name: !Sub "${Name}", Type: VECTORSEARCH}
  N:
    Type: AWS::OpenSearchServerless::SecurityPolicy
    Properties:
      Name: !Sub "${Name}-net"
      Type: network
      Policy: !Sub '[{"Rules": [{"ResourceType": "collection", "Resource": ["collection/WHICH"]}],
        "AllowFromPublic": PUBLIC}]'
"""


@pytest.mark.parametrize(
    ("which", "public", "is_public"),
    [("${Name}", "true", True), ("${Name}", "false", None), ("other", "true", None)],
)
def test_a_policy_in_text_with_a_parameter_covers_what_has_the_same_name(
    which: str, public: str, is_public: object
) -> None:
    graph = graph_of(SEARCH_POLICIES.replace("WHICH", which).replace("PUBLIC", public))
    (collection,) = graph.of_type("aws.opensearchserverless.collection")
    assert collection.properties.get("network.public") is is_public
