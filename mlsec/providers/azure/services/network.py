"""Reads of networks, security groups and private endpoints around ML."""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.route import ArmRead

_VERSION = "2024-01-01"


def _listed(kind: str, name: str) -> ArmRead:
    return ArmRead(
        service="network",
        name=name,
        action=f"Microsoft.Network/{kind}/read",
        path=f"/subscriptions/{{subscription}}/providers/Microsoft.Network/{kind}",
        version=_VERSION,
        items="value",
        graph=f"microsoft.network/{kind}".lower(),
    )


PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="azure.network.vnet",
        listing=_listed("virtualNetworks", "VirtualNetworks_ListAll"),
        is_referred=True,
        region="location",
    ),
    # A network's subnets are part of its own answer.
    TypePlan(
        type="azure.network.subnet",
        parent="azure.network.vnet",
        inside="$.properties.subnets",
        is_referred=True,
    ),
    TypePlan(
        type="azure.network.nsg",
        listing=_listed("networkSecurityGroups", "NetworkSecurityGroups_ListAll"),
        is_referred=True,
        region="location",
    ),
    TypePlan(
        type="azure.network.private_endpoint",
        listing=_listed("privateEndpoints", "PrivateEndpoints_ListBySubscription"),
        is_referred=True,
        region="location",
        reads=(
            ArmRead(
                service="network",
                name="PrivateDnsZoneGroups_List",
                action="Microsoft.Network/privateEndpoints/privateDnsZoneGroups/read",
                path="{id}/privateDnsZoneGroups",
                params={"id": "$.id"},
                version=_VERSION,
                items="value",
            ),
        ),
    ),
)
