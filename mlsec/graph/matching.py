"""Which resources a reference can mean: by id, name or property, and how near."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from mlsec.core.resource import Resource
from mlsec.vocabulary.iac_mapping import is_code

NamesByScope = Mapping[str, Mapping[str, tuple[Resource, ...]]]


class OpenEndedSource(msgspec.Struct, frozen=True, kw_only=True):
    """A source whose relation is not known whole: it may lead anywhere."""

    source: Resource
    gaps: tuple[str, ...]


# By scope, "" for all that is live.
OpenEnded = dict[str, list[OpenEndedSource]]


def note_open_ended(known: OpenEnded, source: Resource, gaps: tuple[str, ...]) -> None:
    """Remember a source that may lead on; one in code leads to what its own target declares."""
    open_ended = OpenEndedSource(source=source, gaps=gaps)
    for scope in (source.scope,) if is_code(source.scope) else ("", source.scope):
        known.setdefault(scope, []).append(open_ended)


def gaps_of_open_ended(known: OpenEnded, within: str, target: Resource) -> Iterator[str]:
    """Give the gaps of the sources that may lead to a target."""
    is_anywhere = within == "any" and not is_code(target.scope)
    for other in known.get("" if is_anywhere else target.scope, ()):
        if is_within(within, other.source, target):
            yield from other.gaps


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


def meant_in_code(source: Resource, targets: Sequence[Resource], name: str) -> Sequence[Resource]:
    """Give which of those that go by a name code means by it.

    That is what its own target declares; of several the one of the same stack, else it is not known
    which. A name with what is not known of it means nothing of another target.
    """
    near = [target for target in targets if target.scope == source.scope]
    if not near and "‹" not in name:
        near = list(targets)
    if len(near) > 1:
        near = [target for target in near if _is_one_stack(source, target)]
    return near if len(near) == 1 else []


def is_applied_apart(resource: Resource, other: Resource, name: str) -> bool:
    """Whether a name that two declared things say means another thing for each.

    A name with what is not known of it means one thing inside of a stack; and of a root that is
    made with several files of values only one way is ever there.
    """
    if _is_one_stack(resource, other):
        return False
    return "‹" in name or _root(resource) == _root(other)


def _is_one_stack(resource: Resource, other: Resource) -> bool:
    """Whether both are applied together; stacks of two repositories may be called the same."""
    return resource.scope == other.scope and resource.origin.stack == other.origin.stack


def _root(resource: Resource) -> tuple[str, str]:
    origin = resource.origin
    own = origin.stack.removesuffix(f" {origin.scenario}") if origin.scenario else origin.stack
    return resource.scope, own


def is_within(within: str, source: Resource, target: Resource) -> bool:
    """Whether a target lies where a relation looks for it."""
    if within == "any":
        return True
    if source.scope != target.scope:
        return False
    is_anywhere = "" in (source.region, target.region)
    return within == "scope" or is_anywhere or source.region == target.region
