"""What generated code asks of one clause that did not hold: does it fail, or is it not known?"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlsec.core.vocabulary import Kind
from mlsec.engine.rule import Operator
from mlsec.engine.views import NOT_READ

Failed = tuple[int, Sequence[Any]]
Take = Callable[[Failed], None]
TakeSeldom = Callable[[tuple[int, Any]], None]


class Seldom(enum.IntEnum):
    """What is said of a rule that is neither a proven pass nor a whole failure."""

    OPEN = 0
    NOT_APPLICABLE = 1
    UNREAD = 2
    SUSPECT = 3


def settler(kind: Kind, operator: Operator) -> str:
    """The name of the function that settles such a clause where it did not hold; "" for none.

    For these operators a value of the declared type, or null, that does not hold fails.
    """
    if operator not in _WHOLE:
        return ""
    return {Kind.BOOL: "flag_fails", Kind.INT: "int_fails"}.get(kind) or (
        "text_fails" if kind in (Kind.STRING, Kind.ENUM) else ""
    )


def _settled_as(kind: type) -> Callable[[int, Any, Take, TakeSeldom], None]:
    unread, is_open = int(Seldom.UNREAD), int(Seldom.OPEN)

    def settle(index: int, value: Any, take: Take, take_seldom: TakeSeldom) -> None:
        if type(value) is kind or value is None:
            take((index, (value,)))
        else:
            take_seldom((unread if value is NOT_READ else is_open, index))

    return settle


_WHOLE = frozenset({
    Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN, Operator.LT, Operator.LTE, Operator.GT,
    Operator.GTE, Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.CONTAINS,
    Operator.CONTAINS_ANY, Operator.EXISTS,
})  # fmt: skip
SETTLERS: Mapping[str, Callable[[int, Any, Take, TakeSeldom], None]] = {
    "flag_fails": _settled_as(bool),
    "int_fails": _settled_as(int),
    "text_fails": _settled_as(str),
}
