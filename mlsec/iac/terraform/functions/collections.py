"""Functions on lists, sets and maps."""

from __future__ import annotations

import itertools
import math

from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.functions.spec import (
    Function,
    items,
    key_of,
    mapping,
    number,
    room,
    text,
    unique,
    whole,
)
from mlsec.iac.terraform.values import InvalidValue, SetOf, Value, equal, kind_of, weigh


def _flatten(value: Value) -> Value:
    made: list[Value] = []
    waiting = [iter(items(value))]
    while waiting:
        for item in waiting[-1]:
            if isinstance(item, list):
                waiting.append(iter(item))
                break
            made.append(item)
        else:
            waiting.pop()
    return made


def _merge(*maps: Value) -> Value:
    made: dict[str, Value] = {}
    for map_ in maps:
        made |= mapping(map_) if map_ is not None else {}
    return made


def _concat(*lists: Value) -> Value:
    room(elements=sum(len(items(list_)) for list_ in lists))
    return [item for given in lists for item in items(given)]


def _lookup(of: Value, key: Value, *default: Value) -> Value:
    result = mapping(of)
    if text(key) in result:
        return result[text(key)]
    return default[0] if default else InvalidValue(f'there is no key "{text(key)}"')


def _element(of: Value, at: Value) -> Value:
    result = items(of)
    return (
        result[whole(at) % len(result)] if result else InvalidValue("an element of an empty list")
    )


def _contains(of: Value, wanted: Value) -> Value:
    unknown: Value = False
    for item in mapping(of).values() if isinstance(of, dict) else items(of):
        verdict = equal(item, wanted)
        if verdict is True:
            return True
        if isinstance(verdict, UnknownValue):
            unknown = verdict
    return unknown


def _coalesce(*values: Value) -> Value:
    for value in values:
        if isinstance(value, UnknownValue):
            return value
        if value is not None and value != "":
            return value
    return InvalidValue("there is no value that is not null or empty")


def _coalescelist(*lists: Value) -> Value:
    for list_ in lists:
        if isinstance(list_, UnknownValue) or list_:
            return list_
    return InvalidValue("all lists are empty")


def _compact(value: Value) -> Value:
    for item in items(value):
        if isinstance(item, UnknownValue):
            return item
    return [item for item in items(value) if item is not None and item != ""]


def _length(value: Value) -> Value:
    if isinstance(value, (list, dict, str)):
        return len(value)
    return InvalidValue(f"the length of {kind_of(value)}")


def _one(value: Value) -> Value:
    result = items(value)
    if len(result) > 1:
        return InvalidValue("a list of more than one element")
    return result[0] if result else None


def _range(*bounds: Value) -> Value:
    numbers = [number(bound) for bound in bounds]
    start = numbers[0] if len(numbers) > 1 else 0
    limit = numbers[1] if len(numbers) > 1 else numbers[0]
    step = numbers[2] if len(numbers) > 2 else (1 if limit >= start else -1)
    count = max(0, math.ceil((limit - start) / step))
    room(elements=count)
    return [start + step * at for at in range(count)]


def _setproduct(*lists: Value) -> Value:
    room(elements=math.prod(len(items(list_)) for list_ in lists) * max(1, len(lists)))
    return [list(item) for item in itertools.product(*lists)]


def _zipmap(keys: Value, values: Value) -> Value:
    return dict(zip((text(key) for key in items(keys)), items(values), strict=True))


def _sets(name: str, *lists: Value) -> Value:
    keys = [{key_of(item) for item in items(given)} for given in lists]
    if name == "union":
        return to_set([entry for given in lists for entry in given])
    kept = set.intersection(*keys) if name == "intersection" else keys[0] - set().union(*keys[1:])
    return to_set([entry for entry in lists[0] if key_of(entry) in kept])


def to_set(value: Value) -> Value:
    """Give a list as a set: without repetition, in Terraform's order of texts."""
    result = unique(items(value))
    is_text = all(isinstance(item, str) for item in result)
    return SetOf(sorted(result) if is_text else result)


def _slice(value: Value, start: Value, end: Value) -> Value:
    result = items(value)
    if not 0 <= whole(start) <= whole(end) <= len(result):
        return InvalidValue("a slice beyond the end")
    return result[whole(start) : whole(end)]


def _transpose(value: Value) -> Value:
    made: dict[str, list[Value]] = {}
    for key, names in mapping(value).items():
        for name in items(names):
            made.setdefault(text(name), []).append(key)
    return dict(sorted(made.items()))


def _every(value: Value, *, wanted: bool) -> Value:
    """``alltrue`` and ``anytrue``: one element of the other kind decides."""
    unknown: Value = wanted
    for item in items(value):
        if isinstance(item, UnknownValue):
            unknown = item
        elif item in (not wanted, "false" if wanted else "true"):
            return not wanted
    return unknown


def _index(value: Value, wanted: Value) -> Value:
    for at, result in enumerate(items(value)):
        if equal(result, wanted) is True:
            return at
    return InvalidValue("the value is not in the list")


def _search_steps(of: Value, wanted: Value) -> int:
    """Each element is compared with all of what is looked for."""
    return len(of) * weigh(wanted) if isinstance(of, (list, dict)) else 0


def _sum(value: Value) -> Value:
    return sum(number(item) for item in items(value))


def _matchkeys(values: Value, keys: Value, wanted: Value) -> Value:
    kept = {key_of(item) for item in items(wanted)}
    pairs = zip(items(values), items(keys), strict=True)
    return [value for value, key in pairs if key_of(key) in kept]


def _chunks(value: Value, size: Value) -> Value:
    result, count = items(value), whole(size)
    if count <= 0:
        return [result]
    return [result[at : at + count] for at in range(0, len(result), count)]


def _sort(value: Value) -> Value:
    return sorted(text(item) for item in items(value))


def _moves(run: object) -> Function:
    return Function(run, symbols=True)  # type: ignore[arg-type]


def _distinct(value: Value) -> Value:
    return unique(items(value))


def _keys(value: Value) -> Value:
    return sorted(mapping(value))


def _values(value: Value) -> Value:
    return [entry for _, entry in sorted(mapping(value).items())]


def _reverse(value: Value) -> Value:
    return items(value)[::-1]


COLLECTIONS: dict[str, Function] = {
    "alltrue": _moves(lambda v: _every(v, wanted=True)),
    "anytrue": _moves(lambda v: _every(v, wanted=False)),
    "chunklist": _moves(_chunks),
    "coalesce": Function(_coalesce, symbols=True, unknown=True),
    "coalescelist": Function(_coalescelist, symbols=True, unknown=True),
    "compact": _moves(_compact),
    "concat": _moves(_concat),
    "contains": Function(_contains, symbols=True, steps=_search_steps),
    "distinct": _moves(_distinct),
    "element": _moves(_element),
    "flatten": _moves(_flatten),
    "index": Function(_index, symbols=True, steps=_search_steps),
    "keys": _moves(_keys),
    "length": Function(_length),
    "lookup": _moves(_lookup),
    "matchkeys": _moves(_matchkeys),
    "merge": _moves(_merge),
    "one": _moves(_one),
    "range": Function(_range),
    "reverse": _moves(_reverse),
    "setintersection": _moves(lambda *v: _sets("intersection", *v)),
    "setproduct": _moves(_setproduct),
    "setsubtract": _moves(lambda *v: _sets("subtract", *v)),
    "setunion": _moves(lambda *v: _sets("union", *v)),
    "slice": _moves(_slice),
    "sort": Function(_sort),
    "sum": Function(_sum),
    "transpose": Function(_transpose),
    "values": _moves(_values),
    "zipmap": _moves(_zipmap),
}
