"""What the best known policies that AWS itself manages allow, where code only names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_AWS_OWN = ":iam::aws:policy/"
_SAGEMAKER_NAMES = [f"arn:aws:s3:::*{word}*" for word in ("SageMaker", "Sagemaker", "sagemaker")]


def _allow(**what: Any) -> dict[str, Any]:
    where = {} if "not_resources" in what else {"resources": ["*"]}
    return {"effect": "Allow", **where, **what}


def _passes_to(service: str, *roles: str) -> dict[str, Any]:
    condition = {"operator": "StringEquals", "key": "iam:PassedToService", "values": [service]}
    return _allow(actions=["iam:PassRole"], resources=list(roles), conditions=[condition])


# By their documents as AWS publishes them (March 2026): the actions that each allows on everything.
_ON_ALL: Mapping[str, str] = {
    "AWSLambdaBasicExecutionRole": "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents",
    "AWSLambdaVPCAccessExecutionRole": (
        "ec2:AssignPrivateIpAddresses ec2:CreateNetworkInterface ec2:DeleteNetworkInterface "
        "ec2:DescribeNetworkInterfaces ec2:DescribeSubnets ec2:UnassignPrivateIpAddresses "
        "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents"
    ),
    "AWSXRayDaemonWriteAccess": (
        "xray:GetSamplingRules xray:GetSamplingStatisticSummaries xray:GetSamplingTargets "
        "xray:PutTelemetryRecords xray:PutTraceSegments"
    ),
    "CloudWatchLogsFullAccess": (
        "cloudwatch:GenerateQuery cloudwatch:GenerateQueryResultsSummary logs:* "
        "observabilityadmin:GetS3TableIntegration observabilityadmin:ListS3TableIntegrations "
        "observabilityadmin:ListTelemetryPipelines"
    ),
    "AmazonS3ReadOnlyAccess": (
        "s3-object-lambda:Get* s3-object-lambda:List* s3:Describe* s3:Get* s3:List*"
    ),
    "AmazonECSTaskExecutionRolePolicy": (
        "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetAuthorizationToken "
        "ecr:GetDownloadUrlForLayer logs:CreateLogStream logs:PutLogEvents"
    ),
    "AWSCloudFormationFullAccess": "cloudformation:*",
    "AmazonEC2ContainerRegistryReadOnly": (
        "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:DescribeImageScanFindings "
        "ecr:DescribeImages ecr:DescribeRepositories ecr:GetAuthorizationToken "
        "ecr:GetDownloadUrlForLayer ecr:GetLifecyclePolicy ecr:GetLifecyclePolicyPreview "
        "ecr:GetRepositoryPolicy ecr:ListImages ecr:ListTagsForResource"
    ),
    "AmazonEC2ContainerRegistryPowerUser": (
        "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:CompleteLayerUpload "
        "ecr:DescribeImageScanFindings ecr:DescribeImages ecr:DescribeRepositories "
        "ecr:GetAuthorizationToken ecr:GetDownloadUrlForLayer ecr:GetLifecyclePolicy "
        "ecr:GetLifecyclePolicyPreview ecr:GetRepositoryPolicy ecr:InitiateLayerUpload "
        "ecr:ListImages ecr:ListTagsForResource ecr:PutImage ecr:UploadLayerPart"
    ),
    "AmazonSQSFullAccess": "sqs:*",
    "AmazonAPIGatewayPushToCloudWatchLogs": (
        "logs:CreateLogGroup logs:CreateLogStream logs:DescribeLogGroups logs:DescribeLogStreams "
        "logs:FilterLogEvents logs:GetLogEvents logs:PutLogEvents"
    ),
    "AWSKeyManagementServicePowerUser": (
        "iam:ListGroups iam:ListRoles iam:ListUsers kms:CreateAlias kms:CreateKey kms:DeleteAlias "
        "kms:Describe* kms:GenerateRandom kms:Get* kms:List* kms:TagResource kms:UntagResource"
    ),
    "AmazonEC2ReadOnlyAccess": (
        "autoscaling:Describe* cloudwatch:Describe* cloudwatch:GetMetricStatistics "
        "cloudwatch:ListMetrics ec2:Describe* ec2:GetSecurityGroupsForVpc "
        "elasticloadbalancing:Describe*"
    ),
}
_KNOWN: Mapping[str, tuple[dict[str, Any], ...]] = {
    "AdministratorAccess": (_allow(actions=["*"]),),
    "AmazonS3FullAccess": (_allow(actions=["s3:*", "s3-object-lambda:*"]),),
    "IAMFullAccess": (_allow(actions=["iam:*"]),),
    "PowerUserAccess": (
        _allow(not_actions=["iam:*", "organizations:*", "account:*"]),
        _allow(actions=["iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole"]),
    ),
    **{name: (_allow(actions=actions.split()),) for name, actions in _ON_ALL.items()},
}
# Of long ones what matters here: they allow this, and more besides.
_AT_LEAST: Mapping[str, tuple[dict[str, Any], ...]] = {
    "AmazonSageMakerFullAccess": (
        _allow(
            actions=["sagemaker:*"],
            not_resources=[
                f"arn:aws:sagemaker:*:*:{kind}/*"
                for kind in (
                    "app", "domain", "flow-definition", "partner-app", "reserved-capacity",
                    "space", "training-plan", "user-profile",
                )
            ],
        ),
        _allow(
            actions=["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            resources=[*_SAGEMAKER_NAMES, "arn:aws:s3:::*aws-glue*"],
        ),
        _allow(actions=["s3:CreateBucket", "s3:ListBucket", "s3:ListAllMyBuckets"]),
        _passes_to("sagemaker.amazonaws.com", "arn:aws:iam::*:role/*"),
    ),
    "AmazonBedrockFullAccess": (
        _allow(actions=["bedrock:*"]),
        _passes_to("bedrock.amazonaws.com", "arn:aws:iam::*:role/*AmazonBedrock*"),
    ),
    "SecretsManagerReadWrite": (_allow(actions=["secretsmanager:*"]),),
    "AmazonDynamoDBFullAccess": (_allow(actions=["dynamodb:*"]),),
    "AmazonEC2ContainerRegistryFullAccess": (_allow(actions=["ecr:*"]),),
    "AmazonSNSFullAccess": (_allow(actions=["sns:*"]),),
    "CloudWatchFullAccess": (_allow(actions=["cloudwatch:*", "logs:*", "sns:*"]),),
}  # fmt: skip


def statements_of_aws(arn: str) -> tuple[tuple[dict[str, Any], ...], bool] | None:
    """Give statements of a policy that AWS manages, and whether they are all that it has.

    None when it is not among the known.
    """
    _, is_own, path = arn.partition(_AWS_OWN)
    name = path.rpartition("/")[2]
    if is_own and name in _KNOWN:
        return _KNOWN[name], True
    return (_AT_LEAST[name], False) if is_own and name in _AT_LEAST else None
