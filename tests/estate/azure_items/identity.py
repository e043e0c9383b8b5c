"""Identities in the invented company: one for each deployment, and what each may do."""

from __future__ import annotations

from typing import Any

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_items import access as roles
from tests.estate.azure_items.plots import plot
from tests.estate.azure_world import arm, child, group_id

_AT = "azure-identity/"
_MISUSE = "paths/role-can-misuse-and-hide@identity"
_ESCALATES = f"{_AT}ml-identity-can-escalate@identity"
_CALLS = f"{_AT}ml-identity-invokes-every-model@identity"


def _given(fails: str, role: str, scope: str = roles.SCOPE) -> tuple[str, dict[str, Any]]:
    """A row in which the identity has a role at a scope; it always has one, of no weight."""
    return fails, {
        "given": {
            "properties.roleDefinitionId": f"{roles.SCOPE}/providers/x/roleDefinitions/{role}",
            "properties.scope": scope,
        }
    }


PLOT = plot(
    [
        _given(f"{_AT}ml-identity-admin@identity", roles.OWNER_ROLE),
        _given(
            f"{_AT}ml-identity-changes-everything@identity {_ESCALATES} {_MISUSE}",
            roles.CONTRIBUTOR_ROLE,
        ),
        # The owner of the subscription is an identity of the group too.
        _given(
            f"{_AT}ml-identity-changes-whole-group@identity {_ESCALATES}",
            roles.CONTRIBUTOR_ROLE,
            group_id(),
        ),
        _given(_ESCALATES, roles.GRANTING_ROLE, group_id()),
        _given(f"{_AT}ml-identity-writes-every-container@identity", roles.WRITE_BLOBS_ROLE),
        _given(f"{_AT}ml-identity-reads-every-container@identity", roles.READ_BLOBS_ROLE),
        _given(f"{_AT}ml-identity-reads-every-secret@identity", roles.SECRETS_ROLE),
        _given(f"{_AT}ml-identity-uses-every-identity@identity", roles.IDENTITIES_ROLE),
        _given(_CALLS, roles.CALL_ROLE),
        _given(f"{_AT}ml-identity-changes-filters@identity", roles.FILTER_ROLE),
        _given(f"{_AT}ml-identity-stops-logging@identity", roles.LOG_ROLE),
        _given(f"{_AT}ml-identity-pushes-every-image@identity", roles.PUSH_ROLE),
        _given(
            f"{_AT}ml-identity-manages-ml-services@identity {_ESCALATES} {_CALLS}", roles.ML_ROLE
        ),
    ]
)
CUSTOM = Planted(rule=f"{_AT}role-allows-everything", every=1_000)
DELEGATED = Planted(rule=f"{_AT}external-tenant-manages-ml", every=1_000)
SPARED = Planted(rule="azure-policy/assignment-excludes-ml", every=1_000)
FAULTS: tuple[Planted, ...] = (*PLOT.faults, CUSTOM, DELEGATED, SPARED)
_EVERYTHING = "c0000000-0000-4000-8000-000000000009"


def principal(site: Site) -> str:
    """Give the principal of a deployment's user-assigned identity."""
    return f"1d000000-0000-4000-8000-{site.deployment.index:012d}"


def of_company() -> list[dict[str, Any]]:
    return [*roles.ROLES, _denial(), _machine()]


def of_deployment(site: Site) -> list[dict[str, Any]]:
    identity = arm(
        f"Microsoft.ManagedIdentity/userAssignedIdentities/{site.name}-id",
        {"principalId": principal(site).upper(), "tenantId": roles.MANAGING_TENANT},
    )
    # A group that it is in has the role: only the question for one principal tells.
    given = roles.assignment(
        roles.SCOPE, roles.READER_ROLE, group_of(site), site.name, principalType="Group"
    )
    pipeline = child(
        identity,
        "federatedIdentityCredentials/build",
        {"issuer": "https://token.actions.githubusercontent.com", "subject": "x"},
    )
    planted = PLOT.grow(site, {"identity": identity, "given": given, "pipeline": pipeline})
    member = {"~member": principal(site), "of": group_of(site)}
    return [*planted, member, *(_of_first(site) if site.deployment.index == 0 else [])]


def specimens() -> list[dict[str, Any]]:
    return []


def group_of(site: Site) -> str:
    """Give the group that a deployment's identity is in."""
    return f"9a000000-0000-4000-8000-{site.deployment.index:012d}"


def _of_first(site: Site) -> list[dict[str, Any]]:
    """What the company has once and is wrong, told on the first deployment."""
    everything = roles.role(_EVERYTHING, "Owner of sorts", is_custom=True, actions=["*"])
    delegation = {
        "id": f"{roles.SCOPE}/providers/Microsoft.ManagedServices/registrationAssignments/msp",
        "properties": {
            "registrationDefinition": {
                "properties": {
                    "managedByTenantId": roles.MANAGING_TENANT,
                    "authorizations": [
                        {
                            "principalId": roles.FOREIGN_GROUP,
                            "roleDefinitionId": f"/x/roleDefinitions/{roles.LOG_ROLE}",
                        }
                    ],
                }
            }
        },
    }
    spared = {
        "id": f"{roles.SCOPE}/providers/Microsoft.Authorization/policyAssignments/no-public",
        "properties": {
            "displayName": "No public address",
            "scope": roles.SCOPE,
            "policyDefinitionId": "/x/policyDefinitions/47ba1dd7",
            "enforcementMode": "Default",
            "notScopes": [group_id()],
        },
    }
    site.is_struck(CUSTOM, everything["id"])
    site.is_struck(DELEGATED, delegation["id"])
    site.is_struck(SPARED, spared["id"])
    holder = roles.assignment(
        group_id("elsewhere"), _EVERYTHING, "0b000000-0000-4000-8000-0000000000aa", "sorts"
    )
    return [everything, holder, delegation, spared]


def _machine() -> dict[str, Any]:
    """A host with an identity of its own, which has no role."""
    own = {
        "type": "SystemAssigned", "tenantId": roles.MANAGING_TENANT,
        "principalId": "1d000000-0000-4000-8000-0000000000ff",
    }  # fmt: skip
    return arm("Microsoft.Compute/virtualMachines/host", {}, identity=own)


def _denial() -> dict[str, Any]:
    """A deployment stack keeps its resources from being deleted; it denies nothing else."""
    return {
        "id": f"{roles.SCOPE}/providers/Microsoft.Authorization/denyAssignments/stack",
        "properties": {
            "denyAssignmentName": "stack",
            "scope": group_id("stack"),
            "principals": [{"id": "00000000-0000-0000-0000-000000000000"}],
            "excludePrincipals": [],
            "permissions": [{"actions": ["*/delete"], "notActions": []}],
        },
    }
