"""What constructs, methods and settings of the CDK's library add to the permissions of a role."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.iac.cdk.constructs.settings import LEAVES_POLICIES

# What gives the role of its argument no right; most of it lets a service call a function.
NO_RIGHTS = (
    *LEAVES_POLICIES, "awsiam.permissionsboundary.of", ".addtrigger",
    ".addeventnotification", ".addobjectcreatednotification",
    "awsapigateway.lambdaintegration", "awsapigateway.tokenauthorizer",
    "awsapigateway.requestauthorizer",
    "awseventstargets.lambdafunction", "awssnssubscriptions.lambdasubscription",
    "awss3notifications.lambdadestination", "customresources.provider",
    "core.customresources.provider", ".addlambdatarget", "triggers.trigger",
    "awsstepfunctionstasks.invokefunction", "awsapigateway.lambdarestapi", "awsappsync.logconfig",
    "awsstepfunctionstasks.lambdainvoke", "awsappsync.lambdadatasource", ".addlambdadatasource",
)  # fmt: skip
WITHOUT_RIGHTS = ("awsapigatewayv2integrations.", "awsapigatewayv2authorizers.")
# The actions that each allows, on what gives the right or is made for it.
KEYS = (
    "kms:Decrypt", "kms:Encrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey",
    "kms:GenerateMac",
)  # fmt: skip
_READS = (
    *KEYS, "s3:Get*", "s3:List*", "secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret",
    "ssm:GetParameter*", "ssm:DescribeParameters", "kinesis:*", "logs:Get*", "logs:Filter*",
    "logs:Describe*",
)  # fmt: skip
_WRITES = (
    *KEYS, "s3:PutObject*", "s3:DeleteObject*", "s3:Abort*", "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecret*", "ssm:PutParameter", "kinesis:*", "logs:CreateLogStream",
    "logs:PutLogEvents",
)  # fmt: skip
_TABLES, _QUEUES, _IMAGES = (*KEYS, "dynamodb:*"), (*KEYS, "sqs:*"), ("ecr:*",)
_CALLS = ("lambda:Invoke*", "execute-api:*", "bedrock:*", "bedrock-agentcore:*", "sagemaker:*")
_SENDS = (*KEYS, "sqs:SendMessage", "sns:Publish")
_BUILDS = (
    *_READS, *_WRITES, *_IMAGES, "logs:CreateLogGroup", "codebuild:*Report*",
    "codebuild:BatchPut*", "ec2:Describe*", "ec2:*NetworkInterface*", "codeconnections:Use*",
    "codestar-connections:Use*",
)  # fmt: skip
# What runs under roles that it is given; calls on it may add to them.
RUNNING = ("awscodebuild.project", "awscodebuild.pipelineproject", "awsecs.fargatetaskdefinition")
RIGHTS: Mapping[str, tuple[str, ...]] = {
    ".grantread": _READS, ".grantwrite": _WRITES, ".grantreadwrite": (*_READS, *_WRITES),
    ".grantput": _WRITES, ".grantputacl": _WRITES, ".grantdelete": _WRITES,
    ".grantreaddata": _TABLES, ".grantwritedata": _TABLES, ".grantreadwritedata": _TABLES,
    ".grantstream": _TABLES, ".grantstreamread": _TABLES, ".granttableliststreams": _TABLES,
    ".grantsendmessages": _QUEUES, ".grantconsumemessages": _QUEUES, ".grantpurge": _QUEUES,
    ".grantpublish": (*KEYS, "sns:Publish"), ".grantputeventsto": ("events:PutEvents",),
    ".grantpull": _IMAGES, ".grantpush": _IMAGES, ".grantpullpush": _IMAGES,
    ".grantencrypt": KEYS, ".grantdecrypt": KEYS, ".grantencryptdecrypt": KEYS,
    ".grantstartexecution": ("states:Start*",), ".grantstartsyncexecution": ("states:Start*",),
    ".grantpassrole": ("iam:PassRole",), ".grantassumerole": ("sts:AssumeRole",),
    ".grantconnect": ("rds-db:connect", "execute-api:*"), ".grantinvoke": _CALLS,
    **dict.fromkeys(("awscodebuild.project", "awscodebuild.pipelineproject"), _BUILDS),
    "awsecs.fargatetaskdefinition": (*_READS, *_WRITES, *_IMAGES, "ssmmessages:*"),
}  # fmt: skip

# What each setting of a function adds to its role, whether that is given or made for it; "vpc" adds
# to the one that is made alone.
OF_FUNCTIONS = {
    "tracing": ("xray:Put*",), "deadLetterQueue": _SENDS, "deadLetterQueueEnabled": _SENDS,
    "deadLetterTopic": _SENDS, "profiling": ("codeguru-profiler:*",),
    "profilingGroup": ("codeguru-profiler:*",), "insightsVersion": ("logs:Create*", "logs:Put*"),
    "environmentEncryption": KEYS,
}  # fmt: skip
# Settings that hold things of the library, and what these add; an app may have its own instead.
_SOURCES = (
    *KEYS, "sqs:*", "kinesis:*", "dynamodb:*", "kafka:*", "mq:Describe*", "ec2:*NetworkInterface*",
    "secretsmanager:GetSecretValue", "sqs:SendMessage", "sns:Publish", "s3:PutObject",
)  # fmt: skip
HOLDING = {
    "events": ("aws_lambda_event_sources.", _SOURCES),
    "onFailure": ("aws_lambda_destinations.", (*_SENDS, "lambda:Invoke*", "events:PutEvents")),
    "onSuccess": ("aws_lambda_destinations.", (*_SENDS, "lambda:Invoke*", "events:PutEvents")),
    "filesystem": ("aws_lambda.FileSystem.from", ("elasticfilesystem:Client*",)),
}  # fmt: skip
# What the grants of a bucket, a secret or a role allow on it.
_READS_BUCKET = ("s3:GetObject*", "s3:GetBucket*", "s3:List*")
_PUTS_BUCKET = (
    "s3:PutObject", "s3:PutObjectLegalHold", "s3:PutObjectRetention", "s3:PutObjectTagging",
    "s3:PutObjectVersionTagging", "s3:Abort*",
)  # fmt: skip
_READS_SECRET = ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret")
EXACT: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "awss3.bucket": {
        ".grantread": _READS_BUCKET, ".grantwrite": ("s3:DeleteObject*", *_PUTS_BUCKET),
        ".grantreadwrite": (*_READS_BUCKET, "s3:DeleteObject*", *_PUTS_BUCKET),
        ".grantput": _PUTS_BUCKET, ".grantdelete": ("s3:DeleteObject*",),
        ".grantputacl": ("s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
    },
    "awsiam.role": {".grantpassrole": ("iam:PassRole",), ".grantassumerole": ("sts:AssumeRole",)},
    "awssecretsmanager.secret": {
        ".grantread": _READS_SECRET,
        ".grantwrite": ("secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret"),
    },
}  # fmt: skip
