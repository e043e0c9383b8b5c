"""Which calls read service accounts and what roles allow; identity pools and who they let in."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route

_FULL_LISTS = {"view": "FULL"}
# Groups are asked by a query; the label says that they are groups that policies can name.
_MEMBER_OF = (
    "member_key_id == '{email}' && 'cloudidentity.googleapis.com/groups.discussion_forum' in labels"
)

ROUTES: Mapping[str, Route] = {
    "iam:ListServiceAccounts": Route(
        path="v1/projects/{project}/serviceAccounts",
        page_size=100,
        asset="iam.googleapis.com/ServiceAccount",
        is_window=True,
    ),
    "iam:ListServiceAccountKeys": Route(path="v1/{name}/keys", is_window=True),
    "iam:ServiceAccountsGetIamPolicy": Route(
        path="v1/{resource}:getIamPolicy",
        method="POST",
        query={"options.requestedPolicyVersion": "3"},
        asset="iam.googleapis.com/ServiceAccount",
        is_window=True,
    ),
    "cloudidentity:SearchTransitiveGroups": Route(
        path="v1/groups/-/memberships:searchTransitiveGroups",
        page_size=200,
        query={"query": _MEMBER_OF},
        is_window=True,
    ),
    "iam:ListRoles": Route(path="v1/roles", page_size=1000, is_window=True),
    "iam:GetRole": Route(path="v1/{name}", is_window=True),
    "iam:ProjectsListRoles": Route(
        path="v1/projects/{project}/roles", page_size=1000, is_window=True
    ),
    "iam:ListWorkloadIdentityPools": Route(
        path="v1/projects/{project}/locations/global/workloadIdentityPools",
        page_size=1000,
        is_window=True,
    ),
    "iam:ListWorkloadIdentityPoolProviders": Route(
        path="v1/{parent}/providers", page_size=100, is_window=True
    ),
}
PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="gcp.iam.service_account",
        listing=Operation(
            service="iam",
            name="ListServiceAccounts",
            action="iam.serviceAccounts.list",
            items="accounts",
            is_global=True,
        ),
        reads=(
            Operation(
                service="iam",
                name="ListServiceAccountKeys",
                action="iam.serviceAccountKeys.list",
                params={"name": "$.name", "keyTypes": "USER_MANAGED"},
                gone=("NOT_FOUND",),
                is_global=True,
            ),
            Operation(
                service="iam",
                name="ServiceAccountsGetIamPolicy",
                action="iam.serviceAccounts.getIamPolicy",
                params={"resource": "$.name"},
                gone=("NOT_FOUND",),
                is_global=True,
            ),
            # A right in Cloud Identity, not in IAM: the groups reader of the organisation.
            Operation(
                service="cloudidentity",
                name="SearchTransitiveGroups",
                action="cloudidentity.memberships.search",
                params={"email": "$.email"},
                items="memberships",
                is_global=True,
            ),
        ),
        is_referred=True,
    ),
    TypePlan(
        type="gcp.iam.role",
        listing=Operation(
            service="iam",
            name="ListRoles",
            action="iam.roles.list",
            items="roles",
            is_global=True,
        ),
        reads=(
            Operation(
                service="iam",
                name="GetRole",
                action="iam.roles.get",
                params={"name": "$.name"},
                gone=("NOT_FOUND",),
                is_global=True,
            ),
        ),
        is_referred=True,
    ),
    TypePlan(
        type="gcp.iam.custom_role",
        listing=Operation(
            service="iam",
            name="ProjectsListRoles",
            action="iam.roles.list",
            params=_FULL_LISTS,
            items="roles",
            is_global=True,
        ),
    ),
    TypePlan(
        type="gcp.iam.identity_pool",
        listing=Operation(
            service="iam",
            name="ListWorkloadIdentityPools",
            action="iam.workloadIdentityPools.list",
            items="workloadIdentityPools",
            is_global=True,
        ),
    ),
    TypePlan(
        type="gcp.iam.identity_provider",
        parent="gcp.iam.identity_pool",
        listing=Operation(
            service="iam",
            name="ListWorkloadIdentityPoolProviders",
            action="iam.workloadIdentityPoolProviders.list",
            params={"parent": "$parent.name"},
            items="workloadIdentityPoolProviders",
            is_global=True,
        ),
    ),
)
