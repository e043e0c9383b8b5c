"""What derived relations share: their own kind, matches on several properties, honest gaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlsec.core.closed_sets import GapReason
from mlsec.core.digest import make_gap
from mlsec.core.resource import Resource
from mlsec.core.vocabulary import RelationKind
from mlsec.graph.values import Known, Targets, Unread, property_value

if TYPE_CHECKING:
    from mlsec.graph.index import Graph


def kind_of(resource: Resource, graph: Graph, derived: str) -> RelationKind:
    """Give the relation of the resource's type that the function ``derived`` computes."""
    kinds = graph.vocabulary.types[resource.type].relations.values()
    return next(kind for kind in kinds if kind.derived == derived)


def find(
    resource: Resource, graph: Graph, type_name: str, wanted: Mapping[str, str]
) -> tuple[Resource, ...]:
    """Give the resources near ``resource`` whose properties have exactly these values."""
    return tuple(
        each
        for each in graph.of_type(type_name)
        if each.scope == resource.scope
        and each.region == resource.region
        and all(property_value(each, name) == Known(value) for name, value in wanted.items())
    )


def find_or_gap(
    resource: Resource, graph: Graph, type_name: str, wanted: Mapping[str, str]
) -> Targets:
    """Like ``find``, but a reference that leads nowhere is a gap, never an empty answer."""
    found = find(resource, graph, type_name, wanted)
    if found:
        return Targets(found=found)
    hidden = graph.incomplete(type_name, resource.scope, resource.region)
    label = " ".join(wanted.values())
    return Targets(gaps=hidden or (unresolved(resource, graph, type_name, label),))


def unresolved(resource: Resource, graph: Graph, wanted: str, what: str) -> str:
    """Note that a reference could not be followed; gives the gap's id."""
    return graph.note_gap(
        make_gap(
            scope=resource.scope,
            subject=resource.id,
            wanted=wanted,
            reason=GapReason.UNRESOLVED,
            detail=f"{what} is referred to but was not found in what was collected",
        )
    )


def joined(parts: list[Targets]) -> Targets:
    """Put several answers together; each target and each gap once."""
    found = {each.id: each for part in parts for each in part.found}
    gaps = {gap for part in parts for gap in part.gaps}
    return Targets(found=tuple(found.values()), gaps=tuple(sorted(gaps)))


def hidden_by(resource: Resource, graph: Graph, unread: Unread, wanted: str) -> Targets:
    """Turn an unread input into an answer that says what hides it."""
    return Targets(gaps=unread.gaps or (unresolved(resource, graph, wanted, "an unread value"),))
