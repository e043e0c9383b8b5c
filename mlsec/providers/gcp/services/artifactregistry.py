"""Which calls read image repositories and who may push to them."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route

_TYPE = "artifactregistry.googleapis.com/Repository"
LIST_LOCATIONS = Operation(
    service="artifactregistry",
    name="ListLocations",
    action="artifactregistry.locations.list",
    items="locations",
    is_global=True,
)

ROUTES: Mapping[str, Route] = {
    LIST_LOCATIONS.label: Route(path="v1/projects/{project}/locations", page_size=200),
    "artifactregistry:ListRepositories": Route(
        path="v1/projects/{project}/locations/{region}/repositories",
        page_size=500,
        asset=_TYPE,
        locations=LIST_LOCATIONS.label,
    ),
    "artifactregistry:RepositoriesGetIamPolicy": Route(
        path="v1/{resource}:getIamPolicy", asset=_TYPE
    ),
}
PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="gcp.artifactregistry.repository",
        listing=Operation(
            service="artifactregistry",
            name="ListRepositories",
            action="artifactregistry.repositories.list",
            items="repositories",
            is_global=True,
        ),
        region="$.~region",
        reads=(
            Operation(
                service="artifactregistry",
                name="RepositoriesGetIamPolicy",
                action="artifactregistry.repositories.getIamPolicy",
                params={"resource": "$.name", "options.requestedPolicyVersion": 3},
                gone=("NOT_FOUND",),
                is_global=True,
            ),
        ),
        is_referred=True,
    ),
)
