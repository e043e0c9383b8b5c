"""Which service, operation, region and parameters an HTTP request asks for, from botocore."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import botocore.session
import msgspec
from botocore.model import OperationModel, ServiceModel

from mlsec.providers.aws.services import SERVICES
from tests.estate.wire import Request

# Every client a scan may use. Order decides where services share a signing name and a path.
_KNOWN = (
    "sagemaker", "bedrock", "bedrock-agent", "bedrock-agentcore-control", "s3", "s3control", "iam",
    "kms", "ecr", "ec2", "logs", "cloudwatch", "cloudtrail", "lambda", "apigateway", "apigatewayv2",
    "elbv2", "eks", "opensearch", "opensearchserverless", "secretsmanager", "budgets",
    "service-quotas", "application-autoscaling", "account", "organizations", "sts", "wafv2",
    "resourcegroupstaggingapi", "config", "events", "guardduty", "accessanalyzer", "efs", "ecs",
    "autoscaling", "rds", "dynamodb", "sns", "sqs", "ssm", "glue", "athena", "kendra",
    "ecr-public", "fsx", "backup", "securityhub", "inspector2", "macie2", "ce", "cloudfront",
    "cognito-idp", "redshift", "redshift-serverless", "rum", "stepfunctions", "codepipeline",
    "frauddetector", "comprehend", "forecast", "lookoutequipment", "translate", "s3vectors",
    "bedrock-data-automation", "qbusiness", "lakeformation", "networkmanager",
)  # fmt: skip
_PLANNED = (
    operation.service
    for plans in SERVICES.values()
    for plan in plans
    for operation in (*([plan.listing] if plan.listing else []), *plan.reads)
)
SERVICE_NAMES = tuple(dict.fromkeys((*_KNOWN, *_PLANNED)))
_SCOPE = re.compile(r"Credential=([^/,\s]*)/[0-9]*/([^/]*)/([^/]*)/aws4_request")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One identified call; ``params`` by member name (JSON protocols only, else what is known)."""

    service: str
    operation: str
    region: str
    access_key: str
    params: Mapping[str, Any]
    request: Request

    @property
    def protocol(self) -> str:
        """The protocol on the wire: a client picks one of those that the service speaks."""
        if "x-amz-target" in self.request.headers:
            return "json"
        if self.request.target.startswith("/service/"):
            return "smithy-rpc-v2-cbor"
        return protocol(self.service)

    @property
    def label(self) -> str:
        return f"{self.service}:{self.operation}"


class _Route(msgspec.Struct, frozen=True):
    method: str
    pattern: re.Pattern[str]
    labels: tuple[str, ...]
    query: frozenset[tuple[str, str]]
    weight: tuple[int, int, int]
    service: str
    operation: str


@functools.cache
def service_model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


@functools.cache
def operation_model(service: str, operation: str) -> OperationModel:
    return service_model(service).operation_model(operation)


@functools.cache
def protocol(service: str) -> str:
    return str(service_model(service).metadata["protocol"])


@functools.cache
def _by_signing_name(signing_name: str) -> tuple[str, ...]:
    return tuple(n for n in SERVICE_NAMES if service_model(n).signing_name == signing_name)


def identify(request: Request) -> Call | None:
    """Give None for what no service of the table has (an unsigned or unknown request)."""
    scope = _SCOPE.search(request.headers.get("authorization", ""))
    if not scope:
        return None
    access_key, region, signing_name = scope.groups()
    services = _by_signing_name(signing_name)
    if request.target.startswith("/v20180820/"):
        services = ("s3control",)  # the path would pass for a bucket and a key too
    for service in services:
        found = _operation(service, request)
        if found:
            operation, params = found
            return Call(
                service=service,
                operation=operation,
                region=region,
                access_key=access_key,
                params=params,
                request=request,
            )
    return None


def _operation(service: str, request: Request) -> tuple[str, Mapping[str, Any]] | None:
    target = request.headers.get("x-amz-target", "")
    if target:
        prefix, _, name = target.rpartition(".")
        if service_model(service).metadata.get("targetPrefix") != prefix:
            return None
        return name, json.loads(request.body or b"{}")
    path = urlsplit(request.target).path
    rpc = re.fullmatch(r"/service/([^/]+)/operation/([^/]+)", path)
    if rpc:
        return rpc.group(2), {}
    if protocol(service) in ("query", "ec2"):
        return _form_operation(service, request)
    return _rest_operation(service, request)


def _form_operation(service: str, request: Request) -> tuple[str, Mapping[str, Any]] | None:
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    if form.get("Version") != service_model(service).api_version:
        return None
    return form.get("Action", ""), form


def _rest_operation(service: str, request: Request) -> tuple[str, Mapping[str, Any]] | None:
    parts = urlsplit(request.target)
    query = parse_qsl(parts.query, keep_blank_values=True)
    path = parts.path.rstrip("/") or "/"
    for route in _routes(service):
        if route.method != request.method or not route.query <= set(query):
            continue
        match = route.pattern.fullmatch(path)
        if match:
            labels = dict(zip(route.labels, map(unquote, match.groups()), strict=True))
            return route.operation, _rest_params(service, route.operation, labels, query, request)
    return None


@functools.cache
def _routes(service: str) -> tuple[_Route, ...]:
    model = service_model(service)
    routes = [_route(service, model.operation_model(name)) for name in model.operation_names]
    return tuple(sorted(routes, key=lambda r: r.weight, reverse=True))


def _route(service: str, operation: OperationModel) -> _Route:
    path, _, query = operation.http["requestUri"].partition("?")
    pieces = re.split(r"\{([^}]+)\}", path.rstrip("/") or "/")
    labels = pieces[1::2]
    regex = re.escape(pieces[0])
    for label, literal in zip(labels, pieces[2::2], strict=True):
        regex += ("(.+)" if label.endswith("+") else "([^/]+)") + re.escape(literal)
    markers = frozenset(parse_qsl(query, keep_blank_values=True))
    return _Route(
        operation.http["method"],
        re.compile(regex),
        tuple(label.rstrip("+") for label in labels),
        markers,
        (len(markers), -len(labels), len(path)),
        service,
        operation.name,
    )


def _rest_params(
    service: str,
    name: str,
    labels: Mapping[str, str],
    query: list[tuple[str, str]],
    request: Request,
) -> Mapping[str, Any]:
    shape = operation_model(service, name).input_shape
    if shape is None:
        return {}
    body: dict[str, Any] = {}
    if protocol(service) == "rest-json" and request.body[:1] == b"{":
        body = json.loads(request.body)
    asked = dict(query)
    params: dict[str, Any] = {}
    for member, child in shape.members.items():
        wire = child.serialization.get("name", member)
        source: Mapping[str, Any] = {"uri": labels, "querystring": asked}.get(
            child.serialization.get("location", ""), body
        )
        if wire in source:
            params[member] = source[wire]
    return params
