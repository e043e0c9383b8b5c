"""Hosts and roles of applications that call models, as code declares them."""

from __future__ import annotations

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.core.resource import Resource
from tests.iac.reading import graph_of

NETWORK = """
resource "aws_vpc" "v" { cidr_block = "10.0.0.0/16" }
resource "aws_subnet" "s" { vpc_id = aws_vpc.v.id }
resource "aws_security_group" "web" { vpc_id = aws_vpc.v.id }
resource "aws_security_group" "db" {
  vpc_id = aws_vpc.v.id
  ingress {
    from_port = 5432
    to_port = 5432
    protocol = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
resource "aws_iam_instance_profile" "p" {
  name = "web"
  role = aws_iam_role.web.name
}
resource "aws_instance" "web" {
  ami = "ami-1"
  instance_type = "t3.micro"
  subnet_id = aws_subnet.s.id
  vpc_security_group_ids = [aws_security_group.web.id]
  iam_instance_profile = aws_iam_instance_profile.p.name
}
resource "aws_iam_role" "web" {
  name = "web"
  assume_role_policy = jsonencode({Statement = [{
    Effect = "Allow", Action = "sts:AssumeRole", Principal = {Service = "SERVICE"}}]})
  inline_policy {
    name = "p"
    policy = jsonencode({Statement = [{Effect = "Allow", Action = ["ACTION"], Resource = "*"}]})
  }
}
"""


def declared(action: str, service: str = "ec2.amazonaws.com") -> dict[str, Resource]:
    """Give what the network declares, by address."""
    text = NETWORK.replace("ACTION", action).replace("SERVICE", service)
    graph = graph_of(text, language=Language.TERRAFORM)
    return {item.id.partition("#")[2]: item for item in graph.resources.values()}


@pytest.mark.parametrize("action", ["sagemaker:InvokeEndpoint", "bedrock:*"])
def test_a_host_whose_role_may_call_models_is_a_client_and_so_is_what_is_around_it(
    action: str,
) -> None:
    found = declared(action)
    assert found["aws_iam_role.web"].properties["is_known_model_client"] is True
    assert found["aws_instance.web"].properties["is_known_model_client"] is True
    assert found["aws_security_group.web"].properties["has_known_model_client"] is True
    assert found["aws_security_group.db"].properties["has_known_model_client"] is False
    assert found["aws_security_group.db"].properties["is_in_known_ml_network"] is True


@pytest.mark.parametrize("action", ["s3:GetObject", "sagemaker:ListEndpoints", "*"])
def test_a_host_whose_role_names_no_model_is_none(action: str) -> None:
    found = declared(action)
    assert found["aws_iam_role.web"].properties["is_known_model_client"] is False
    assert found["aws_instance.web"].properties["is_known_model_client"] is False
    assert found["aws_security_group.db"].properties["is_in_known_ml_network"] is False


def test_a_role_of_a_pipeline_is_no_client() -> None:
    found = declared("bedrock:*", "codebuild.amazonaws.com")
    assert found["aws_iam_role.web"].properties["is_known_model_client"] is False


BALANCER = """
Resources:
  B:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Name: b, Scheme: internet-facing, Type: application}
  L:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref B
      Port: 80
      Protocol: HTTP
      DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: 403}}]
  R:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref L
      Priority: 1
      Actions: [{Type: forward, TargetGroupArn: !Ref G}]
      Conditions:
        - Field: http-header
          HttpHeaderConfig: {HttpHeaderName: X-Origin-Verify, Values: [!Ref AWS::StackName]}
  G:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {Name: g, TargetType: ip}
  S:
    Type: AWS::ECS::Service
    Properties:
      TaskDefinition: !Ref T
      LoadBalancers: [{TargetGroupArn: !Ref G, ContainerName: ui, ContainerPort: 80}]
  T:
    Type: AWS::ECS::TaskDefinition
    Properties:
      TaskRoleArn: !GetAtt Role.Arn
      ContainerDefinitions: [{Name: ui, Image: "acme/ui:1"}]
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - {Effect: Allow, Action: "sts:AssumeRole", Principal: {Service: ecs-tasks.amazonaws.com}}
      Policies:
        - PolicyName: p
          PolicyDocument: {Statement: [{Effect: Allow, Action: "ACTION", Resource: "*"}]}
"""


@pytest.mark.parametrize(("action", "leads"), [("bedrock:InvokeAgent", True), ("s3:*", False)])
def test_a_balancer_leads_to_a_task_that_may_call_models_behind_a_header(
    action: str, *, leads: bool
) -> None:
    graph = graph_of(BALANCER.replace("ACTION", action))
    (balancer,) = graph.of_type("aws.elb.load_balancer")
    (listener,) = graph.of_type("aws.elb.listener")
    assert balancer.properties["leads_to_known_model_client"] is leads
    rules = {rule["priority"]: rule["allowed_sources"] for rule in listener.properties["rules"]}
    assert rules == {"default": [], "1": ["whoever sends X-Origin-Verify"]}
