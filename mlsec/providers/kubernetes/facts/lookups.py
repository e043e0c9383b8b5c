"""Find resources by type, name, label or selector, as one of their scope sees the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, property_value

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_Index = dict[tuple[str, ...], list[Resource]]
# In the place of a rendering: all of them, and what stands alone.
_ANY = "*"


def known_value(resource: Resource, name: str) -> Any:
    """Give a property's value, None when it was not read."""
    fact = property_value(resource, name)
    return fact.value if isinstance(fact, Known) else None


def hidden_parts(resource: Resource, name: str) -> set[str]:
    """Give the gaps that hide a property, or a field of one of its elements."""
    inner = f"{name}[]"
    return {
        gap
        for hidden, gaps in resource.unread.items()
        if hidden in (name, "*") or hidden.startswith(inner)
        for gap in gaps
    }


def is_seen_from(near: Resource, other: Resource) -> bool:
    """Whether one resource may mean another: what is rendered means its own, or what stands alone.

    Of what stands alone in code it is not known with which of the renderings it is applied.
    """
    return not near.origin.stack or other.origin.stack in ("", near.origin.stack)


def all_of_type(graph: Graph, type_name: str, near: Resource) -> list[Resource]:
    """Give the resources of a type in the scope of another."""

    def build() -> _Index:
        index: _Index = {}
        for resource in graph.of_type(type_name):
            _put(index, resource)
        return index

    return _seen(graph.memo(("kubernetes type", type_name), build), near)


def by_name(graph: Graph, type_name: str, near: Resource, name: str) -> list[Resource]:
    """Give the resources of a type with a name in the scope of another, in any namespace."""

    def build() -> _Index:
        index: _Index = {}
        for resource in graph.of_type(type_name):
            _put(index, resource, resource.name)
        return index

    return _seen(graph.memo(("kubernetes name", type_name), build), near, name)


def by_name_anywhere(graph: Graph, type_name: str, near: Resource, name: str) -> list[Resource]:
    """Give the resources of a type with a name, those of other renderings as well."""
    by_name(graph, type_name, near, name)
    index: _Index = graph.memo(("kubernetes name", type_name), dict)
    return index.get((near.scope, _ANY, name), [])


def by_text(graph: Graph, type_name: str, near: Resource, name: str, text: str) -> list[Resource]:
    """Give the resources of a type whose property ``name`` is this text, as another sees them."""

    def build() -> _Index:
        index: _Index = {}
        for resource in graph.of_type(type_name):
            value = known_value(resource, name)
            if isinstance(value, str):
                _put(index, resource, value)
        return index

    return _seen(graph.memo(("kubernetes text", name, type_name), build), near, text)


def with_label(
    graph: Graph, type_name: str, near: Resource, selector: Mapping[str, str]
) -> list[Resource]:
    """Give candidates for a selector: the resources that have its first label."""

    def build() -> _Index:
        index: _Index = {}
        for resource in graph.of_type(type_name):
            for key, value in (known_value(resource, "labels") or {}).items():
                _put(index, resource, key, _kind(value))
        return index

    key, value = min(selector.items())
    index: _Index = graph.memo(("kubernetes labels", type_name), build)
    return _seen(index, near, key, _kind(value))


def selecting(
    graph: Graph, type_name: str, near: Resource, labels: Mapping[str, str]
) -> list[Resource]:
    """Give candidates by selector: the resources whose selector's first label is among these."""

    def build() -> _Index:
        index: _Index = {}
        for resource in graph.of_type(type_name):
            selector = known_value(resource, "selector")
            if selector:
                key, value = min(selector.items())
                _put(index, resource, key, _kind(value))
        return index

    index: _Index = graph.memo(("kubernetes selector", type_name), build)
    keys = [(key, _kind(value)) for key, value in labels.items()]
    matches = [match for key in keys for match in _seen(index, near, *key)]
    return sorted(matches, key=lambda item: item.id)


def _put(index: _Index, resource: Resource, *key: str) -> None:
    """Enter a resource among all of its scope, and among those of its rendering."""
    for stack in {_ANY, resource.origin.stack}:
        index.setdefault((resource.scope, stack, *key), []).append(resource)


def _seen(index: _Index, near: Resource, *key: str) -> list[Resource]:
    """Give what ``is_seen_from`` a resource under a key."""
    stack = near.origin.stack
    if not stack:
        return index.get((near.scope, _ANY, *key), [])
    own, alone = (index.get((near.scope, item, *key), []) for item in (stack, ""))
    return [*own, *alone]


def _kind(value: object) -> str:
    """Give a text as index key; all other values (of broken code) share one key."""
    return value if isinstance(value, str) else "no text"
