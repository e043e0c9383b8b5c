"""Commands that put aside what is there: the whole value is written, not the part that is named.

For each the command that shows what is there. A fix reads it first and writes it back changed, or
says what it replaces and prints it.
"""

from __future__ import annotations

REPLACING = {
    "bedrock put-enforced-guardrail-configuration": (
        "bedrock list-enforced-guardrails-configuration"
    ),
    "bedrock put-model-invocation-logging-configuration": (
        "bedrock get-model-invocation-logging-configuration"
    ),
    "bedrock update-guardrail": "bedrock get-guardrail",
    "bedrock-agent update-agent": "bedrock-agent get-agent",
    "bedrock-agent update-agent-action-group": "bedrock-agent get-agent-action-group",
    "bedrock-agent update-flow": "bedrock-agent get-flow",
    "bedrock-agentcore-control put-resource-policy": (
        "bedrock-agentcore-control get-resource-policy"
    ),
    "bedrock-agentcore-control update-agent-runtime": (
        "bedrock-agentcore-control get-agent-runtime"
    ),
    "bedrock-agentcore-control update-gateway": "bedrock-agentcore-control get-gateway",
    "cloudtrail put-event-selectors": "cloudtrail get-event-selectors",
    "ecr put-registry-scanning-configuration": "ecr get-registry-scanning-configuration",
    "ecr set-repository-policy": "ecr get-repository-policy",
    "elbv2 modify-listener": "elbv2 describe-listeners",
    "iam create-policy-version": "iam get-policy-version",
    "iam put-role-permissions-boundary": "iam get-role",
    "iam update-assume-role-policy": "iam get-role",
    "kms put-key-policy": "kms get-key-policy",
    "lambda update-function-configuration --environment": "lambda get-function-configuration",
    "logs put-data-protection-policy": "logs get-data-protection-policy",
    "logs put-resource-policy": "logs describe-resource-policies",
    "opensearch update-domain-config --access-policies": "opensearch describe-domain",
    "opensearchserverless update-security-policy": "opensearchserverless get-security-policy",
    "s3api put-bucket-encryption": "s3api get-bucket-encryption",
    "s3api put-bucket-ownership-controls": "s3api get-bucket-acl",
    "s3api put-bucket-policy": "s3api get-bucket-policy",
    "s3api put-bucket-tagging": "s3api get-bucket-tagging",
    "sagemaker delete-model-package-group-policy": "sagemaker get-model-package-group-policy",
    "sagemaker put-model-package-group-policy": "sagemaker get-model-package-group-policy",
    "sagemaker update-monitoring-schedule": "sagemaker describe-monitoring-schedule",
    "sagemaker update-notebook-instance-lifecycle-config": (
        "sagemaker describe-notebook-instance-lifecycle-config"
    ),
    "keyvault key rotation-policy update": "keyvault key rotation-policy show",
    "monitor diagnostic-settings create": "monitor diagnostic-settings list",
    "network nsg rule update": "network nsg rule list",
    "policy assignment update --not-scopes": "policy assignment show",
    "search service update --ip-rules": "search service show",
    "ai model-monitoring-jobs update --emails": "ai model-monitoring-jobs describe",
    "artifacts repositories set-iam-policy": "artifacts repositories get-iam-policy",
    "compute firewall-rules update --source-ranges": "compute firewall-rules describe",
    "container clusters update --master-authorized-networks": "container clusters describe",
    "iam service-accounts set-iam-policy": "iam service-accounts get-iam-policy",
    "kms keys set-iam-policy": "kms keys get-iam-policy",
    "projects set-iam-policy": "projects get-iam-policy",
    "secrets set-iam-policy": "secrets get-iam-policy",
    "services api-keys update": "services api-keys describe",
    "storage buckets set-iam-policy": "storage buckets get-iam-policy",
    "workbench instances set-iam-policy": "workbench instances get-iam-policy",
    "secretsmanager put-resource-policy": "secretsmanager get-resource-policy",
}
# The first setting of its kind: nothing is there that could be put aside.
NEW = {
    "bedrock/calls-without-audit-log": "it creates the trail",
    "bedrock/guardrail-not-enforced": "none is enforced",
}
