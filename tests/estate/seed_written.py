"""Seed an account with nothing but the deployment that stands as code in ``written``."""

from __future__ import annotations

from typing import Any

from tests.estate.model import ACCOUNT, HOME
from tests.estate.seed import Clients
from tests.estate.seed_deployment import DIGEST, REGISTRY, allow, policy, trust

IS_ISOLATED = {"m": False, "guarded": True}  # by model


def seed_written(clients: Clients) -> None:
    """Make by API what an apply of that code would make."""
    key = clients("kms").create_key()["KeyMetadata"]["Arn"]
    _open_bucket(clients, key)
    _guarded_bucket(clients)
    role = _role(clients)
    clients("ecr").create_repository(
        repositoryName="serve",
        imageTagMutability="IMMUTABLE",
        imageScanningConfiguration={"scanOnPush": True},
    )
    sagemaker = clients("sagemaker")
    sagemaker.create_notebook_instance(
        NotebookInstanceName="lab",
        RoleArn=role,
        InstanceType="ml.t3.medium",
        DirectInternetAccess="Enabled",
        RootAccess="Disabled",
    )
    _serve(clients, role, "m", f"{REGISTRY}/open:1", "ml-models", "c", "e", 1)
    captured = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://ml-captured/calls",
        "KmsKeyId": key,
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    image = f"{REGISTRY}/serve@{DIGEST}"
    _serve(
        clients, role, "guarded", image, "ml-captured", "guarded", "guarded", 2,
        KmsKeyId=key, DataCaptureConfig=captured,
    )  # fmt: skip
    sagemaker.create_model_package_group(ModelPackageGroupName="versions")
    _watch(clients)
    _open_to_others(clients)
    clients("secretsmanager").create_secret(Name="token")


def _role(clients: Clients) -> str:
    iam, name = clients("iam"), "serve"
    by = trust({"Service": "sagemaker.amazonaws.com"})
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=by)
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy(allow(None, ["*"])))
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def _serve(
    clients: Clients,
    role: str,
    model: str,
    image: str,
    bucket: str,
    config: str,
    endpoint: str,
    instances: int,
    **more: Any,
) -> None:
    sagemaker = clients("sagemaker")
    sagemaker.create_model(
        ModelName=model,
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": image, "ModelDataUrl": f"s3://{bucket}/m.tar.gz"},
        EnableNetworkIsolation=IS_ISOLATED[model],
    )
    variant = {
        "VariantName": "v", "ModelName": model,
        "InstanceType": "ml.m5.large", "InitialInstanceCount": instances,
    }  # fmt: skip
    sagemaker.create_endpoint_config(
        EndpointConfigName=config, ProductionVariants=[variant], **more
    )
    sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)


def _open_to_others(clients: Clients) -> None:
    iam, ecr = clients("iam"), clients("ecr")
    text = policy(allow(None, ["iam:PassRole", "sagemaker:*"]))
    made = iam.create_policy(PolicyName="pass", PolicyDocument=text)["Policy"]["Arn"]
    by = trust({"AWS": "*", "Service": "sagemaker.amazonaws.com"})
    iam.create_role(RoleName="work", AssumeRolePolicyDocument=by)
    iam.attach_role_policy(RoleName="work", PolicyArn=made)
    ecr.create_repository(repositoryName="open")
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}
    ecr.set_repository_policy(repositoryName="open", policyText=policy(everybody))


def _watch(clients: Clients) -> None:
    logs = clients("logs")
    # No one declares the first: the service makes it at the endpoint's first word.
    logs.create_log_group(logGroupName="/aws/sagemaker/Endpoints/e")
    logs.create_log_group(logGroupName="/aws/sagemaker/Endpoints/guarded")
    logs.put_retention_policy(logGroupName="/aws/sagemaker/Endpoints/guarded", retentionInDays=30)
    clients("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/guarded/variant/v",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=2,
        MaxCapacity=4,
    )
    clients("cloudwatch").put_metric_alarm(
        AlarmName="errors",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Dimensions=[
            {"Name": "EndpointName", "Value": "guarded"},
            {"Name": "VariantName", "Value": "v"},
        ],
    )


def _open_bucket(clients: Clients, key: str) -> None:
    s3, name = clients("s3"), "ml-models"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": HOME})
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "Owner", "Value": "ml"}]})
    _block(s3, name, is_blocked=False)
    everybody = allow("*", ["s3:GetObject"], f"arn:aws:s3:::{name}/*")
    s3.put_bucket_policy(Bucket=name, Policy=policy(everybody))
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
        },
    )


def _guarded_bucket(clients: Clients) -> None:
    s3, name = clients("s3"), "ml-captured"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": HOME})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    _block(s3, name, is_blocked=True)
    in_clear = {
        "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }  # fmt: skip
    s3.put_bucket_policy(Bucket=name, Policy=policy(in_clear))


def _block(s3: Any, bucket: str, *, is_blocked: bool) -> None:
    four = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(four, is_blocked)
    )
