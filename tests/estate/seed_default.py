"""Seed an account whose owner clicked through: Studio, a notebook, an endpoint, an agent.

Values are what the console chooses when nothing is changed:
https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html (the emulator makes these),
https://docs.aws.amazon.com/sagemaker/latest/dg/onboard-quick-start.html (IAM sign-in, public
internet, a new role with AmazonSageMakerFullAccess), .../dg/howitworks-create-ws.html (root access
and internet on), .../dg/realtime-endpoints-deploy-models.html, .../AmazonS3/latest/userguide/
create-bucket-overview.html (encrypted, public access blocked, no versions),
https://docs.aws.amazon.com/bedrock/latest/userguide/agents-create.html (no guardrail).
There is no trail: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from typing import Any

from tests.estate.model import ACCOUNT, HOME
from tests.estate.overlay import Canned, Patch
from tests.estate.seed import Clients
from tests.estate.seed_deployment import allow, policy, trust

_MADE = datetime.datetime(2026, 11, 2, 9, tzinfo=datetime.UTC)
_BUCKET = f"sagemaker-{HOME}-{ACCOUNT}"
_ROLE = "AmazonSageMaker-ExecutionRole-20261102T090000"
_ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/service-role/{_ROLE}"
_AGENT, _AGENT_ROLE = "AGFIRST001", "AmazonBedrockExecutionRoleForAgents_FIRST"
_FULL = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
_MODEL = "anthropic.claude-3-5-haiku-20241022-v1:0"
_IMAGE = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-inference:2.6-cpu-py312"
# Of the published document: what it allows on models, buckets, roles and logs.
_FULL_ACCESS = (
    {
        "Effect": "Allow",
        "Action": "sagemaker:*",
        "NotResource": [
            f"arn:aws:sagemaker:*:*:{kind}/*"
            for kind in ("domain", "user-profile", "app", "space", "flow-definition")
        ],
    },
    allow(
        None,
        ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
        [f"arn:aws:s3:::*{word}*" for word in ("SageMaker", "Sagemaker", "sagemaker", "aws-glue")],
    ),
    allow(None, ["s3:CreateBucket", "s3:GetBucketLocation", "s3:ListBucket",
                 "s3:ListAllMyBuckets"]),
    allow(None, ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents",
                 "logs:Describe*", "logs:GetLogEvents"]),
    allow(None, ["ecr:BatchGetImage", "ecr:Describe*", "ecr:GetAuthorizationToken",
                 "ecr:GetDownloadUrlForLayer", "kms:DescribeKey", "kms:ListAliases"]),
    allow(
        None, ["iam:PassRole"], "arn:aws:iam::*:role/*",
        Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    ),
)  # fmt: skip

# What the emulator does not repeat.
DEFAULT_PATCHES = (
    Patch(
        service="sagemaker",
        operation="DescribeNotebookInstance",
        match={"NotebookInstanceName": "first"},
        members={"PlatformIdentifier": "notebook-al2023-v1"},
    ),
)


def seed_default(clients: Clients) -> None:
    """Create what the emulator can hold."""
    s3, sagemaker = clients("s3"), clients("sagemaker")
    s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": HOME})
    four = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(
        Bucket=_BUCKET, PublicAccessBlockConfiguration=dict.fromkeys(four, True)
    )
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket=_BUCKET, ServerSideEncryptionConfiguration={"Rules": [default]})
    ec2 = clients("ec2")
    network = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]]
    sagemaker.create_domain(
        DomainName="QuickSetupDomain-20261102T090000",
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": _ROLE_ARN},
        SubnetIds=subnets,
        VpcId=network,
        AppNetworkAccessType="PublicInternetOnly",
    )
    sagemaker.create_notebook_instance(
        NotebookInstanceName="first",
        InstanceType="ml.t3.medium",
        RoleArn=_ROLE_ARN,
        DirectInternetAccess="Enabled",
        RootAccess="Enabled",
        PlatformIdentifier="notebook-al2023-v1",
    )
    sagemaker.create_model(
        ModelName="first",
        ExecutionRoleArn=_ROLE_ARN,
        PrimaryContainer={"Image": _IMAGE, "ModelDataUrl": f"s3://{_BUCKET}/first/model.tar.gz"},
    )
    variant = {
        "VariantName": "AllTraffic", "ModelName": "first",
        "InstanceType": "ml.m5.large", "InitialInstanceCount": 1,
    }  # fmt: skip
    sagemaker.create_endpoint_config(EndpointConfigName="first", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="first", EndpointConfigName="first")
    clients("logs").create_log_group(logGroupName="/aws/sagemaker/Endpoints/first")


def default_answers() -> Iterator[Canned]:
    """Give the roles, with policies of AWS, and the agent, of which the emulator knows nothing."""
    yield Canned(service="iam", operation="GetAccountAuthorizationDetails", answer=_identities())
    of, service = {"agentId": _AGENT}, "bedrock-agent"
    times = {"createdAt": _MADE, "updatedAt": _MADE}
    known = {**of, "agentName": "first", "agentStatus": "PREPARED", **times}
    whole = {
        **known,
        "agentArn": f"arn:aws:bedrock:{HOME}:{ACCOUNT}:agent/{_AGENT}",
        "agentVersion": "DRAFT",
        "foundationModel": _MODEL,
        "instruction": "You answer questions of visitors politely and briefly.",
        "idleSessionTTLInSeconds": 600,
        "agentResourceRoleArn": f"arn:aws:iam::{ACCOUNT}:role/service-role/{_AGENT_ROLE}",
        "agentCollaboration": "DISABLED",
    }
    alias = {
        "agentAliasId": "TSTALIASID", "agentAliasName": "AgentTestAlias",
        "routingConfiguration": [{"agentVersion": "DRAFT"}], "agentAliasStatus": "PREPARED",
        **times,
    }  # fmt: skip
    draft = {k: v for k, v in known.items() if k != "agentId"} | {"agentVersion": "DRAFT"}
    summary = {k: v for k, v in known.items() if k != "createdAt"}
    answers: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
        ("ListAgents", {}, {"agentSummaries": [summary]}),
        ("GetAgent", of, {"agent": whole}),
        ("ListAgentVersions", of, {"agentVersionSummaries": [draft]}),
        ("ListAgentAliases", of, {"agentAliasSummaries": [alias]}),
    )
    for name, match, answer in answers:
        yield Canned(service=service, operation=name, region=HOME, match=match, answer=answer)


def _identities() -> dict[str, Any]:
    model = f"arn:aws:bedrock:{HOME}::foundation-model/{_MODEL}"
    own = {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:bedrock:{HOME}:{ACCOUNT}:agent/*"},
    }
    buckets = [f"arn:aws:s3:::{_BUCKET}", f"arn:aws:s3:::{_BUCKET}/*"]
    actions = ["s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    sagemaker = _role(
        _ROLE, "AROAFIRST00000000001", trust({"Service": "sagemaker.amazonaws.com"}),
        policy(allow(None, actions, buckets)),
    )  # fmt: skip
    sagemaker["AttachedManagedPolicies"] = [
        {"PolicyName": "AmazonSageMakerFullAccess", "PolicyArn": _FULL}
    ]
    agent = _role(
        _AGENT_ROLE, "AROAFIRST00000000002",
        trust({"Service": "bedrock.amazonaws.com"}, Condition=own),
        policy(allow(None, ["bedrock:InvokeModel"], [model])),
    )  # fmt: skip
    version = {
        "Document": json.dumps({"Version": "2012-10-17", "Statement": list(_FULL_ACCESS)}),
        "VersionId": "v1", "IsDefaultVersion": True, "CreateDate": _MADE,
    }  # fmt: skip
    managed = {
        "PolicyName": "AmazonSageMakerFullAccess", "PolicyId": "ANPAFIRST00000000001",
        "Arn": _FULL, "Path": "/", "DefaultVersionId": "v1", "AttachmentCount": 1,
        "IsAttachable": True, "CreateDate": _MADE, "UpdateDate": _MADE,
        "PolicyVersionList": [version],
    }  # fmt: skip
    return {
        "RoleDetailList": [sagemaker, agent], "Policies": [managed],
        "UserDetailList": [], "GroupDetailList": [], "IsTruncated": False,
    }  # fmt: skip


def _role(name: str, role_id: str, trusts: str, document: str) -> dict[str, Any]:
    return {
        "Path": "/service-role/",
        "RoleName": name,
        "RoleId": role_id,
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/service-role/{name}",
        "CreateDate": _MADE,
        "AssumeRolePolicyDocument": trusts,
        "InstanceProfileList": [],
        "RolePolicyList": [{"PolicyName": "work", "PolicyDocument": document}],
        "AttachedManagedPolicies": [],
        "Tags": [],
        "RoleLastUsed": {"LastUsedDate": _MADE, "Region": HOME},
    }
