"""Reads of storage accounts and blob containers that ML refers to."""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.route import ArmRead
from mlsec.providers.azure.services.diagnostics import DIAGNOSTIC_SETTINGS

_VERSION = "2023-05-01"
_ACCOUNTS = "Microsoft.Storage/storageAccounts"

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="azure.storage.account",
        listing=ArmRead(
            service="storage",
            name="StorageAccounts_List",
            action=f"{_ACCOUNTS}/read",
            path=f"/subscriptions/{{subscription}}/providers/{_ACCOUNTS}",
            version=_VERSION,
            items="value",
            graph="microsoft.storage/storageaccounts",
        ),
        is_referred=True,
        region="location",
        reads=(
            ArmRead(
                service="storage",
                name="BlobServices_GetServiceProperties",
                action=f"{_ACCOUNTS}/blobServices/read",
                path="{id}/blobServices/default",
                params={"id": "$.id"},
                version=_VERSION,
            ),
            ArmRead(
                service="storage",
                name="ObjectReplicationPolicies_List",
                action=f"{_ACCOUNTS}/objectReplicationPolicies/read",
                path="{id}/objectReplicationPolicies",
                params={"id": "$.id"},
                version=_VERSION,
                items="value",
            ),
            # The blob service keeps logs of reads and writes; the account itself has only metrics.
            DIAGNOSTIC_SETTINGS.at("$.BlobServices_GetServiceProperties.id"),
        ),
    ),
    TypePlan(
        type="azure.storage.container",
        listing=ArmRead(
            service="storage",
            name="BlobContainers_List",
            action=f"{_ACCOUNTS}/blobServices/containers/read",
            path="{id}/blobServices/default/containers",
            params={"id": "$parent.id"},
            version=_VERSION,
            items="value",
            redact=("value[].properties.metadata.*",),
        ),
        parent="azure.storage.account",
        is_referred=True,
    ),
)
