"""Incidents on AWS: an account as it was, and one that lacks what made it dangerous."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import boto3
import msgspec

from tests.estate.model import ACCOUNT, FOREIGN_ACCOUNT, HOME
from tests.estate.model_files import SERVED, objects
from tests.estate.overlay import Patch
from tests.estate.seed_deployment import DIGEST, REGISTRY, allow, policy, trust

_IMAGE = f"{REGISTRY}/triton@{DIGEST}"
_GUESSED = f"sagemaker-{HOME}-{ACCOUNT}"
_PLACE = f"aws://{ACCOUNT}/{HOME}"
_MODELS = "nordlicht-triton"


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """``build`` fills the running account, nearly as it was when told so; ``lost`` is what the
    emulator was told and does not repeat.
    """

    build: Callable[[bool], None]
    lost: Callable[[bool], tuple[Patch, ...]] = lambda _: ()
    targets: tuple[str, ...] = (_PLACE,)
    objects: Mapping[str, str] = msgspec.field(default_factory=dict)


def _client(service: str) -> Any:
    return boto3.client(service, region_name=HOME)  # type: ignore[call-overload]


def _role() -> str:
    made = _client("iam").create_role(
        RoleName="train", AssumeRolePolicyDocument=trust({"Service": "sagemaker.amazonaws.com"})
    )
    return str(made["Role"]["Arn"])


def _bucket(name: str) -> None:
    place = {"LocationConstraint": HOME}
    _client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=place)


def _job(role: str, bucket: str) -> None:
    _client("sagemaker").create_training_job(
        TrainingJobName="train",
        AlgorithmSpecification={"TrainingImage": _IMAGE, "TrainingInputMode": "File"},
        RoleArn=role,
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/out"},
        ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )


def _model(role: str, address: str) -> None:
    _client("sagemaker").create_model(
        ModelName="scores",
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": _IMAGE, "ModelDataUrl": address},
    )


def _signing_key(is_near: bool) -> None:
    """A job; what its environment holds is told below."""
    del is_near
    _bucket(_MODELS)
    _job(_role(), _MODELS)


def _environment(is_near: bool) -> tuple[Patch, ...]:
    """The key that the job's own results are signed with, or no key."""
    key = {} if is_near else {"REMOTE_FUNCTION_SECRET_KEY": "5d41402abc4b2a76b9719d911017c592" * 2}
    members = {"Environment": {"LOG_LEVEL": "info", **key}}
    return (Patch(service="sagemaker", operation="DescribeTrainingJob", members=members),)


def _guessed_bucket(is_near: bool) -> None:
    """Everything lies in a bucket whose name can be guessed: not of this account, or of it."""
    if is_near:
        _bucket(_GUESSED)
    role = _role()
    _job(role, _GUESSED)
    _model(role, f"s3://{_GUESSED}/scores/model.tar.gz")


def _written_models(is_near: bool) -> None:
    """A model from a bucket that another account writes, or only reads."""
    _bucket(_MODELS)
    actions = ["s3:GetObject"] if is_near else ["s3:GetObject", "s3:PutObject"]
    partner = {"AWS": f"arn:aws:iam::{FOREIGN_ACCOUNT}:root"}
    document = policy(allow(partner, actions, f"arn:aws:s3:::{_MODELS}/*"))
    _client("s3").put_bucket_policy(Bucket=_MODELS, Policy=document)
    _model(_role(), f"s3://{_MODELS}/scores/model.tar.gz")


SCENES: Mapping[str, Scene] = {
    "sagemaker-hmac-key": Scene(build=_signing_key, lost=_environment),
    "bucket-monopoly": Scene(build=_guessed_bucket),
    "sagemaker-triton-handler": Scene(
        build=_written_models,
        targets=(_PLACE, f"s3://{_MODELS}/"),
        objects={f"{_MODELS}/scores/model.tar.gz": objects()[SERVED.removeprefix("s3://")]},
    ),
}
