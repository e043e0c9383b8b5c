"""Alerts and log stores of the invented company."""

from __future__ import annotations

from typing import Any

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_items.ml import workspace_id
from tests.estate.azure_items.plots import plot
from tests.estate.azure_world import arm, child, group_id

_LOGS = "Microsoft.OperationalInsights"
PLOT = plot(
    [
        ("azure-monitor/ml-alert-off@alert", {"alert": {"properties.enabled": False}}),
        ("azure-monitor/ml-alert-without-recipient@alert", {"alert": {"properties.actions": []}}),
        (
            "azure-logs/workspace-retention-short@logs",
            {"logs": {"properties.retentionInDays": 30}},
        ),
        (
            "azure-logs/workspace-local-auth@logs",
            {"logs": {"properties.features.disableLocalAuth": False}},
        ),
        (
            "azure-logs/workspace-public-query@logs",
            {"logs": {"properties.publicNetworkAccessForQuery": None}},
        ),
        (
            "azure-logs/workspace-without-customer-key@logs",
            {"logs": {"properties.features.clusterResourceId": None}},
        ),
        ("azure-cosmos/account-local-auth@chats", {"chats": {"properties.disableLocalAuth": None}}),
        (
            "azure-cosmos/account-any-address@chats",
            {"chats": {"properties.publicNetworkAccess": "Enabled"}},
        ),
    ]
)
FAULTS: tuple[Planted, ...] = PLOT.faults


def of_company() -> list[dict[str, Any]]:
    cluster = arm(
        f"{_LOGS}/clusters/Logs",
        {
            "keyVaultProperties": {
                "keyVaultUri": "https://logs.vault.azure.net",
                "keyName": "l",
            }
        },
    )
    return [cluster, _logs("nordlicht")]


def of_deployment(site: Site) -> list[dict[str, Any]]:
    workspace = {"id": workspace_id(site)}
    logs = _logs(site.name)
    return PLOT.grow(
        site,
        {
            "alert": _alert(site, workspace),
            "logs": logs,
            # The workspace writes its traces there.
            "traces": arm(
                f"Microsoft.Insights/components/{site.name}-traces",
                {"WorkspaceResourceId": logs["id"], "RetentionInDays": 90},
            ),
            "chats": arm(
                f"Microsoft.DocumentDB/databaseAccounts/{site.name}-chats",
                {
                    "documentEndpoint": f"https://{site.name}-chats.documents.azure.com:443/",
                    "disableLocalAuth": True,
                    "publicNetworkAccess": "Disabled",
                },
            ),
            "keeps": child(
                _project(site),
                "connections/Chats",
                {
                    "category": "CosmosDB",
                    "authType": "AAD",
                    "target": f"https://{site.name}-chats.documents.azure.com:443/",
                },
            ),
        },
    )


def specimens() -> list[dict[str, Any]]:
    return []


def _project(site: Site) -> dict[str, str]:
    accounts = "Microsoft.CognitiveServices/accounts"
    return {"id": f"{group_id()}/providers/{accounts}/{site.name}-ai/projects/{site.name}"}


def _alert(site: Site, workspace: dict[str, str]) -> dict[str, Any]:
    return arm(
        f"Microsoft.Insights/metricAlerts/{site.name}-errors",
        {
            "scopes": [f"{workspace['id']}/onlineEndpoints/{site.name}"],
            "enabled": True,
            "severity": 1,
            "criteria": {"allOf": [{"metricName": "RequestsPerMinute"}]},
            "actions": [{"actionGroupId": f"{group_id()}/providers/x/actionGroups/on-call"}],
        },
        location="global",
    )


def _logs(name: str) -> dict[str, Any]:
    return arm(
        f"{_LOGS}/workspaces/{name}-logs",
        {
            "retentionInDays": 180,
            "publicNetworkAccessForQuery": "Disabled",
            "features": {
                "disableLocalAuth": True,
                "clusterResourceId": f"{group_id()}/providers/{_LOGS}/clusters/logs",
            },
        },
    )
