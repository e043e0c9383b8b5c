"""Networks of the invented company: the one that all share, and one for each deployment's nodes."""

from __future__ import annotations

from typing import Any

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_items.ml import ML, OWNER, workspace_id
from tests.estate.azure_items.plots import plot
from tests.estate.azure_world import arm, child, group_id

_OPEN = "azure-network/ml-nsg-"


def _opens(what: str, port: str) -> tuple[str, dict[str, Any]]:
    return f"{_OPEN}{what}-public@nsg", {
        "nsg": {
            "properties.securityRules.0.properties.destinationPortRange": port,
            "properties.securityRules.0.properties.sourceAddressPrefix": "Internet",
        }
    }


PLOT = plot(
    [
        _opens("remote-administration", "22"),
        _opens("model-server", "8000-8002"),
        _opens("ml-tool", "8888"),
        _opens("vector-store", "6333"),
        (
            "azure-network/ml-nsg-egress-unrestricted@nsg",
            {"nsg": {"properties.securityRules.1.properties.access": "Allow"}},
        ),
        (
            "azure-network/ml-subnet-without-nsg@subnet",
            {"vnet": {"properties.subnets.0.properties": {}}},
        ),
        ("azure-network/ml-network-without-flow-log@vnet", {"vnet": {"properties.flowLogs": None}}),
        (
            "azure-network/private-endpoint-not-approved@link",
            {
                "link": {
                    "properties.manualPrivateLinkServiceConnections.0.properties"
                    ".privateLinkServiceConnectionState.status": "Pending"
                }
            },
        ),
        (
            "azure-network/private-endpoint-without-dns-zone@link",
            {"zone": {"properties.privateDnsZoneConfigs": []}},
        ),
    ]
)
FAULTS: tuple[Planted, ...] = PLOT.faults


def of_company() -> list[dict[str, Any]]:
    nsg = _nsg("ml")
    return [nsg, _vnet("ml", nsg, ("jobs", "agents", "apps"))]


def of_deployment(site: Site) -> list[dict[str, Any]]:
    nsg = _nsg(f"{site.name}-nodes")
    vnet = _vnet(f"{site.name}-nodes", nsg, ("nodes",))
    link = _link(site)
    grown = PLOT.grow(
        site,
        {
            "nsg": nsg,
            "vnet": vnet,
            "nodes": _nodes(site, vnet),
            "link": link,
            "zone": child(
                link,
                "privateDnsZoneGroups/default",
                {"privateDnsZoneConfigs": [{"properties": {"privateDnsZoneId": "/zones/blob"}}]},
            ),
            # Only its id counts: it stands in its network's answer.
            "subnet": {"id": f"{vnet['id']}/subnets/nodes"},
        },
    )
    return [each for each in grown if each["id"] != f"{vnet['id']}/subnets/nodes"]


def specimens() -> list[dict[str, Any]]:
    return []


def _vnet(name: str, nsg: dict[str, Any], subnets: tuple[str, ...]) -> dict[str, Any]:
    vnet = arm(f"Microsoft.Network/virtualNetworks/{name}", {})
    vnet["properties"] = {
        "flowLogs": [{"id": f"{group_id('NetworkWatcherRG')}/flow"}],
        "subnets": [
            {
                "id": f"{vnet['id']}/subnets/{each}",
                "name": each,
                "properties": {"networkSecurityGroup": {"id": nsg["id"].upper()}},
            }
            for each in subnets
        ],
    }
    return vnet


def _nsg(name: str) -> dict[str, Any]:
    """Lets the company in at one port, and nothing out to the internet."""
    inbound = {
        "direction": "Inbound", "access": "Allow", "priority": 100, "protocol": "Tcp",
        "sourceAddressPrefix": "198.51.100.0/24", "destinationAddressPrefix": "*",
        "sourcePortRange": "*", "destinationPortRange": "443",
    }  # fmt: skip
    outbound = {
        "direction": "Outbound", "access": "Deny", "priority": 4000, "protocol": "*",
        "sourceAddressPrefix": "*", "destinationAddressPrefix": "Internet",
        "sourcePortRange": "*", "destinationPortRange": "*",
    }  # fmt: skip
    rules = [{"name": "in", "properties": inbound}, {"name": "out", "properties": outbound}]
    return arm(f"Microsoft.Network/networkSecurityGroups/{name}", {"securityRules": rules})


def _nodes(site: Site, vnet: dict[str, Any]) -> dict[str, Any]:
    """A compute cluster in the deployment's own network."""
    return child(
        {"id": workspace_id(site)},
        "computes/nodes",
        {
            "computeType": "AmlCompute",
            "disableLocalAuth": True,
            "properties": {
                "vmSize": "STANDARD_D4S_V5",
                "enableNodePublicIp": False,
                "remoteLoginPortPublicAccess": "Disabled",
                "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 2},
                "subnet": {"id": f"{vnet['id']}/subnets/nodes"},
            },
        },
        location="westeurope",
    )


def _link(site: Site) -> dict[str, Any]:
    target = f"{group_id()}/providers/{ML}/workspaces/{site.name}"
    connection = {
        "name": "workspace",
        "properties": {
            "privateLinkServiceId": target,
            "groupIds": ["amlworkspace"],
            "privateLinkServiceConnectionState": {"status": "Approved"},
        },
    }
    network = f"{group_id()}/providers/Microsoft.Network/virtualNetworks/ml"
    return arm(
        f"Microsoft.Network/privateEndpoints/{site.name}",
        {
            "subnet": {"id": f"{network}/subnets/apps"},
            "manualPrivateLinkServiceConnections": [connection],
        },
        tags=dict(OWNER),
    )
