"""Which calls give APIs: two reads per REST API, three per HTTP or WebSocket API.

Every API is read, because only its integrations say whether it leads to a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.collect.walk.plan import Operation, TypePlan

_NOT_FOUND = ("NotFoundException",)


def _read(service: str, name: str, params: Mapping[str, Any], **more: Any) -> Operation:
    """Build a read; the right is one verb for the whole service, whatever the operation."""
    return Operation(service=service, name=name, action="apigateway:GET", params=params, **more)


PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.apigateway.api",
        listing=_read("apigateway", "GetRestApis", {"limit": 500}, items="items"),
        reads=(
            _read(
                "apigateway",
                "GetResources",
                {"restApiId": "$.id", "embed": ["methods"], "limit": 500},
                gone=_NOT_FOUND,
                redact=(
                    "items[].resourceMethods.*.methodIntegration.requestParameters.*",
                    "items[].resourceMethods.*.methodIntegration.requestTemplates.*",
                ),
            ),
            _read(
                "apigateway",
                "GetStages",
                {"restApiId": "$.id"},
                gone=_NOT_FOUND,
                redact=("item[].variables.*",),
            ),
        ),
    ),
    TypePlan(
        type="aws.apigateway.http_api",
        listing=_read("apigatewayv2", "GetApis", {}, items="Items"),
        reads=(
            _read("apigatewayv2", "GetRoutes", {"ApiId": "$.ApiId"}, gone=_NOT_FOUND),
            _read(
                "apigatewayv2",
                "GetIntegrations",
                {"ApiId": "$.ApiId"},
                gone=_NOT_FOUND,
                redact=("Items[].RequestParameters.*", "Items[].RequestTemplates.*"),
            ),
            _read(
                "apigatewayv2",
                "GetStages",
                {"ApiId": "$.ApiId"},
                gone=_NOT_FOUND,
                redact=("Items[].StageVariables.*",),
            ),
        ),
    ),
)
