"""Reads of API Management: services, APIs with their policies, backends, named values."""

from __future__ import annotations

from typing import Any

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.route import ArmRead
from mlsec.providers.azure.services.diagnostics import DIAGNOSTIC_SETTINGS

_VERSION = "2024-05-01"
_SERVICE = "Microsoft.ApiManagement/service"
# Services of these tiers share their management; they have no interface of their own to ask about.
_CLASSIC = ("Developer", "Basic", "Standard", "Premium")

# Policies may contain keys and tokens in plain text.
_POLICY_TEXT = ("value[].properties.value~markup",)


def _below(kind: str, name: str, above: str, **more: Any) -> ArmRead:
    """A list below a service or an API; ``above`` is where the id of that stands."""
    return ArmRead(
        service="apimanagement",
        name=name,
        action=f"{_SERVICE}/{kind}/read",
        path=f"{{id}}/{kind.rpartition('/')[2]}",
        params={"id": above},
        version=_VERSION,
        items="value",
        **more,
    )


def _child(type_name: str, listing: ArmRead, *reads: ArmRead) -> TypePlan:
    return TypePlan(type=type_name, listing=listing, parent="azure.apim.service", reads=reads)


PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="azure.apim.service",
        listing=ArmRead(
            service="apimanagement",
            name="ApiManagementService_List",
            action=f"{_SERVICE}/read",
            path=f"/subscriptions/{{subscription}}/providers/{_SERVICE}",
            version=_VERSION,
            items="value",
            graph="microsoft.apimanagement/service",
        ),
        region="location",
        reads=(
            _below("policies", "Policy_ListByService", "$.id", redact=_POLICY_TEXT),
            ArmRead(
                service="apimanagement",
                name="TenantAccess_Get",
                action=f"{_SERVICE}/tenant/read",
                path="{id}/tenant/access",
                params={"id": "$.id"},
                version=_VERSION,
                only_if={"$.sku.name": _CLASSIC},
            ),
            DIAGNOSTIC_SETTINGS,
        ),
    ),
    _child(
        "azure.apim.api",
        _below("apis", "Api_ListByService", "$parent.id"),
        _below("apis/policies", "ApiPolicy_ListByApi", "$.id", redact=_POLICY_TEXT),
    ),
    _child(
        "azure.apim.backend",
        _below(
            "backends",
            "Backend_ListByService",
            "$parent.id",
            redact=(
                "value[].properties.credentials.header.*",
                "value[].properties.credentials.query.*",
                "value[].properties.credentials.authorization.parameter",
                "value[].properties.proxy.password",
            ),
        ),
    ),
    _child(
        "azure.apim.named_value",
        _below(
            "namedValues",
            "NamedValue_ListByService",
            "$parent.id",
            redact=("value[].properties.value",),
        ),
    ),
    _child("azure.apim.subscription", _below("subscriptions", "Subscription_List", "$parent.id")),
)
