"""The operators of conditions on role assignments: texts, numbers, dates, GUIDs and lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from mlsec.core.wildcard import One, Part, Run, compiled

# What the documentation does not say: no answer.
Answered = bool | None
_Compare = Callable[[str, str], Answered]
_SIGNS: Mapping[str, Part] = {"*": Run(), "?": One()}


def compare(operator: str, left: Sequence[str], right: Sequence[str]) -> Answered:
    """Compare two lists by an operator in lower case; an attribute that is not there is no value.

    None where the documentation does not say what holds.
    """
    quantifier, colon, name = operator.rpartition(":")
    known = _COMPARISONS.get(name)
    if known is None or (colon and quantifier not in _QUANTIFIERS):
        return None
    is_negated, equals = known
    if not left:
        is_some = quantifier.startswith("foranyof") or not (colon or is_negated)
        return False if is_some else None
    if not colon and (len(left) > 1 or len(right) > 1):
        return None

    def holds(value: str, other: str) -> Answered:
        answer = equals(value, other)
        return answer if answer is None else answer is not is_negated

    outer, inner = _QUANTIFIERS[quantifier] if colon else (_any, _any)
    return outer([inner([holds(value, other) for other in right]) for value in left])


def like_pattern(pattern: str) -> list[Part]:
    """Take a pattern apart: ``*``, ``?``, and these as themselves after a backslash."""
    parts: list[Part] = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        if character == "\\" and pattern[at + 1 : at + 2] in ("*", "?"):
            parts.append(pattern[at + 1])
            at += 1
        else:
            parts.append(_SIGNS.get(character, character))
        at += 1
    return parts


def guid(text: str) -> str:
    """Write a GUID, or the last part of an id that ends in one, in one form."""
    return text.rpartition("/")[2].replace("-", "").lower()


def _any(answers: Sequence[Answered]) -> Answered:
    return True if True in answers else None if None in answers else False


def _all(answers: Sequence[Answered]) -> Answered:
    return False if False in answers else None if None in answers else True


_QUANTIFIERS: Mapping[str, tuple[Callable[..., Answered], Callable[..., Answered]]] = {
    "foranyofanyvalues": (_any, _any),
    "forallofanyvalues": (_all, _any),
    "foranyofallvalues": (_any, _all),
    "forallofallvalues": (_all, _all),
}


def _like(text: str, pattern: str) -> bool:
    return compiled(like_pattern(pattern))(text)


def _folded(compare_texts: Callable[[str, str], bool]) -> _Compare:
    return lambda value, other: compare_texts(value.lower(), other.lower())


def _numbers(order: Callable[[int, int], bool]) -> _Compare:
    def holds(value: str, other: str) -> Answered:
        try:
            return order(int(value), int(other))
        except ValueError:
            return None

    return holds


def _dates(order: Callable[[datetime, datetime], bool]) -> _Compare:
    def holds(value: str, other: str) -> Answered:
        try:
            return order(datetime.fromisoformat(value), datetime.fromisoformat(other))
        except (ValueError, TypeError):
            return None

    return holds


def _is_flag(value: str, other: str) -> Answered:
    words = {value.lower(), other.lower()}
    return len(words) == 1 if words <= {"true", "false"} else None


_ORDERS: Mapping[str, Callable[..., bool]] = {
    "equals": lambda value, other: value == other,
    "greaterthan": lambda value, other: value > other,
    "greaterthanequals": lambda value, other: value >= other,
    "lessthan": lambda value, other: value < other,
    "lessthanequals": lambda value, other: value <= other,
}
_TEXTS: Mapping[str, Callable[[str, str], bool]] = {
    "equals": lambda value, other: value == other,
    "startswith": str.startswith,
    "like": _like,
}
# By the name without "Not": a "Not" before the test turns it around.
_POSITIVE: Mapping[str, _Compare] = {
    **{f"string{name}": test for name, test in _TEXTS.items()},
    **{f"string{name}ignorecase": _folded(test) for name, test in _TEXTS.items()},
    **{f"numeric{name}": _numbers(order) for name, order in _ORDERS.items()},
    **{f"datetime{name}": _dates(order) for name, order in _ORDERS.items()},
    "boolequals": _is_flag,
    "guidequals": lambda value, other: guid(value) == guid(other),
}
_TYPES = ("string", "numeric", "datetime", "bool", "guid")
_NEGATIVE = {
    f"{kind}not{name.removeprefix(kind)}": test
    for kind in _TYPES
    for name, test in _POSITIVE.items()
    if name.startswith(kind) and not name.endswith(("than", "thanequals"))
}
_COMPARISONS: Mapping[str, tuple[bool, _Compare]] = {
    **{name: (False, test) for name, test in _POSITIVE.items()},
    **{name: (True, test) for name, test in _NEGATIVE.items()},
}
