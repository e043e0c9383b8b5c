"""Whether some request that a principal can make meets a condition.

What the caller writes into a request is tried out: each value that the condition names, one that
it does not name, and none. What the place decides is taken from there. All else is not known: the
attributes of principals, where a call comes from, and the tags of blobs that are there already.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from mlsec.core.wildcard import matches_stars
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, not_, unknown
from mlsec.providers.azure.conditions.examples import Compared, examples_of
from mlsec.providers.azure.conditions.operators import compare
from mlsec.providers.azure.conditions.syntax import (
    ActionMatches,
    Attribute,
    Comparison,
    Condition,
    ConditionError,
    Every,
    Exists,
    Not,
    Some,
    SubOperationMatches,
    parse,
)

# A value that no condition names: what holds for it holds for nearly every one.
OTHER = "~any other"
_MOST_REQUESTS = 20_000
_TOO_MANY = "?a condition that compares with too much"
_STORAGE = "microsoft.storage/storageaccounts"
_CONTAINERS = f"{_STORAGE}/blobservices/containers"
_BLOBS = f"{_CONTAINERS}/blobs"
_PLACES: Mapping[str, str] = {
    f"{_STORAGE}:name": "storageaccounts",
    f"{_CONTAINERS}:name": "containers",
    f"{_STORAGE}/queueservices/queues:name": "queues",
}
_PATH = f"{_BLOBS}:path"
# The keys of the tags that a request sets: many values.
_KEYS = "&$keys$&"
_SUBOPERATION = Attribute("request", "suboperation")
# Suboperations that do not read or write what is in a blob.
_ELSE = ("blob.list", "blob.write.tier")

Value = tuple[str, ...] | None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: an action at a place, both lower case, with the values that are fixed.

    ``fixed`` gives the values of attributes, by name; () is an attribute that is not there.
    """

    action: str
    place: str
    fixed: Mapping[Attribute, tuple[str, ...]] = msgspec.field(default_factory=dict)


def meets(text: str, request: Request) -> Answer:
    """Whether a condition can be met."""
    try:
        condition = parse(text)
    except ConditionError as error:
        return unknown((f"?the condition of a role assignment: {error}",))
    choices: dict[Attribute, Sequence[Value]] = {}
    is_complete = True
    for attribute, compared in _comparisons(condition).items():
        examples = examples_of(compared)
        is_complete = is_complete and examples.is_complete
        choices[attribute] = _choices(attribute, examples.values, request)
    if math.prod(map(len, choices.values())) > _MOST_REQUESTS:
        return unknown((_TOO_MANY,))
    requests = (
        dict(zip(choices, chosen, strict=True)) for chosen in itertools.product(*choices.values())
    )
    tried = any_of(_holds(condition, request.action, values) for values in requests)
    return tried if is_complete or tried == YES else unknown((_TOO_MANY,))


def named_values(text: str, attribute: Attribute) -> tuple[str, ...]:
    """Give the values that a condition compares an attribute with."""
    try:
        return tuple(sorted({c.text for c in _comparisons(parse(text)).get(attribute, ())}))
    except ConditionError:
        return ()


def _choices(attribute: Attribute, examples: Sequence[str], request: Request) -> Sequence[Value]:
    """Give the values that a request may have for an attribute; None is a value not known."""
    if attribute in request.fixed:
        return (request.fixed[attribute],)
    if attribute == _SUBOPERATION:
        return ((), *((name,) for name in examples if name.lower() not in _ELSE))
    if attribute.source == "request":
        at_once = (tuple(examples),) if attribute.name.lower().endswith(_KEYS) else ()
        return ((), (OTHER,), *at_once, *((name,) for name in examples))
    if attribute.source != "resource":
        return (None,)
    if attribute.name in _PLACES:
        return ((_part(request.place, _PLACES[attribute.name]) or OTHER,),)
    if attribute.name == _PATH and request.action.startswith(_BLOBS):
        return ((OTHER,), *((name,) for name in examples))
    return (None,)


def _part(place: str, kind: str) -> str:
    pieces = place.split("/")
    return next((after for piece, after in itertools.pairwise(pieces) if piece == kind), "")


def _comparisons(condition: Condition) -> dict[Attribute, set[Compared]]:
    """Give every attribute with the texts that it is compared with."""
    texts: dict[Attribute, set[Compared]] = {}
    for part in _leaves(condition):
        match part:
            case Exists(attribute=attribute):
                texts.setdefault(attribute, set())
            case SubOperationMatches(name=name):
                texts.setdefault(_SUBOPERATION, set()).add(Compared("suboperation", name))
            case Comparison(left=left, operator=operator, right=right):
                name = operator.rpartition(":")[2]
                sides = (*left, *right)
                compared = {Compared(name, side) for side in sides if isinstance(side, str)}
                for side in sides:
                    if isinstance(side, Attribute):
                        texts.setdefault(side, set()).update(compared)
            case _:
                pass
    return texts


def _leaves(condition: Condition) -> Iterator[Condition]:
    match condition:
        case Not(part=part):
            yield from _leaves(part)
        case Every(parts=parts) | Some(parts=parts):
            for part in parts:
                yield from _leaves(part)
        case _:
            yield condition


def _holds(condition: Condition, action: str, values: Mapping[Attribute, Value]) -> Answer:
    match condition:
        case Every(parts=parts):
            return all_of(_holds(part, action, values) for part in parts)
        case Some(parts=parts):
            return any_of(_holds(part, action, values) for part in parts)
        case Not(part=part):
            return not_(_holds(part, action, values))
        case ActionMatches(pattern=pattern):
            return YES if matches_stars(pattern, action) else NO
        case SubOperationMatches(name=name):
            return YES if name in (values[_SUBOPERATION] or ()) else NO
        case Exists(attribute=attribute):
            value = values[attribute]
            return _unread(attribute) if value is None else YES if value else NO
        case Comparison():
            return _compared(condition, values)


def _compared(comparison: Comparison, values: Mapping[Attribute, Value]) -> Answer:
    sides: list[list[str]] = []
    for side in (comparison.left, comparison.right):
        texts: list[str] = []
        for value in side:
            read = (value,) if isinstance(value, str) else values[value]
            if read is None and isinstance(value, Attribute):
                return _unread(value)
            texts += read or ()
        sides.append(texts)
    answer = compare(comparison.operator, *sides)
    if answer is None:
        return unknown((f"?{comparison.operator} in the condition of a role assignment",))
    return YES if answer else NO


def _unread(attribute: Attribute) -> Answer:
    return unknown((f"?@{attribute.source}[{attribute.name}]",))
