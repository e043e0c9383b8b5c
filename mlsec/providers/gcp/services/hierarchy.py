"""Which calls read the project and what stands above it: policies, constraints, perimeters."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route

_KIND = "$.resourceId.type"
_THREE = {"requestedPolicyVersion": 3}

ROUTES: Mapping[str, Route] = {
    # The older version says the project's number, which other answers write in place of its id.
    "cloudresourcemanager:ProjectsGet": Route(path="v1/projects/{project}", is_window=True),
    "serviceusage:ListServices": Route(
        path="v1/projects/{project}/services", page_size=200, is_window=True
    ),
    "cloudresourcemanager:GetAncestry": Route(
        path="v1/projects/{project}:getAncestry", method="POST", is_window=True
    ),
    "cloudresourcemanager:ProjectsGetIamPolicy": Route(
        path="v3/projects/{id}:getIamPolicy", method="POST", is_window=True
    ),
    "cloudresourcemanager:FoldersGetIamPolicy": Route(
        path="v3/folders/{id}:getIamPolicy", method="POST", is_window=True
    ),
    "cloudresourcemanager:OrganizationsGetIamPolicy": Route(
        path="v3/organizations/{id}:getIamPolicy", method="POST", is_window=True
    ),
    "cloudresourcemanager:GetOrganization": Route(path="v3/organizations/{id}", is_window=True),
    "orgpolicy:ListPolicies": Route(path="v2/{kind}s/{id}/policies", page_size=100, is_window=True),
    "iam:ListPolicies": Route(
        path="v2/policies/cloudresourcemanager.googleapis.com%2F{kind}s%2F{id}/denypolicies",
        page_size=1000,
        is_window=True,
    ),
    "iam:GetPolicy": Route(path="v2/{name}", is_window=True),
    "iam:OrganizationsListRoles": Route(path="v1/{parent}/roles", page_size=1000, is_window=True),
    "accesscontextmanager:ListAccessPolicies": Route(
        path="v1/accessPolicies", page_size=100, is_window=True
    ),
    "accesscontextmanager:ListServicePerimeters": Route(
        path="v1/{parent}/servicePerimeters", page_size=100, is_window=True
    ),
}


def _policy_of(noun: str) -> Operation:
    return Operation(
        service="cloudresourcemanager",
        name=f"{noun.capitalize()}sGetIamPolicy",
        action=f"resourcemanager.{noun}s.getIamPolicy",
        params={"id": "$.resourceId.id", "options": _THREE},
        only_if={_KIND: (noun,)},
        is_global=True,
    )


_NODE_PARAMS = {"kind": "$parent.resourceId.type", "id": "$parent.resourceId.id"}
# Only an organisation has an answer of GetOrganization: below other nodes nothing is listed.
_ORGANIZATION = {"parent": "$parent.GetOrganization.name"}
PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="gcp.project",
        per="scope",
        reads=(
            Operation(
                service="cloudresourcemanager",
                name="ProjectsGet",
                action="resourcemanager.projects.get",
                is_global=True,
            ),
            Operation(
                service="serviceusage",
                name="ListServices",
                action="serviceusage.services.list",
                params={"filter": "state:ENABLED"},
                items="services",
                is_global=True,
            ),
        ),
    ),
    TypePlan(
        type="gcp.resourcemanager.node",
        listing=Operation(
            service="cloudresourcemanager",
            name="GetAncestry",
            action="resourcemanager.projects.get",
            items="ancestor",
            is_global=True,
        ),
        reads=(
            _policy_of("project"),
            _policy_of("folder"),
            _policy_of("organization"),
            Operation(
                service="cloudresourcemanager",
                name="GetOrganization",
                action="resourcemanager.organizations.get",
                params={"id": "$.resourceId.id"},
                only_if={_KIND: ("organization",)},
                is_global=True,
            ),
        ),
    ),
    TypePlan(
        type="gcp.orgpolicy.policy",
        parent="gcp.resourcemanager.node",
        listing=Operation(
            service="orgpolicy",
            name="ListPolicies",
            action="orgpolicy.policies.list",
            params=_NODE_PARAMS,
            items="policies",
            is_global=True,
        ),
    ),
    TypePlan(
        type="gcp.iam.deny_policy",
        parent="gcp.resourcemanager.node",
        listing=Operation(
            service="iam",
            name="ListPolicies",
            action="iam.denypolicies.list",
            params=_NODE_PARAMS,
            items="policies",
            is_global=True,
        ),
        # The list leaves the rules out.
        reads=(
            Operation(
                service="iam",
                name="GetPolicy",
                action="iam.denypolicies.get",
                params={"name": "$.name"},
                gone=("NOT_FOUND",),
                is_global=True,
            ),
        ),
    ),
    TypePlan(
        type="gcp.iam.organization_role",
        parent="gcp.resourcemanager.node",
        listing=Operation(
            service="iam",
            name="OrganizationsListRoles",
            action="iam.roles.list",
            params={**_ORGANIZATION, "view": "FULL"},
            items="roles",
            is_global=True,
        ),
    ),
    TypePlan(
        type="gcp.accesscontext.policy",
        parent="gcp.resourcemanager.node",
        listing=Operation(
            service="accesscontextmanager",
            name="ListAccessPolicies",
            action="accesscontextmanager.policies.list",
            params=_ORGANIZATION,
            items="accessPolicies",
            is_global=True,
        ),
    ),
    TypePlan(
        type="gcp.accesscontext.perimeter",
        parent="gcp.accesscontext.policy",
        listing=Operation(
            service="accesscontextmanager",
            name="ListServicePerimeters",
            action="accesscontextmanager.servicePerimeters.list",
            params={"parent": "$parent.name"},
            items="servicePerimeters",
            is_global=True,
        ),
    ),
)
