"""The least-privilege role of a scan, generated from the table of reads: no data actions at all."""

from __future__ import annotations

import msgspec

from mlsec.collect.azure.reader import plans
from mlsec.collect.azure.tables import LIST_DESCENDANTS, table_of

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
        "Description": "Reads the settings that mlsec judges; no data, no keys, no changes.",
        "Actions": list(rights(is_organisation=is_organisation)),
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": [scope],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def rights(*, is_organisation: bool = False) -> tuple[str, ...]:
    """Give the actions, sorted; each once, whatever its case."""
    found: dict[str, str] = {}
    for operation in table_of(plans()).values():
        if operation.label == LIST_DESCENDANTS.label and not is_organisation:
            continue
        for action in operation.right.split(","):
            found.setdefault(action.lower(), action)
    return tuple(found[key] for key in sorted(found))
