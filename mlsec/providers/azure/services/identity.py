"""Reads of identities, roles and assignments, and types with system identities."""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.route import ArmRead

_IDENTITY = "azure.identity.managed_identity"
_ROLES_VERSION = "2022-04-01"
_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
_SUBSCRIPTION = "/subscriptions/{subscription}/providers"

# Types whose resources may have an identity of their own, and its path in the listing entry.
OWNERS: tuple[tuple[str, str], ...] = (
    ("azure.containerapp.app", "$.identity.principalId"),
    ("azure.web.site", "$.identity.principalId"),
    ("azure.aks.cluster", "$.identity.principalId"),
    ("azure.apim.service", "$.identity.principalId"),
    ("azure.ml.workspace", "$.identity.principalId"),
    ("azure.ml.compute_instance", "$.identity.principalId"),
    ("azure.ml.compute_cluster", "$.identity.principalId"),
    ("azure.ml.online_endpoint", "$.identity.principalId"),
    ("azure.cognitive.account", "$.identity.principalId"),
    ("azure.cognitive.project", "$.identity.principalId"),
    ("azure.search.service", "$.identity.principalId"),
    ("azure.identity.workload", "$.identity.principalId"),
)
# Types that run code as an identity, and of which nothing else is read.
WORKLOADS = (
    "Microsoft.Compute/virtualMachines", "Microsoft.Compute/virtualMachineScaleSets",
    "Microsoft.HybridCompute/machines", "Microsoft.Automation/automationAccounts",
    "Microsoft.Logic/workflows", "Microsoft.ContainerInstance/containerGroups",
    "Microsoft.App/jobs", "Microsoft.DataFactory/factories", "Microsoft.Synapse/workspaces",
    "Microsoft.Resources/deploymentScripts",
)  # fmt: skip


def _assigned_to(principal: str) -> ArmRead:
    """Roles that reach a principal, by its groups too, at, above and below the subscription."""
    return ArmRead(
        service="authorization",
        name="RoleAssignments_ListForScope",
        action="Microsoft.Authorization/roleAssignments/read",
        path=f"{_SUBSCRIPTION}/Microsoft.Authorization/roleAssignments",
        query={"$filter": "assignedTo('{principal}')"},
        params={"principal": principal},
        version=_ROLES_VERSION,
        items="value",
    )


def _own_identity(owner: str, path: str) -> TypePlan:
    return TypePlan(type=_IDENTITY, parent=owner, inside=path, reads=(_assigned_to("$.value"),))


PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type=_IDENTITY,
        listing=ArmRead(
            service="msi",
            name="UserAssignedIdentities_ListBySubscription",
            action=f"{_IDENTITIES}/read",
            path=f"{_SUBSCRIPTION}/{_IDENTITIES}",
            version="2023-01-31",
            items="value",
            graph="microsoft.managedidentity/userassignedidentities",
        ),
        is_referred=True,
        region="location",
        reads=(
            _assigned_to("$.properties.principalId"),
            ArmRead(
                service="msi",
                name="FederatedIdentityCredentials_List",
                action=f"{_IDENTITIES}/federatedIdentityCredentials/read",
                path="{id}/federatedIdentityCredentials",
                params={"id": "$.id"},
                version="2023-01-31",
                items="value",
            ),
        ),
    ),
    TypePlan(
        type="azure.identity.workload",
        listing=ArmRead(
            service="resources",
            name="Resources_List",
            action="Microsoft.Resources/subscriptions/resources/read",
            path="/subscriptions/{subscription}/resources",
            version="2021-04-01",
            items="value",
        ),
        region="location",
        # The case of a type is as whoever made the resource wrote it.
        only={"type": tuple(form for t in WORKLOADS for form in (t, t.lower()))},
    ),
    *(_own_identity(owner, path) for owner, path in OWNERS),
    TypePlan(
        type="azure.identity.role_assignment",
        listing=ArmRead(
            service="authorization",
            name="RoleAssignments_ListForSubscription",
            action="Microsoft.Authorization/roleAssignments/read",
            path=f"{_SUBSCRIPTION}/Microsoft.Authorization/roleAssignments",
            version=_ROLES_VERSION,
            items="value",
        ),
    ),
    TypePlan(
        type="azure.identity.role_definition",
        listing=ArmRead(
            service="authorization",
            name="RoleDefinitions_List",
            action="Microsoft.Authorization/roleDefinitions/read",
            path=f"{_SUBSCRIPTION}/Microsoft.Authorization/roleDefinitions",
            version=_ROLES_VERSION,
            items="value",
        ),
        is_referred=True,
    ),
    TypePlan(
        type="azure.identity.deny_assignment",
        listing=ArmRead(
            service="authorization",
            name="DenyAssignments_List",
            action="Microsoft.Authorization/denyAssignments/read",
            path=f"{_SUBSCRIPTION}/Microsoft.Authorization/denyAssignments",
            version=_ROLES_VERSION,
            items="value",
        ),
    ),
    TypePlan(
        type="azure.identity.delegation",
        listing=ArmRead(
            service="managedservices",
            name="RegistrationAssignments_List",
            action="Microsoft.ManagedServices/registrationAssignments/read",
            path=f"{_SUBSCRIPTION}/Microsoft.ManagedServices/registrationAssignments",
            query={"$expandRegistrationDefinition": "true"},
            version="2022-10-01",
            items="value",
        ),
    ),
)
