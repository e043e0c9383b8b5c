"""Which resources a reference can mean: by id, name or property, and how near."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from mlsec.core.resource import Resource

NamesByScope = Mapping[str, Mapping[str, tuple[Resource, ...]]]


class OpenEndedSource(msgspec.Struct, frozen=True, kw_only=True):
    """A source whose relation is not known whole: it may lead anywhere."""

    source: Resource
    gaps: tuple[str, ...]


def match_values(target: Resource, match: str) -> tuple[str, ...]:
    """Give what a reference may say to mean ``target``: its id, its name, or a property."""
    if match in ("id", "name") and target.known_as:
        # Code names a declared thing by whatever its language gives for it.
        return tuple(dict.fromkeys((target.id, target.known_as, target.name)))
    if match == "id":
        return (target.id,)
    if match == "name":
        return (target.name,)
    value = target.properties.get(match)
    if isinstance(value, str):
        return (value,)
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()


def by_name(resources: Iterable[Resource], match: str, *, is_by_scope: bool) -> NamesByScope:
    """Index resources by their scope and by what a reference may say; else all under scope ""."""
    by_scope: dict[str, dict[str, list[Resource]]] = {}
    for target in resources:
        here = by_scope.setdefault(target.scope if is_by_scope else "", {})
        for value in match_values(target, match):
            here.setdefault(value, []).append(target)
    return {
        scope: {value: tuple(several) for value, several in here.items()}
        for scope, here in by_scope.items()
    }


def in_own_stack(source: Resource, targets: list[Resource]) -> list[Resource]:
    """Of several declared under one name, the one of the same stack; else it is not known which."""
    own = [target for target in targets if target.origin.stack == source.origin.stack]
    return own if len(own) == 1 else []


def is_applied_apart(resource: Resource, other: Resource, name: str) -> bool:
    """Whether a name that two declared things say means another thing for each.

    A name with what is not known of it means one thing inside of a stack; and of a root that is
    made with several files of values only one way is ever there.
    """
    if resource.origin.stack == other.origin.stack:
        return False
    return "‹" in name or _root(resource) == _root(other)


def _root(resource: Resource) -> str:
    origin = resource.origin
    return origin.stack.removesuffix(f" {origin.scenario}") if origin.scenario else origin.stack


def is_within(within: str, source: Resource, target: Resource) -> bool:
    """Whether a target lies where a relation looks for it."""
    if within == "any":
        return True
    if source.scope != target.scope:
        return False
    is_anywhere = "" in (source.region, target.region)
    return within == "scope" or is_anywhere or source.region == target.region
