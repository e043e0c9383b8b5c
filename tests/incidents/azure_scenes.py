"""Incidents on Azure: a subscription as it was, and one that lacks what made it dangerous."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.estate.azure_items.access import FOREIGN_GROUP, ROLES, WRITE_BLOBS_ROLE, assignment
from tests.estate.azure_world import World, arm, child

_COLLEAGUES = "f0000000-0000-4000-8000-00000000000a"


def _invoker(is_near: bool) -> World:
    """The container with a workspace's scripts, written by another tenant or by colleagues."""
    store = arm(
        "Microsoft.Storage/storageAccounts/nlscripts",
        {"allowSharedKeyAccess": False, "publicNetworkAccess": "Disabled"},
        kind="StorageV2",
        sku={"name": "Standard_ZRS"},
    )
    blobs = child(store, "blobServices/default", {"isVersioningEnabled": False})
    code = child(blobs, "containers/code", {"publicAccess": "None"})
    who, kind = (_COLLEAGUES, "Group") if is_near else (FOREIGN_GROUP, "ForeignGroup")
    writers = assignment(code["id"], WRITE_BLOBS_ROLE, who, "writers", principalType=kind)
    workspace = arm(
        "Microsoft.MachineLearningServices/workspaces/train",
        {"storageAccount": store["id"]},
        kind="Default",
    )
    return World([*ROLES, store, blobs, code, writers, workspace])


SCENES: Mapping[str, Callable[[bool], World]] = {"azure-ml-invoker-script": _invoker}
