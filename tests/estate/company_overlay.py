"""The estate's own answers for operations that the emulator lacks or answers wrongly."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from itertools import chain

from mlsec.providers.aws.services import SERVICES
from tests.estate.model import ACCOUNT, HOME, HOSTILE_NAME, REGIONS, Carrier, Estate, Fault
from tests.estate.overlay import Canned, Patch
from tests.estate.seed import Ids
from tests.estate.seed_default import DEFAULT_PATCHES, default_answers
from tests.estate.seed_deployment import allow, policy
from tests.estate.seed_written import IS_ISOLATED
from tests.estate.story_overlay import story_answers
from tests.estate.zoo import specimens

CLOSED_REGIONS = ("af-south-1", "ap-southeast-2", "eu-south-1")
_MADE = datetime.datetime(2026, 1, 5, 8, tzinfo=datetime.UTC)
_CREDENTIALS = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"
    "password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,"
    "access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"
    "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
    "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n"
    f"<root_account>,arn:aws:iam::{ACCOUNT}:root,2026-01-05T08:00:00+00:00,not_supported,"
    "no_information,not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,"
    "false,N/A,false,N/A"
).encode()

# Kinds of which the company has its own; of all others the zoo keeps a specimen.
_OWNED = frozenset(
    (
        "aws.account", "aws.region", "aws.sagemaker.endpoint", "aws.sagemaker.endpoint_config",
        "aws.sagemaker.model", "aws.sagemaker.notebook", "aws.sagemaker.notebook_lifecycle",
        "aws.sagemaker.model_package_group", "aws.sagemaker.model_package",
        "aws.sagemaker.training_job", "aws.iam.role", "aws.iam.user", "aws.iam.group",
        "aws.iam.policy", "aws.s3.bucket", "aws.kms.key", "aws.kms.alias", "aws.ecr.repository",
        "aws.ec2.vpc", "aws.ec2.subnet", "aws.ec2.route_table", "aws.ec2.flow_log",
        "aws.ec2.security_group", "aws.ec2.vpc_endpoint", "aws.logs.log_group",
        "aws.cloudtrail.trail",
    )
)  # fmt: skip
_OWNED_BY_STORY = frozenset(
    (
        "aws.bedrock.guardrail", "aws.bedrock.guardrail_version", "aws.bedrock.agent",
        "aws.bedrock.agent_version", "aws.bedrock.agent_alias", "aws.bedrock.action_group",
        "aws.bedrock.knowledge_base", "aws.bedrock.data_source", "aws.apigateway.api",
        "aws.lambda.function", "aws.cloudwatch.alarm", "aws.autoscaling.target",
        "aws.autoscaling.policy", "aws.sagemaker.domain", "aws.secretsmanager.secret",
        "aws.opensearchserverless.collection", "aws.opensearchserverless.network_policy",
        "aws.opensearchserverless.access_policy",
    )
)  # fmt: skip


def canned_answers(estate: Estate, ids: Ids) -> tuple[Canned, ...]:
    """Give every answer of the estate that the emulator has no operation for."""
    found = [*_regions(), *_package_policies(estate), *_settings()]
    if not estate.is_written and not estate.is_default:
        found.append(_lifecycle_scripts())
    if estate.is_default:
        found += default_answers()
    if estate.has_story:
        found += story_answers(ids)
    if estate.is_hostile:
        found += _hostile_guardrail()
    if estate.has_zoo:
        owned = _OWNED | _OWNED_BY_STORY if estate.has_story else _OWNED
        found += specimens(chain.from_iterable(SERVICES.values()), owned, ids)
    return tuple(found)


def patches(estate: Estate, ids: Ids) -> tuple[Patch, ...]:
    """Give what the emulator was told and does not repeat."""
    del ids
    if estate.is_default:
        return DEFAULT_PATCHES
    isolated = {d.name: Fault.NO_NETWORK_ISOLATION not in d.faults for d in estate.deployments}
    if estate.is_written:
        isolated |= IS_ISOLATED
    return tuple(
        Patch(
            service="sagemaker",
            operation="DescribeModel",
            match={"ModelName": name},
            members={"EnableNetworkIsolation": is_isolated},
        )
        for name, is_isolated in isolated.items()
    )


def _regions() -> Iterator[Canned]:
    states = {**dict.fromkeys(REGIONS, "ENABLED"), **dict.fromkeys(CLOSED_REGIONS, "DISABLED")}
    enabled = [{"RegionName": name, "RegionOptStatus": "ENABLED"} for name in REGIONS]
    everything = [{"RegionName": n, "RegionOptStatus": s} for n, s in sorted(states.items())]
    for wanted in (["ENABLED", "ENABLED_BY_DEFAULT"], ["ENABLED_BY_DEFAULT", "ENABLED"]):
        yield Canned(
            service="account",
            operation="ListRegions",
            match={"RegionOptStatusContains": wanted},
            answer={"Regions": enabled},
        )
    yield Canned(service="account", operation="ListRegions", answer={"Regions": everything})
    yield Canned(
        service="ec2",
        operation="DescribeRegions",
        answer={
            "Regions": [
                {
                    "RegionName": name,
                    "OptInStatus": "opt-in-not-required",
                    "Endpoint": f"ec2.{name}.amazonaws.com",
                }
                for name in REGIONS
            ]
        },
    )


def _package_policies(estate: Estate) -> Iterator[Canned]:
    for deployment in estate.deployments:
        if Fault.PACKAGE_GROUP_OPEN in deployment.faults:
            text = policy(allow("*", ["sagemaker:DescribeModelPackage"]))
            yield Canned(
                service="sagemaker",
                operation="GetModelPackageGroupPolicy",
                match={"ModelPackageGroupName": deployment.called(Carrier.PACKAGE_GROUP)},
                answer={"ResourcePolicy": text},
            )


def _settings() -> Iterator[Canned]:
    """Give who we are, and settings of an account or region that the emulator does not know."""
    yield Canned(
        service="sts",
        operation="GetCallerIdentity",
        answer={
            "UserId": "AROAEXAMPLEEXAMPLE000:mlsec",
            "Account": ACCOUNT,
            "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/security-audit/mlsec",
        },
    )
    yield Canned(service="bedrock", operation="GetAccountDataRetention", answer={"mode": "none"})
    # The emulator starts a report at the first question and has it at the second; an answer that
    # is recorded once would have a client ask for ever.
    yield Canned(service="iam", operation="GenerateCredentialReport", answer={"State": "COMPLETE"})
    yield Canned(
        service="iam",
        operation="GetCredentialReport",
        answer={"Content": _CREDENTIALS, "ReportFormat": "text/csv", "GeneratedTime": _MADE},
    )


def _hostile_guardrail() -> Iterator[Canned]:
    """Give a resource whose very name attacks the report; it fails rules, so that it is shown."""
    arn = f"arn:aws:bedrock:{HOME}:{ACCOUNT}:guardrail/hostile00001"
    entry = {
        "id": "hostile00001", "arn": arn, "status": "READY", "name": HOSTILE_NAME,
        "version": "DRAFT", "createdAt": _MADE, "updatedAt": _MADE,
    }  # fmt: skip
    whole = {
        "guardrailId": "hostile00001", "guardrailArn": arn, "status": "READY",
        "name": HOSTILE_NAME, "version": "DRAFT", "createdAt": _MADE, "updatedAt": _MADE,
        "blockedInputMessaging": HOSTILE_NAME, "blockedOutputsMessaging": HOSTILE_NAME,
    }  # fmt: skip
    for name, answer in (("ListGuardrails", {"guardrails": [entry]}), ("GetGuardrail", whole)):
        yield Canned(service="bedrock", operation=name, region=HOME, answer=answer)


def _lifecycle_scripts() -> Canned:
    arn = f"arn:aws:sagemaker:{HOME}:{ACCOUNT}:notebook-instance-lifecycle-config/idle-stop"
    entry = {
        "NotebookInstanceLifecycleConfigName": "idle-stop",
        "NotebookInstanceLifecycleConfigArn": arn,
        "CreationTime": _MADE,
        "LastModifiedTime": _MADE,
    }
    return Canned(
        service="sagemaker",
        operation="ListNotebookInstanceLifecycleConfigs",
        region=HOME,
        answer={"NotebookInstanceLifecycleConfigs": [entry]},
    )
