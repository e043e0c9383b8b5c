"""The path rules on AWS: the demo's recorded company, with some things in it told differently."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlsec.core.assessment import Assessment
from mlsec.engine.model.rule import RuleSet
from tests.e2e import runs
from tests.e2e.retold import Edit, retell
from tests.e2e.scenes import Scene, Stage

_OUTSIDER = "arn:aws:iam::999988887777:root"
_HOME, _QUIET = "eu-west-1", "us-east-1"
_AGENT = "arn:aws:bedrock:eu-west-1:123456789012:agent-alias/{}/*"
_FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:{}"
Change = Callable[[dict[str, Any]], None]


def _bucket_of(deployment: str) -> str:
    return f"nordlicht-{deployment}-artifacts"


def _sets(**values: Any) -> Change:
    return lambda answer: answer.update(values)


def _statement(actions: list[str], resource: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def _lets_outsiders(deployment: str, *actions: str) -> Edit:
    bucket = _bucket_of(deployment)
    grant = _statement(
        list(actions), f"arn:aws:s3:::{bucket}/*", Principal={"AWS": _OUTSIDER}, Sid="Partner"
    )

    def change(answer: dict[str, Any]) -> None:
        policy = json.loads(answer["Policy"])
        policy["Statement"].append(grant)
        answer["Policy"] = json.dumps(policy)

    return Edit(operation="GetBucketPolicy", params={"Bucket": bucket}, change=change)


def _may(role: str, *statements: dict[str, Any]) -> Edit:
    def change(answer: dict[str, Any]) -> None:
        for each in answer["RoleDetailList"]:
            if each["RoleName"] == role:
                document = {"Version": "2012-10-17", "Statement": [*statements]}
                each["RolePolicyList"].append({"PolicyName": "more", "PolicyDocument": document})

    return Edit(operation="GetAccountAuthorizationDetails", change=change)


def _tagged(environment: str, *arns: str) -> Edit:
    def change(answer: dict[str, Any]) -> None:
        for each in answer["ResourceTagMappingList"]:
            if each["ResourceARN"] in arns:
                each["Tags"].append({"Key": "Environment", "Value": environment})

    kinds = ["bedrock", "ecr:repository", "kms", "s3", "sagemaker"]
    return Edit(operation="GetResources", params={"ResourceTypeFilters": kinds}, change=change)


def _answers_asynchronously(deployment: str) -> Edit:
    place = {"OutputConfig": {"S3OutputPath": f"s3://{_bucket_of(deployment)}/answers"}}
    return Edit(
        operation="DescribeEndpointConfig",
        params={"EndpointConfigName": f"{deployment}-config"},
        change=_sets(AsyncInferenceConfig=place),
    )


def _learns_from_own_bucket(deployment: str) -> Edit:
    source = {"S3DataSource": {"S3Uri": f"s3://{_bucket_of(deployment)}/training"}}
    channel = {"ChannelName": "train", "DataSource": source}
    return Edit(
        operation="DescribeTrainingJob",
        params={"TrainingJobName": deployment},
        change=_sets(InputDataConfig=[channel]),
    )


def _repository_lets_outsiders(deployment: str, action: str) -> Edit:
    grant = {"Effect": "Allow", "Action": [action], "Principal": {"AWS": _OUTSIDER}}
    name = f"nordlicht/{deployment}"
    text = json.dumps({"Version": "2012-10-17", "Statement": [grant]})
    return Edit(
        operation="GetRepositoryPolicy",
        params={"repositoryName": name},
        change=_sets(policyText=text, repositoryName=name),
    )


def _open_url(function: str) -> tuple[Edit, Edit]:
    arn = _FUNCTION.format(function)
    url = {"AuthType": "NONE", "FunctionArn": arn, "FunctionUrl": f"https://{function}.example/"}
    grant = _statement(
        ["lambda:InvokeFunctionUrl"],
        arn,
        Principal="*",
        Condition={"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
    )
    policy = json.dumps({"Version": "2012-10-17", "Statement": [grant]})
    params = {"FunctionName": arn}
    return (
        Edit(
            operation="ListFunctionUrlConfigs",
            params=params,
            change=_sets(FunctionUrlConfigs=[url]),
        ),
        Edit(operation="GetPolicy", params=params, change=_sets(Policy=policy)),
    )


def _key_awaits_deletion(owner: str) -> Edit:
    def change(answer: dict[str, Any]) -> None:
        held = answer["KeyMetadata"]
        if held["Description"] == f"artifacts of {owner}":
            held |= {"KeyState": "PendingDeletion", "Enabled": False}

    return Edit(operation="DescribeKey", change=change)


def _logs_prompts_to(region: str, deployment: str) -> Edit:
    def change(answer: dict[str, Any]) -> None:
        held = answer.setdefault("loggingConfig", {})
        held["s3Config"] = {"bucketName": _bucket_of(deployment)}

    return Edit(operation="GetModelInvocationLoggingConfiguration", region=region, change=change)


_CALLS_MODELS = _statement(["bedrock:InvokeModel"], "*")
_CHANGES_GUARDRAILS = _statement(["bedrock:UpdateGuardrail", "bedrock:DeleteGuardrail"], "*")
_STOPS_LOGS = _statement(["cloudtrail:StopLogging", "logs:DeleteLogGroup"], "*")
_ENDPOINT = "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/"

EDITS: tuple[Edit, ...] = (
    _lets_outsiders("fraud-0001", "s3:GetObject"),
    _lets_outsiders("forecast-0004", "s3:PutObject"),
    _answers_asynchronously("fraud-0001"),
    _answers_asynchronously("credit-0002"),
    _learns_from_own_bucket("forecast-0004"),
    _learns_from_own_bucket("credit-0002"),
    _logs_prompts_to(_HOME, "fraud-0001"),
    _logs_prompts_to(_QUIET, "credit-0002"),
    *(
        Edit(
            operation="DescribeNotebookInstance",
            params={"NotebookInstanceName": name},
            change=_sets(RootAccess="Enabled", DirectInternetAccess="Enabled"),
        )
        for name in ("churn-0000", "search-0005")
    ),
    _may("churn-0000-execution", _statement(["iam:PassRole"], "*")),
    _may("support-0003-execution", _CALLS_MODELS, _CHANGES_GUARDRAILS, _STOPS_LOGS),
    _may("credit-0002-execution", _CALLS_MODELS, _STOPS_LOGS),
    _tagged("prod", _ENDPOINT + "fraud-0001", _ENDPOINT + "credit-0002"),
    _tagged("dev", f"arn:aws:s3:::{_bucket_of('fraud-0001')}"),
    _tagged("production", f"arn:aws:s3:::{_bucket_of('credit-0002')}"),
    _repository_lets_outsiders("fraud-0001", "ecr:PutImage"),
    _repository_lets_outsiders("credit-0002", "ecr:BatchGetImage"),
    _key_awaits_deletion("credit-0002"),
    *_open_url("refund-tool"),
    *_open_url("opening-hours"),
    _may("refund-tool", _statement(["bedrock:InvokeAgent"], _AGENT.format("AGHELPDESK"))),
    _may("opening-hours", _statement(["bedrock:InvokeAgent"], _AGENT.format("AGFAQBOT01"))),
)


def _play(ruleset: RuleSet, folder: Path) -> Assessment:
    path = folder / "scenes.mlsnap"
    retell(runs.ROOT / "fixtures" / "demo", path, EDITS)
    return runs.judge(path, ruleset)


STAGE = Stage(
    play=_play,
    scenes={
        "public-agent-without-confirmation": Scene(fires=("helpdesk-agent",), near=("AGFAQBOT01",)),
        "async-results-externally-readable": Scene(fires=("fraud-0001",), near=("credit-0002",)),
        "captured-data-externally-readable": Scene(
            fires=("fraud-0001",), near=("credit-0002", "forecast-0004")
        ),
        "knowledge-externally-writable": Scene(fires=("helpdesk-articles",), near=("KBFAQ00001",)),
        "notebook-root-internet-escalation": Scene(fires=("churn-0000",), near=("search-0005",)),
        "public-endpoint-weights-externally-writable": Scene(
            fires=("claims-triage",), near=("forecast-0004",)
        ),
        "externally-writable-knowledge-reaches-tools": Scene(
            fires=("helpdesk-agent",), near=("AGFAQBOT01",)
        ),
        "production-serves-from-test-bucket": Scene(fires=("fraud-0001",), near=("credit-0002",)),
        "prompt-log-externally-readable": Scene(fires=(_HOME,), near=(_QUIET,)),
        "privileged-role-weights-externally-writable": Scene(
            fires=("claims-triage",), near=("forecast-0004",)
        ),
        "role-can-misuse-and-hide": Scene(
            fires=("support-0003-execution",), near=("credit-0002-execution",)
        ),
        "serving-image-externally-pushable": Scene(fires=("fraud-0001",), near=("credit-0002",)),
        "serving-key-unusable": Scene(fires=("credit-0002",), near=("churn-0000",)),
        "serving-role-shared-with-notebook": Scene(
            fires=("churn-0000", "search-0005"), near=("fraud-0001",)
        ),
        "training-data-externally-writable": Scene(fires=("forecast-0004",), near=("credit-0002",)),
        "weights-writable-from-notebook": Scene(
            fires=("churn-0000", "search-0005"), near=("fraud-0001",)
        ),
        "weights-externally-writable": Scene(
            fires=("claims-triage", "forecast-0004"), near=("fraud-0001",)
        ),
    },
)
