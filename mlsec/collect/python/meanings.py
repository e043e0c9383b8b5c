"""What a name may be set to where it is used."""

from __future__ import annotations

from bisect import bisect_right

from mlsec.collect.python.bindings import Binding, Place, Position, Scope

# So many places that set or change a name are looked at for one use of it.
_MOST_PLACES = 300

Meaning = tuple[Binding, Scope]
# What a name is that more places set than are looked at.
_TOO_MANY = Binding(at=(0, 0), block=())


def meanings_of(name: str, place: Place, at: Position) -> tuple[Meaning, ...] | None:
    """Give what a name may be set to where it is used, the latest first; None when nothing sets it.

    Where it is not known which of several bindings holds, all of them are given.
    """
    scope: Scope | None = place.scope
    here = scope
    while scope is not None:
        bindings = scope.bindings.get(name)
        is_seen = scope is here or scope.kind != "class"
        if bindings and is_seen and name not in scope.foreign:
            if scope is here:
                return _held(bindings, scope, place, at)
            if len(bindings) > _MOST_PLACES:
                return ((_TOO_MANY, scope),)
            return tuple((item, scope) for item in reversed(bindings))
        scope = scope.parent
    return None


def attributes_of(name: str, place: Place) -> tuple[Meaning, ...]:
    """Give what an attribute of the own object may be set to, in its class and its methods."""
    owner = place.scope.owner_class()
    if owner is None:
        return ()
    inside = [(item, scope) for scope, item in owner.attributes.get(name, ())]
    every = (*inside, *((item, owner) for item in owner.bindings.get(name, ())))
    return every if len(every) <= _MOST_PLACES else ((_TOO_MANY, owner),)


def _held(bindings: list[Binding], scope: Scope, place: Place, at: Position) -> tuple[Meaning, ...]:
    """Give the bindings before the use, back to one that is passed in any case."""
    result: list[Meaning] = []
    loops = {number for number in place.block if number < 0}
    first = bisect_right(bindings, at, key=lambda item: item.at)
    if loops:  # what is set further below holds in the next round of the loop
        below = bindings[first : first + _MOST_PLACES]
        result += [(item, scope) for item in below if loops & set(item.block)]
    for item in reversed(bindings[max(0, first - _MOST_PLACES) : first]):
        result.append((item, scope))
        is_passed = place.block[: len(item.block)] == item.block
        if is_passed and not item.is_changed:
            return tuple(result)
    return tuple(result) if first <= _MOST_PLACES else ((_TOO_MANY, scope),)
