"""Reads of key vaults and their keys in Resource Manager."""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.route import ArmRead
from mlsec.providers.azure.services.diagnostics import DIAGNOSTIC_SETTINGS

_VERSION = "2023-07-01"
_VAULTS = "Microsoft.KeyVault/vaults"

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="azure.keyvault.vault",
        listing=ArmRead(
            service="keyvault",
            name="Vaults_ListBySubscription",
            action=f"{_VAULTS}/read",
            path=f"/subscriptions/{{subscription}}/providers/{_VAULTS}",
            version=_VERSION,
            items="value",
            graph="microsoft.keyvault/vaults",
        ),
        is_referred=True,
        region="location",
        reads=(DIAGNOSTIC_SETTINGS,),
    ),
    TypePlan(
        type="azure.keyvault.vault",
        listing=ArmRead(
            service="keyvault",
            name="Vaults_ListDeleted",
            action="Microsoft.KeyVault/deletedVaults/read",
            path="/subscriptions/{subscription}/providers/Microsoft.KeyVault/deletedVaults",
            version=_VERSION,
            items="value",
        ),
        left_out="deleted and kept until its purge date: az keyvault recover or purge",
    ),
    TypePlan(
        type="azure.keyvault.key",
        listing=ArmRead(
            service="keyvault",
            name="Keys_List",
            action=f"{_VAULTS}/keys/read",
            path="{id}/keys",
            params={"id": "$parent.id"},
            version=_VERSION,
            items="value",
        ),
        parent="azure.keyvault.vault",
        is_referred=True,
        # The list leaves out the rotation policy.
        reads=(
            ArmRead(
                service="keyvault",
                name="Keys_Get",
                action=f"{_VAULTS}/keys/read",
                path="{id}",
                params={"id": "$.id"},
                version=_VERSION,
            ),
        ),
    ),
)
