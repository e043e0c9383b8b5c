"""Which operators suit which kind of value, and which constants suit which operator."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mlsec.core.linear_regex import linear_regex
from mlsec.core.suggestions import did_you_mean
from mlsec.engine.evaluation.operators import duration_s, network_of, version_of
from mlsec.engine.model.rule import Operator
from mlsec.vocabulary.types import Kind

MAX_PATTERN_CHARS = 400
_NUMBERS = (Kind.INT, Kind.FLOAT)
_TEXTS = (Kind.STRING, Kind.ENUM)
_SCALARS = (*_TEXTS, *_NUMBERS, Kind.BOOL)
_LISTS = (
    Operator.IN, Operator.NOT_IN, Operator.CONTAINS_ANY, Operator.STARTS_WITH, Operator.ENDS_WITH,
    Operator.IN_CIDR, Operator.OVERLAPS_CIDR,
)  # fmt: skip
SUITS: Mapping[Operator, tuple[Kind, ...]] = {
    Operator.EQ: _SCALARS,
    Operator.NE: _SCALARS,
    Operator.IN: _SCALARS,
    Operator.NOT_IN: _SCALARS,
    Operator.LT: _NUMBERS,
    Operator.LTE: _NUMBERS,
    Operator.GT: _NUMBERS,
    Operator.GTE: _NUMBERS,
    Operator.MATCHES: _TEXTS,
    Operator.STARTS_WITH: _TEXTS,
    Operator.ENDS_WITH: _TEXTS,
    Operator.CONTAINS: (Kind.STRING, Kind.STRINGS),
    Operator.CONTAINS_ANY: (Kind.STRING, Kind.STRINGS),
    Operator.EXISTS: tuple(Kind),
    Operator.OLDER_THAN: (Kind.DATE,),
    Operator.NEWER_THAN: (Kind.DATE,),
    Operator.IN_CIDR: (Kind.STRING,),
    Operator.OVERLAPS_CIDR: (Kind.STRING,),
    Operator.VERSION_LT: (Kind.STRING,),
}


def why_unsuitable(operator: Operator, kind: Kind) -> str:
    """Say why an operator cannot be used on a kind of value, or ""."""
    if kind in SUITS[operator]:
        return ""
    usable = ", ".join(op.value for op in Operator if kind in SUITS[op])
    return f'operator "{operator.value}" does not suit a value of type {kind.value}; use {usable}'


def why_wrong(
    operator: Operator,
    kind: Kind,
    enum: Sequence[str],
    expected: Any,
    *,
    may_be_empty: bool = False,
) -> str:
    """Say why a constant does not suit the operator and the kind of value, or "".

    ``may_be_empty`` allows an empty list: a parameter may stand for "none of our own".
    """
    if may_be_empty and operator in _LISTS and isinstance(expected, list | tuple) and not expected:
        return ""
    match operator:
        case Operator.EQ | Operator.NE:
            return _wrong_scalar(kind, enum, expected)
        case Operator.IN | Operator.NOT_IN:
            return _wrong_list(expected) or next(
                (why for item in expected if (why := _wrong_scalar(kind, enum, item))), ""
            )
        case Operator.LT | Operator.LTE | Operator.GT | Operator.GTE:
            return "" if _is_number(expected) else f"expected a number, not {_show(expected)}"
        case Operator.EXISTS:
            return "" if isinstance(expected, bool) else "exists takes true or false"
        case Operator.OLDER_THAN | Operator.NEWER_THAN:
            is_span = duration_s(expected) is not None
            return (
                "" if is_span else f'expected a span such as "90d" or "12h", not {_show(expected)}'
            )
        case Operator.VERSION_LT:
            is_version = isinstance(expected, str) and version_of(expected) is not None
            return (
                "" if is_version else f'expected a version such as "1.10.2", not {_show(expected)}'
            )
        case _:
            return _wrong_text(operator, expected)


def _wrong_text(operator: Operator, expected: Any) -> str:
    if operator is Operator.MATCHES:
        return _wrong_pattern(expected)
    if operator is Operator.CONTAINS:
        is_text = isinstance(expected, str) and expected != ""
        return "" if is_text else "contains takes one text; use contains_any for a list"
    texts = [expected] if isinstance(expected, str) else expected
    if operator is Operator.CONTAINS_ANY and isinstance(expected, str):
        return "contains_any takes a list"
    if wrong := _wrong_list(texts):
        return wrong
    for text in texts:
        if not isinstance(text, str) or not text:
            return f"expected text, not {_show(text)}"
        if operator in (Operator.IN_CIDR, Operator.OVERLAPS_CIDR) and network_of(text) is None:
            return f"{_show(text)} is not an address or a CIDR block"
    return ""


def _wrong_pattern(expected: Any) -> str:
    if not isinstance(expected, str):
        return "matches takes one pattern"
    if len(expected) > MAX_PATTERN_CHARS:
        return f"the pattern is longer than {MAX_PATTERN_CHARS} characters"
    try:
        linear_regex(expected)
    except ValueError as error:
        return f"not a regular expression of RE2: {error}"
    return ""


def _wrong_list(expected: Any) -> str:
    if not isinstance(expected, list | tuple) or not expected:
        return f"expected a list that is not empty, not {_show(expected)}"
    return ""


def _wrong_scalar(kind: Kind, enum: Sequence[str], expected: Any) -> str:
    if expected is None:
        return "null is not a value to compare with; write {exists: false}"
    if kind is Kind.BOOL:
        return (
            "" if isinstance(expected, bool) else f"expected true or false, not {_show(expected)}"
        )
    if kind is Kind.INT:
        is_int = isinstance(expected, int) and not isinstance(expected, bool)
        return "" if is_int else f"expected a whole number, not {_show(expected)}"
    if kind is Kind.FLOAT:
        return "" if _is_number(expected) else f"expected a number, not {_show(expected)}"
    if not isinstance(expected, str):
        return f"expected text, not {_show(expected)} (quote it)"
    if kind is Kind.ENUM and expected not in enum:
        members = ", ".join(enum)
        return f"{_show(expected)} is not one of {members}{did_you_mean(expected, enum)}"
    return ""


def _is_number(expected: Any) -> bool:
    is_number = isinstance(expected, int | float) and not isinstance(expected, bool)
    return is_number and math.isfinite(expected)


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else f'"{value}"' if isinstance(value, str) else str(value)[:80]
