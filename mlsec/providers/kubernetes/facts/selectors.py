"""Which pods a selector means: labels, namespaces, and in code what stands nearest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason, Truth
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown, property_value
from mlsec.graph.ternary import Answer, unknown

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

WORKLOAD, CONTAINER = "kubernetes.workload", "kubernetes.container"
_DOORS = frozenset({"kubernetes.service", "kubernetes.ingress", "kubernetes.route"})
_Index = dict[tuple[str, ...], list[Resource]]


def held(resource: Resource, name: str) -> Any:
    """Give a property's value, None when it was not read."""
    fact = property_value(resource, name)
    return fact.value if isinstance(fact, Known) else None


def in_code(resource: Resource) -> bool:
    """Whether a file declares it, and not a cluster."""
    return resource.origin.kind == "iac"


def all_of_type(graph: Graph, type_name: str, scope: str) -> list[Resource]:
    """Give the resources of a type in a scope."""

    def build() -> _Index:
        index: _Index = {}
        for resource in graph.of_type(type_name):
            index.setdefault((resource.scope,), []).append(resource)
        return index

    resources: list[Resource] = graph.memo(("kubernetes type", type_name), build).get((scope,), [])
    return resources


def by_name(graph: Graph, type_name: str, scope: str, name: str) -> list[Resource]:
    """Give the resources of a type with a name in a scope, in any namespace."""

    def build() -> _Index:
        index: _Index = {}
        for resource in graph.of_type(type_name):
            index.setdefault((resource.scope, resource.name), []).append(resource)
        return index

    resources: list[Resource] = graph.memo(("kubernetes name", type_name), build).get(
        (scope, name), []
    )
    return resources


def by_text(graph: Graph, type_name: str, scope: str, name: str, text: str) -> list[Resource]:
    """Give the resources of a type in a scope whose property ``name`` is this text."""

    def build() -> _Index:
        index: _Index = {}
        for resource in graph.of_type(type_name):
            value = held(resource, name)
            if isinstance(value, str):
                index.setdefault((resource.scope, value), []).append(resource)
        return index

    resources: list[Resource] = graph.memo(("kubernetes text", name, type_name), build).get(
        (scope, text), []
    )
    return resources


def with_label(
    graph: Graph, type_name: str, scope: str, selector: Mapping[str, str]
) -> list[Resource]:
    """Give the resources that may carry what a selector asks for: its first label is theirs."""

    def build() -> _Index:
        index: _Index = {}
        for resource in graph.of_type(type_name):
            for key, value in (held(resource, "labels") or {}).items():
                index.setdefault((resource.scope, key, _kind(value)), []).append(resource)
        return index

    key, value = min(selector.items())
    index: _Index = graph.memo(("kubernetes labels", type_name), build)
    return index.get((scope, key, _kind(value)), [])


def selecting(
    graph: Graph, type_name: str, scope: str, labels: Mapping[str, str]
) -> list[Resource]:
    """Give the resources whose selector may mean these labels: its first label is among them."""

    def build() -> _Index:
        index: _Index = {}
        for resource in graph.of_type(type_name):
            selector = held(resource, "selector")
            if selector:
                key, value = min(selector.items())
                index.setdefault((resource.scope, key, _kind(value)), []).append(resource)
        return index

    index: _Index = graph.memo(("kubernetes selector", type_name), build)
    asked = [(scope, key, _kind(value)) for key, value in labels.items()]
    found = [each for key in asked for each in index.get(key, ())]
    return sorted(found, key=lambda item: item.id)


def _kind(value: object) -> str:
    """Give a text that equal values share; whatever is no text, as broken code has it, is one."""
    return value if isinstance(value, str) else "no text"


def is_same_namespace(one: Resource, other: Resource, named: str | None = None) -> bool:
    """Whether two stand in one namespace, or ``one`` in that which ``other`` names.

    One that code leaves out may be any, for things of one part of a repository.
    """
    mine = held(one, "namespace") or ""
    theirs = named if named is not None else held(other, "namespace") or ""
    if mine == theirs:
        return True
    return in_code(one) and "" in (mine, theirs) and _is_one_part(one, other)


def _is_one_part(one: Resource, other: Resource) -> bool:
    """Whether two files lie below one folder of the first level, or one at the top."""
    parts = [each.origin.file.split("/") for each in (one, other)]
    return any(len(part) == 1 for part in parts) or parts[0][0] == parts[1][0]


def nearest(source: Resource, candidates: Iterable[Resource]) -> list[Resource]:
    """Of things with one name in a folder, those that stand nearest to who means them.

    A repository holds many examples and overlays that call their things alike.
    """
    found = list(candidates)
    if len(found) < 2 or not in_code(source):
        return found
    distances = [_nearness(source.origin.file, each.origin.file) for each in found]
    best = max(distances)
    return [each for each, near in zip(found, distances, strict=True) if near == best]


def _nearness(one: str, other: str) -> int:
    if one == other:
        return 1000
    mine, theirs = one.split("/")[:-1], other.split("/")[:-1]
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
        each
        for each in with_label(graph, WORKLOAD, source.scope, selector)
        if is_same_namespace(source, each) and carries(held(each, "labels") or {}, selector)
    ]
    return nearest(source, matching)


def carries(labels: Mapping[str, str], selector: Mapping[str, str]) -> bool:
    """Whether all labels that are asked for are there."""
    return all(labels.get(key) == value for key, value in selector.items())


def meets(labels: Mapping[str, str], requirements: Iterable[Mapping[str, Any]]) -> bool:
    """Whether labels meet a selector that was taken apart."""
    for requirement in requirements:
        key, values = requirement.get("key", ""), requirement.get("values", ())
        match requirement.get("operator"):
            case "In":
                if labels.get(key) not in values:
                    return False
            case "NotIn":
                if labels.get(key) in values:
                    return False
            case "Exists":
                if key not in labels:
                    return False
            case "DoesNotExist":
                if key in labels:
                    return False
            case _:
                return False
    return True


def containers_of(graph: Graph, workload: Resource) -> list[Resource]:
    """Give the containers of a workload."""

    def build() -> _Index:
        index: _Index = {}
        for resource in graph.of_type(CONTAINER):
            index.setdefault((held(resource, "workload_id") or "",), []).append(resource)
        return index

    resources: list[Resource] = graph.memo(("kubernetes workload", CONTAINER), build).get(
        (workload.id,), []
    )
    return resources


def hidden_types(graph: Graph, resource: Resource, *names: str) -> set[str]:
    """Name what hides a part of these types: an answer of a cluster, or a broken manifest.

    Other code is taken as it stands.
    """
    if in_code(resource):
        broken: set[str] = graph.memo(
            ("kubernetes broken", resource.scope), lambda: _broken(graph, resource.scope)
        )
        return set(broken) if _DOORS & {*names} else set()
    return {gap for name in names for gap in graph.incomplete(name, resource.scope, "")}


def _broken(graph: Graph, scope: str) -> set[str]:
    """The manifests that could not be parsed: what stood there may lead to any pod beside."""
    return {
        gap.id
        for gap in graph.gaps.values()
        if gap.scope == scope
        and gap.wanted == "kubernetes manifest"
        and gap.reason is GapReason.MALFORMED
    }


def unsaid(graph: Graph, resource: Resource, wanted: str, why: str) -> str:
    """Note that something is said elsewhere or nowhere; gives the gap's id."""
    gap = make_gap(
        scope=resource.scope,
        subject=resource.id,
        wanted=wanted,
        reason=GapReason.UNRESOLVED,
        detail=why,
    )
    return graph.note_gap(gap)


def settled(answer: Answer) -> Known | Unknown:
    """Turn an answer into a property's value; its reasons are gaps."""
    if answer.truth is Truth.UNKNOWN:
        return Unknown(tuple(sorted(gap for gap in answer.because if not gap.startswith("?"))))
    return Known(answer.truth is Truth.TRUE)


def is_known_to(value: Any, gaps: Iterable[str]) -> Answer:
    """An answer from a value that is certain when true, and when false only without gaps."""
    held_back = tuple(gaps)
    if value:
        return Answer(Truth.TRUE)
    return unknown(held_back) if held_back else Answer(Truth.FALSE)


def found_or(
    graph: Graph, resource: Resource, found: Iterable[Resource], gaps: Iterable[str]
) -> Targets:
    """Give targets in order, with what hides more of them."""
    del graph, resource
    unique = {each.id: each for each in found}
    return Targets(
        resources=tuple(unique[key] for key in sorted(unique)), gaps=tuple(sorted(set(gaps)))
    )
