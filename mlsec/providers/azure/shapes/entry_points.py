"""Shapes of entry points and networks: gateway policies, sign-in settings, firewall rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlsec.providers.azure.shapes.neighbours import Shape, host, last_part, lower

# Comments first: a policy that is commented out does nothing.
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TOKEN = re.compile(
    r"<(?:validate-jwt|validate-azure-ad-token)\b((?:(?!<validate-).)*?)</validate-(?:jwt|azure)",
    re.DOTALL,
)
_BARE_TOKEN = re.compile(r"<(?:validate-jwt|validate-azure-ad-token)\b[^>]{0,2000}/>")
_SCOPED = re.compile(r"<(?:audiences?|required-claims|client-application-ids)\b")
_BACKEND_ID = re.compile(
    r"<set-backend-service\b[^>]{0,2000}?\bbackend-id=[\"']([^\"'@{]{1,500})[\"']"
)
_BASE_URL = re.compile(
    r"<set-backend-service\b[^>]{0,2000}?\bbase-url=[\"'](https?://[^\"'@{]{1,500})[\"']"
)
_MARKS: Mapping[str, tuple[str, ...]] = {
    "checks_certificate": ("<validate-client-certificate",),
    "filters_address": ("<ip-filter",),
    "limits_rate": ("<rate-limit", "<quota"),
    "limits_tokens": ("<azure-openai-token-limit", "<llm-token-limit"),
    "emits_token_metrics": ("<azure-openai-emit-token-metric", "<llm-emit-token-metric"),
    "uses_managed_identity": ("<authentication-managed-identity",),
    "checks_content": ("<llm-content-safety",),
}
_OLD_TLS = re.compile(r"\.(?:security\.(?:backend\.)?protocols)\.(?:tls10|tls11|ssl30)$")
_WORLD = frozenset({"*", "0.0.0.0/0", "0.0.0.0", "::/0", "internet", "any"})  # noqa: S104
_MASTER = "master"


def policy_facts(raw: Any) -> list[dict[str, Any]]:
    """Give what the policy documents of a service or an API do; [] without any."""
    texts = [match["properties"].get("value") or "" for match in raw]
    text = _COMMENT.sub("", "\n".join(texts))
    if not text.strip():
        return []
    tokens = [*_TOKEN.findall(_BARE_TOKEN.sub("", text)), *_BARE_TOKEN.findall(text)]
    facts: dict[str, Any] = {name: any(m in text for m in marks) for name, marks in _MARKS.items()}
    # A policy without <base /> in its inbound part drops the policies above it.
    facts["inherits"] = "<base" in text.partition("</inbound>")[0]
    facts["checks_token"] = bool(tokens)
    facts["token_audiences"] = bool(tokens) and all(_SCOPED.search(token) for token in tokens)
    facts["backends"] = sorted({lower(match) for match in _BACKEND_ID.findall(text)})
    facts["hosts"] = sorted({host(match) for match in _BASE_URL.findall(text)})
    return [facts]


def allows_old_tls(raw: Any) -> bool:
    """Whether a protocol older than TLS 1.2 is enabled in a gateway's properties."""
    return any(
        _OLD_TLS.search(lower(key)) is not None and lower(str(value)) == "true"
        for key, value in raw.items()
    )


def is_https(raw: Any) -> bool:
    """Whether an address uses TLS."""
    return lower(raw).startswith("https://")


def has_header_secret(raw: Any) -> bool:
    """Whether a backend is sent a fixed header, query value or password."""
    fixed = (raw.get("header"), raw.get("query"), raw.get("authorization"))
    return any(bool(value) for value in fixed)


def is_all_apis(raw: Any) -> bool:
    """Whether a subscription's scope is every API: the service itself, or its list of APIs."""
    return last_part(raw) == "apis" or (
        "/apis/" not in lower(raw) and "/products/" not in lower(raw)
    )


def is_master(raw: Any) -> bool:
    """Whether it is the built-in subscription of a service."""
    return lower(raw) == _MASTER


def requires_credentials(raw: Any) -> bool:
    """Whether App Service or Container Apps sign-in refuses unauthenticated callers.

    Takes one settings object, or the list of a container app's.
    """
    settings = [item["properties"] for item in raw] if isinstance(raw, list) else [raw]
    return any(_refuses(setting) for setting in settings)


def _refuses(settings: Mapping[str, Any]) -> bool:
    validation = settings.get("globalValidation") or {}
    action = lower(validation.get("unauthenticatedClientAction") or "AllowAnonymous")
    is_on = bool((settings.get("platform") or {}).get("enabled"))
    is_on = is_on and validation.get("requireAuthentication") is not False
    excluded = validation.get("excludedPaths") or ()
    return is_on and action != "allowanonymous" and "/" not in excluded and "/*" not in excluded


def allowed_ranges(raw: Any) -> list[str]:
    """List the address ranges of allow rules; empty if one of them covers every address."""
    ranges = {
        lower(
            restriction.get("ipAddressRange")
            or restriction.get("ipAddress")
            or restriction.get("tag")
            or "any"
        )
        for restriction in raw
        if lower(restriction.get("action") or "Allow") == "allow"
    }
    return [] if ranges & _WORLD else sorted(ranges)


def has_star(raw: Any) -> bool:
    """Whether a list has the entry that means all."""
    return "*" in raw


def private_link_targets(raw: Any) -> list[str]:
    """List the targets of a private endpoint, with automatic or manual approval."""
    return sorted({lower(connection["privateLinkServiceId"]) for connection in _connections(raw)})


def private_link_states(raw: Any) -> list[str]:
    """List the states of a private endpoint's connections, of all or of those of one kind."""
    listed = [item["properties"] for item in raw] if isinstance(raw, list) else _connections(raw)
    states = [connection.get("privateLinkServiceConnectionState") or {} for connection in listed]
    return sorted({str(state["status"]) for state in states if state.get("status")})


def _connections(raw: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    names = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
    return [connection["properties"] for name in names for connection in raw.get(name) or ()]


ENTRY_POINT_SHAPES: Mapping[str, Shape] = {
    "policy_facts": policy_facts,
    "allows_old_tls": allows_old_tls,
    "is_https": is_https,
    "has_header_secret": has_header_secret,
    "is_all_apis": is_all_apis,
    "is_master": is_master,
    "requires_credentials": requires_credentials,
    "allowed_ranges": allowed_ranges,
    "has_star": has_star,
    "private_link_targets": private_link_targets,
    "private_link_states": private_link_states,
}
