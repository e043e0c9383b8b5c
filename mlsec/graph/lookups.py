"""What derived relations share: their own kind, matches on several properties, honest gaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown, property_value
from mlsec.vocabulary.types import RelationKind

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_Index = dict[tuple[str, ...], list[Resource]]


def kind_of(resource: Resource, graph: Graph, derived: str) -> RelationKind:
    """Give the relation of the resource's type that the function ``derived`` computes."""
    kinds = graph.vocabulary.types[resource.type].relations.values()
    return next(kind for kind in kinds if kind.derived == derived)


def find(
    resource: Resource, graph: Graph, type_name: str, wanted: Mapping[str, str]
) -> tuple[Resource, ...]:
    """Give the resources near ``resource`` whose collected properties have exactly these values."""
    index = _index(graph, type_name, tuple(wanted))
    return tuple(index.get((resource.scope, resource.region, *wanted.values()), ()))


def _index(graph: Graph, type_name: str, names: tuple[str, ...]) -> _Index:
    """Index a type by several properties at once, as agents, versions and tools refer to it."""
    return graph.memo(("index", type_name, *names), lambda: _build_index(graph, type_name, names))


def _build_index(graph: Graph, type_name: str, names: tuple[str, ...]) -> _Index:
    index: _Index = {}
    for resource in graph.of_type(type_name):
        facts = [property_value(resource, name) for name in names]
        values = [str(fact.value) for fact in facts if isinstance(fact, Known)]
        if len(values) == len(names):
            index.setdefault((resource.scope, resource.region, *values), []).append(resource)
    return index


def find_or_stub(
    resource: Resource, graph: Graph, type_name: str, wanted: Mapping[str, str]
) -> Targets:
    """Like ``find``, but a reference that leads nowhere known gives a stub, never nothing."""
    matches = find(resource, graph, type_name, wanted)
    return Targets(
        resources=matches or (_stub(resource, graph, type_name, " ".join(wanted.values())),)
    )


def _stub(resource: Resource, graph: Graph, type_name: str, reference: str) -> Resource:
    stub_id = f"{resource.scope}/{resource.region}/{type_name}/{reference}"
    if stub_id not in graph.resources:
        hidden = graph.incomplete(type_name, resource.scope, resource.region)
        graph.resources[stub_id] = Resource(
            id=stub_id,
            type=type_name,
            provider=resource.provider,
            scope=resource.scope,
            region=resource.region,
            name=reference,
            unread={"*": hidden or (unresolved(resource, graph, type_name, reference),)},
            is_stub=True,
        )
    return graph.resources[stub_id]


def unresolved(resource: Resource, graph: Graph, wanted: str, what: str) -> str:
    """Note that a reference could not be followed; gives the gap's id."""
    return graph.note_gap(
        make_gap(
            scope=resource.scope,
            subject=resource.id,
            wanted=wanted,
            reason=GapReason.UNRESOLVED,
            detail=f"{what} is referred to but was not found in the collected data",
        )
    )


def joined(parts: list[Targets]) -> Targets:
    """Put several answers together; each target and each gap once."""
    targets = {target.id: target for part in parts for target in part.resources}
    gaps = {gap for part in parts for gap in part.gaps}
    return Targets(resources=tuple(targets.values()), gaps=tuple(sorted(gaps)))


def hidden_by(resource: Resource, graph: Graph, unread: Unknown, wanted: str) -> Targets:
    """Turn an unread input into an answer that says what hides it."""
    return Targets(gaps=unread.gaps or (unresolved(resource, graph, wanted, "an unread value"),))
