"""Diagnostic settings of the invented company: where the logs of its resources go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_world import group_id

# Rule -> (every, which) of the deployments whose resource sends nothing.
_SILENT = {
    "azure-ml/workspace-without-log": (8, 3),
    "azure-ml/endpoint-without-log": (8, 4),
    "azure-ml/registry-without-log": (8, 5),
    "azure-ai/account-without-log": (8, 6),
    "azure-search/service-without-log": (8, 7),
    "azure-databricks/workspace-without-log": (8, 1),
}
_ROWS: Mapping[str, Planted] = {
    rule: Planted(rule=rule, every=every, which=which) for rule, (every, which) in _SILENT.items()
}
# An account that sends its audit log only.
UNLOGGED = (Planted(rule="azure-ai/account-without-request-log", every=8, which=2),)


def faults(*rules: str) -> tuple[Planted, ...]:
    """Give the planted faults of some rules."""
    return tuple(_ROWS[rule] for rule in rules)


def setting(
    site: Site, rule: str, resource: Mapping[str, Any], categories: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Give the one diagnostic setting of a resource, or none where the rule must fail."""
    if site.is_struck(_ROWS[rule], str(resource["id"])):
        return []
    logs = f"{group_id()}/providers/Microsoft.OperationalInsights/workspaces/nordlicht-logs"
    return [
        {
            "id": f"{resource['id']}/providers/Microsoft.Insights/diagnosticSettings/Audit",
            "properties": {
                "workspaceId": logs,
                "logs": [{"category": each, "enabled": True} for each in categories]
                + [{"category": "Other", "enabled": False}],
            },
        }
    ]
