"""Shapes of access control: scopes, role assignments, settings of accounts, keys and clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.providers.azure.shapes.neighbours import Shape, last_part, lower


def scope_id(raw: Any) -> str:
    """Normalise a scope: lower case, "/" for the root above all management groups."""
    return lower(raw).rstrip("/") or "/"


def scope_level(raw: Any) -> str:
    """Give the level of a scope."""
    pieces = [piece for piece in lower(raw).split("/") if piece]
    if not pieces:
        return "root"
    if pieces[0] == "providers":
        return "management_group"
    if len(pieces) == 2:
        return "subscription"
    return "resource_group" if len(pieces) == 4 else "resource"


def scope_of_extension(raw: Any) -> str:
    """Give what an extension resource (an assignment, a delegation) is attached to."""
    return lower(raw).rpartition("/providers/")[0] or "/"


def assignments(raw: Any) -> list[dict[str, Any]]:
    """Turn role assignments into scope, role, condition and principal, in order."""
    entries = [_assignment(assignment["properties"]) for assignment in raw]
    return sorted(entries, key=lambda item: (item["scope"], item["role"], item["principal_id"]))


def _assignment(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "scope": scope_id(properties["scope"]),
        "role": last_part(properties["roleDefinitionId"]),
        "condition": properties.get("condition"),
        "principal_id": lower(properties["principalId"]),
        "principal_type": properties.get("principalType"),
    }


def group_ids(raw: Any) -> list[str]:
    """Give the ids of principals that are groups, or whose type is not said, sorted."""
    single = ("user", "serviceprincipal", "systemdefined", "everyone", "device")
    return sorted(lower(item["id"]) for item in raw if lower(item.get("type") or "") not in single)


def is_custom_role(raw: Any) -> bool:
    """Whether a role is a custom role."""
    return lower(raw) == "customrole"


def is_default_mode(raw: Any) -> bool:
    """Whether a policy assignment is enforced."""
    return lower(raw) == "default"


def is_block(raw: Any) -> bool:
    """Whether a SAS over the limit is refused."""
    return lower(raw) == "block"


def replications(raw: Any) -> list[dict[str, str]]:
    """Turn object replication policies into one entry for each pair of containers.

    A policy without rules could apply to any container and is rejected.
    """
    policies = [replication["properties"] for replication in raw]
    pairs = [
        {
            "source": lower(policy["sourceAccount"]),
            "destination": lower(policy["destinationAccount"]),
            "source_container": lower(rule["sourceContainer"]),
            "destination_container": lower(rule["destinationContainer"]),
        }
        for policy in policies
        for rule in policy["rules"]
    ]
    return sorted(pairs, key=lambda item: tuple(item.values()))


def rotates(raw: Any) -> bool:
    """Whether a lifetime action of a key makes a new version."""
    return any(lower(action["action"]["type"]) == "rotate" for action in raw)


def is_gpu_size(raw: Any) -> bool:
    """Whether a machine size has accelerators: the N families."""
    return lower(raw).removeprefix("standard_").startswith("n")


ACCESS_SHAPES: Mapping[str, Shape] = {
    "scope_id": scope_id,
    "scope_level": scope_level,
    "scope_of_extension": scope_of_extension,
    "assignments": assignments,
    "group_ids": group_ids,
    "is_custom_role": is_custom_role,
    "is_default_mode": is_default_mode,
    "is_block": is_block,
    "replications": replications,
    "rotates": rotates,
    "is_gpu_size": is_gpu_size,
}
