"""What generated code asks of an assertion that did not hold: does it fail, or is it not known?"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlsec.engine.evaluation.property_reader import UNKNOWN_VALUE
from mlsec.engine.model.rule import Operator
from mlsec.vocabulary.types import Kind

Failed = tuple[int, Sequence[Any]]
Take = Callable[[Failed], None]
TakeDeferred = Callable[[tuple[int, Any]], None]


class Deferred(enum.IntEnum):
    """What is said of a rule that is neither a proven pass nor a whole failure."""

    OPEN = 0
    NOT_APPLICABLE = 1
    UNREAD = 2
    SUSPECT = 3


_OPEN, _UNREAD, _SUSPECT = int(Deferred.OPEN), int(Deferred.UNREAD), int(Deferred.SUSPECT)


def settler(kind: Kind, operator: Operator) -> str:
    """The name of the function that settles such a clause where it did not hold; "" for none.

    For these operators a value of the declared type, or null, that does not hold fails.
    """
    if operator not in _WHOLE:
        return ""
    return {Kind.BOOL: "flag_fails", Kind.INT: "int_fails"}.get(kind) or (
        "text_fails" if kind in (Kind.STRING, Kind.ENUM) else ""
    )


def _settled_as(kind: type) -> Callable[[int, Any, Take, TakeDeferred], None]:
    def settle(index: int, value: Any, take: Take, take_deferred: TakeDeferred) -> None:
        if type(value) is kind or value is None:
            take((index, (value,)))
        else:
            take_deferred((_UNREAD if value is UNKNOWN_VALUE else _OPEN, index))

    return settle


def walk_list(
    index: int,
    items: Any,
    element: Callable[[Any], tuple[Any, ...] | None],
    can_fail_alone: bool,  # noqa: FBT001 - called by generated code
    take: Take,
    take_deferred: TakeDeferred,
) -> None:
    """Say of one list why a rule over it does not pass.

    ``element`` gives None for an element that speaks for the rule, the values that decided for one
    that speaks against it, and () for one that is not known. ``can_fail_alone``: the rule can fail
    without an element that speaks against it ("some" of an empty list).
    """
    if items is UNKNOWN_VALUE:
        return take_deferred((_UNREAD, index))
    if items is None:
        items = ()
    elif type(items) is not list:
        return take_deferred((_OPEN, index))
    result: list[tuple[int, tuple[Any, ...]]] = []
    is_whole = True
    for n, item in enumerate(items):
        values = element(item)
        if values is not None:
            result.append((n, values))
            if not values:
                is_whole = False
    if not result and not can_fail_alone:
        return take_deferred((_OPEN, index))
    if is_whole:
        return take((index, result))
    return take_deferred((_SUSPECT, (index, [n for n, _ in result])))


_WHOLE = frozenset({
    Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN, Operator.LT, Operator.LTE, Operator.GT,
    Operator.GTE, Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.CONTAINS,
    Operator.CONTAINS_ANY, Operator.EXISTS,
})  # fmt: skip
SETTLERS: Mapping[str, Callable[..., None]] = {
    "walk_list": walk_list,
    "flag_fails": _settled_as(bool),
    "int_fails": _settled_as(int),
    "text_fails": _settled_as(str),
}
