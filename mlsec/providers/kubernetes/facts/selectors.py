"""Match selectors with pods: by labels, namespaces, and proximity in code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.collect.code.code_file import FILE_TYPE
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason, Truth
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown
from mlsec.graph.ternary import Answer, unknown
from mlsec.providers.kubernetes.facts.lookups import known_value, with_label

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

WORKLOAD, CONTAINER = "kubernetes.workload", "kubernetes.container"
NAMESPACE = "kubernetes.namespace"
_ENTRY_POINT_TYPES = frozenset({"kubernetes.service", "kubernetes.ingress", "kubernetes.route"})
_Index = dict[tuple[str, ...], list[Resource]]


def in_code(resource: Resource) -> bool:
    """Whether a resource comes from a file rather than from a cluster."""
    return resource.origin.kind == "iac"


def namespace_of(resource: Resource) -> str:
    """Give the namespace that a resource is in, or is; "" when it does not say."""
    if resource.type == NAMESPACE:
        return resource.name
    return known_value(resource, "namespace") or ""


def is_same_namespace(resource: Resource, other: Resource, named: str | None = None) -> bool:
    """Whether two resources share a namespace; ``named`` replaces that of ``other``.

    A namespace that code leaves out matches any within the same part of a repository.
    """
    mine = namespace_of(resource)
    theirs = named if named is not None else known_value(other, "namespace") or ""
    if mine == theirs:
        return True
    return in_code(resource) and "" in (mine, theirs) and _is_one_part(resource, other)


def _is_one_part(resource: Resource, other: Resource) -> bool:
    """Whether two files are below the same top-level folder, or one is at the top."""
    if _is_one_rendering(resource, other):
        return True
    parts = [item.origin.file.split("/") for item in (resource, other)]
    return any(len(part) == 1 for part in parts) or parts[0][0] == parts[1][0]


def _is_one_rendering(resource: Resource, other: Resource) -> bool:
    return bool(resource.origin.stack) and resource.origin.stack == other.origin.stack


def is_one_root(resource: Resource, other: Resource) -> bool:
    """Whether what two resources say of one namespace is applied together, by what the code says.

    In a cluster everything is. In code the namespace is the same and stated within one top-level
    folder, or the folder of one file holds the other.
    """
    if not in_code(resource) or _is_one_rendering(resource, other):
        return True
    mine, theirs = (item.origin.file.rpartition("/")[0] for item in (resource, other))
    if f"{mine}/".startswith(f"{theirs}/" if theirs else ""):
        return True
    if f"{theirs}/".startswith(f"{mine}/" if mine else ""):
        return True
    names = {namespace_of(resource), namespace_of(other)}
    return len(names) == 1 and "" not in names and _is_one_part(resource, other)


def nearest(source: Resource, candidates: Iterable[Resource]) -> list[Resource]:
    """Give the candidates whose files are nearest to that of the source, all of them in a cluster.

    A repository may hold many examples and overlays with equal names.
    """
    all_candidates = list(candidates)
    if len(all_candidates) < 2 or not in_code(source):
        return all_candidates
    distances = [
        _nearness(source.origin.file, candidate.origin.file) for candidate in all_candidates
    ]
    best = max(distances)
    return [
        candidate for candidate, near in zip(all_candidates, distances, strict=True) if near == best
    ]


def _nearness(path: str, other: str) -> int:
    if path == other:
        return 1000
    mine, theirs = path.split("/")[:-1], other.split("/")[:-1]
    shared = 0
    for a, b in zip(mine, theirs, strict=False):
        if a != b:
            break
        shared += 1
    return shared


def workloads_with(graph: Graph, source: Resource, selector: Mapping[str, str]) -> list[Resource]:
    """Give the workloads near ``source`` whose pods carry all of these labels."""
    if not selector:
        return []

    matching = [
        workload
        for workload in with_label(graph, WORKLOAD, source, selector)
        if is_same_namespace(source, workload)
        and carries(known_value(workload, "labels") or {}, selector)
    ]
    return nearest(source, matching)


def carries(labels: Mapping[str, str], selector: Mapping[str, str]) -> bool:
    """Whether labels include all of the wanted ones."""
    return all(labels.get(key) == value for key, value in selector.items())


def containers_of(graph: Graph, workload: Resource) -> list[Resource]:
    """Give the containers of a workload."""

    def build() -> _Index:
        index: _Index = {}
        for resource in graph.of_type(CONTAINER):
            index.setdefault((known_value(resource, "workload_id") or "",), []).append(resource)
        return index

    resources: list[Resource] = graph.memo(("kubernetes workload", CONTAINER), build).get(
        (workload.id,), []
    )
    return resources


def hidden_types(graph: Graph, resource: Resource, *names: str) -> set[str]:
    """Give the gaps that hide resources of these types: failed listings or broken manifests.

    Code is taken as it stands, but for a manifest of the same folder, or of one above or below it,
    that could not be parsed: it may declare an entry point to what is declared here.
    """
    if in_code(resource):
        if not _ENTRY_POINT_TYPES & {*names}:
            return set()
        broken: dict[str, set[str]] = graph.memo(
            ("kubernetes broken", resource.scope), lambda: _broken(graph, resource.scope)
        )
        here = _folder(resource.origin.file)
        near = [gaps for path, gaps in broken.items() if _is_along(_folder(path), here)]
        return set[str]().union(*near)
    return {gap for name in names for gap in graph.incomplete(name, resource.scope, "")}


def _broken(graph: Graph, scope: str) -> dict[str, set[str]]:
    """Give the gaps of manifests that could not be parsed, by the path of the file."""
    broken: dict[str, set[str]] = {}
    for file in graph.of_type_in(FILE_TYPE, scope):
        gaps = [graph.gaps[gap_id] for ids in file.unread.values() for gap_id in ids]
        for gap in gaps:
            if gap.wanted == "kubernetes manifest" and gap.reason is GapReason.MALFORMED:
                broken.setdefault(file.origin.file, set()).add(gap.id)
    return broken


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _is_along(folder: str, other: str) -> bool:
    """Whether one folder is the other, or lies in it; the top of a repository is no such part."""
    short, long = sorted((folder, other), key=len)
    return folder == other or (bool(short) and long.startswith(f"{short}/"))


def note_unstated(graph: Graph, resource: Resource, wanted: str, why: str) -> str:
    """Record a gap for what the resource does not state; returns the gap's id."""
    gap = make_gap(
        scope=resource.scope,
        subject=resource.id,
        wanted=wanted,
        reason=GapReason.UNRESOLVED,
        detail=why,
    )
    return graph.note_gap(gap)


def as_fact(answer: Answer) -> Known | Unknown:
    """Turn an answer into a property's value, its reasons into gaps."""
    if answer.truth is Truth.UNKNOWN:
        return Unknown(tuple(sorted(gap for gap in answer.because if not gap.startswith("?"))))
    return Known(answer.truth is Truth.TRUE)


def is_known_to(value: Any, gaps: Iterable[str]) -> Answer:
    """Turn a value into an answer: true is certain, false only without gaps."""
    held_back = tuple(gaps)
    if value:
        return Answer(Truth.TRUE)
    return unknown(held_back) if held_back else Answer(Truth.FALSE)


def sorted_targets(targets: Iterable[Resource], gaps: Iterable[str]) -> Targets:
    """Return targets sorted by id, with the gaps that may hide others."""
    unique = {target.id: target for target in targets}
    return Targets(
        resources=tuple(unique[key] for key in sorted(unique)), gaps=tuple(sorted(set(gaps)))
    )
