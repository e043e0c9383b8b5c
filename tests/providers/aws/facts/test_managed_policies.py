"""Policies that AWS manages are known by name in code, as they were on a day."""

from __future__ import annotations

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.graph.build import build_graph
from mlsec.graph.fact import Known, property_value
from mlsec.targets.facts import FACTS
from tests.iac.reading import VOCABULARY, inventory_of, scope_of

ROLE = """
Resources:
  R:
    Type: AWS::IAM::Role
    Properties:
      RoleName: r
      AssumeRolePolicyDocument:
        Statement: [{{Effect: Allow, Principal: {{Service: x}}, Action: 'sts:AssumeRole'}}]
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/{}"]
"""


@pytest.mark.parametrize(
    ("policy", "fact", "told"),
    [
        ("AdministratorAccess", "is_admin", True),
        ("service-role/AWSLambdaBasicExecutionRole", "is_admin", False),
        ("service-role/AWSLambdaBasicExecutionRole", "has_full_ml_access", False),
        ("AmazonS3ReadOnlyAccess", "can_write_any_bucket", False),
        ("AmazonS3ReadOnlyAccess", "has_wildcard_data_access", True),
        ("AmazonSageMakerFullAccess", "can_approve_models", True),
        ("AmazonSageMakerFullAccess", "is_admin", False),
        ("AmazonBedrockFullAccess", "can_change_guardrails", True),
        ("SomethingOfThisYear", "is_admin", "unread"),
    ],
)
def test_what_a_managed_policy_allows_is_said_as_far_as_it_is_known(
    policy: str, fact: str, told: object
) -> None:
    scope = scope_of({"t.yaml": ROLE.format(policy)}, Language.CLOUDFORMATION)
    graph = build_graph(VOCABULARY, inventory_of(scope), FACTS)
    (role,) = (each for each in graph.of_type("aws.iam.role") if not each.is_stub)
    held = property_value(role, fact)
    assert (held.value if isinstance(held, Known) else "unread") == told


def test_the_commonest_role_is_decided() -> None:
    """SageMaker's own policy and all of S3 on everything: no admin, and every bucket is open."""
    text = ROLE.format("AmazonSageMakerFullAccess") + (
        "      Policies: [{PolicyName: data, PolicyDocument: {Statement:"
        " [{Effect: Allow, Action: 's3:*', Resource: '*'}]}}]\n"
    )
    scope = scope_of({"t.yaml": text}, Language.CLOUDFORMATION)
    graph = build_graph(VOCABULARY, inventory_of(scope), FACTS)
    (role,) = (each for each in graph.of_type("aws.iam.role") if not each.is_stub)
    assert (role.properties["is_admin"], role.properties["can_write_any_bucket"]) == (False, True)
    assert any(notice.startswith("policies that AWS manages") for notice in graph.notices)


def test_what_a_role_certainly_may_is_said_whatever_cannot_be_read() -> None:
    text = ROLE.format("SomethingOfThisYear") + (
        "      Policies: [{PolicyName: data, PolicyDocument: {Statement:"
        " [{Effect: Allow, Action: 's3:*', Resource: '*'}]}}]\n"
    )
    scope = scope_of({"t.yaml": text}, Language.CLOUDFORMATION)
    graph = build_graph(VOCABULARY, inventory_of(scope), FACTS)
    (role,) = (each for each in graph.of_type("aws.iam.role") if not each.is_stub)
    assert role.properties["is_known_admin"] is False


@pytest.mark.parametrize(
    ("action", "resource", "fact", "expected"),
    [
        ("iam:PassRole", "arn:aws:iam::123456789012:role/*", "can_pass_any_role", True),
        ("iam:PassRole", "arn:aws:iam::123456789012:role/ml-*", "can_pass_any_role", False),
        ("sts:AssumeRole", "arn:aws:iam::123456789012:role/*", "can_assume_any_role", "unread"),
        ("sts:AssumeRole", "arn:aws:iam::123456789012:role/one", "can_assume_any_role", False),
    ],
)
def test_an_account_that_code_names_may_be_its_own(
    action: str, resource: str, fact: str, expected: object
) -> None:
    text = ROLE.format("AWSXRayDaemonWriteAccess") + (
        "      Policies: [{PolicyName: data, PolicyDocument: {Statement:"
        f" [{{Effect: Allow, Action: '{action}', Resource: '{resource}'}}]}}}}]\n"
    )
    scope = scope_of({"t.yaml": text}, Language.CLOUDFORMATION)
    graph = build_graph(VOCABULARY, inventory_of(scope), FACTS)
    (role,) = (each for each in graph.of_type("aws.iam.role") if not each.is_stub)
    held = property_value(role, fact)
    assert (held.value if isinstance(held, Known) else "unread") == expected
