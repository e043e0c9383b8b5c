"""Roles and who has them in the invented company: built-in roles, assignments, delegations."""

from __future__ import annotations

from typing import Any

from tests.estate.azure_world import SUBSCRIPTION

SCOPE = f"/subscriptions/{SUBSCRIPTION}"
_ROLES = f"{SCOPE}/providers/Microsoft.Authorization/roleDefinitions"
FOREIGN_GROUP = "f0000000-0000-4000-8000-00000000000f"
# What every row says that adds a role of that group, under the key "foreign".
FOREIGN_FAILS = "azure-identity/external-group-has-ml-role@foreign"
MANAGING_TENANT = "7e000000-0000-4000-8000-0000000000ff"
OWNER_ROLE = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR_ROLE = "b24988ac-6180-42a0-ab88-20f7382dd24c"
READER_ROLE = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
GRANTING_ROLE = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
WRITE_BLOBS_ROLE = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
READ_BLOBS_ROLE = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
SECRETS_ROLE = "4633458b-17de-408a-b874-0445c86b69e6"
IDENTITIES_ROLE = "f1a07417-d97a-45cb-824c-7a7467783830"
PUSH_ROLE = "8311e382-0749-4cb8-b61a-304f252e45ec"
CALL_ROLE = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd"
FILTER_ROLE = "c0000000-0000-4000-8000-000000000001"
LOG_ROLE = "c0000000-0000-4000-8000-000000000002"
ML_ROLE = "c0000000-0000-4000-8000-000000000003"
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
_NOT_GRANTING = ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"]


def role(
    guid: str, name: str, *, is_custom: bool = False, **permissions: list[str]
) -> dict[str, Any]:
    """Make a role definition; ``permissions`` are its lists by their names in the API."""
    lists = {"actions": [], "notActions": [], "dataActions": [], "notDataActions": []}
    return {
        "id": f"{_ROLES}/{guid}",
        "properties": {
            "roleName": name,
            "type": "CustomRole" if is_custom else "BuiltInRole",
            "permissions": [{**lists, **permissions}],
        },
    }


def assignment(scope: str, guid: str, principal: str, name: str, **more: Any) -> dict[str, Any]:
    """Give a role to a principal at a scope."""
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
        "properties": {
            "scope": scope,
            "roleDefinitionId": f"{_ROLES}/{guid}",
            "principalId": principal,
            "principalType": "ServicePrincipal",
            **more,
        },
    }


ROLES: tuple[dict[str, Any], ...] = (
    role(OWNER_ROLE, "Owner", actions=["*"]),
    role(CONTRIBUTOR_ROLE, "Contributor", actions=["*"], notActions=_NOT_GRANTING),
    role(READER_ROLE, "Reader", actions=["*/read"]),
    role(
        GRANTING_ROLE,
        "Role Based Access Control Administrator",
        actions=["Microsoft.Authorization/roleAssignments/write", "*/read"],
    ),
    role(
        WRITE_BLOBS_ROLE,
        "Storage Blob Data Contributor",
        dataActions=[f"{_BLOBS}/{verb}" for verb in ("delete", "read", "write")],
    ),
    role(READ_BLOBS_ROLE, "Storage Blob Data Reader", dataActions=[f"{_BLOBS}/read"]),
    role(
        SECRETS_ROLE,
        "Key Vault Secrets User",
        dataActions=["Microsoft.KeyVault/vaults/secrets/getSecret/action"],
    ),
    role(
        IDENTITIES_ROLE,
        "Managed Identity Operator",
        actions=["Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"],
    ),
    role(PUSH_ROLE, "AcrPush", actions=["Microsoft.ContainerRegistry/registries/push/write"]),
    role(
        CALL_ROLE,
        "Cognitive Services OpenAI User",
        dataActions=[
            "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action"
        ],
    ),
    role(
        FILTER_ROLE, "Filter Keeper", is_custom=True,
        actions=["Microsoft.CognitiveServices/accounts/raiPolicies/write"],
    ),
    role(
        LOG_ROLE, "Log Keeper", is_custom=True,
        actions=["Microsoft.Insights/diagnosticSettings/*"],
    ),
    role(ML_ROLE, "ML Keeper", is_custom=True, actions=["Microsoft.MachineLearningServices/*"]),
)  # fmt: skip
