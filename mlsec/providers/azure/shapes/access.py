"""Shapes for who may do what: scopes, role assignments, switches of accounts, keys and clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.providers.azure.shapes.neighbours import Shape, last_part, lower


def scope_id(raw: Any) -> str:
    """Write a scope: lower case, "/" for the root above all management groups."""
    return lower(raw).rstrip("/") or "/"


def scope_level(raw: Any) -> str:
    """Say at what level a scope stands."""
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
    found = [_assignment(each["properties"]) for each in raw]
    return sorted(found, key=lambda item: (item["scope"], item["role"], item["principal_id"]))


def _assignment(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "scope": scope_id(properties["scope"]),
        "role": last_part(properties["roleDefinitionId"]),
        "condition": properties.get("condition"),
        "principal_id": lower(properties["principalId"]),
        "principal_type": properties.get("principalType"),
    }


def is_custom_role(raw: Any) -> bool:
    """Say whether a role is the customer's own."""
    return lower(raw) == "customrole"


def is_default_mode(raw: Any) -> bool:
    """Say whether a policy assignment is enforced."""
    return lower(raw) == "default"


def is_block(raw: Any) -> bool:
    """Say whether a SAS over the limit is refused."""
    return lower(raw) == "block"


def replications(raw: Any) -> list[dict[str, str]]:
    """Turn object replication policies into one entry for each pair of containers.

    A policy that is answered without its rules could be about any container: it is refused.
    """
    policies = [each["properties"] for each in raw]
    found = [
        {
            "source": lower(policy["sourceAccount"]),
            "destination": lower(policy["destinationAccount"]),
            "source_container": lower(rule["sourceContainer"]),
            "destination_container": lower(rule["destinationContainer"]),
        }
        for policy in policies
        for rule in policy["rules"]
    ]
    return sorted(found, key=lambda item: tuple(item.values()))


def rotates(raw: Any) -> bool:
    """Say whether a lifetime action of a key makes a new version."""
    return any(lower(each["action"]["type"]) == "rotate" for each in raw)


def is_gpu_size(raw: Any) -> bool:
    """Say whether a size of machine has accelerators: the N families."""
    return lower(raw).removeprefix("standard_").startswith("n")


ACCESS_SHAPES: Mapping[str, Shape] = {
    "scope_id": scope_id,
    "scope_level": scope_level,
    "scope_of_extension": scope_of_extension,
    "assignments": assignments,
    "is_custom_role": is_custom_role,
    "is_default_mode": is_default_mode,
    "is_block": is_block,
    "replications": replications,
    "rotates": rotates,
    "is_gpu_size": is_gpu_size,
}
