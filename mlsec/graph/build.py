"""Build the graph of an inventory: join it, and fill in every derived property."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping

import msgspec

from mlsec.core.resource import Inventory, Resource
from mlsec.graph.fact import Known, Unknown
from mlsec.graph.graph import DerivedRelations, Graph
from mlsec.vocabulary.types import Vocabulary

DerivedProperties = Mapping[str, Callable[[Resource, Graph], Known | Unknown]]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """How derived properties and relations are computed, by the names the vocabulary gives them.

    A function may read the properties that stand above its own in ``properties``.
    """

    properties: DerivedProperties
    relations: DerivedRelations


def build_graph(
    vocabulary: Vocabulary,
    inventory: Inventory,
    facts: Facts,
    clock: datetime.datetime | None = None,
) -> Graph:
    """Join an inventory and fill in every derived property, in the order of ``facts``.

    ``clock`` is the time for which grants that end are judged; None is the present.
    """
    wanted = _derived_by_function(vocabulary)
    types = {type_name for uses in wanted.values() for type_name, _ in uses}
    opened = [_own_copy(r) if r.type in types else r for r in inventory.resources]
    joined = msgspec.structs.replace(inventory, resources=tuple(opened))
    graph = Graph(vocabulary, joined, facts.relations, clock)
    for function, compute in facts.properties.items():
        for type_name, name in wanted.get(function, ()):
            for resource in graph.of_type(type_name):
                _fill(resource, name, compute(resource, graph))
    graph.finish()
    return graph


def _derived_by_function(vocabulary: Vocabulary) -> Mapping[str, list[tuple[str, str]]]:
    wanted: dict[str, list[tuple[str, str]]] = {}
    for type_name, kind in sorted(vocabulary.types.items()):
        for prop in kind.properties.values():
            if prop.derived:
                wanted.setdefault(prop.derived, []).append((type_name, prop.name))
    return wanted


def _own_copy(resource: Resource) -> Resource:
    return msgspec.structs.replace(
        resource, properties=dict(resource.properties), unread=dict(resource.unread)
    )


def _fill(resource: Resource, name: str, value: Known | Unknown) -> None:
    match value:
        case Known(value=fact, more=more):
            resource.properties[name] = fact  # type: ignore[index]  # our own copy, see _own_copy
            if more:
                resource.unread[f"{name}[]"] = more  # type: ignore[index]
        case Unknown(gaps=gaps):
            resource.unread[name] = gaps  # type: ignore[index]
