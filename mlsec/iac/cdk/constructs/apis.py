"""What REST APIs of the CDK synthesise: their stage, and the methods that calls add."""

from __future__ import annotations

from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.cdk.constructs.settings import field, opened_by_settings
from mlsec.iac.cdk.template import Building, as_node, chosen
from mlsec.iac.cdk.values import Made, Member, unknown_at
from mlsec.iac.mapping.path_lookup import fold

_AUTHORIZERS = {
    "awsapigateway.cognitouserpoolsauthorizer": "COGNITO_USER_POOLS",
    "awsapigateway.tokenauthorizer": "CUSTOM",
    "awsapigateway.requestauthorizer": "CUSTOM",
}
_KINDS = {"NONE": "NONE", "IAM": "AWS_IAM", "CUSTOM": "CUSTOM", "COGNITO": "COGNITO_USER_POOLS"}
_CALLS = ("addmethod", "addproxy", "addresource", "addcorspreflight")


def rest_api(building: Building, made: Made) -> None:
    """Add an API, its stage and the methods whose calls are found."""
    endpoint = made.get("endpointTypes") or made.get("endpointConfiguration")
    building.add(
        made,
        "AWS::ApiGateway::RestApi",
        {
            "Name": building.lower(made.get("restApiName"))
            or Node(building.name_of(made).rpartition("/")[2]),
            "Policy": unknown_at(policy, "its policy") if (policy := made.get("policy")) else None,
            "EndpointConfiguration": unknown_at(endpoint, "where it can be reached")
            if endpoint
            else None,
        },
        opened=opened_by_settings(made),
    )
    options = made.get("deployOptions")
    if made.get("deploy") is None:
        building.add(
            made,
            "AWS::ApiGateway::Stage",
            {
                "RestApiId": building.ref(made),
                **_stage(building, options),
            },
            below="DeploymentStage",
        )
    if made.get("defaultIntegration") is not None or made.kind != "awsapigateway.restapi":
        _unknown_method(building, made, "what it leads to by default", "default")


def method(building: Building, made: Made, functions: tuple[str, ...]) -> None:
    """Add a method of an API, where it is known of which."""
    if made.kind not in (".addmethod", ".addproxy"):
        return
    api = _root_of(made)
    if api is None or api.kind != "awsapigateway.restapi":
        return
    if made.kind == ".addproxy":
        _unknown_method(building, api, "a proxy of all that is below it", f"proxy-{made.line}")
        return
    verb, integration, options = (*made.arguments, None, None, None)[:3]
    kind = _authorization(building, options, api)
    address = f"method-{made.line}-{made.column}"
    building.add(
        api,
        "AWS::ApiGateway::Method",
        {
            "RestApiId": building.ref(api),
            "ResourceId": _path(made),
            "HttpMethod": building.lower(verb),
            "AuthorizationType": kind,
            "ApiKeyRequired": _option(building, options, "apiKeyRequired"),
            "Integration": _integration(building, integration, functions),
        },
        below=address,
        line=made.line,
    )


def _path(made: Made) -> Node:
    """Give the last part of the path that a method is at."""
    of = made.of
    if isinstance(of, Made) and of.kind == ".addresource":
        part = of.argument(0)
        if part is not None and isinstance(part.value, str):
            return Node(f"/{part.value}", of.line)
        return Node(UnknownValue("its path is known to the app alone"), of.line)
    return Node("/")


def _root_of(made: Made) -> Made | None:
    here: Made | Member | None = made
    for _ in range(40):
        if isinstance(here, Member):
            if fold(here.names[0]) != "root" or len(here.names) > 1:
                return None
            return here.of
        if here is None:
            return None
        if here.of is None:
            return here
        if here.kind not in (".addmethod", ".addresource", ".addproxy"):
            return None
        here = here.of
    return None


def _authorization(building: Building, options: Node | None, api: Made) -> Node:
    default = api.get("defaultMethodOptions")
    if (
        options is not None
        and not hasattr(options.value, "get")
        and not isinstance(options.value, Made)
    ):
        return unknown_at(options, "its options are put together elsewhere")
    kind = field(options, "authorizationType")
    authorizer = field(options, "authorizer")
    if authorizer is not None:
        made = authorizer.value
        known = _AUTHORIZERS.get(made.kind) if isinstance(made, Made) else None
        if known is None:
            return unknown_at(authorizer, "its authorizer is known to the app alone")
        return Node(known, authorizer.line, authorizer.column)
    if kind is not None:
        return Node(chosen(kind, _KINDS).value, kind.line, kind.column)
    if default is not None:
        return unknown_at(default, "the options of all methods say it")
    del building
    return Node("NONE")


def _option(building: Building, options: Node | None, name: str) -> Node | None:
    is_open = (
        options is not None
        and not hasattr(options.value, "get")
        and not isinstance(options.value, Made)
    )
    return building.lower(field(options, name)) if not is_open else None


def _integration(building: Building, node: Node | None, functions: tuple[str, ...]) -> Node | None:
    if node is None or node.value is None:
        return as_node({"Type": "MOCK"})
    made = node.value
    if isinstance(made, Made) and made.kind == "awsapigateway.lambdaintegration":
        of = made.argument(0)
        if of is not None and isinstance(of.value, Made) and of.value.kind in functions:
            target = building.ref(of.value, "Arn")
            parts = [
                "arn:", {"Ref": "AWS::Partition"}, ":apigateway:", {"Ref": "AWS::Region"},
                ":lambda:path/2015-03-31/functions/", target, "/invocations",
            ]  # fmt: skip
            return as_node(
                {
                    "Type": "AWS_PROXY",
                    "IntegrationHttpMethod": "POST",
                    "Uri": {"Fn::Join": ["", parts]},
                }
            )
    if isinstance(made, Made) and made.kind == "awsapigateway.mockintegration":
        return as_node({"Type": "MOCK"})
    return unknown_at(node, "what it leads to is known to the app alone")


def _unknown_method(building: Building, api: Made, why: str, below: str) -> None:
    hidden = Node(UnknownValue(why), api.line)
    building.add(
        api,
        "AWS::ApiGateway::Method",
        {
            "RestApiId": building.ref(api),
            "ResourceId": f"/{below}",
            "HttpMethod": "ANY",
            "AuthorizationType": hidden,
            "Integration": hidden,
        },
        below=below,
    )


def _stage(building: Building, options: Node | None) -> dict[str, Any]:
    if options is None:
        return {"StageName": "prod"}
    logs = field(options, "accessLogDestination") if _is_written(options) else None
    name = building.lower(field(options, "stageName")) if _is_written(options) else None
    if not _is_written(options):
        hidden = unknown_at(options, "its stage is set elsewhere")
        return {
            "StageName": hidden,
            "AccessLogSetting": hidden,
            "MethodSettings": hidden,
            "TracingEnabled": hidden,
        }
    settings = (
        "loggingLevel",
        "throttlingRateLimit",
        "throttlingBurstLimit",
        "dataTraceEnabled",
        "metricsEnabled",
        "cachingEnabled",
        "methodOptions",
        "cacheDataEncrypted",
    )
    is_set = any(field(options, key) is not None for key in settings)
    return {
        "StageName": name or Node("prod"),
        "AccessLogSetting": unknown_at(logs, "where it is logged") if logs is not None else None,
        "TracingEnabled": building.lower(field(options, "tracingEnabled")),
        "MethodSettings": unknown_at(options, "the settings of its methods") if is_set else None,
    }


def _is_written(options: Node) -> bool:
    return hasattr(options.value, "get")
