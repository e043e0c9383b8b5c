"""The gateway in front of each deployment's AI account in the invented company."""

from __future__ import annotations

from typing import Any

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_items.plots import plot
from tests.estate.azure_world import arm, child

_API = "azure-apim/model-api"
_CHECK = (
    '<validate-azure-ad-token tenant-id="t"><client-application-ids><application-id>a'
    "</application-id></client-application-ids></validate-azure-ad-token>"
)
_LIMIT = '<llm-token-limit tokens-per-minute="500" counter-key="k" />'
_METER = '<llm-emit-token-metric namespace="llm" />'
_SIGN = '<authentication-managed-identity resource="https://cognitiveservices.azure.com" />'
# A key in the open, as policies have them; nothing of it may be kept.
KEY = "5b1e0c7a9d3f4e2b8a6c0d1e2f3a4b5c"
_HEADER = f'<set-header name="api-key"><value>{KEY}</value></set-header>'
_SEND = '<set-backend-service backend-id="Model" />'


def _policy(*parts: str) -> str:
    return f"<policies><inbound><base />{_HEADER}{''.join(parts)}</inbound></policies>"


def _without(*left_out: str) -> dict[str, dict[str, Any]]:
    kept = [part for part in (_CHECK, _LIMIT, _METER, _SIGN, _SEND) if part not in left_out]
    return {"policy": {"properties.value": _policy(*kept)}}


PLOT = plot(
    [
        (
            f"{_API}-without-authentication@api {_API}-key-only@api",
            {**_without(_CHECK), "api": {"properties.subscriptionRequired": False}},
        ),
        # A check that is commented out checks nothing.
        (
            f"{_API}-key-only@api",
            {"policy": {"properties.value": _policy(f"<!-- {_CHECK} -->", _LIMIT, _METER, _SIGN)}},
        ),
        (
            f"{_API}-token-unscoped@api",
            {
                "policy": {
                    "properties.value": _policy(
                        '<validate-azure-ad-token tenant-id="t" />', _LIMIT, _METER, _SIGN
                    )
                }
            },
        ),
        (f"{_API}-without-token-limit@api", _without(_LIMIT)),
        (f"{_API}-without-token-metrics@api", _without(_METER)),
        (f"{_API}-backend-key-authentication@api", _without(_SIGN)),
        (
            "azure-apim/model-backend-without-tls@backend",
            {"backend": {"properties.url": "http://x.openai.azure.com/openai"}},
        ),
        (
            "azure-apim/model-backend-certificate-unchecked@backend",
            {"backend": {"properties.tls.validateCertificateName": False}},
        ),
        (
            "azure-apim/model-backend-without-circuit-breaker@backend",
            {"backend": {"properties.circuitBreaker": None}},
        ),
        ("azure-apim/named-value-not-in-vault@secret", {"secret": {"properties.keyVault": None}}),
        (
            "azure-apim/named-value-secret-in-plaintext@plain",
            {"plain": {"properties.value": "hf_abcdefghijklmnopqrstuvwxyzABCDEF01"}},
        ),
        (
            "azure-apim/subscription-for-every-api@team",
            {"team": {"properties.scope": "/subscriptions/s/service/gw/apis"}},
        ),
        (
            "azure-apim/service-without-customer-network@service",
            {"service": {"properties.virtualNetworkType": None}},
        ),
        (
            "azure-apim/service-public-network@service",
            {"service": {"properties.publicNetworkAccess": "Enabled"}},
        ),
        (
            "azure-apim/service-direct-management@service",
            {"direct": {"properties.enabled": True}},
        ),
    ]
)
FAULTS: tuple[Planted, ...] = PLOT.faults


def of_company() -> list[dict[str, Any]]:
    return [{"~secret": KEY}]


def of_deployment(site: Site) -> list[dict[str, Any]]:
    host = f"https://{site.name}-ai.openai.azure.com/openai"
    service = _service(site)
    api = child(
        service,
        "apis/Chat",
        {"displayName": "chat", "path": "chat", "subscriptionRequired": True, "serviceUrl": host},
    )
    return PLOT.grow(
        site,
        {
            "service": service,
            "base": child(service, "policies/policy", {"value": "<policies />"}),
            "direct": child(service, "tenant/access", {"enabled": False}),
            "api": api,
            "policy": child(
                api,
                "policies/policy",
                {"value": _policy(_CHECK, _LIMIT, _METER, _SIGN, _SEND)},
            ),
            "backend": _backend(service, host),
            "secret": child(
                service,
                "namedValues/key",
                {
                    "displayName": "key",
                    "secret": True,
                    "keyVault": {"secretIdentifier": "https://v.vault.azure.net/secrets/s"},
                },
            ),
            "plain": child(
                service, "namedValues/region", {"displayName": "region", "value": "europe"}
            ),
            "team": child(
                service,
                "subscriptions/team",
                {"displayName": "team", "state": "active", "scope": f"{api['id']}"},
            ),
            # Every service comes with this one.
            "master": child(
                service,
                "subscriptions/master",
                {"displayName": "all", "state": "active", "scope": f"{service['id']}/"},
            ),
        },
    )  # fmt: skip


def specimens() -> list[dict[str, Any]]:
    return []


def _service(site: Site) -> dict[str, Any]:
    principal = f"a5000000-0000-4000-8000-{site.deployment.index:012d}"
    return arm(
        f"Microsoft.ApiManagement/service/{site.name}-gw",
        {
            "gatewayUrl": f"https://{site.name}-gw.azure-api.net",
            "virtualNetworkType": "Internal",
            "publicNetworkAccess": "Disabled",
            "customProperties": {},
        },
        sku={"name": "Developer", "capacity": 1},
        identity={"type": "SystemAssigned", "principalId": principal},
    )


def _backend(service: dict[str, Any], host: str) -> dict[str, Any]:
    return child(
        service,
        "backends/Model",
        {
            "url": host,
            "protocol": "http",
            "tls": {"validateCertificateChain": True, "validateCertificateName": True},
            "circuitBreaker": {"rules": [{"name": "overload"}]},
            "credentials": {"header": {"x-team": ["ml"]}},
        },
    )
