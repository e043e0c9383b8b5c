"""Checks that no code could answer are not put to code, and those that some code could are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from mlsec.collect.code.code_file import Language
from mlsec.core.content_paths import content_folder
from mlsec.core.resource import Inventory
from mlsec.engine.assessment.assess import Judgement, assess
from mlsec.engine.rules.selection import load_selected
from mlsec.graph.build import build_graph
from mlsec.targets.facts import FACTS
from tests.iac.reading import VOCABULARY, inventory_of, scope_of
from tests.servers.config.declared import seen

_CODE = """
variable "net" {}
resource "aws_iam_role" "r" {
  name = "r"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole",
    Principal = { Service = "sagemaker.amazonaws.com" } }] })
}
resource "aws_sagemaker_notebook_instance" "n" {
  name = "n"
  instance_type = "ml.t3.medium"
  role_arn = aws_iam_role.r.arn
  direct_internet_access = var.net
}
"""
_RUNTIME = """
resource "aws_bedrockagentcore_agent_runtime" "r" {
  agent_runtime_name = "r"
  role_arn = "arn:aws:iam::111122223333:role/r"
  agent_runtime_artifact { container_configuration { container_uri = var.image } }
  network_configuration { network_mode = "PUBLIC" }
}
variable "image" {}
"""
_GROUP = """
variable "is_own" {}
resource "aws_security_group" "g" {
  name = "g"
  ingress {
    from_port = 0
    to_port = 0
    protocol = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
"""
_MODEL = """
resource "aws_sagemaker_model" "m" {
  name = "m"
  execution_role_arn = "arn:aws:iam::111122223333:role/r"
  vpc_config {
    subnets = ["subnet-1"]
    security_group_ids = %s
  }
}
"""
_RULES = ("iam/*", "sagemaker/*", "vpc/*", "agentcore/*", "paths/*")
_OPEN_GROUP = "vpc/ml-security-group-public"


_ENDPOINT = """
resource "aws_sagemaker_model" "served" {
  name = "served"
  execution_role_arn = "arn:aws:iam::111122223333:role/r"
}
resource "aws_sagemaker_endpoint_configuration" "c" {
  name = "c"
  production_variants {
    variant_name = "v"
    model_name = aws_sagemaker_model.served.name
    instance_type = "ml.m5.large"
    initial_instance_count = 2
  }
}
resource "aws_sagemaker_endpoint" "e" {
  name = "e"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.c.name
}
"""


def _judged(code: str) -> Judgement:
    return _assessed(inventory_of(scope_of({"main.tf": code}, Language.TERRAFORM)))


def _assessed(found: Inventory) -> Judgement:
    return assess(
        load_selected(content_folder("rules"), (), _RULES),
        build_graph(VOCABULARY, found, FACTS),
        clock=datetime(2026, 1, 1, tzinfo=UTC),
    )


def _statuses(code: str, rule: str) -> list[str]:
    return _of_rule(_judged(code), rule)


def _of_rule(judged: Judgement, rule: str) -> list[str]:
    found = [item.status.value for item in judged.findings if item.rule == rule]
    return found or ["not_applicable"] * judged.counts[rule].not_applicable


def test_age_of_what_code_declares_is_not_applicable_and_an_open_value_not_assessed() -> None:
    judged = _judged(_CODE)
    ids = {finding.rule for finding in judged.findings}
    for rule in ("iam/ml-role-unused", "sagemaker/notebook-long-running"):
        assert rule not in ids
        assert judged.counts[rule].not_applicable == 1
    assert "sagemaker/notebook-direct-internet" in ids


def test_age_is_not_asked_of_code_where_it_is_open_whether_the_rule_applies() -> None:
    code = _CODE.replace('"sagemaker.amazonaws.com"', "var.net")
    assert _statuses(code, "iam/ml-role-unused") == ["not_applicable"]
    assert _statuses(code, "iam/ml-role-trust-unrestricted") == ["not_assessed"]


def test_a_role_without_policies_passes_where_it_is_open_whether_it_is_of_models() -> None:
    code = _CODE.replace('"sagemaker.amazonaws.com"', "var.net")
    judged = _judged(code)
    assert judged.passed["iam/ml-role-can-escalate"] == (".#aws_iam_role.r",)
    attached = f"""{code}
resource "aws_iam_role_policy_attachment" "a" {{
  role = aws_iam_role.r.name
  policy_arn = var.net
}}
"""
    assert _statuses(attached, "iam/ml-role-can-escalate") == ["not_assessed"]


def test_that_no_notebook_has_the_role_is_asked_where_the_code_has_notebooks() -> None:
    rule = "paths/serving-role-shared-with-notebook"
    assert _statuses(_ENDPOINT, rule) == ["not_applicable"]
    assert _statuses(_ENDPOINT + _CODE, rule) == ["not_assessed"]
    shared = _CODE.replace("aws_iam_role.r.arn", '"arn:aws:iam::111122223333:role/r"')
    assert _statuses(_ENDPOINT + shared, rule) == ["fail"]


def test_only_aws_pushes_to_the_repositories_of_its_deep_learning_containers() -> None:
    rule = "paths/serving-image-externally-pushable"
    image = '"%s.dkr.ecr.eu-west-1.amazonaws.com/a:1"'
    named = f'  name = "served"\n  primary_container {{\n    image = {image}\n  }}\n'
    served = _ENDPOINT.replace('  name = "served"\n', named)
    of_aws = _judged(served % "763104351884")
    assert of_aws.passed[rule] == (".#aws_sagemaker_endpoint.e",)
    assert not [item for item in of_aws.findings if item.rule == rule]
    assert _statuses(served % "111122223333", rule) == ["not_assessed"]


def test_what_stands_around_a_thing_is_asked_of_a_template_and_not_of_a_notebook(
    tmp_path: Path,
) -> None:
    rule = "sagemaker/endpoint-without-alarm"
    assert _statuses(_ENDPOINT, rule) == ["not_assessed"]
    call = "boto3.client('sagemaker').create_endpoint(EndpointName='e', EndpointConfigName='c')"
    cell = {"cell_type": "code", "source": [f"import boto3\n{call}\n"]}
    notebook = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    found = seen(tmp_path, {"walk.ipynb": notebook}).inventory
    assert _of_rule(_assessed(found), rule) == ["not_applicable"]


def test_what_cannot_be_written_in_code_of_a_kind_is_not_asked_of_it() -> None:
    assert _statuses(_RUNTIME, "agentcore/runtime-metadata-without-token") == ["not_applicable"]
    assert _statuses(_RUNTIME, "agentcore/runtime-image-unpinned") == ["not_assessed"]


def test_group_that_nothing_in_the_code_uses_for_models_is_not_one_of_models() -> None:
    assert _statuses(_GROUP, _OPEN_GROUP) == ["not_applicable"]


def test_group_that_a_model_uses_fails_and_one_that_a_model_may_use_is_not_assessed() -> None:
    used = _GROUP + _MODEL % "[aws_security_group.g.id]"
    assert _statuses(used, _OPEN_GROUP) == ["fail"]
    perhaps = _GROUP + _MODEL % "var.is_own ? [aws_security_group.g.id] : []"
    assert _statuses(perhaps, _OPEN_GROUP) == ["not_assessed"]
