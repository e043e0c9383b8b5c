"""The least-privilege role of a scan, generated from the table of reads."""

from __future__ import annotations

import msgspec

from mlsec.providers.azure.collect.reader import plans
from mlsec.providers.azure.route import ProjectRead
from mlsec.providers.azure.tables import LIST_DESCENDANTS, table_of

_NOWHERE = "00000000-0000-0000-0000-000000000000"


def least_privilege_role(*, is_organisation: bool = False) -> str:
    """Give the custom role as JSON, as ``az role definition create --role-definition`` takes it.

    Args:
        is_organisation: for a management group, with the right to walk it.
    """
    scope = (
        f"/providers/Microsoft.Management/managementGroups/{_NOWHERE}"
        if is_organisation
        else f"/subscriptions/{_NOWHERE}"
    )
    document = {
        "Name": "mlsec scan",
        "IsCustom": True,
        "Description": "Reads the settings that mlsec judges; no keys, no changes.",
        "Actions": list(rights(is_organisation=is_organisation)),
        "NotActions": [],
        "DataActions": list(data_rights()),
        "NotDataActions": [],
        "AssignableScopes": [scope],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def rights(*, is_organisation: bool = False) -> tuple[str, ...]:
    """Give the actions, sorted, without duplicates in another case."""
    by_lower: dict[str, str] = {}
    for operation in table_of(plans()).values():
        is_walk = operation.label == LIST_DESCENDANTS.label
        if isinstance(operation, ProjectRead) or (is_walk and not is_organisation):
            continue
        for action in operation.right.split(","):
            by_lower.setdefault(action.lower(), action)
    return tuple(by_lower[key] for key in sorted(by_lower))


def data_rights() -> tuple[str, ...]:
    """Give the data actions, only for definitions that Resource Manager does not have."""
    table = table_of(plans()).values()
    return tuple(sorted({entry.right for entry in table if isinstance(entry, ProjectRead)}))
