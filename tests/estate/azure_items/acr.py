"""Container registries in the invented company: the shared one, and one beside each deployment."""

from __future__ import annotations

from typing import Any

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_items.access import FOREIGN_FAILS, FOREIGN_GROUP, PUSH_ROLE, assignment
from tests.estate.azure_items.plots import plot
from tests.estate.azure_world import arm, child

_POLICIES = "properties.policies"
_PUBLIC = "azure-acr/registry-public-network@registry"
PLOT = plot(
    [
        (
            "azure-acr/registry-admin-user@registry",
            {"registry": {"properties.adminUserEnabled": True}},
        ),
        (
            "azure-acr/registry-anonymous-pull@registry",
            {"registry": {"properties.anonymousPullEnabled": True}},
        ),
        (
            _PUBLIC,
            {"registry": {"properties.publicNetworkAccess": "Enabled"}},
        ),
        (
            f"{_PUBLIC} azure-acr/registry-any-address@registry",
            {
                "registry": {
                    "properties.publicNetworkAccess": None,
                    "properties.networkRuleSet": None,
                }
            },
        ),
        (
            "azure-acr/registry-exports@registry",
            {"registry": {f"{_POLICIES}.exportPolicy.status": "enabled"}},
        ),
        (
            "azure-acr/registry-without-content-trust@registry",
            {"registry": {f"{_POLICIES}.trustPolicy.status": "disabled"}},
        ),
        (
            "azure-acr/registry-without-quarantine@registry",
            {"registry": {f"{_POLICIES}.quarantinePolicy.status": "disabled"}},
        ),
        (
            f"azure-acr/registry-externally-pushable@registry {FOREIGN_FAILS}",
            {"+foreign": {}},
        ),
        (
            "azure-acr/token-can-push@token",
            {"token": {"properties.scopeMapId": "/x/scopeMaps/_repositories_push"}},
        ),
    ],
)
FAULTS: tuple[Planted, ...] = PLOT.faults


def of_company() -> list[dict[str, Any]]:
    return [_registry("nordlicht", {})]


def of_deployment(site: Site) -> list[dict[str, Any]]:
    registry = _registry(
        f"{site.short}cr",
        {
            "encryption": {
                "keyVaultProperties": {
                    "keyIdentifier": f"https://{site.short}kv2.vault.azure.net/keys/Images/0123"
                }
            }
        },
    )
    return PLOT.grow(
        site,
        {
            "registry": registry,
            "token": child(
                registry,
                "tokens/Readers",
                {"status": "enabled", "scopeMapId": "/x/scopeMaps/_repositories_pull"},
            ),
            "foreign": assignment(
                registry["id"], PUSH_ROLE, FOREIGN_GROUP, "foreign", principalType="ForeignGroup"
            ),
        },
    )


def specimens() -> list[dict[str, Any]]:
    return []


def _registry(name: str, more: dict[str, Any]) -> dict[str, Any]:
    return arm(
        f"Microsoft.ContainerRegistry/registries/{name}",
        {
            "loginServer": f"{name}.azurecr.io",
            "adminUserEnabled": False,
            "anonymousPullEnabled": False,
            "publicNetworkAccess": "Disabled",
            "networkRuleSet": {"defaultAction": "Deny"},
            "policies": {
                "exportPolicy": {"status": "disabled"},
                "trustPolicy": {"status": "enabled"},
                "quarantinePolicy": {"status": "enabled"},
            },
            **more,
        },
        sku={"name": "Premium"},
    )
