"""Databricks workspaces and bots."""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.route import ArmRead
from mlsec.providers.azure.services.diagnostics import DIAGNOSTIC_SETTINGS

_ROOT = "/subscriptions/{subscription}/providers/"

WORKSPACES = ArmRead(
    service="databricks",
    name="Workspaces_ListBySubscription",
    action="Microsoft.Databricks/workspaces/read",
    path=f"{_ROOT}Microsoft.Databricks/workspaces",
    version="2026-01-01",
    items="value",
    graph="microsoft.databricks/workspaces",
)
BOTS = ArmRead(
    service="botservice",
    name="Bots_List",
    action="Microsoft.BotService/botServices/read",
    path=f"{_ROOT}Microsoft.BotService/botServices",
    version="2022-09-15",
    items="value",
    redact=(
        "value[].properties.developerAppInsightKey",
        "value[].properties.developerAppInsightsApiKey",
        "value[].properties.luisKey",
        "value[].properties.appPasswordHint",
        "value[].properties.parameters",
        "value[].properties.allSettings",
        "value[].properties.publishingCredentials",
        "value[].properties.migrationToken",
    ),
)

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="azure.databricks.workspace",
        listing=WORKSPACES,
        region="location",
        reads=(DIAGNOSTIC_SETTINGS,),
    ),
    TypePlan(type="azure.bot.service", listing=BOTS, region="location"),
)
