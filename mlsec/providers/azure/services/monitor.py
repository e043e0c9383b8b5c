"""Reads of alerts, log stores, policy assignments, and Cosmos DB accounts."""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.route import ArmRead


def _listed(service: str, kind: str, name: str, version: str, *secrets: str) -> ArmRead:
    return ArmRead(
        service=service,
        name=name,
        action=f"{kind}/read",
        path=f"/subscriptions/{{subscription}}/providers/{kind}",
        version=version,
        items="value",
        redact=tuple(f"value[].properties.{path}" for path in secrets),
        # Policy assignments belong to scopes; all others here are resources with a place.
        graph="" if service == "policy" else kind.lower(),
    )


def _neighbour(type_name: str, listing: ArmRead) -> TypePlan:
    return TypePlan(type=type_name, listing=listing, is_referred=True, region="location")


_LOGS = "Microsoft.OperationalInsights"
_INSIGHTS = "Microsoft.Insights"

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="azure.monitor.metric_alert",
        listing=_listed(
            "insights",
            f"{_INSIGHTS}/metricAlerts",
            "MetricAlerts_ListBySubscription",
            "2018-03-01",
            "actions[].webHookProperties.*",
        ),
        region="location",
    ),
    _neighbour(
        "azure.logs.workspace",
        _listed("operationalinsights", f"{_LOGS}/workspaces", "Workspaces_List", "2022-10-01"),
    ),
    _neighbour(
        "azure.logs.cluster",
        _listed("operationalinsights", f"{_LOGS}/clusters", "Clusters_List", "2022-10-01"),
    ),
    _neighbour(
        "azure.insights.component",
        _listed(
            "insights",
            f"{_INSIGHTS}/components",
            "Components_List",
            "2020-02-02",
            "InstrumentationKey",
            "ConnectionString",
        ),
    ),
    TypePlan(
        type="azure.policy.assignment",
        listing=_listed(
            "policy",
            "Microsoft.Authorization/policyAssignments",
            "PolicyAssignments_List",
            "2023-04-01",
            "parameters.*.value",
        ),
    ),
    _neighbour(
        "azure.cosmos.account",
        _listed(
            "cosmosdb",
            "Microsoft.DocumentDB/databaseAccounts",
            "DatabaseAccounts_List",
            "2024-05-15",
        ),
    ),
)
