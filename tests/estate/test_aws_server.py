"""The estate's AWS server answers boto3 as AWS would, and breaks on request."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.estate.faults import Fault, Kind
from tests.estate.model import ACCOUNT, HOME, build_estate
from tests.estate.model import Fault as Planted
from tests.estate.serve import RunningAws, Settings


@pytest.fixture(scope="module")
def aws() -> Iterator[RunningAws]:
    with RunningAws(Settings(deployments=3, page_size=2)) as running:
        yield running


@pytest.fixture(autouse=True)
def _whole(aws: RunningAws) -> None:
    aws.set_faults()


def client(aws: RunningAws, service: str, region: str = HOME) -> Any:
    given = aws.environment()
    return boto3.client(
        service,
        region,
        endpoint_url=aws.url,
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"max_attempts": 0}, read_timeout=20),
    )


def code_of(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**params)
    return str(caught.value.response["Error"]["Code"])


def test_lost_fields_come_from_the_estate(aws: RunningAws) -> None:
    sagemaker = client(aws, "sagemaker")
    for deployment in build_estate(3).deployments:
        model = sagemaker.describe_model(ModelName=deployment.name)
        is_open = Planted.NO_NETWORK_ISOLATION in deployment.faults
        assert model["EnableNetworkIsolation"] is not is_open


def test_search_and_listing_agree_page_by_page(aws: RunningAws) -> None:
    sagemaker = client(aws, "sagemaker")
    pages = list(sagemaker.get_paginator("list_models").paginate())
    listed = {m["ModelArn"] for page in pages for m in page["Models"]}
    found = sagemaker.search(Resource="Model", MaxResults=100)["Results"]
    assert len(pages) > 1
    newest = pages[-1]["Models"][-1]["ModelArn"]
    assert {r["Model"]["Model"]["ModelArn"] for r in found} == listed - {newest}  # the index lags
    assert all("EnableNetworkIsolation" in r["Model"]["Model"] for r in found)


def test_operations_that_nobody_has_answer_an_empty_listing(aws: RunningAws) -> None:
    answer = client(aws, "sagemaker", "us-east-1").list_user_profiles()
    assert answer["UserProfiles"] == []
    assert code_of(client(aws, "bedrock").get_guardrail, guardrailIdentifier="abcd") in (
        "ResourceNotFoundException",
    )


def test_enabled_regions_are_the_estate_s(aws: RunningAws) -> None:
    account = client(aws, "account")
    answer = account.list_regions(RegionOptStatusContains=["ENABLED", "ENABLED_BY_DEFAULT"])
    assert [r["RegionName"] for r in answer["Regions"]] == ["eu-west-1", "us-east-1"]
    assert len(client(aws, "ec2").describe_regions()["Regions"]) == 2


def test_the_account_block_answers_at_a_bare_ip_address(aws: RunningAws) -> None:
    s3control = client(aws, "s3control")

    def to_the_address(request: Any, **_: Any) -> None:
        # The SDK puts the account before the host name, which an address does not have.
        request.url = request.url.replace(f"{ACCOUNT}.", "", 1)

    s3control.meta.events.register("before-sign.s3-control", to_the_address)
    answer = s3control.get_public_access_block(AccountId=ACCOUNT)
    assert answer["PublicAccessBlockConfiguration"]["BlockPublicAcls"] in (True, False)


@pytest.mark.parametrize(
    ("service", "method", "code"),
    [
        ("sagemaker", "list_models", "AccessDeniedException"),
        ("iam", "list_roles", "AccessDenied"),
        ("ec2", "describe_vpcs", "UnauthorizedOperation"),
        ("s3", "list_buckets", "AccessDenied"),
        ("cloudwatch", "describe_alarms", "AccessDeniedException"),
        ("bedrock", "list_guardrails", "AccessDeniedException"),
    ],
)
def test_denial_speaks_the_service_s_protocol(
    aws: RunningAws, service: str, method: str, code: str
) -> None:
    aws.set_faults(Fault(kind=Kind.DENY))
    assert code_of(getattr(client(aws, service), method)) == code


def test_faults_begin_and_end_where_told(aws: RunningAws) -> None:
    aws.set_faults(
        Fault(kind=Kind.EXPIRED_CREDENTIALS, first_call=3),
        Fault(kind=Kind.SERVER_ERROR, operation="sagemaker:ListModels", times=1),
    )
    sagemaker = client(aws, "sagemaker")
    assert code_of(sagemaker.list_models) == "InternalFailure"
    sagemaker.list_models()
    assert code_of(sagemaker.list_models) == "ExpiredTokenException"
    assert aws.counts() == {"sagemaker:ListModels": 3}


def test_spoilt_bodies_and_closed_connections_reach_the_client(aws: RunningAws) -> None:
    sagemaker = client(aws, "sagemaker")
    for kind in (Kind.CUT, Kind.GARBAGE, Kind.HANG_UP, Kind.EMPTY):
        aws.set_faults(Fault(kind=kind))
        try:
            answer = sagemaker.list_models()
        except (BotoCoreError, ClientError):
            continue
        assert "Models" not in answer, kind


def test_page_token_expires_and_a_page_comes_twice(aws: RunningAws) -> None:
    sagemaker = client(aws, "sagemaker")
    first = sagemaker.list_models()
    aws.set_faults(Fault(kind=Kind.EXPIRED_TOKEN, times=1))
    token = first["NextToken"]
    assert code_of(sagemaker.list_models, NextToken=token) == "ValidationException"
    assert sagemaker.list_models(NextToken=token)["Models"]
    aws.set_faults(Fault(kind=Kind.DUPLICATE_PAGE, times=1))
    assert sagemaker.list_models()["Models"] == first["Models"]
    assert sagemaker.list_models(NextToken=token)["Models"] == first["Models"]
    assert sagemaker.list_models(NextToken=token)["Models"] != first["Models"]


def test_rate_limit_lets_some_calls_through(aws: RunningAws) -> None:
    aws.set_faults(Fault(kind=Kind.THROTTLE, rate_per_s=5))
    sagemaker, refused = client(aws, "sagemaker"), 0
    for _ in range(20):
        try:
            sagemaker.list_endpoints()
        except ClientError:
            refused += 1
    assert 5 <= refused <= 17


def test_latency_and_a_skewed_clock(aws: RunningAws) -> None:
    aws.set_faults(latency_s=0.15)
    started = time.monotonic()
    client(aws, "sagemaker").list_models()
    assert time.monotonic() - started >= 0.15
    aws.set_faults(Fault(kind=Kind.SKEWED_CLOCK, skew_s=3600))
    assert code_of(client(aws, "sagemaker").list_models) == "InvalidSignatureException"
    aws.set_faults(Fault(kind=Kind.SKEWED_CLOCK, skew_s=60))
    client(aws, "sagemaker").list_models()


def test_server_made_no_mistake(aws: RunningAws) -> None:
    assert aws.mistakes() == []
