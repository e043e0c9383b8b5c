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
    image          = "${aws_ecr_repository.open.repository_url}:1"
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

resource "aws_ecr_repository" "serve" {
  name                 = "serve"
  image_tag_mutability = "IMMUTABLE"
  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_s3_bucket" "captured" {
  bucket = "${local.team}-captured"
}

resource "aws_s3_bucket_versioning" "captured" {
  bucket = aws_s3_bucket.captured.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "captured" {
  bucket                  = aws_s3_bucket.captured.id
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "captured" {
  bucket = aws_s3_bucket.captured.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.captured.arn, "${aws_s3_bucket.captured.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_sagemaker_model" "guarded" {
  name                     = "guarded"
  execution_role_arn       = aws_iam_role.serve.arn
  enable_network_isolation = true
  primary_container {
    image          = "${aws_ecr_repository.serve.repository_url}@sha256:4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b"
    model_data_url = "s3://${aws_s3_bucket.captured.bucket}/m.tar.gz"
  }
}

resource "aws_sagemaker_endpoint_configuration" "guarded" {
  name        = "guarded"
  kms_key_arn = aws_kms_key.data.arn
  production_variants {
    variant_name           = "v"
    model_name             = aws_sagemaker_model.guarded.name
    instance_type          = "ml.m5.large"
    initial_instance_count = 2
  }
  data_capture_config {
    enable_capture              = true
    initial_sampling_percentage = 100
    destination_s3_uri          = "s3://${aws_s3_bucket.captured.bucket}/calls"
    kms_key_id                  = aws_kms_key.data.arn
    capture_options {
      capture_mode = "Input"
    }
    capture_options {
      capture_mode = "Output"
    }
  }
}

resource "aws_sagemaker_endpoint" "guarded" {
  name                 = "guarded"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.guarded.name
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "errors"
  namespace           = "AWS/SageMaker"
  metric_name         = "Invocation5XXErrors"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanThreshold"
  dimensions = {
    EndpointName = aws_sagemaker_endpoint.guarded.name
    VariantName  = "v"
  }
}

resource "aws_cloudwatch_log_group" "guarded" {
  name              = "/aws/sagemaker/Endpoints/guarded"
  retention_in_days = 30
}

resource "aws_secretsmanager_secret" "token" {
  name = "token"
}

resource "aws_sagemaker_model_package_group" "versions" {
  model_package_group_name = "versions"
}

resource "aws_appautoscaling_target" "guarded" {
  service_namespace  = "sagemaker"
  resource_id        = "endpoint/${aws_sagemaker_endpoint.guarded.name}/variant/v"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  min_capacity       = 2
  max_capacity       = 4
}

resource "aws_iam_policy" "pass" {
  name = "pass"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["iam:PassRole", "sagemaker:*"], Resource = "*" }]
  })
}

resource "aws_iam_role" "work" {
  name = "work"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "*", Service = "sagemaker.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "pass" {
  role       = aws_iam_role.work.name
  policy_arn = aws_iam_policy.pass.arn
}

resource "aws_ecr_repository" "open" {
  name = "open"
}

resource "aws_ecr_repository_policy" "open" {
  repository = aws_ecr_repository.open.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "ecr:*" }]
  })
}
