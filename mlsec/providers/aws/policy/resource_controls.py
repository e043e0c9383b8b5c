"""The services whose resources a resource control policy of an organisation limits.

Source: the list of services in the user guide of AWS Organizations, as of 2026-09-26. What AWS adds
later is taken to be unlimited, which lets a finding stand that such a policy would end.
"""

from __future__ import annotations

_SERVICES = frozenset(
    {
        "aoss", "appconfig", "appstream", "autoscaling", "autoscaling-plans", "budgets",
        "clouddirectory", "cloudfront", "cloudsearch", "cloudtrail-data", "codeartifact",
        "codebuild", "codecommit", "codepipeline", "cognito-identity", "cognito-idp", "comprehend",
        "comprehendmedical", "compute-optimizer", "cost-optimization-hub", "dax", "dsql",
        "dynamodb", "ecr", "ecr-public", "events", "firehose", "fis", "fms", "gamelift", "health",
        "inspector-scan", "kendra", "kinesisvideo", "kms", "logs", "memorydb", "networkmonitor",
        "notifications", "opensearch", "pca-connector-ad", "personalize", "polly", "pricing",
        "resource-groups", "rolesanywhere", "s3", "secretsmanager", "servicediscovery", "signin",
        "sqs", "sts", "support", "swf", "textract", "timestream-influxdb", "transcribe", "transfer",
        "translate", "wafv2", "workspaces", "xray",
    }
)  # fmt: skip
_NEVER = frozenset({"kms:retiregrant"})


def is_controlled(action: str) -> bool:
    """Whether resource control policies apply to an action (lower case)."""
    return action.partition(":")[0] in _SERVICES and action not in _NEVER
