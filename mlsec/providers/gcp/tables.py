"""The table of operations and routes: the plans', and what finding projects and places asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route
from mlsec.providers.gcp.services import LOCATIONS, ROUTES, SERVICES

GET_PROJECT = Operation(
    service="cloudresourcemanager",
    name="GetProject",
    action="resourcemanager.projects.get",
    is_global=True,
)
SEARCH_PROJECTS = Operation(
    service="cloudresourcemanager",
    name="SearchProjects",
    action="resourcemanager.projects.get",
    items="projects",
    is_global=True,
)
SEARCH_ORGANIZATIONS = Operation(
    service="cloudresourcemanager",
    name="SearchOrganizations",
    action="resourcemanager.organizations.get",
    items="organizations",
    is_global=True,
)
LIST_FOLDERS = Operation(
    service="cloudresourcemanager",
    name="ListFolders",
    action="resourcemanager.folders.list",
    items="folders",
    is_global=True,
)
LIST_PROJECTS = Operation(
    service="cloudresourcemanager",
    name="ListProjects",
    action="resourcemanager.projects.list",
    items="projects",
    is_global=True,
)
LIST_LOCATIONS = Operation(
    service="aiplatform",
    name="ListLocations",
    action="aiplatform.locations.list",
    items="locations",
    is_global=True,
)
LIST_ASSETS = Operation(
    service="cloudasset",
    name="ListAssets",
    action="cloudasset.assets.listResource",
    items="assets",
    is_global=True,
)
LIST_ASSET_POLICIES = Operation(
    service="cloudasset",
    name="ListAssetPolicies",
    action="cloudasset.assets.listIamPolicy",
    items="assets",
    is_global=True,
)
# Asked only when an organisation is walked.
WALKING = (SEARCH_ORGANIZATIONS, SEARCH_PROJECTS, LIST_FOLDERS, LIST_PROJECTS)
INVENTORY = (LIST_ASSETS, LIST_ASSET_POLICIES)
DISCOVERY = (GET_PROJECT, LIST_LOCATIONS, *LOCATIONS, *INVENTORY, *WALKING)
_ASSETS = Route(path="v1/{parent}/assets", page_size=1000)
_OWN_ROUTES: Mapping[str, Route] = {
    GET_PROJECT.label: Route(path="v3/projects/{project}"),
    SEARCH_PROJECTS.label: Route(path="v3/projects:search", page_size=500),
    SEARCH_ORGANIZATIONS.label: Route(path="v3/organizations:search", page_size=500),
    LIST_FOLDERS.label: Route(path="v3/folders", page_size=300),
    LIST_PROJECTS.label: Route(path="v3/projects", page_size=300),
    LIST_LOCATIONS.label: Route(path="v1/projects/{project}/locations", page_size=100),
    LIST_ASSETS.label: _ASSETS,
    LIST_ASSET_POLICIES.label: _ASSETS,
}


def plans() -> tuple[TypePlan, ...]:
    """Give the plans of all services, in the order of the table."""
    return tuple(plan for group in SERVICES.values() for plan in group)


def routes() -> dict[str, Route]:
    """Give every route by its operation's label."""
    return {**ROUTES, **_OWN_ROUTES}


def operations_of(plan: TypePlan) -> tuple[Operation, ...]:
    """Give all operations of one plan."""
    return (*((plan.listing,) if plan.listing else ()), *plan.reads)


def table_of(chosen: Iterable[TypePlan]) -> dict[str, Operation]:
    """Give every operation by its label, with the redactions of all plans that use it together."""
    table: dict[str, Operation] = {}
    for operation in (*DISCOVERY, *(o for plan in chosen for o in operations_of(plan))):
        known = table.get(operation.label, operation)
        redact = tuple(sorted({*known.redact, *operation.redact}))
        table[operation.label] = msgspec.structs.replace(known, redact=redact)
    return table


def asset_redactions(table: Mapping[str, Operation]) -> dict[str, Operation]:
    """Give, per asset type, what to redact in the inventory's data of such an asset.

    The inventory answers in the place of the operations with that type in their route, so the
    same paths hold, as seen from one entry.
    """
    redactions: dict[str, set[str]] = {}
    for label, route in routes().items():
        operation = table.get(label)
        if not route.asset or operation is None:
            continue
        listed = f"{operation.items}[]." if operation.items else ""
        paths = {path.removeprefix(listed) for path in operation.redact}
        redactions.setdefault(route.asset, set()).update(paths)
    return {
        name: msgspec.structs.replace(LIST_ASSETS, redact=tuple(sorted(paths)))
        for name, paths in redactions.items()
    }
