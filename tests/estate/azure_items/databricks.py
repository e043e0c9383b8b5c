"""Databricks and bots in the invented company: one workspace and one bot in three deployments."""

from __future__ import annotations

from typing import Any

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_items import log_settings
from tests.estate.azure_items.ml import OWNER
from tests.estate.azure_items.planting import bed
from tests.estate.azure_world import arm, group_id

_APPROVED = [{"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}]
_ENTITIES = "properties.encryption.entities"
WORKSPACE = bed(
    [
        (
            "azure-databricks/workspace-public-network",
            {"properties.publicNetworkAccess": "Enabled"},
        ),
        (
            "azure-databricks/clusters-public-ip",
            {"properties.parameters.enableNoPublicIp.value": False},
        ),
        (
            "azure-databricks/workspace-without-customer-network",
            {"properties.parameters.customVirtualNetworkId": None},
        ),
        (
            "azure-databricks/workspace-without-private-endpoint",
            {"properties.privateEndpointConnections": []},
        ),
        (
            "azure-databricks/workspace-storage-without-customer-key",
            {"properties.parameters.encryption": None},
        ),
        (
            "azure-databricks/workspace-services-without-customer-key",
            {f"{_ENTITIES}.managedServices": None},
        ),
        (
            "azure-databricks/workspace-disks-without-customer-key",
            {f"{_ENTITIES}.managedDisk": None},
        ),
    ]
)
BOT = bed(
    [
        ("azure-bot/bot-public-network", {"properties.publicNetworkAccess": "Enabled"}),
        ("azure-bot/bot-local-auth", {"properties.disableLocalAuth": False}),
        ("azure-bot/bot-without-customer-key", {"properties.isCmekEnabled": False}),
        ("azure-bot/bot-without-tls", {"properties.endpoint": "http://bot.nordlicht.example/m"}),
    ]
)
FAULTS: tuple[Planted, ...] = (
    *WORKSPACE.faults, *BOT.faults, *log_settings.faults("azure-databricks/workspace-without-log"),
)  # fmt: skip


def of_company() -> list[dict[str, Any]]:
    return []


def of_deployment(site: Site) -> list[dict[str, Any]]:
    workspace = WORKSPACE.strike(site, _workspace(site))
    logs = log_settings.setting(
        site, "azure-databricks/workspace-without-log", workspace, ("notebook", "secrets")
    )
    return [workspace, *logs, BOT.strike(site, _bot(site))]


def specimens() -> list[dict[str, Any]]:
    return []


def _workspace(site: Site) -> dict[str, Any]:
    network = f"{group_id()}/providers/Microsoft.Network/virtualNetworks/ml"
    key = {"keySource": "Microsoft.Keyvault"}
    return arm(
        f"Microsoft.Databricks/workspaces/{site.name}-dbx",
        {
            "publicNetworkAccess": "Disabled",
            "parameters": {
                "enableNoPublicIp": {"type": "Bool", "value": True},
                "customVirtualNetworkId": {"type": "String", "value": network},
                "encryption": {"type": "Object", "value": key},
            },
            "privateEndpointConnections": _APPROVED,
            "encryption": {"entities": {"managedServices": key, "managedDisk": key}},
        },
        sku={"name": "Premium"},
        tags=dict(OWNER),
    )


def _bot(site: Site) -> dict[str, Any]:
    return arm(
        f"Microsoft.BotService/botServices/{site.name}-bot",
        {
            "publicNetworkAccess": "Disabled",
            "disableLocalAuth": True,
            "isCmekEnabled": True,
            "endpoint": "https://bot.nordlicht.example/m",
            "msaAppType": "UserAssignedMSI",
        },
        kind="azurebot",
        tags=dict(OWNER),
    )
