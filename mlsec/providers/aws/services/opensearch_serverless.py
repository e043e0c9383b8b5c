"""Which calls give OpenSearch Serverless collections and the policies that open them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.collect.walk.plan import Operation, TypePlan


def _ask(name: str, params: Mapping[str, Any] | None = None, items: str = "") -> Operation:
    return Operation(
        service="opensearchserverless",
        name=name,
        action=f"aoss:{name}",
        params=params or {},
        items=items,
        gone=("ResourceNotFoundException",),
    )


PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.opensearchserverless.collection",
        listing=_ask("ListCollections", items="collectionSummaries"),
        reads=(_ask("BatchGetCollection", {"ids": ["$.id"]}),),
    ),
    TypePlan(
        type="aws.opensearchserverless.network_policy",
        listing=_ask("ListSecurityPolicies", {"type": "network"}, "securityPolicySummaries"),
        reads=(_ask("GetSecurityPolicy", {"type": "network", "name": "$.name"}),),
    ),
    TypePlan(
        type="aws.opensearchserverless.access_policy",
        listing=_ask("ListAccessPolicies", {"type": "data"}, "accessPolicySummaries"),
        reads=(_ask("GetAccessPolicy", {"type": "data", "name": "$.name"}),),
    ),
)
