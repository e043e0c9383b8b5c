"""Azure AI Search in the invented company."""

from __future__ import annotations

from typing import Any

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_items import log_settings
from tests.estate.azure_items.ml import OWNER
from tests.estate.azure_items.planting import bed
from tests.estate.azure_world import arm, group_id

_APPROVED = [{"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}]
_OPEN = {"properties.publicNetworkAccess": "enabled"}

SERVICE = bed(
    [
        (
            "azure-search/service-public-network",
            {**_OPEN, "properties.networkRuleSet.ipRules": [{"value": "198.51.100.7"}]},
        ),
        (
            "azure-search/service-public-network azure-search/service-firewall-wide-range",
            {**_OPEN, "properties.networkRuleSet.ipRules": [{"value": "0.0.0.0/0"}]},
        ),
        (
            "azure-search/service-without-private-endpoint",
            {"properties.privateEndpointConnections": []},
        ),
        ("azure-search/service-local-auth", {"properties.disableLocalAuth": False}),
        (
            "azure-search/service-without-customer-key-enforcement",
            {"properties.encryptionWithCmk.enforcement": "Disabled"},
        ),
        ("azure-search/service-without-identity", {"identity": None}),
        ("azure-search/service-below-query-sla", {"properties.replicaCount": 1}),
        ("azure-search/service-below-index-sla", {"properties.replicaCount": 2}),
        (
            "azure-search/service-egress-unrestricted",
            {"properties.dataExfiltrationProtections": []},
        ),
        (
            "azure-search/shared-link-not-approved",
            {"properties.sharedPrivateLinkResources.0.properties.status": "Pending"},
        ),
        ("azure-search/service-without-owner-tag", {"tags": {}}),
    ]
)
FAULTS: tuple[Planted, ...] = (
    *SERVICE.faults,
    *log_settings.faults("azure-search/service-without-log"),
)


def of_company() -> list[dict[str, Any]]:
    return []


def of_deployment(site: Site) -> list[dict[str, Any]]:
    service = SERVICE.strike(site, _service(site))
    logs = log_settings.setting(
        site, "azure-search/service-without-log", service, ("OperationLogs",)
    )
    return [service, *logs]


def specimens() -> list[dict[str, Any]]:
    return []


def _service(site: Site) -> dict[str, Any]:
    storage = f"{group_id()}/providers/Microsoft.Storage/storageAccounts/{site.short}"
    return arm(
        f"Microsoft.Search/searchServices/{site.name}-search",
        {
            "publicNetworkAccess": "Disabled",
            "networkRuleSet": {"ipRules": []},
            "privateEndpointConnections": _APPROVED,
            "sharedPrivateLinkResources": [
                {
                    "properties": {
                        "privateLinkResourceId": storage,
                        "groupId": "blob",
                        "status": "Approved",
                    }
                }
            ],
            "disableLocalAuth": True,
            "encryptionWithCmk": {"enforcement": "Enabled"},
            "dataExfiltrationProtections": ["BlockAll"],
            "replicaCount": 3,
            "status": "running",
        },
        sku={"name": "standard"},
        identity={"type": "SystemAssigned"},
        tags=dict(OWNER),
    )
