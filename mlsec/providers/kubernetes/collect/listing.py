"""Requests to a cluster: discovery of its kinds, then a full list of each.

Live and stored answers take the same path, so that a snapshot reads like the cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from mlsec.collect.settings import Progress
from mlsec.collect.walk.client import CallResult, Client, Request, gap_for
from mlsec.collect.walk.plan import Operation
from mlsec.core.enums import GapReason
from mlsec.core.resource import Gap
from mlsec.providers.kubernetes.tables import (
    CORE,
    GROUPS,
    KINDS_OF,
    VERSION,
    listed_kinds,
    listing,
)
from mlsec.providers.kubernetes.workloads.kinds import BY_KIND, Kind


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster to read; no namespaces means all of them."""

    scope: str
    namespaces: tuple[str, ...] = ()
    has_configmaps: bool = False


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """The result of listing one kind in one namespace ("" for all)."""

    kind: Kind
    namespace: str = ""
    items: tuple[Any, ...] = ()
    call: str = ""
    gap: Gap | None = None


class ClusterListing(msgspec.Struct, frozen=True, kw_only=True):
    """All answers of a cluster. ``unknown`` are kinds that the scanner does not read."""

    version: str = ""
    listed: tuple[Listed, ...] = ()
    unknown: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()


class _Kinds(msgspec.Struct, kw_only=True):
    """The kinds of a server with their versions, and what hid others, by group."""

    versions: dict[tuple[str, str], str] = msgspec.field(default_factory=dict)
    unknown: set[str] = msgspec.field(default_factory=set)
    hidden: dict[str, Gap] = msgspec.field(default_factory=dict)
    groups_hidden: Gap | None = None


def ask_cluster(client: Client, cluster: Cluster, progress: Progress | None) -> ClusterListing:
    """List all kinds of a cluster."""
    version = _ask(client, cluster, VERSION, {})
    kinds = _discover(client, cluster)
    jobs: list[tuple[Kind, str, str]] = []
    listed: list[Listed] = []
    for kind in listed_kinds(has_configmaps=cluster.has_configmaps):
        gap = kinds.hidden.get(kind.group) or (kinds.groups_hidden if kind.group else None)
        served = kinds.versions.get((kind.group, kind.kind))
        if gap is not None:
            listed.append(Listed(kind=kind, gap=gap))
        elif served is None:
            listed.append(Listed(kind=kind))  # the cluster does not have the kind
        else:
            spaces = cluster.namespaces if kind.is_namespaced and cluster.namespaces else ("",)
            jobs += [(kind, served, space) for space in spaces]

    def list_job(job: tuple[Kind, str, str]) -> Listed:
        return _list(client, cluster, *job)

    listed += _all(client, list_job, jobs, progress)
    gaps = [*kinds.hidden.values(), *([kinds.groups_hidden] if kinds.groups_hidden else [])]
    gaps += [version] if isinstance(version, Gap) else []
    server_version = (
        version.document.get("gitVersion", "") if isinstance(version, CallResult) else ""
    )
    return ClusterListing(
        version=str(server_version),
        listed=tuple(listed),
        unknown=tuple(sorted(kinds.unknown)),
        gaps=tuple(gaps),
    )


def first_requests(scope: str) -> Iterable[Request]:
    """Give what a cluster is asked before anything else; without it nothing is known of it."""
    for operation in (VERSION, CORE, GROUPS):
        yield Request(scope=scope, region="", operation=operation)


def _all(
    client: Client,
    list_kind: Callable[[tuple[Kind, str, str]], Listed],
    jobs: list[tuple[Kind, str, str]],
    progress: Progress | None,
) -> list[Listed]:
    listeds: list[Listed] = []
    if client.in_flight == 1:
        return [list_kind(job) for job in jobs]
    with ThreadPoolExecutor(max_workers=min(client.in_flight, 16)) as pool:
        for done, listed in enumerate(pool.map(list_kind, jobs), start=1):
            listeds.append(listed)
            if progress is not None:
                progress(done, len(jobs), listed.kind.plural)
    return listeds


def _list(client: Client, cluster: Cluster, kind: Kind, version: str, namespace: str) -> Listed:
    params = {"version": version, **({"namespace": namespace} if namespace else {})}
    answer = _ask(client, cluster, listing(kind), params, subject=namespace)
    if isinstance(answer, Gap):
        return Listed(kind=kind, namespace=namespace, gap=answer)
    return Listed(
        kind=kind,
        namespace=namespace,
        items=tuple(answer.document.get("items") or ()),
        call=answer.call,
        gap=answer.cut,
    )


def _discover(client: Client, cluster: Cluster) -> _Kinds:
    kinds = _Kinds()
    core = _ask(client, cluster, CORE, {})
    if isinstance(core, Gap):
        kinds.hidden[""] = core
    else:
        _note(kinds, "", "v1", core.document.get("resources") or ())
        if core.cut is not None:
            kinds.hidden[""] = core.cut
    groups = _ask(client, cluster, GROUPS, {})
    if isinstance(groups, Gap):
        kinds.groups_hidden = groups
        return kinds
    kinds.groups_hidden = groups.cut
    for group in groups.document.get("groups") or ():
        name, version = _group_of(group)
        if not name:
            request = Request(scope=cluster.scope, region="", operation=GROUPS)
            kinds.groups_hidden = gap_for(
                request, GapReason.MALFORMED, detail="a group without name"
            )
            continue
        params = {"group": name, "version": version}
        answer = _ask(client, cluster, KINDS_OF, params, subject=name)
        if isinstance(answer, Gap):
            kinds.hidden[name] = answer
            continue
        _note(kinds, name, version, answer.document.get("resources") or ())
        if answer.cut is not None:
            kinds.hidden[name] = answer.cut
    return kinds


def _group_of(group: Any) -> tuple[str, str]:
    """Give a group's name and the version that the server prefers."""
    if not isinstance(group, dict) or not isinstance(group.get("name"), str):
        return "", ""
    preferred = group.get("preferredVersion")
    version = preferred.get("version") if isinstance(preferred, dict) else None
    return group["name"], str(version or "v1")


def _note(served: _Kinds, group: str, version: str, resources: Iterable[Any]) -> None:
    for resource in resources:
        if not isinstance(resource, dict) or "/" in str(resource.get("name", "/")):
            continue
        if "list" not in (resource.get("verbs") or ()):
            continue
        kind = str(resource.get("kind"))
        served.versions[group, kind] = version
        if (group, kind) not in BY_KIND and not group.endswith(("metrics.k8s.io", "events.k8s.io")):
            served.unknown.add(f"{kind}.{group}" if group else kind)


def _ask(
    client: Client,
    cluster: Cluster,
    operation: Operation,
    params: dict[str, str],
    subject: str = "",
) -> CallResult | Gap:
    request = Request(
        scope=cluster.scope,
        region="",
        operation=operation,
        params=params,
        subject=subject or cluster.scope,
    )
    answer = client.ask(request)
    if isinstance(answer, CallResult) and not isinstance(answer.document, dict):
        return gap_for(request, GapReason.MALFORMED, detail="the answer is not an object")
    return answer
