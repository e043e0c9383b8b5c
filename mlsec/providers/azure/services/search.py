"""Azure AI Search services, as Resource Manager knows them."""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.route import ArmRead
from mlsec.providers.azure.services.diagnostics import DIAGNOSTIC_SETTINGS

SERVICES = ArmRead(
    service="search",
    name="Services_ListBySubscription",
    action="Microsoft.Search/searchServices/read",
    path="/subscriptions/{subscription}/providers/Microsoft.Search/searchServices",
    version="2025-05-01",
    items="value",
    graph="microsoft.search/searchservices",
)

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="azure.search.service",
        listing=SERVICES,
        region="location",
        reads=(DIAGNOSTIC_SETTINGS,),
    ),
)
