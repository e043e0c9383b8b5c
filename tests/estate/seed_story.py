"""Seed the demo's story: an open API before a model with a poisoned path, and two assistants."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from tests.estate.model import ACCOUNT, FOREIGN_ACCOUNT, HOME, REGIONS
from tests.estate.seed import Clients, Ids
from tests.estate.seed_deployment import DIGEST, REGISTRY, allow, policy, trust

MODEL = "claims-triage"
MODEL_BUCKET = "nordlicht-claims-artifacts"
DOCUMENTS = "nordlicht-helpdesk-docs"
_OWN = {"Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}


def seed_story(clients: Clients, ids: Ids) -> None:
    """Create the emulator's part of the story."""
    _roles(clients)
    _bucket(clients, ids, MODEL_BUCKET, is_open=True)
    _bucket(clients, ids, DOCUMENTS, is_open=True)
    _bucket(clients, ids, "nordlicht-faq-docs", is_open=False)
    _model(clients, ids)
    _front_door(clients)
    _tools(clients, ids)
    _watch(clients)
    _studio(clients, ids)


def _roles(clients: Clients) -> None:
    iam = clients("iam")

    def role(name: str, service: str, *statements: dict[str, Any], guard: bool = True) -> None:
        who = {"Service": f"{service}.amazonaws.com"}
        iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=trust(who, **(_OWN if guard else {}))
        )
        document = policy(*statements)
        iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=document)

    role("claims-triage-execution", "sagemaker", allow(None, ["*"], "*"), guard=False)
    invoke = f"arn:aws:sagemaker:{HOME}:{ACCOUNT}:endpoint/{MODEL}"
    role("claims-api", "apigateway", allow(None, ["sagemaker:InvokeEndpoint"], invoke))
    model = f"arn:aws:bedrock:{HOME}::foundation-model/*"
    for agent in ("helpdesk-agent", "faq-agent"):
        role(agent, "bedrock", allow(None, ["bedrock:InvokeModel"], model))
    documents = [f"arn:aws:s3:::{name}/*" for name in (DOCUMENTS, "nordlicht-faq-docs")]
    role("knowledge-reader", "bedrock", allow(None, ["s3:GetObject"], documents))
    bases = f"arn:aws:bedrock:{HOME}:{ACCOUNT}:knowledge-base/"
    reads = allow(None, ["bedrock:Retrieve", "bedrock:RetrieveAndGenerate"], f"{bases}*")
    feeds = allow(None, ["bedrock:StartIngestionJob"], f"{bases}KBHELPDESK")
    role("branch-kiosk", "ecs-tasks", reads)
    role("support-portal", "ecs-tasks", reads, feeds)
    role("knowledge-keeper", "ecs-tasks", feeds)
    table = f"arn:aws:dynamodb:{HOME}:{ACCOUNT}:table/"
    changes = ["dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]
    role("refund-tool", "lambda", allow(None, changes, f"{table}payments"))
    role("opening-hours", "lambda", allow(None, ["dynamodb:GetItem"], f"{table}branches"))
    role("studio", "sagemaker", allow(None, ["sagemaker:CreateTrainingJob"], "*"))
    logs = f"arn:aws:logs:{HOME}:{ACCOUNT}:log-group:/bedrock/invocations:*"
    role("bedrock-logs", "bedrock", allow(None, ["logs:PutLogEvents"], logs))


def _bucket(clients: Clients, ids: Ids, name: str, *, is_open: bool) -> None:
    s3 = clients("s3")
    arns = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": HOME})
    blocks = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(
        Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(blocks, True)
    )
    statements: list[dict[str, Any]] = [
        {
            "Sid": "OnlyTls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": arns, "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]  # fmt: skip
    if is_open:
        outside = {"AWS": f"arn:aws:iam::{FOREIGN_ACCOUNT}:root"}
        upload = allow(outside, ["s3:PutObject"], arns[1])
        statements.append({"Sid": "PartnerUpload", **upload})
    s3.put_bucket_policy(Bucket=name, Policy=policy(*statements))
    rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": ids.keys["platform"]}
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": rule, "BucketKeyEnabled": True}]
        },
    )
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def _model(clients: Clients, ids: Ids) -> None:
    clients("ecr").create_repository(
        repositoryName="nordlicht/claims-triage",
        imageTagMutability="IMMUTABLE",
        imageScanningConfiguration={"scanOnPush": True},
        encryptionConfiguration={"encryptionType": "KMS", "kmsKey": ids.keys["platform"]},
    )
    sagemaker = clients("sagemaker")
    tags = [{"Key": "Project", "Value": MODEL}, {"Key": "Owner", "Value": "claims"}]
    sagemaker.create_model(
        ModelName=MODEL,
        PrimaryContainer={
            "Image": f"{REGISTRY}/nordlicht/claims-triage@{DIGEST}",
            "ModelDataUrl": f"s3://{MODEL_BUCKET}/claims-triage/model.tar.gz",
            "Environment": {"LOG_LEVEL": "info"},
        },
        ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/claims-triage-execution",
        VpcConfig={"SecurityGroupIds": [ids.closed_group], "Subnets": ids.subnets},
        EnableNetworkIsolation=False,
        Tags=tags,
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName=f"{MODEL}-config",
        ProductionVariants=[
            {
                "VariantName": "main", "ModelName": MODEL, "InitialInstanceCount": 2,
                "InstanceType": "ml.m5.xlarge", "InitialVariantWeight": 1.0,
            }
        ],
        KmsKeyId=ids.keys["platform"],
        DataCaptureConfig={
            "EnableCapture": True, "InitialSamplingPercentage": 20,
            "DestinationS3Uri": f"s3://{MODEL_BUCKET}/capture", "KmsKeyId": ids.keys["platform"],
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        },
        Tags=tags,
    )  # fmt: skip
    sagemaker.create_endpoint(EndpointName=MODEL, EndpointConfigName=f"{MODEL}-config", Tags=tags)


def _front_door(clients: Clients) -> None:
    gateway = clients("apigateway")
    api = gateway.create_rest_api(name="claims-api", endpointConfiguration={"types": ["REGIONAL"]})[
        "id"
    ]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    score = gateway.create_resource(restApiId=api, parentId=root, pathPart="score")["id"]
    at = {"restApiId": api, "resourceId": score, "httpMethod": "POST"}
    gateway.put_method(**at, authorizationType="NONE", apiKeyRequired=False)
    gateway.put_integration(
        **at,
        type="AWS",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{HOME}:runtime.sagemaker:path//endpoints/{MODEL}/invocations",
        credentials=f"arn:aws:iam::{ACCOUNT}:role/claims-api",
    )
    gateway.create_deployment(restApiId=api, stageName="prod")


def _tools(clients: Clients, ids: Ids) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr(zipfile.ZipInfo("tool.py", (2026, 3, 2, 9, 0, 0)), "def handle(e, c): 0\n")
    functions = clients("lambda")
    for name in ("refund-tool", "opening-hours"):
        functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="tool.handle",
            Role=f"arn:aws:iam::{ACCOUNT}:role/{name}",
            Code={"ZipFile": code.getvalue()},
            KMSKeyArn=ids.keys["platform"],
            VpcConfig={"SubnetIds": ids.subnets, "SecurityGroupIds": [ids.closed_group]},
            TracingConfig={"Mode": "Active"},
            Environment={"Variables": {"LOG_LEVEL": "info"}},
        )
        functions.add_permission(
            FunctionName=name,
            StatementId="agent",
            Action="lambda:InvokeFunction",
            Principal="bedrock.amazonaws.com",
            SourceAccount=ACCOUNT,
        )


def _watch(clients: Clients) -> None:
    clients("cloudwatch").put_metric_alarm(
        AlarmName=f"{MODEL}-errors",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": "EndpointName", "Value": MODEL}],
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[f"arn:aws:sns:{HOME}:{ACCOUNT}:on-call"],
        ActionsEnabled=True,
    )
    scaling = clients("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{MODEL}/variant/main",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=2, MaxCapacity=6)
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    scaling.put_scaling_policy(
        PolicyName="invocations",
        PolicyType="TargetTrackingScaling",
        **target,
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 70.0, "PredefinedMetricSpecification": metric
        },
    )  # fmt: skip
    for region in REGIONS:
        logs = clients("logs", region)
        logs.create_log_group(logGroupName="/bedrock/invocations")
        logs.put_retention_policy(logGroupName="/bedrock/invocations", retentionInDays=365)
    clients("bedrock").put_model_invocation_logging_configuration(
        loggingConfig={
            "cloudWatchConfig": {
                "logGroupName": "/bedrock/invocations",
                "roleArn": f"arn:aws:iam::{ACCOUNT}:role/bedrock-logs",
            },
            "textDataDeliveryEnabled": True,
            "imageDataDeliveryEnabled": True,
            "embeddingDataDeliveryEnabled": True,
        }
    )


def _studio(clients: Clients, ids: Ids) -> None:
    clients("sagemaker").create_domain(
        DomainName="research",
        AuthMode="SSO",
        DefaultUserSettings={
            "ExecutionRole": f"arn:aws:iam::{ACCOUNT}:role/studio",
            "SecurityGroups": [ids.closed_group],
        },
        SubnetIds=ids.subnets,
        VpcId=ids.vpc,
        AppNetworkAccessType="PublicInternetOnly",
        KmsKeyId=ids.keys["platform"],
    )
    document = json.dumps({"username": "reader", "note": "made up for the demo"})
    made = clients("secretsmanager").create_secret(
        ClientRequestToken="0" * 32,
        Name="faq-vector-store",
        SecretString=document,
        KmsKeyId=ids.keys["platform"],
    )
    ids.notes["vector_secret"] = made["ARN"]
