"""Entry points: routes and integrations of APIs, listener rules, web ACLs, function URLs."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mlsec.core.regex import regex
from mlsec.providers.aws.shapes.policy_document import read_policy

_ACTION_URI = regex(
    r"arn:aws[a-z-]*:apigateway:[a-z0-9-]+:(?P<service>[a-z0-9.-]+):(?P<kind>path|action)/(?P<rest>.*)\Z",
    re.DOTALL,
)
_FUNCTION = regex(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+")
# What a service's path calls its target: /endpoints/NAME/invocations, /model/ID/converse ...
_TARGETS = regex(
    r"/(?P<kind>endpoints|model|agents|knowledgebases|flows|runtimes)/(?P<name>[^/]+)(?:/|\Z)"
)
_CALLED = {
    "endpoints": "endpoint",
    "model": "model",
    "agents": "agent",
    "runtimes": "agent",
    "knowledgebases": "knowledge_base",
    "flows": "flow",
}
# The data planes that answer with what a model says, and what a path of theirs calls if not named.
_MODEL_SERVICES = {
    "runtime.sagemaker": "endpoint",
    "sagemaker": "endpoint",
    "bedrock-runtime": "model",
    "bedrock-agent-runtime": "agent",
    "bedrock-agentcore": "agent",
}
_KINDS = {"AWS": "aws", "AWS_PROXY": "aws", "HTTP": "http", "HTTP_PROXY": "http", "MOCK": "mock"}
# Headers by which a content network shows a balancer that a request comes through it.
_SHARED_HEADER = regex(
    r"(?i)x-[a-z0-9-]{0,60}(?:secret|verify|token|auth|origin|cloudfront|custom|key)"
)


def rest_routes(raw: Any) -> list[dict[str, Any]] | None:
    """Flatten the resources of a REST API, methods embedded, into routes in order of path.

    Code may say in one place who may call a method and in another what it calls: one route. What
    nobody says it of is no method, and cannot be deployed.
    """
    if raw is None:
        return None
    methods: dict[tuple[str, str], dict[str, Any]] = {}
    for resource in raw:
        path = "/" + str(resource.get("path", "")).lstrip("/")
        for verb, method in (resource.get("resourceMethods") or {}).items():
            methods.setdefault((path, verb), {}).update(method)
    return [
        _rest_route(path, verb, method)
        for (path, verb), method in sorted(methods.items(), key=lambda item: item[0])
        if "authorizationType" in method
    ]


def http_routes(raw: Any) -> list[dict[str, Any]] | None:
    """Turn the routes of an HTTP or WebSocket API into routes with the id of their integration."""
    if raw is None:
        return None
    return [
        {
            "route": item["RouteKey"],
            "authorization": item.get("AuthorizationType", "NONE"),
            "api_key_required": item.get("ApiKeyRequired", False),
            "integration_id": _integration_id(item.get("Target")),
        }
        for item in sorted(raw, key=lambda item: str(item["RouteKey"]))
    ]


def http_integrations(raw: Any) -> list[dict[str, Any]] | None:
    """Turn the integrations of an HTTP or WebSocket API into what each calls."""
    if raw is None:
        return None
    return [
        {
            "integration_id": item["IntegrationId"],
            **_called(item.get("IntegrationType"), item.get("IntegrationUri")),
            "credentials": _role(item.get("CredentialsArn")),
        }
        for item in raw
    ]


def traces_bodies(raw: Any) -> bool | None:
    """Say whether any method of a stage logs whole requests and responses."""
    return (
        None if raw is None else any(settings.get("dataTraceEnabled") for settings in raw.values())
    )


def stage_rate(raw: Any) -> float | None:
    """Give the requests a second that a stage allows for every method, None when unlimited."""
    rate = (raw or {}).get("*/*", {}).get("throttlingRateLimit")
    return float(rate) if rate is not None and rate >= 0 else None


def stage_logging_level(raw: Any) -> str | None:
    """Give the level at which every method of a stage is logged."""
    return None if raw is None else str(raw.get("*/*", {}).get("loggingLevel", "OFF"))


def escaped_policy(raw: Any) -> list[dict[str, Any]] | None:
    r"""Read a policy in which the service has escaped the quotes: ``{\"Version\": ...``."""
    if isinstance(raw, str) and raw.lstrip().startswith('{\\"'):
        raw = raw.replace('\\"', '"').replace("\\\\", "\\").replace("\\/", "/")
    return read_policy(raw)


def function_arn(raw: Any) -> str | None:
    """Give the ARN of a function without version or alias."""
    match = _FUNCTION.match(str(raw)) if raw else None
    return match.group(0) if match else None


def is_signed_url(raw: Any) -> bool | None:
    """Say whether a function URL asks for a signed request."""
    return None if raw is None else raw != "NONE"


def is_internet_facing(raw: Any) -> bool | None:
    """Say whether a load balancer has addresses on the internet."""
    return None if raw is None else raw == "internet-facing"


def is_there(raw: Any) -> bool | None:
    """Say True for anything that was answered, also an empty mapping."""
    return None if raw is None else True


def redirects_to_tls(raw: Any) -> bool | None:
    """Say whether a listener's default action sends clients to HTTPS."""
    if raw is None:
        return None
    redirects = [item.get("RedirectConfig") or {} for item in raw if item["Type"] == "redirect"]
    return any(redirect.get("Protocol") == "HTTPS" for redirect in redirects)


def listener_rules(raw: Any) -> list[dict[str, Any]] | None:
    """Turn a listener's rules into where each forwards and how it asks who is there."""
    if raw is None:
        return None
    return [
        {
            "priority": str(rule.get("Priority", "")),
            "target_groups": sorted(_forwards(rule.get("Actions") or ())),
            "auth": _listener_auth(rule.get("Actions") or ()),
            "allowed_sources": list(_allowed(rule.get("Conditions") or ())),
        }
        for rule in raw
    ]


def _allowed(conditions: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Give the source addresses that a rule is for, and the header that only a gateway knows."""
    for condition in conditions:
        for value in (condition.get("SourceIpConfig") or {}).get("Values") or ():
            yield str(value)
        header = str((condition.get("HttpHeaderConfig") or {}).get("HttpHeaderName") or "")
        if _SHARED_HEADER.match(header):
            yield f"whoever sends {header}"


def function_targets(raw: Any) -> list[str] | None:
    """Give the functions among the targets of a target group, without version or alias."""
    if raw is None:
        return None
    arns = [function_arn(item.get("Target", {}).get("Id")) for item in raw]
    return [arn for arn in arns if arn]


def instance_targets(raw: Any) -> list[str] | None:
    """Give the instances among the targets of a target group."""
    if raw is None:
        return None
    ids = [str(item.get("Target", {}).get("Id", "")) for item in raw]
    return sorted({id_ for id_ in ids if id_.startswith("i-")})


def web_acl_rules(raw: Any) -> list[dict[str, Any]] | None:
    """Turn the rules of a web ACL into their kinds; a rule inside a statement counts by its top."""
    if raw is None:
        return None
    return [
        {
            "name": str(rule.get("Name", "")),
            **_statement_kind(rule.get("Statement") or {}),
            "only_counts": "Count" in (rule.get("Action") or rule.get("OverrideAction") or {}),
        }
        for rule in raw
    ]


def _rest_route(path: str, verb: str, method: Mapping[str, Any]) -> dict[str, Any]:
    integration = method.get("methodIntegration") or {}
    return {
        "route": f"{verb} {path}",
        "authorization": method["authorizationType"],
        "api_key_required": method.get("apiKeyRequired", False),
        **_called(integration.get("type"), integration.get("uri")),
        "credentials": _role(integration.get("credentials")),
    }


def _called(kind: Any, uri: Any) -> dict[str, Any]:
    """Say what an integration calls: a function, or a model, endpoint or agent and which."""
    integration = _KINDS.get(str(kind))
    call: dict[str, Any] = {"calls": None, "target": None, "function_arn": None}
    if integration == "aws" and uri:
        match = _ACTION_URI.match(str(uri))
        if match is None or match["service"] == "lambda":
            address = uri if match is None else match["rest"].partition("/functions/")[2]
            call["function_arn"] = function_arn(address)
            call["calls"] = "function"
        elif match["service"] in _MODEL_SERVICES:
            call |= _model_call(match["service"], match["rest"])
    return {"integration": integration, **call}


def _model_call(service: str, path: str) -> dict[str, Any]:
    match = _TARGETS.search("/" + path.lstrip("/"))
    if match is None:
        return {"calls": _MODEL_SERVICES[service]}
    name = urllib.parse.unquote(match["name"])
    # A name in braces comes from the request or the stage: it is not known here.
    return {"calls": _CALLED[match["kind"]], "target": None if "{" in name else name}


def _role(raw: Any) -> str | None:
    """Give the role an integration uses; the caller's own identity is not a role."""
    return str(raw) if raw and ":role/" in str(raw) else None


def _integration_id(raw: Any) -> str | None:
    return str(raw).removeprefix("integrations/") if raw else None


def _forwards(actions: Any) -> set[str]:
    groups: set[str] = set()
    for action in actions:
        if action.get("TargetGroupArn"):
            groups.add(str(action["TargetGroupArn"]))
        for group in (action.get("ForwardConfig") or {}).get("TargetGroups") or ():
            groups.add(str(group["TargetGroupArn"]))
    return groups


def _listener_auth(actions: Any) -> str:
    """Name how a rule asks who is there; ``allow`` and ``authenticate`` differ: allow is none."""
    for action in actions:
        for key, name in (
            ("AuthenticateOidcConfig", "oidc"),
            ("AuthenticateCognitoConfig", "cognito"),
        ):
            authentication = action.get(key)
            if (
                authentication
                and authentication.get("OnUnauthenticatedRequest", "authenticate") != "allow"
            ):
                return name
        if action.get("JwtValidationConfig"):
            return "jwt"
    return "none"


def _statement_kind(statement: Mapping[str, Any]) -> dict[str, Any]:
    if "RateBasedStatement" in statement:
        return {"kind": "rate", "managed_name": None}
    if managed := statement.get("ManagedRuleGroupStatement"):
        return {"kind": "managed", "managed_name": managed.get("Name")}
    is_group = "RuleGroupReferenceStatement" in statement
    return {"kind": "group" if is_group else "other", "managed_name": None}


GATEWAY_SHAPES: Mapping[str, Callable[[Any], Any]] = {
    "escaped_policy": escaped_policy,
    "function_targets": function_targets,
    "http_integrations": http_integrations,
    "http_routes": http_routes,
    "instance_targets": instance_targets,
    "is_internet_facing": is_internet_facing,
    "is_signed_url": is_signed_url,
    "is_there": is_there,
    "listener_rules": listener_rules,
    "redirects_to_tls": redirects_to_tls,
    "rest_routes": rest_routes,
    "stage_logging_level": stage_logging_level,
    "stage_rate": stage_rate,
    "traces_bodies": traces_bodies,
    "web_acl_rules": web_acl_rules,
}
