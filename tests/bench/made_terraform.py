"""Terraform code of any size for benchmarks: teams that each deploy models with shared modules."""

from __future__ import annotations

from pathlib import Path

_BUCKET = """
variable "name" { type = string }
variable "key" { default = null }
variable "tags" { default = {} }

locals {
  tags = merge({ Owner = "ml", Data = "training" }, var.tags)
}

resource "aws_s3_bucket" "this" {
  bucket = var.name
  tags   = local.tags
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  count  = var.key == null ? 0 : 1
  bucket = aws_s3_bucket.this.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.key
    }
  }
}

data "aws_iam_policy_document" "tls" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = data.aws_iam_policy_document.tls.json
}

output "name" { value = aws_s3_bucket.this.id }
output "arn" { value = aws_s3_bucket.this.arn }
"""
_SERVING = """
variable "name" { type = string }
variable "image" { type = string }
variable "bucket" { type = string }
variable "variants" {
  type    = map(object({ type = string, count = optional(number, 1) }))
  default = { main = { type = "ml.m5.large" } }
}

resource "aws_iam_role" "serve" {
  name = "${var.name}-serve"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "sagemaker.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "read" {
  role = aws_iam_role.serve.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["s3:GetObject"], Resource = "arn:aws:s3:::${var.bucket}/*" },
      { Effect = "Allow", Action = ["logs:*"], Resource = "*" },
    ]
  })
}

resource "aws_sagemaker_model" "this" {
  name                     = var.name
  execution_role_arn       = aws_iam_role.serve.arn
  enable_network_isolation = true
  primary_container {
    image          = var.image
    model_data_url = "s3://${var.bucket}/model.tar.gz"
  }
}

resource "aws_sagemaker_endpoint_configuration" "this" {
  name = var.name
  dynamic "production_variants" {
    for_each = var.variants
    content {
      variant_name           = production_variants.key
      model_name             = aws_sagemaker_model.this.name
      instance_type          = production_variants.value.type
      initial_instance_count = production_variants.value.count
    }
  }
}

resource "aws_sagemaker_endpoint" "this" {
  name                 = var.name
  endpoint_config_name = aws_sagemaker_endpoint_configuration.this.name
}
"""
_TEAM = """
provider "aws" {
  region = var.region
}

variable "region" { default = "eu-west-1" }
variable "open" { default = "Disabled" }

locals {
  team   = "TEAM"
  stages = toset(["dev", "test", "prod"])
}

resource "aws_kms_key" "data" {
  enable_key_rotation = true
}

resource "aws_ecr_repository" "serve" {
  name                 = "${local.team}/serve"
  image_tag_mutability = "IMMUTABLE"
}

module "models" {
  source   = "../modules/bucket"
  for_each = local.stages
  name     = "${local.team}-models-${each.key}"
  key      = aws_kms_key.data.arn
}

module "logs" {
  source = "../modules/bucket"
  name   = "${local.team}-logs"
}

module "serving" {
  source   = "../modules/serving"
  for_each = local.stages
  name     = "${local.team}-${each.key}"
  image    = "${aws_ecr_repository.serve.repository_url}:1"
  bucket   = module.models[each.key].name
}
"""
_NOTEBOOKS = """
resource "aws_vpc" "ml" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "ml" {
  count      = 3
  vpc_id     = aws_vpc.ml.id
  cidr_block = cidrsubnet(aws_vpc.ml.cidr_block, 8, count.index)
}

resource "aws_security_group" "ml" {
  name   = "${local.team}-notebooks"
  vpc_id = aws_vpc.ml.id
  dynamic "ingress" {
    for_each = { jupyter = 8888, ray = 8265 }
    content {
      description = ingress.key
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ["10.0.0.0/8"]
    }
  }
}

resource "aws_sagemaker_notebook_instance" "lab" {
  count                  = 4
  name                   = "${local.team}-${count.index}"
  role_arn               = "arn:aws:iam::111122223333:role/notebook"
  instance_type          = "ml.t3.medium"
  subnet_id              = aws_subnet.ml[count.index % 3].id
  security_groups        = [aws_security_group.ml.id]
  direct_internet_access = var.open
  kms_key_id             = aws_kms_key.data.arn
}
"""


def write(folder: Path, teams: int) -> tuple[int, int]:
    """Write the code of so many teams; give how many files and lines that is."""
    files = {
        "modules/bucket/main.tf": _BUCKET,
        "modules/serving/main.tf": _SERVING,
    }
    for n in range(teams):
        files[f"team-{n}/main.tf"] = _TEAM.replace("TEAM", f"team-{n}")
        files[f"team-{n}/notebooks.tf"] = _NOTEBOOKS
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return len(files), sum(text.count("\n") for text in files.values())
