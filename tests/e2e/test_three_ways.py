"""One deployment as Terraform, as a Terraform plan and as CloudFormation: the same results."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.core.assessment import Assessment
from mlsec.core.closed_sets import Status
from tests.collect.iac.hcl.planned import plan_of
from tests.e2e import runs

TERRAFORM = """\
variable "open" {
  default = "Enabled"
}

locals {
  team = "ml"
}

resource "aws_kms_key" "data" {
  enable_key_rotation = false
}

resource "aws_s3_bucket" "models" {
  bucket = "${local.team}-models"
  tags   = { Owner = local.team }
}

resource "aws_s3_bucket_public_access_block" "models" {
  bucket                  = aws_s3_bucket.models.id
  block_public_acls       = false
  ignore_public_acls      = false
  block_public_policy     = false
  restrict_public_buckets = false
}

resource "aws_s3_bucket_policy" "models" {
  bucket = aws_s3_bucket.models.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:GetObject"
      Resource  = "arn:aws:s3:::ml-models/*"
    }]
  })
}

resource "aws_s3_bucket_server_side_encryption_configuration" "models" {
  bucket = aws_s3_bucket.models.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.data.arn
    }
  }
}

resource "aws_iam_role" "serve" {
  name = "serve"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sagemaker.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "all" {
  name = "all"
  role = aws_iam_role.serve.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }]
  })
}

resource "aws_sagemaker_notebook_instance" "lab" {
  name                   = "lab"
  role_arn               = aws_iam_role.serve.arn
  instance_type          = "ml.t3.medium"
  direct_internet_access = var.open
  root_access            = "Disabled"
}

resource "aws_sagemaker_model" "m" {
  name               = "m"
  execution_role_arn = aws_iam_role.serve.arn
  primary_container {
    image          = "000000000000.dkr.ecr.eu-west-1.amazonaws.com/serve:1"
    model_data_url = "s3://ml-models/m.tar.gz"
  }
}

resource "aws_sagemaker_endpoint_configuration" "c" {
  name = "c"
  production_variants {
    variant_name           = "v"
    model_name             = aws_sagemaker_model.m.name
    instance_type          = "ml.m5.large"
    initial_instance_count = 1
  }
}

resource "aws_sagemaker_endpoint" "e" {
  name                 = "e"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.c.name
}
"""
CLOUDFORMATION = """\
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Open: {Type: String, Default: Enabled}
Resources:
  Data:
    Type: AWS::KMS::Key
    Properties: {EnableKeyRotation: false}
  Models:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: ml-models
      Tags: [{Key: Owner, Value: ml}]
      PublicAccessBlockConfiguration:
        BlockPublicAcls: false
        IgnorePublicAcls: false
        BlockPublicPolicy: false
        RestrictPublicBuckets: false
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - ServerSideEncryptionByDefault:
              {SSEAlgorithm: "aws:kms", KMSMasterKeyID: !GetAtt Data.Arn}
  ModelsPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Models
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: "*"
            Action: "s3:GetObject"
            Resource: "arn:aws:s3:::ml-models/*"
  Serve:
    Type: AWS::IAM::Role
    Properties:
      RoleName: serve
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: sagemaker.amazonaws.com}
            Action: "sts:AssumeRole"
      Policies:
        - PolicyName: all
          PolicyDocument:
            Version: "2012-10-17"
            Statement: [{Effect: Allow, Action: "*", Resource: "*"}]
  Lab:
    Type: AWS::SageMaker::NotebookInstance
    Properties:
      NotebookInstanceName: lab
      RoleArn: !GetAtt Serve.Arn
      InstanceType: ml.t3.medium
      DirectInternetAccess: !Ref Open
      RootAccess: Disabled
  M:
    Type: AWS::SageMaker::Model
    Properties:
      ModelName: m
      ExecutionRoleArn: !GetAtt Serve.Arn
      PrimaryContainer:
        Image: 000000000000.dkr.ecr.eu-west-1.amazonaws.com/serve:1
        ModelDataUrl: s3://ml-models/m.tar.gz
  C:
    Type: AWS::SageMaker::EndpointConfig
    Properties:
      EndpointConfigName: c
      ProductionVariants:
        - VariantName: v
          ModelName: !GetAtt M.ModelName
          InstanceType: ml.m5.large
          InitialInstanceCount: 1
  E:
    Type: AWS::SageMaker::Endpoint
    Properties: {EndpointName: e, EndpointConfigName: !GetAtt C.EndpointConfigName}
"""
# The key has no name of its own, so that each way calls it after its address.
_NAMELESS = "aws.kms.key"


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Assessment]:
    written = {
        "terraform": {"main.tf": TERRAFORM},
        "plan": {"plan.json": plan_of({"main.tf": TERRAFORM})},
        "cloudformation": {"stack.yaml": CLOUDFORMATION},
    }
    return {name: scan(tmp_path_factory.mktemp(name), files) for name, files in written.items()}


def scan(folder: Path, files: dict[str, str]) -> Assessment:
    code, out = folder / "code", folder / "out"
    code.mkdir()
    for path, text in files.items():
        (code / path).write_text(text)
    done = runs.mlsec("scan", code, "-o", out, "-f", "json", "--min-coverage", "0")
    assert done.returncode == 10, done.stderr
    return runs.load_assessment(out)


def results(made: Assessment, status: Status) -> set[tuple[str, str, str]]:
    return {
        (
            each.rule,
            each.resource.type,
            "" if each.resource.type == _NAMELESS else each.resource.name,
        )
        for each in made.findings
        if each.status is status and each.resource.type.startswith("aws.")
    }


@pytest.mark.parametrize("other", ["plan", "cloudformation"])
def test_the_same_rules_fail_on_the_same_things(ways: dict[str, Assessment], other: str) -> None:
    wanted = results(ways["terraform"], Status.FAIL)
    assert ("sagemaker/notebook-direct-internet", "aws.sagemaker.notebook", "lab") in wanted
    assert len(wanted) > 20
    assert results(ways[other], Status.FAIL) == wanted


@pytest.mark.parametrize("other", ["plan", "cloudformation"])
def test_the_same_rules_cannot_be_decided(ways: dict[str, Assessment], other: str) -> None:
    wanted = results(ways["terraform"], Status.NOT_ASSESSED)
    assert results(ways[other], Status.NOT_ASSESSED) == wanted
