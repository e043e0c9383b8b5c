"""Seed one deployment: role, key, bucket, repository, log group, model, configuration, endpoint."""

from __future__ import annotations

import json
from typing import Any

from tests.estate.model import ACCOUNT, FOREIGN_ACCOUNT, HOME, Carrier, Deployment, Fault
from tests.estate.seed import Clients, Ids

DIGEST = "sha256:" + "4b" * 32
REGISTRY = f"{ACCOUNT}.dkr.ecr.{HOME}.amazonaws.com"


def seed_deployment(clients: Clients, ids: Ids, deployment: Deployment) -> None:
    """Create the parts in the order in which they refer to each other."""
    _role(clients, deployment)
    _key(clients, ids, deployment)
    _bucket(clients, ids, deployment)
    _repository(clients, ids, deployment)
    _log_group(clients, ids, deployment)
    _model(clients, ids, deployment)
    _endpoint(clients, ids, deployment)
    if deployment.has(Carrier.NOTEBOOK):
        _notebook(clients, ids, deployment)
    if deployment.has(Carrier.PACKAGE_GROUP):
        _package_group(clients, deployment)
    if deployment.has(Carrier.TRAINING_JOB):
        _training_job(clients, ids, deployment)


def role_arn(deployment: Deployment) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{deployment.called(Carrier.ROLE)}"


def tags(deployment: Deployment) -> list[dict[str, str]]:
    """Give the tags of each thing, as SageMaker takes them."""
    own = {"Project": deployment.name, "Owner": "ml-platform", "DataClass": "internal"}
    own |= dict(deployment.extra_tags)
    return [{"Key": k, "Value": v} for k, v in own.items()]


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(principal: Any, actions: list[str], resources: Any = "*", **more: Any) -> dict[str, Any]:
    """Give one Allow statement; ``principal`` None for an identity policy."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": actions, "Resource": resources}
    if principal is not None:
        statement["Principal"] = principal
    return statement | more


def trust(principal: Any, **more: Any) -> str:
    return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"} | more)


def _role(clients: Clients, deployment: Deployment) -> None:
    name, bucket = deployment.called(Carrier.ROLE), deployment.called(Carrier.BUCKET)
    principal: Any = {"Service": "sagemaker.amazonaws.com"}
    guard = {"Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}
    if Fault.ROLE_TRUSTS_ANYONE in deployment.faults:
        principal, guard = {**principal, "AWS": "*"}, {}
    iam = clients("iam")
    # IAM allows few characters in a tag, so the hostile ones stay away from it.
    plain = [{"Key": "Project", "Value": deployment.name}, {"Key": "Owner", "Value": "ml-platform"}]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(principal, **guard), Tags=plain)
    objects = allow(None, ["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{bucket}/*")
    document = policy(objects)
    if Fault.ROLE_IS_ADMIN in deployment.faults:
        document = policy(objects, allow(None, ["*"], "*"))
    iam.put_role_policy(RoleName=name, PolicyName="artifacts", PolicyDocument=document)


def _key(clients: Clients, ids: Ids, deployment: Deployment) -> None:
    kms = clients("kms")
    own = allow({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, ["kms:*"])
    made = kms.create_key(
        Description=f"artifacts of {deployment.name}",
        Policy=policy(own),
        Tags=[{"TagKey": t["Key"], "TagValue": t["Value"]} for t in tags(deployment)],
    )["KeyMetadata"]
    ids.keys[deployment.name] = made["Arn"]
    kms.create_alias(AliasName=deployment.called(Carrier.KEY), TargetKeyId=made["KeyId"])
    if Fault.KEY_NOT_ROTATED not in deployment.faults:
        kms.enable_key_rotation(KeyId=made["KeyId"])
    if Fault.KEY_PENDING_DELETION in deployment.faults:
        kms.schedule_key_deletion(KeyId=made["KeyId"], PendingWindowInDays=14)


def _bucket(clients: Clients, ids: Ids, deployment: Deployment) -> None:
    s3, name = clients("s3"), deployment.called(Carrier.BUCKET)
    arns = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": HOME})
    is_public = Fault.BUCKET_PUBLIC in deployment.faults
    s3.put_public_access_block(
        Bucket=name,
        PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"),
            not is_public,
        ),
    )
    statements = [
        {
            "Sid": "OnlyTls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": arns, "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]  # fmt: skip
    if is_public:
        statements.append(allow("*", ["s3:GetObject"], arns[1]))
    if Fault.BUCKET_WRITABLE_FROM_OUTSIDE in deployment.faults:
        outside = {"AWS": f"arn:aws:iam::{FOREIGN_ACCOUNT}:root"}
        statements.append(allow(outside, ["s3:GetObject", "s3:PutObject"], arns[1]))
    s3.put_bucket_policy(Bucket=name, Policy=policy(*statements))
    rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": ids.keys[deployment.name]}
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": rule, "BucketKeyEnabled": True}]
        },
    )
    if Fault.BUCKET_NOT_VERSIONED not in deployment.faults:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_logging(
        Bucket=name,
        BucketLoggingStatus={
            "LoggingEnabled": {"TargetBucket": "nordlicht-access-logs", "TargetPrefix": f"{name}/"}
        },
    )
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags(deployment)})


def _repository(clients: Clients, ids: Ids, deployment: Deployment) -> None:
    ecr, name = clients("ecr"), deployment.called(Carrier.REPOSITORY)
    is_mutable = Fault.REPOSITORY_TAGS_MUTABLE in deployment.faults
    ecr.create_repository(
        repositoryName=name,
        imageTagMutability="MUTABLE" if is_mutable else "IMMUTABLE",
        imageScanningConfiguration={
            "scanOnPush": Fault.REPOSITORY_NOT_SCANNED not in deployment.faults
        },
        encryptionConfiguration={"encryptionType": "KMS", "kmsKey": ids.keys[deployment.name]},
        tags=tags(deployment),
    )
    own = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    pull = {"Effect": "Allow", "Principal": own, "Action": ["ecr:BatchGetImage"]}
    ecr.set_repository_policy(repositoryName=name, policyText=policy(pull))


def _log_group(clients: Clients, ids: Ids, deployment: Deployment) -> None:
    logs, name = clients("logs"), deployment.called(Carrier.LOG_GROUP)
    logs.create_log_group(logGroupName=name, kmsKeyId=ids.keys[deployment.name])
    if Fault.LOGS_KEPT_FOR_EVER not in deployment.faults:
        logs.put_retention_policy(logGroupName=name, retentionInDays=365)


def image_of(deployment: Deployment) -> str:
    image = f"{REGISTRY}/{deployment.called(Carrier.REPOSITORY)}"
    return f"{image}:latest" if Fault.IMAGE_BY_TAG in deployment.faults else f"{image}@{DIGEST}"


def network_of(ids: Ids, deployment: Deployment) -> dict[str, Any]:
    """Give the VpcConfig, or {} for a model that has none."""
    if Fault.MODEL_WITHOUT_VPC in deployment.faults:
        return {}
    is_open = Fault.OPEN_SECURITY_GROUP in deployment.faults
    group = ids.open_group if is_open else ids.closed_group
    return {"VpcConfig": {"SecurityGroupIds": [group], "Subnets": ids.subnets}}


def environment_of(deployment: Deployment) -> dict[str, str]:
    """Give the container's environment, with a made-up secret where one is planted."""
    if Fault.SECRET_IN_ENVIRONMENT in deployment.faults:
        # The shape of a key id and key; neither was ever issued.
        fake = "".join(("wJalrXUtnFEMI", "/K7MDENG/", "bPxRfiCY", "ZZ9PLURALZ"))
        return {"LOG_LEVEL": "info", "AWS_SECRET_ACCESS_KEY": fake}
    return {"LOG_LEVEL": "info", "SAGEMAKER_PROGRAM": "inference.py"}


def _model(clients: Clients, ids: Ids, deployment: Deployment) -> None:
    clients("sagemaker").create_model(
        ModelName=deployment.name,
        PrimaryContainer={
            "Image": image_of(deployment),
            "ModelDataUrl": f"s3://{deployment.called(Carrier.BUCKET)}/model/model.tar.gz",
            "Environment": environment_of(deployment),
        },
        ExecutionRoleArn=role_arn(deployment),
        EnableNetworkIsolation=Fault.NO_NETWORK_ISOLATION not in deployment.faults,
        Tags=tags(deployment),
        **network_of(ids, deployment),
    )


def _endpoint(clients: Clients, ids: Ids, deployment: Deployment) -> None:
    sagemaker, config = clients("sagemaker"), deployment.called(Carrier.ENDPOINT_CONFIG)
    more: dict[str, Any] = {}
    if Fault.VOLUME_WITHOUT_KEY not in deployment.faults:
        more["KmsKeyId"] = ids.keys[deployment.name]
    if Fault.NO_DATA_CAPTURE not in deployment.faults:
        more["DataCaptureConfig"] = {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{deployment.called(Carrier.BUCKET)}/capture",
            "KmsKeyId": ids.keys[deployment.name],
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        }
    sagemaker.create_endpoint_config(
        EndpointConfigName=config,
        ProductionVariants=[
            {
                "VariantName": "main",
                "ModelName": deployment.name,
                "InitialInstanceCount": 1 if Fault.ONE_INSTANCE in deployment.faults else 2,
                "InstanceType": "ml.m5.xlarge",
                "InitialVariantWeight": 1.0,
            }
        ],
        Tags=tags(deployment),
        **more,
    )
    sagemaker.create_endpoint(
        EndpointName=deployment.name, EndpointConfigName=config, Tags=tags(deployment)
    )


def _notebook(clients: Clients, ids: Ids, deployment: Deployment) -> None:
    faults = deployment.faults
    key = {} if Fault.NOTEBOOK_WITHOUT_KEY in faults else {"KmsKeyId": ids.keys[deployment.name]}
    clients("sagemaker").create_notebook_instance(
        NotebookInstanceName=deployment.name,
        InstanceType="ml.t3.medium",
        RoleArn=role_arn(deployment),
        SubnetId=ids.subnets[0],
        SecurityGroupIds=[ids.closed_group],
        DirectInternetAccess="Enabled" if Fault.NOTEBOOK_DIRECT_INTERNET in faults else "Disabled",
        RootAccess="Enabled" if Fault.NOTEBOOK_ROOT in faults else "Disabled",
        VolumeSizeInGB=20,
        LifecycleConfigName="idle-stop",
        Tags=tags(deployment),
        **key,
    )


def _package_group(clients: Clients, deployment: Deployment) -> None:
    sagemaker = clients("sagemaker")
    sagemaker.create_model_package_group(
        ModelPackageGroupName=deployment.name,
        ModelPackageGroupDescription=f"approved versions of {deployment.name}",
        Tags=tags(deployment),
    )
    sagemaker.create_model_package(
        ModelPackageGroupName=deployment.name,
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [
                {
                    "Image": image_of(deployment),
                    "ModelDataUrl": f"s3://{deployment.called(Carrier.BUCKET)}/model/model.tar.gz",
                }
            ],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )


def _training_job(clients: Clients, ids: Ids, deployment: Deployment) -> None:
    faults, bucket = deployment.faults, deployment.called(Carrier.BUCKET)
    key = {"VolumeKmsKeyId": ids.keys[deployment.name]}
    if Fault.TRAINING_VOLUME_WITHOUT_KEY in faults:
        key = {}
    clients("sagemaker").create_training_job(
        TrainingJobName=deployment.name,
        AlgorithmSpecification={"TrainingImage": image_of(deployment), "TrainingInputMode": "File"},
        RoleArn=role_arn(deployment),
        OutputDataConfig={
            "S3OutputPath": f"s3://{bucket}/training", "KmsKeyId": ids.keys[deployment.name]
        },
        ResourceConfig={
            "InstanceType": "ml.m5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 30, **key
        },
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
        VpcConfig={"SecurityGroupIds": [ids.closed_group], "Subnets": ids.subnets},
        EnableNetworkIsolation=True,
        EnableInterContainerTrafficEncryption=Fault.TRAINING_TRAFFIC_IN_CLEAR not in faults,
        HyperParameters={"epochs": "3", "learning_rate": "0.1"},
        Environment={"LOG_LEVEL": "info"},
        Tags=tags(deployment),
    )  # fmt: skip
