"""Azure Machine Learning in the invented company."""

from __future__ import annotations

from typing import Any

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_world import arm

FAULTS: tuple[Planted, ...] = ()


def of_company() -> list[dict[str, Any]]:
    return []


def of_deployment(site: Site) -> list[dict[str, Any]]:
    workspace = arm(
        f"Microsoft.MachineLearningServices/workspaces/{site.name}",
        {"publicNetworkAccess": "Disabled"},
        tags={"Owner": "ml-platform"},
    )
    return [workspace]


def specimens() -> list[dict[str, Any]]:
    return []
