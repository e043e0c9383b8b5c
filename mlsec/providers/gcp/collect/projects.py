"""Which projects and locations to read: asked for; a refusal is a gap with its right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mlsec.collect.walk.client import CallResult, Client, Request, gap_for
from mlsec.collect.walk.item import Scope
from mlsec.collect.walk.listing import ListingResult, entries_of
from mlsec.collect.walk.plan import Operation
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap
from mlsec.providers.gcp.route import GLOBAL
from mlsec.providers.gcp.tables import (
    GET_PROJECT,
    LIST_FOLDERS,
    LIST_LOCATIONS,
    LIST_PROJECTS,
    SEARCH_ORGANIZATIONS,
    SEARCH_PROJECTS,
)
from mlsec.providers.gcp.target import GcpTarget

_UNDELETE = "gcloud projects undelete"


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """One project: its id, its number, and whether it is there to be read."""

    id: str
    number: str
    state: str = "ACTIVE"


def find_project(client: Client, name: str) -> Project | Gap:
    """Ask what a project is, by its id or number; a project that is being deleted is a gap."""
    request = _request(f"gcp/{name}", GET_PROJECT, {})
    answer = client.ask(request)
    if isinstance(answer, Gap):
        return answer
    project = _project(answer.document)
    if project is None:
        return gap_for(request, GapReason.MALFORMED, detail="the answer names no project")
    if project.state != "ACTIVE":
        detail = (
            f"project {project.id} is marked for deletion ({project.state}); {_UNDELETE}"
            f" {project.id} brings it back"
        )
        return gap_for(request, GapReason.UNSUPPORTED, detail=detail)
    return project


def find_regions(
    client: Client, project: Project, target: GcpTarget
) -> tuple[Scope, tuple[Gap, ...]]:
    """Ask which locations Vertex AI has; other services are asked for all of theirs at once.

    Raises:
        MlsecError: the target names a location that the project does not have.
    """
    scope = Scope(name=f"gcp/{project.id}", account=project.id, home=GLOBAL, regions=())
    request = _request(scope.name, LIST_LOCATIONS, {})
    answer = client.ask(request)
    entries = entries_of(request, answer)
    known = _locations(entries.entries)
    for region in target.regions:
        if known and region not in known:
            raise MlsecError(
                f'location "{region}" is unknown in project {project.id}',
                hint="known: " + ", ".join(known),
            )
    # Asked once for what is global, a service that is off says so for itself.
    regions = target.regions or known or ("",)
    gap = entries.gap
    if not known and isinstance(answer, CallResult) and answer.is_offered:
        gap = gap or gap_for(request, GapReason.MALFORMED, detail="the answer names no location")
    gaps = (gap,) if gap is not None and not target.regions else ()
    walked = tuple(sorted({"" if name == GLOBAL else name for name in regions}))
    return msgspec.structs.replace(scope, regions=walked), gaps


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """What walking the organisations found: their names, project ids, and what hid more."""

    names: tuple[str, ...]
    projects: tuple[str, ...]
    gaps: tuple[Gap, ...]


def find_projects(client: Client, scope: str, start: str = "") -> Organisation:
    """Walk every organisation that is visible, or what lies below ``start``, folder by folder.

    Where none is visible, the projects that are visible are read, and a gap says that there may be
    more.
    """
    listed = ListingResult() if start else _listed(client, scope, SEARCH_ORGANIZATIONS, {})
    names = tuple(sorted(str(e["name"]) for e in listed.entries if e.get("name")))
    names = (start,) if start else names
    gaps = [listed.gap] if listed.gap else []
    projects: set[str] = set()
    waiting = list(names)
    while waiting:
        parent = waiting.pop(0)
        below = _listed(client, scope, LIST_PROJECTS, {"parent": parent})
        folders = _listed(client, scope, LIST_FOLDERS, {"parent": parent})
        gaps += [part.gap for part in (below, folders) if part.gap]
        projects |= set(_active(below.entries))
        waiting += sorted(str(e["name"]) for e in folders.entries if e.get("state") == "ACTIVE")
    if not start and (not names or gaps):
        visible = _listed(client, scope, SEARCH_PROJECTS, {})
        projects |= set(_active(visible.entries))
        gaps += [visible.gap] if visible.gap else []
    if not names and not listed.gap:
        gaps.append(_no_organisation(scope))
    return Organisation(names=names, projects=tuple(sorted(projects)), gaps=tuple(gaps))


def _no_organisation(scope: str) -> Gap:
    return gap_for(
        _request(scope, SEARCH_ORGANIZATIONS, {}),
        GapReason.DENIED,
        right=SEARCH_ORGANIZATIONS.right,
        detail="no organisation is visible to these credentials, so only the projects that they"
        " see were read; where there is no organisation, name the projects: gcp://a,b",
    )


def _listed(
    client: Client, scope: str, operation: Operation, params: Mapping[str, Any]
) -> ListingResult:
    request = _request(scope, operation, params)
    return entries_of(request, client.ask(request))


def _request(scope: str, operation: Operation, params: Mapping[str, Any]) -> Request:
    subject = str(params.get("parent", "")) or scope
    return Request(scope=scope, region=GLOBAL, operation=operation, params=params, subject=subject)


def _project(document: Any) -> Project | None:
    name, number = document.get("projectId"), str(document.get("name", "")).partition("/")[2]
    if not isinstance(name, str) or not name:
        return None
    return Project(id=name, number=number, state=str(document.get("state", "ACTIVE")))


def _active(entries: Iterable[Any]) -> Iterable[str]:
    """Give the ids of the projects that are there: one being deleted answers nothing any more."""
    for entry in entries:
        project = _project(entry)
        if project is not None and project.state == "ACTIVE":
            yield project.id


def _locations(entries: Iterable[Any]) -> tuple[str, ...]:
    return tuple(sorted({str(e["locationId"]) for e in entries if e.get("locationId")}))
