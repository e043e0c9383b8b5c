"""Answers that are not a resource of the world: projects, folders, locations, the inventory."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from mlsec.providers.gcp.tables import routes
from tests.estate.gcp_identify import Call
from tests.estate.gcp_world import Project, Thing, World

Teller = Callable[[World, Call, str], dict[str, Any] | None]
# Services that tell a project by its number, whatever they were asked with.
_IN_NUMBERS = ("aiplatform",)


def told_in_numbers(world: World, service: str, body: dict[str, Any]) -> dict[str, Any]:
    """Give a body as its service tells it."""
    if service not in _IN_NUMBERS:
        return body
    numbers = {project.id: project.number for project in world.projects.values()}

    def told(value: Any) -> Any:
        if isinstance(value, str):
            return re.sub(
                r"^projects/([^/]+)(?=/locations/[^/]+/[a-z])",
                lambda m: "projects/" + numbers.get(m[1], m[1]),
                value,
            )
        if isinstance(value, list):
            return [told(each) for each in value]
        if isinstance(value, dict):
            return {name: told(each) for name, each in value.items()}
        return value

    return {name: told(value) for name, value in body.items()}


def _shown(project: Project) -> dict[str, Any]:
    return {
        "name": f"projects/{project.number}",
        "projectId": project.id,
        "state": project.state if project.state != "DELETED" else "DELETE_REQUESTED",
        "parent": project.parent,
        "displayName": project.id,
    }


def _project(world: World, call: Call, path: str) -> dict[str, Any] | None:
    del call
    found = world.projects.get(path.partition("/")[2])
    return _shown(found) if found else None


def _older_project(world: World, call: Call, path: str) -> dict[str, Any] | None:
    """Tell a project as version 1 does."""
    del call
    found = world.projects.get(path.partition("/")[2])
    if found is None:
        return None
    kind, _, above = found.parent.partition("/")
    return {
        "projectId": found.id,
        "projectNumber": found.number,
        "name": found.id,
        "lifecycleState": found.state,
        "parent": {"type": kind.removesuffix("s"), "id": above},
    }


def _ancestry(world: World, call: Call, path: str) -> dict[str, Any] | None:
    del call
    found = world.projects.get(path.partition("/")[2].partition(":")[0])
    if found is None:
        return None
    nodes, above = [("project", found.id)], found.parent
    while above:
        kind, _, name = above.partition("/")
        nodes.append((kind.removesuffix("s"), name))
        above = next((one for one, below in world.folders.items() if above in below), "")
    return {"ancestor": [{"resourceId": {"type": kind, "id": name}} for kind, name in nodes]}


def _organization(world: World, call: Call, path: str) -> dict[str, Any] | None:
    del call
    if path not in world.organizations:
        return None
    return {"name": path, "displayName": "nordlicht.example", "state": "ACTIVE",
            "directoryCustomerId": "C0nordlicht"}  # fmt: skip


def _node_policy(world: World, call: Call, path: str) -> dict[str, Any]:
    """Give the policy of a project, folder or organisation: the estate's, or an empty one."""
    told = world.told.get((call.service, path))
    return dict(told.body) if told else {"version": 1, "etag": "BwY="}


def _services(world: World, call: Call, path: str) -> dict[str, Any] | None:
    project = world.projects.get(path.split("/")[1])
    told = world.told.get((call.service, path))
    if project is None or told is not None:
        return dict(told.body) if told else None
    names = sorted({label.partition(":")[0] for label in routes()} - project.disabled)
    listed = [
        {
            "name": f"projects/{project.number}/services/{name}.googleapis.com",
            "config": {"name": f"{name}.googleapis.com"},
            "state": "ENABLED",
        }
        for name in names
    ]
    return {"services": listed}


def _search_projects(world: World, call: Call, path: str) -> dict[str, Any]:
    del call, path
    return {"projects": [_shown(each) for each in world.projects.values()]}


def _list_projects(world: World, call: Call, path: str) -> dict[str, Any]:
    del path
    parent = call.asked("parent")
    return {"projects": [_shown(p) for p in world.projects.values() if p.parent == parent]}


def _organizations(world: World, call: Call, path: str) -> dict[str, Any]:
    del call, path
    listed = [{"name": name, "state": "ACTIVE"} for name in world.organizations]
    return {"organizations": listed}


def _folders(world: World, call: Call, path: str) -> dict[str, Any]:
    del path
    below = world.folders.get(call.asked("parent"), ())
    return {"folders": [{"name": name, "state": "ACTIVE"} for name in below]}


def _locations(world: World, call: Call, path: str) -> dict[str, Any]:
    listed = world.places(call.service)
    return {"locations": [{"name": f"{path}/{each}", "locationId": each} for each in listed]}


def _assets(world: World, call: Call, path: str) -> dict[str, Any]:
    parent, kinds = path.removesuffix("/assets"), call.query.get("assetTypes", [])
    is_policy = call.asked("contentType") == "IAM_POLICY"
    inside = {
        project.id
        for project in world.projects.values()
        if parent == f"projects/{project.id}" or not parent.startswith("projects/")
    }
    listed = [
        _asset(world, thing, is_policy=is_policy)
        for thing in world.things.values()
        if thing.asset in kinds and thing.project in inside and (thing.policy or not is_policy)
    ]
    return {"assets": listed} if listed else {}


def _asset(world: World, thing: Thing, *, is_policy: bool) -> dict[str, Any]:
    project = world.projects[thing.project]
    name = thing.asset_name or f"//{thing.service}.googleapis.com/{thing.path}"
    asset: dict[str, Any] = {
        "name": name,
        "assetType": thing.asset,
        "ancestors": [f"projects/{project.number}", project.parent],
    }
    if is_policy:
        return {**asset, "iamPolicy": dict(thing.policy or {})}
    data = told_in_numbers(world, thing.service, dict(thing.body))
    version = thing.document.partition(".")[2]
    place = re.search(r"/(?:locations|regions|zones)/([^/]+)/", thing.path)
    resource = {
        "version": version, "discoveryName": thing.schema, "data": data,
        "location": place[1] if place else "global",
    }  # fmt: skip
    return {**asset, "resource": resource}


TELLERS: Mapping[str, Teller] = {
    "cloudresourcemanager:GetProject": _project,
    "cloudresourcemanager:SearchProjects": _search_projects,
    "cloudresourcemanager:ListProjects": _list_projects,
    "cloudresourcemanager:SearchOrganizations": _organizations,
    "cloudresourcemanager:ListFolders": _folders,
    "cloudresourcemanager:ProjectsGet": _older_project,
    "cloudresourcemanager:GetAncestry": _ancestry,
    "cloudresourcemanager:GetOrganization": _organization,
    "cloudresourcemanager:ProjectsGetIamPolicy": _node_policy,
    "cloudresourcemanager:FoldersGetIamPolicy": _node_policy,
    "cloudresourcemanager:OrganizationsGetIamPolicy": _node_policy,
    "serviceusage:ListServices": _services,
    "cloudasset:ListAssets": _assets,
    "cloudasset:ListAssetPolicies": _assets,
    "ListLocations": _locations,
}
