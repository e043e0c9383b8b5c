"""Storage accounts in the invented company: one for each deployment, with a container of models."""

from __future__ import annotations

from typing import Any

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_items.access import (
    FOREIGN_FAILS,
    FOREIGN_GROUP,
    WRITE_BLOBS_ROLE,
    assignment,
)
from tests.estate.azure_items.ml import workspace_id
from tests.estate.azure_items.plots import plot
from tests.estate.azure_world import SECOND, SUBSCRIPTION, arm, child, group_id

_PUBLIC = "azure-storage/account-public-network@account"
_OPEN = f"{_PUBLIC} azure-storage/account-any-address@account"
_ANONYMOUS = "azure-storage/account-allows-anonymous-containers@account"
_KEYS = "azure-storage/account-shared-key@account"
_LOOSE = f"{_KEYS} azure-storage/account-sas-unrestricted@account"
# The search service beside it takes documents from the whole account.
_WRITERS = (
    "azure-storage/container-externally-writable@exchange"
    " paths/knowledge-externally-writable@search"
)
_PARTNER = (
    f"/subscriptions/{SECOND}/resourceGroups/x/providers/Microsoft.Storage/storageAccounts/partner"
)
_OUTSIDE = "azure-storage/container-externally-readable@exchange"
_ANYWHERE = {"properties.publicNetworkAccess": "Enabled", "properties.networkAcls": None}
PLOT = plot(
    [
        (
            _ANONYMOUS,
            {"account": {"properties.allowBlobPublicAccess": True}},
        ),
        (_LOOSE, {"account": {"properties.allowSharedKeyAccess": None}}),
        (
            f"azure-storage/account-key-old@account {_KEYS}",
            {
                "account": {
                    "properties.allowSharedKeyAccess": True,
                    "properties.keyCreationTime.key1": "2024-01-01T00:00:00Z",
                    "properties.sasPolicy": {
                        "sasExpirationPeriod": "1.00:00:00",
                        "expirationAction": "Block",
                    },
                }
            },
        ),
        (_PUBLIC, {"account": {"properties.publicNetworkAccess": "Enabled"}}),
        (_OPEN, {"account": _ANYWHERE}),
        (
            "azure-storage/account-without-private-endpoint@account",
            {"account": {"properties.privateEndpointConnections": []}},
        ),
        (
            "azure-storage/account-without-tls@account",
            {"account": {"properties.supportsHttpsTrafficOnly": False}},
        ),
        (
            "azure-storage/account-old-tls@account",
            {"account": {"properties.minimumTlsVersion": None}},
        ),
        (
            "azure-storage/account-without-customer-key@account",
            {"account": {"properties.encryption": {"keySource": "Microsoft.Storage"}}},
        ),
        (
            "azure-storage/account-cross-tenant-replication@account",
            {"account": {"properties.allowCrossTenantReplication": True}},
        ),
        ("azure-storage/account-sftp-on@account", {"account": {"properties.isSftpEnabled": True}}),
        (
            "azure-storage/account-unversioned@account",
            {"blobs": {"properties.isVersioningEnabled": False}},
        ),
        (
            "azure-storage/account-without-soft-delete@account",
            {"blobs": {"properties.deleteRetentionPolicy": {"enabled": False}}},
        ),
        (
            "azure-storage/account-containers-without-soft-delete@account",
            {"blobs": {"properties.containerDeleteRetentionPolicy": None}},
        ),
        (
            "azure-storage/account-without-access-log@account",
            {"logs": {"properties.logs": [{"category": "StorageRead", "enabled": True}]}},
        ),
        (
            "azure-storage/container-without-immutability@exchange",
            {"exchange": {"properties.hasImmutabilityPolicy": False}},
        ),
        (
            f"azure-storage/container-public@exchange {_OUTSIDE} {_OPEN} {_ANONYMOUS}",
            {
                "account": {**_ANYWHERE, "properties.allowBlobPublicAccess": True},
                "exchange": {"properties.publicAccess": "Blob"},
            },
        ),
        (
            f"{_LOOSE} {_OPEN}",
            {"account": {**_ANYWHERE, "properties.allowSharedKeyAccess": True}},
        ),
        # A group of another tenant holds a data role on the container: it may read too.
        (
            f"{_WRITERS} {_OUTSIDE} {FOREIGN_FAILS}",
            {"+foreign": {}},
        ),
        # Blobs are copied in from an account of another subscription.
        (
            _WRITERS,
            {"copies": {"properties.sourceAccount": _PARTNER}},
        ),
    ],
)
FAULTS: tuple[Planted, ...] = PLOT.faults


def of_company() -> list[dict[str, Any]]:
    return []


def of_deployment(site: Site) -> list[dict[str, Any]]:
    account = _account(site)
    blobs = child(account, "blobServices/default", _SERVICE)
    exchange = _container(blobs, "Exchange")
    return PLOT.grow(
        site,
        {
            "account": account,
            "blobs": blobs,
            "models": _container(blobs, "models"),
            "exchange": exchange,
            "store": _datastore(site),
            "other": _container(blobs, "other"),
            "logs": child(
                blobs,
                "providers/Microsoft.Insights/diagnosticSettings/blobs",
                {"logs": [{"categoryGroup": "allLogs", "enabled": True}]},
            ),
            "copies": child(account, "objectReplicationPolicies/one", _copies(account)),
            "foreign": assignment(
                exchange["id"],
                WRITE_BLOBS_ROLE,
                FOREIGN_GROUP,
                "foreign",
                principalType="ForeignGroup",
            ),
        },
        {"search": f"{group_id()}/providers/Microsoft.Search/searchServices/{site.name}-search"},
    )


def specimens() -> list[dict[str, Any]]:
    return []


_SERVICE = {
    "isVersioningEnabled": True,
    "deleteRetentionPolicy": {"enabled": True, "days": 14},
    "containerDeleteRetentionPolicy": {"enabled": True, "days": 14},
}


def _account(site: Site) -> dict[str, Any]:
    return arm(
        f"Microsoft.Storage/storageAccounts/{site.short}",
        {
            "allowBlobPublicAccess": False,
            "allowSharedKeyAccess": False,
            "allowCrossTenantReplication": False,
            "supportsHttpsTrafficOnly": True,
            "minimumTlsVersion": "TLS1_2",
            "publicNetworkAccess": "Disabled",
            "networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices", "ipRules": []},
            "keyCreationTime": {"key1": "2099-01-01T00:00:00Z", "key2": "2099-01-01T00:00:00Z"},
            "encryption": {
                "keySource": "Microsoft.Keyvault",
                "keyvaultproperties": {
                    "keyname": "Storage",
                    "keyvaulturi": f"https://{site.short}kv.vault.azure.net/",
                },
            },
            "privateEndpointConnections": [
                {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
            ],
        },
        kind="StorageV2",
        sku={"name": "Standard_ZRS"},
        tags={"Environment": "production"},
    )


def _copies(account: dict[str, Any]) -> dict[str, Any]:
    """Blobs are copied in from an account of the same subscription."""
    near = account["id"].rpartition("/")[0]
    return {
        "policyId": "one",
        "sourceAccount": f"{near}/nlreleases",
        "destinationAccount": account["id"],
        "rules": [{"sourceContainer": "releases", "destinationContainer": "exchange"}],
    }


def _container(blobs: dict[str, Any], name: str) -> dict[str, Any]:
    return child(
        blobs, f"containers/{name}", {"publicAccess": "None", "hasImmutabilityPolicy": True}
    )


def _datastore(site: Site) -> dict[str, Any]:
    return child(
        {"id": workspace_id(site)},
        "datastores/exchange",
        {
            "datastoreType": "AzureBlob",
            "accountName": site.short,
            "containerName": "exchange",
            "protocol": "https",
            "subscriptionId": SUBSCRIPTION,
            "resourceGroup": "nordlicht",
            "credentials": {"credentialsType": "None"},
        },
    )
