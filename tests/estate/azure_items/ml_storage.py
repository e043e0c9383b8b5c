"""What open storage means for a workspace that says that its data is of high impact."""

from __future__ import annotations

from typing import Any

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_items import storage
from tests.estate.azure_items.ml import workspace_id

# Every workspace says so; it fails wherever its storage lets every address in.
_OPEN = "azure-storage/account-any-address"
FAULTS: tuple[Planted, ...] = tuple(
    Planted(
        rule="azure-ml/high-impact-workspace-storage-public-network",
        every=fault.every,
        which=fault.which,
    )
    for fault in storage.FAULTS
    if fault.rule.partition("@")[0] == _OPEN
)


def of_company() -> list[dict[str, Any]]:
    return []


def of_deployment(site: Site) -> list[dict[str, Any]]:
    for fault in FAULTS:
        site.is_struck(fault, workspace_id(site))
    return []


def specimens() -> list[dict[str, Any]]:
    return []
