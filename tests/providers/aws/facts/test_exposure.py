"""Front doors: what leads to a model, who may use it, and what stays unknown."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Inventory, Resource
from mlsec.graph.build import build_graph
from mlsec.graph.graph import Graph
from mlsec.targets.facts import FACTS
from tests.shipped import shipped_vocabulary

VOCABULARY = shipped_vocabulary()
ACCOUNT, REGION = "111122223333", "eu-west-1"
SCOPE = f"aws/{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/front"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:chat"
ENDPOINT = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/fraud"
BALANCER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/front/1"
GROUP = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/front/1"
GAP = make_gap(scope=SCOPE, subject="x", wanted="iam:Get", reason=GapReason.DENIED)


def statement(actions: list[str], resources: list[str], principals: list[str]) -> dict[str, Any]:
    return {
        "sid": "", "effect": "Allow", "principals": principals, "not_principals": [],
        "actions": actions, "not_actions": [], "resources": resources, "not_resources": [],
        "conditions": [], "has_condition": False,
    }  # fmt: skip


def thing(type_name: str, identity: str, name: str, region: str = REGION, **facts: Any) -> Resource:
    return Resource(
        id=identity,
        type=type_name,
        provider="aws",
        scope=SCOPE,
        region=region,
        name=name,
        properties={k.replace("__", "."): v for k, v in facts.items() if k != "unread"},
        unread=facts.get("unread", {}),
    )


def role(*statements: dict[str, Any], **facts: Any) -> Resource:
    held = {"inline_statements": list(statements), "attached_policies": [], "boundary_arn": None}
    return thing("aws.iam.role", ROLE, "front", region="", **{**held, **facts})


def function(**facts: Any) -> Resource:
    return thing(
        "aws.lambda.function", FUNCTION, "chat", **{"role_arn": ROLE, "policy": [], **facts}
    )


def url(auth_type: str = "NONE", principals: tuple[str, ...] = ("*",)) -> Resource:
    allowed = statement(["lambda:InvokeFunctionUrl"], [FUNCTION], list(principals))
    return thing(
        "aws.lambda.function_url", FUNCTION + "/url", "https://x.lambda-url.eu-west-1.on.aws/",
        function_arn=FUNCTION, auth_type=auth_type, policy=[allowed],
        requires_auth=auth_type != "NONE",
    )  # fmt: skip


def route(authorization: str = "NONE", **facts: Any) -> dict[str, Any]:
    return {
        "route": "POST /score", "authorization": authorization, "api_key_required": False,
        "integration": "aws", "calls": None, "target": None, "function_arn": None, **facts,
    }  # fmt: skip


def api(*routes: dict[str, Any], **facts: Any) -> Resource:
    held: dict[str, Any] = {
        "routes": list(routes), "stages": [], "policy": [], "has_policy": False,
        "endpoint_types": ["REGIONAL"],
    }  # fmt: skip
    identity = f"arn:aws:apigateway:{REGION}::/restapis/abc"
    return thing("aws.apigateway.api", identity, "front", **{**held, **facts})


def endpoint(name: str = "fraud") -> Resource:
    return thing("aws.sagemaker.endpoint", ENDPOINT.replace("fraud", name), name)


def graph_of(*resources: Resource, **incomplete: tuple[str, ...]) -> Graph:
    hidden = {name.replace("__", "."): gaps for name, gaps in incomplete.items()}
    coverage = tuple(
        TypeCoverage(
            type=found.name, scope=SCOPE, region=region,
            is_complete=found.name not in hidden, gaps=hidden.get(found.name, ()),
        )
        for found in VOCABULARY.types.values()
        for region in (REGION, "")
        if not found.is_concept
    )  # fmt: skip
    return build_graph(
        VOCABULARY,
        Inventory(resources=resources, gaps=(GAP,), coverage=coverage_of(coverage)),
        FACTS,
    )


MAY_CALL_FRAUD = statement(["sagemaker:InvokeEndpoint"], [ENDPOINT], [])
CALLS_FRAUD = {"calls": "endpoint", "target": "fraud"}
CALLS_FUNCTION = {"calls": "function", "function_arn": FUNCTION}


def test_method_without_auth_that_calls_an_endpoint_is_an_open_door() -> None:
    graph = graph_of(api(route(**CALLS_FRAUD)), endpoint())

    found = graph.resources[ENDPOINT]
    assert [d.name for d in graph.targets(found, "public_entry_points").resources] == ["front"]
    assert found.properties["has_public_entry_point"] is True


@pytest.mark.parametrize("authorization", ["AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"])
def test_method_that_asks_who_is_there_is_a_door_but_not_open(authorization: str) -> None:
    graph = graph_of(api(route(authorization, **CALLS_FRAUD)), endpoint())

    found = graph.resources[ENDPOINT]
    assert len(graph.targets(found, "entry_points").resources) == 1
    assert found.properties["has_public_entry_point"] is False


def test_door_to_one_endpoint_is_not_held_against_another() -> None:
    graph = graph_of(api(route(**CALLS_FRAUD)), endpoint(), endpoint("churn"))

    other = graph.resources[ENDPOINT.replace("fraud", "churn")]
    assert graph.targets(other, "entry_points").resources == ()


@pytest.mark.parametrize(
    "facts",
    [
        {"endpoint_types": ["PRIVATE"]},
        {"has_policy": True, "policy": [statement(["execute-api:Invoke"], ["*"], [ACCOUNT])]},
    ],
    ids=["private", "policy for the own account"],
)
def test_api_that_the_internet_does_not_reach_is_no_open_door(facts: dict[str, Any]) -> None:
    graph = graph_of(api(route(**CALLS_FRAUD), **facts), endpoint())

    assert graph.resources[ENDPOINT].properties["has_public_entry_point"] is False


def test_function_url_leads_to_the_endpoint_that_its_role_names() -> None:
    graph = graph_of(url(), function(), role(MAY_CALL_FRAUD), endpoint())

    doors = graph.resources[FUNCTION + "/url"].properties["ai_routes"]
    assert [(d["calls"], d["target"], d["is_public"]) for d in doors] == [
        ("endpoint", "fraud", True)
    ]
    assert graph.resources[ENDPOINT].properties["has_public_entry_point"] is True


def test_role_that_may_call_any_endpoint_opens_a_door_to_none_by_name() -> None:
    wide = statement(["sagemaker:*"], ["*"], [])
    graph = graph_of(url(), function(), role(wide), endpoint())

    doors = graph.resources[FUNCTION + "/url"].properties["ai_routes"]
    assert [(d["target"], d["is_named"], d["is_public"]) for d in doors] == [(None, False, True)]
    assert graph.targets(graph.resources[ENDPOINT], "entry_points").resources == ()


def test_role_that_may_do_everything_says_nothing_about_models() -> None:
    graph = graph_of(url(), function(), role(statement(["*"], ["*"], [])), endpoint())

    assert graph.resources[FUNCTION].properties["calls_models"] is False


def test_denied_right_opens_no_door() -> None:
    denied = {**MAY_CALL_FRAUD, "effect": "Deny"}
    graph = graph_of(url(), function(), role(MAY_CALL_FRAUD, denied), endpoint())

    assert graph.resources[FUNCTION + "/url"].properties["ai_routes"] == []


def test_url_without_permission_for_everybody_is_not_open() -> None:
    graph = graph_of(url(principals=(ACCOUNT,)), function(), role(MAY_CALL_FRAUD), endpoint())

    assert graph.resources[ENDPOINT].properties["has_public_entry_point"] is False


def test_unread_role_leaves_the_doors_unknown() -> None:
    hidden = role(unread={"inline_statements": (GAP.id,)}, inline_statements=[])
    graph = graph_of(url(), function(), hidden, endpoint())

    assert GAP.id in graph.resources[FUNCTION + "/url"].unread["ai_routes"]
    assert GAP.id in graph.resources[ENDPOINT].unread["has_public_entry_point"]


def test_denied_listing_of_apis_leaves_an_endpoint_unknown_not_closed() -> None:
    graph = graph_of(endpoint(), aws__apigateway__api=(GAP.id,))

    assert graph.resources[ENDPOINT].unread["has_public_entry_point"] == (GAP.id,)


def test_known_open_door_decides_although_another_role_is_unread() -> None:
    hidden = role(unread={"inline_statements": (GAP.id,)}, inline_statements=[])
    graph = graph_of(
        api(route(**CALLS_FRAUD), route(**CALLS_FUNCTION)), function(), hidden, endpoint()
    )

    assert graph.resources[ENDPOINT].properties["has_public_entry_point"] is True


def balancer(auth: str, *, world: bool) -> tuple[Resource, ...]:
    source = "0.0.0.0/0" if world else "10.0.0.0/8"
    ingress = {
        "protocol": "tcp",
        "from_port": 443,
        "to_port": 443,
        "source": source,
        "is_internet": world,
    }
    rule = {"priority": "default", "target_groups": [GROUP], "auth": auth, "allowed_sources": []}
    return (
        thing("aws.elb.load_balancer", BALANCER, "front", scheme="internet-facing", is_public=True,
              security_group_ids=["sg-1"]),
        thing("aws.elb.listener", BALANCER + "/listener", "HTTPS 443", load_balancer_arn=BALANCER,
              port=443, protocol="HTTPS", client_certificates="off", rules=[rule]),
        thing("aws.elb.target_group", GROUP, "front", function_arns=[FUNCTION], instance_ids=[]),
        thing("aws.ec2.security_group", "arn:sg-1", "sg-1", ingress=[ingress], group_id="sg-1"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("auth", "world", "is_open"),
    [("none", True, True), ("oidc", True, False), ("none", False, False)],
)
def test_balancer_is_open_without_auth_and_for_the_world_only(
    auth: str, world: bool, is_open: bool
) -> None:
    parts = balancer(auth, world=world)
    graph = graph_of(*parts, function(), role(MAY_CALL_FRAUD), endpoint())

    assert graph.resources[ENDPOINT].properties["has_public_entry_point"] is is_open
    assert graph.resources[BALANCER].properties["requires_auth"] is (auth != "none")


def test_subnet_is_public_by_its_own_table_before_the_main_one() -> None:
    def table(name: str, *, main: bool, out: bool, subnets: list[str]) -> Resource:
        return thing("aws.ec2.route_table", f"arn:{name}", name, vpc_id="vpc-1", is_main=main,
                     reaches_internet=out, subnet_ids=subnets)  # fmt: skip

    def subnet(name: str) -> Resource:
        return thing("aws.ec2.subnet", f"arn:{name}", name, vpc_id="vpc-1", subnet_id=name)

    graph = graph_of(
        table("rtb-main", main=True, out=True, subnets=[]),
        table("rtb-own", main=False, out=False, subnets=["subnet-a"]),
        subnet("subnet-a"),
        subnet("subnet-b"),
    )

    assert graph.resources["arn:subnet-a"].properties["is_public"] is False
    assert graph.resources["arn:subnet-b"].properties["is_public"] is True


def test_security_group_of_a_model_holds_ml_and_another_does_not() -> None:
    model = thing(
        "aws.sagemaker.model", "arn:model", "m", security_group_ids=["sg-1"], subnet_ids=[]
    )
    groups = [thing("aws.ec2.security_group", f"arn:{n}", n) for n in ("sg-1", "sg-2")]
    graph = graph_of(model, *groups)

    assert graph.resources["arn:sg-1"].properties["holds_ml"] is True
    assert graph.resources["arn:sg-2"].properties["holds_ml"] is False
