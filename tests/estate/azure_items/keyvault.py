"""Key vaults in the invented company: one for each deployment, and one for the keys of images."""

from __future__ import annotations

from typing import Any

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_items.access import MANAGING_TENANT
from tests.estate.azure_items.plots import plot
from tests.estate.azure_world import TENANT, arm, child

_PUBLIC = "azure-keyvault/vault-public-network@vault"
_ACTIONS = "properties.rotationPolicy.lifetimeActions"
_POLICIES = "azure-keyvault/vault-without-rbac@vault"
PLOT = plot(
    [
        (_PUBLIC, {"vault": {"properties.publicNetworkAccess": "enabled"}}),
        (
            f"{_PUBLIC} azure-keyvault/vault-any-address@vault",
            {"vault": {"properties.publicNetworkAccess": None, "properties.networkAcls": None}},
        ),
        (
            "azure-keyvault/vault-without-private-endpoint@vault",
            {"vault": {"properties.privateEndpointConnections": None}},
        ),
        (
            "azure-keyvault/vault-without-purge-protection@vault",
            {"vault": {"properties.enablePurgeProtection": None}},
        ),
        (
            "azure-keyvault/vault-without-soft-delete@vault",
            {"vault": {"properties.enableSoftDelete": False}},
        ),
        (_POLICIES, {"vault": {"properties.enableRbacAuthorization": False}}),
        (
            "azure-keyvault/vault-without-access-log@vault",
            {"logs": {"properties.logs": [{"category": "AuditEvent", "enabled": False}]}},
        ),
        (
            "azure-keyvault/key-not-rotated@key",
            {"key": {f"{_ACTIONS}.0.action.type": "notify"}},
        ),
        (
            "azure-keyvault/key-disabled@key",
            {"key": {"properties.attributes.enabled": False}},
        ),
        (
            f"azure-keyvault/key-externally-usable@key {_POLICIES}",
            {
                "vault": {
                    "properties.enableRbacAuthorization": False,
                    "properties.accessPolicies.0.tenantId": MANAGING_TENANT,
                }
            },
        ),
    ]
)
FAULTS: tuple[Planted, ...] = PLOT.faults


def of_company() -> list[dict[str, Any]]:
    shared = _vault("nordlicht")
    return [shared, _key(shared, "workspaces"), _logs(shared)]


def of_deployment(site: Site) -> list[dict[str, Any]]:
    near, own = _vault(f"{site.short}kv"), _vault(f"{site.short}kv2")
    planted = {"vault": own, "key": _key(own, "Images"), "logs": _logs(own)}
    keys = [_key(near, name) for name in ("workspace", "ai", "storage")]
    return [near, *keys, _logs(near), *PLOT.grow(site, planted)]


def specimens() -> list[dict[str, Any]]:
    return []


def _vault(name: str) -> dict[str, Any]:
    return arm(
        f"Microsoft.KeyVault/vaults/{name}",
        {
            "vaultUri": f"https://{name}.vault.azure.net/",
            "tenantId": TENANT,
            "enableRbacAuthorization": True,
            "enableSoftDelete": True,
            "enablePurgeProtection": True,
            "publicNetworkAccess": "disabled",
            "networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"},
            "accessPolicies": [
                {
                    "tenantId": TENANT,
                    "objectId": "0b000000-0000-4000-8000-00000000000b",
                    "permissions": {"keys": ["get", "unwrapKey"]},
                }
            ],
            "privateEndpointConnections": [
                {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
            ],
        },
        tags={},
    )


def _key(vault: dict[str, Any], name: str) -> dict[str, Any]:
    return child(
        vault,
        f"keys/{name}",
        {
            "keyUri": f"{vault['properties']['vaultUri']}keys/{name}",
            "kty": "RSA",
            "keySize": 3072,
            "attributes": {"enabled": True, "created": 1_700_000_000, "exportable": False},
            "rotationPolicy": {"lifetimeActions": [{"action": {"type": "rotate"}}]},
        },
        location="westeurope",
    )


def _logs(vault: dict[str, Any]) -> dict[str, Any]:
    return child(
        vault,
        "providers/Microsoft.Insights/diagnosticSettings/audit",
        {"logs": [{"category": "AuditEvent", "enabled": True}]},
    )
