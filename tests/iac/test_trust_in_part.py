"""Which services a role trusts is known where code leaves open whom else it trusts, or when."""

from __future__ import annotations

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.graph.build import build_graph
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.targets.facts import FACTS
from tests.iac.reading import VOCABULARY, inventory_of, scope_of

_WEB = "sts:AssumeRoleWithWebIdentity"
_ROLE = """
variable "issuer" {{}}
variable "subject" {{}}
variable "service" {{}}
resource "aws_iam_role" "r" {{
  name = "r"
  assume_role_policy = jsonencode({{ Statement = [{{
    Effect = "Allow", Action = "{action}", Principal = {principal}
    Condition = {{ StringLike = {{ "token.actions.githubusercontent.com:sub" = var.subject }} }}
  }}] }})
}}
"""


@pytest.mark.parametrize(
    ("action", "principal", "runs_ml", "lacks_source"),
    [
        (_WEB, "{ Federated = var.issuer }", False, False),
        (_WEB, '{ Federated = "cognito-identity.amazonaws.com" }', False, False),
        ("sts:AssumeRoleWithSAML", "{ Federated = [var.issuer] }", False, False),
        ("sts:AssumeRole", '{ Service = "ec2.amazonaws.com" }', False, False),
        ("sts:AssumeRole", '{ Service = "sagemaker.amazonaws.com" }', True, None),
        ("sts:AssumeRole", "{ Service = var.service }", None, None),
        ("sts:AssumeRole", "var.service", None, None),
    ],
)
def test_services_are_known_where_the_rest_of_a_trust_is_open(
    action: str, principal: str, runs_ml: bool | None, lacks_source: bool | None
) -> None:
    text = _ROLE.format(action=action, principal=principal)
    found = inventory_of(scope_of({"main.tf": text}, Language.TERRAFORM))
    graph = build_graph(VOCABULARY, found, FACTS)
    (role,) = graph.of_type("aws.iam.role")
    for name, expected in (
        ("runs_ml", runs_ml),
        ("trust_lacks_source_condition", lacks_source),
    ):
        answer = property_value(role, name)
        if expected is None:
            assert isinstance(answer, Unknown), name
        else:
            assert answer == Known(expected), name
    assert isinstance(property_value(role, "trust"), Unknown)


@pytest.mark.parametrize(
    ("action", "is_asked"),
    [("sts:AssumeRole", False), (_WEB, True), ("sts:*", True), ("${var.service}", True)],
)
def test_only_a_role_that_takes_tokens_may_take_those_of_an_issuer(
    action: str, is_asked: bool
) -> None:
    code = _ROLE.format(action=action, principal="{ AWS = var.issuer }")
    graph = build_graph(
        VOCABULARY, inventory_of(scope_of({"main.tf": code}, Language.TERRAFORM)), FACTS
    )
    (role,) = graph.of_type("aws.iam.role")
    assert ("trusts_own_issuer" in role.unread) is is_asked


_TEXT = """
AWSTemplateFormatVersion: "2010-09-09"
Parameters: {Issuer: {Type: String}}
Resources:
  R:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: !Sub |
        {"Statement": [{"Effect": "Allow", "Action": "ACTION", "Principal": PRINCIPAL,
          "Condition": {"StringEquals": {"${Issuer}:sub": "system:serviceaccount:a:b"}}}]}
"""


@pytest.mark.parametrize(
    ("action", "principal", "runs_ml"),
    [
        (_WEB, '{"Federated": "arn:aws:iam::1:oidc-provider/${Issuer}"}', False),
        ("sts:AssumeRole", '{"Service": "sagemaker.amazonaws.com"}', True),
        ("sts:AssumeRole", '{"Service": "${Issuer}"}', None),
        ("sts:AssumeRole", "${Issuer}", None),
    ],
)
def test_a_policy_that_is_written_as_text_with_an_open_part_is_read_around_it(
    action: str, principal: str, runs_ml: bool | None
) -> None:
    text = _TEXT.replace("ACTION", action).replace("PRINCIPAL", principal)
    scope = scope_of({"t.yaml": text}, Language.CLOUDFORMATION)
    (role,) = build_graph(VOCABULARY, inventory_of(scope), FACTS).of_type("aws.iam.role")
    assert role.properties.get("runs_ml") is runs_ml
