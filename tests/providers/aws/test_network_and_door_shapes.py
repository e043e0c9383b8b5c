"""Shapes of networks, front doors, alarms, trails and containers: what raw values mean."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.providers.aws.shapes.table import SHAPES

PATH = "arn:aws:apigateway:eu-west-1:runtime.sagemaker:path//endpoints/{}/invocations"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:chat"
LAMBDA_PATH = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{}/invocations"


def rule(protocol: str, cidr: str, low: int | None = None, high: int | None = None) -> Any:
    ports = {} if low is None else {"FromPort": low, "ToPort": high}
    return {"IpProtocol": protocol, "IpRanges": [{"CidrIp": cidr}], **ports}


@pytest.mark.parametrize(
    ("permission", "ports"),
    [
        (rule("tcp", "0.0.0.0/0", 8000, 8002), ["8000", "8001", "8002"]),
        (rule("tcp", "10.0.0.0/8", 8000, 8002), []),
        (rule("udp", "0.0.0.0/0", 8000, 8002), []),
        ({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
         ["22"]),
    ],
)  # fmt: skip
def test_world_ports_are_known_tcp_ports_that_everybody_reaches(
    permission: Any, ports: list[str]
) -> None:
    assert SHAPES["public_sensitive_ports"]([permission]) == ports


def test_all_traffic_opens_every_known_port() -> None:
    assert {"22", "8888", "11434"} <= set(
        SHAPES["public_sensitive_ports"]([rule("-1", "0.0.0.0/0")])
    )


@pytest.mark.parametrize(
    ("route", "leads_out"),
    [
        ({"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}, True),
        ({"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "blackhole"}, False),
        ({"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"}, False),
        ({"DestinationCidrBlock": "10.0.0.0/8", "GatewayId": "igw-1", "State": "active"}, False),
    ],
)
def test_only_an_active_default_route_to_an_internet_gateway_leads_out(
    route: Any, leads_out: bool
) -> None:
    assert SHAPES["reaches_internet"]([route]) is leads_out


@pytest.mark.parametrize(
    ("uri", "calls", "target", "function"),
    [
        (PATH.format("fraud"), "endpoint", "fraud", None),
        (PATH.format("{name}"), "endpoint", None, None),
        ("arn:aws:apigateway:eu-west-1:bedrock-runtime:path/model/a.b-v1%3A0/converse", "model",
         "a.b-v1:0", None),
        ("arn:aws:apigateway:eu-west-1:sqs:path/111122223333/queue", None, None, None),
        (LAMBDA_PATH.format(FUNCTION + ":live"), "function", None, FUNCTION),
    ],
)  # fmt: skip
def test_integration_uri_says_what_is_called(
    uri: str, calls: str | None, target: str | None, function: str | None
) -> None:
    method = {"authorizationType": "NONE", "methodIntegration": {"type": "AWS", "uri": uri}}
    (found,) = SHAPES["rest_routes"]([{"path": "/a", "resourceMethods": {"POST": method}}])

    assert (found["calls"], found["target"], found["function_arn"]) == (calls, target, function)


def test_policy_with_escaped_quotes_is_read() -> None:
    raw = '{\\"Statement\\":[{\\"Effect\\":\\"Allow\\",\\"Principal\\":\\"*\\"}]}'

    assert SHAPES["escaped_policy"](raw)[0]["principals"] == ["*"]


@pytest.mark.parametrize(
    ("actions", "auth"),
    [
        ([{"Type": "forward"}], "none"),
        ([{"Type": "authenticate-oidc", "AuthenticateOidcConfig": {"ClientId": "a"}}], "oidc"),
        ([{"Type": "authenticate-oidc",
           "AuthenticateOidcConfig": {"OnUnauthenticatedRequest": "allow"}}], "none"),
    ],
)  # fmt: skip
def test_rule_that_lets_the_unauthenticated_pass_asks_for_nothing(actions: Any, auth: str) -> None:
    assert SHAPES["listener_rules"]([{"Actions": actions}])[0]["auth"] == auth


def advanced(*fields: tuple[str, str]) -> Any:
    return {"FieldSelectors": [{"Field": name, "Equals": [value]} for name, value in fields]}


def test_data_events_narrowed_to_some_resources_do_not_count_as_all() -> None:
    whole = advanced(("eventCategory", "Data"), ("resources.type", "AWS::Bedrock::AgentAlias"))
    part = advanced(
        ("eventCategory", "Data"), ("resources.type", "AWS::S3::Object"), ("eventName", "PutObject")
    )
    raw = {"AdvancedEventSelectors": [whole, part]}

    assert SHAPES["data_events"](raw) == ["AWS::Bedrock::AgentAlias"]
    assert SHAPES["partial_data_events"](raw) == ["AWS::S3::Object"]
    assert SHAPES["management_events"](raw) == "none"


def test_trail_without_selectors_logs_all_management_events() -> None:
    assert SHAPES["management_events"]({"TrailARN": "arn"}) == "all"


def test_alarm_on_an_expression_names_the_endpoint_of_its_queries() -> None:
    metric = {
        "Namespace": "AWS/SageMaker",
        "MetricName": "ModelLatency",
        "Dimensions": [{"Name": "EndpointName", "Value": "fraud"}],
    }
    raw = {"Metrics": [{"Id": "e", "Expression": "m*2"}, {"MetricStat": {"Metric": metric}}]}

    assert SHAPES["alarm_endpoints"](raw) == ["fraud"]
    assert SHAPES["alarm_namespaces"](raw) == ["AWS/SageMaker"]


@pytest.mark.parametrize(
    ("budget", "covers"),
    [
        ({"BudgetType": "COST"}, True),
        ({"BudgetType": "USAGE"}, False),
        ({"BudgetType": "COST", "CostFilters": {"Service": ["Amazon SageMaker"]}}, True),
        ({"BudgetType": "COST", "CostFilters": {"Service": ["Amazon EC2"]}}, False),
        ({"BudgetType": "COST", "FilterExpression":
            {"Dimensions": {"Key": "SERVICE", "Values": ["X (Amazon Bedrock Edition)"]}}}, True),
        ({"BudgetType": "COST", "FilterExpression":
            {"Not": {"Dimensions": {"Key": "SERVICE", "Values": ["Amazon SageMaker"]}}}}, False),
    ],
)  # fmt: skip
def test_budget_covers_models_alone_or_within_all_spending(budget: Any, covers: bool) -> None:
    assert SHAPES["budget_covers_ml"](budget) is covers


@pytest.mark.parametrize(
    ("image", "what"),
    [
        ("vllm/vllm-openai:v0.6", "model"),
        ("nvcr.io/nvidia/tritonserver:24.01-py3", "model"),
        ("qdrant/qdrant", "vectors"),
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/postgis:1", None),
        ("ray.example.com/web:1", None),
    ],
)
def test_image_serves_by_whole_words_of_its_path(image: str, what: str | None) -> None:
    assert SHAPES["serves"](image) == what
