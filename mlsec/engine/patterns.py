"""Which regular expressions a rule may use: those whose cost on any text stays small."""

from __future__ import annotations

import re

# The parser behind re.compile; its tree is the only reliable way to see what a pattern does.
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MAX_PATTERN_CHARS = 400
MAX_BOUNDED_REPEAT = 256
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_LOOKAROUND = ("ASSERT", "ASSERT_NOT")
_REFERENCES = ("GROUPREF", "GROUPREF_EXISTS", "GROUPREF_IGNORE")


def why_refused(pattern: str) -> str:
    """Say why a pattern is not allowed, or "" when it is.

    Allowed: literals, classes, anchors, groups, alternatives and repeats that hold no other repeat
    or alternative; at most two wildcards (``.*``) that can match what follows them.
    """
    if len(pattern) > MAX_PATTERN_CHARS:
        return f"the pattern is longer than {MAX_PATTERN_CHARS} characters"
    try:
        re.compile(pattern)
        tree = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return f"not a regular expression: {error}"
    return _refuse(tree, inside_repeat=False) or _too_many_wildcards(tree)


def _refuse(tree: Any, *, inside_repeat: bool) -> str:
    for code, argument in tree:
        name = str(code)
        if name in _REFERENCES:
            return "backreferences are not allowed"
        if name in _LOOKAROUND:
            return "lookahead and lookbehind are not allowed"
        if name in _REPEATS:
            reason = _refuse_repeat(argument, inside_repeat=inside_repeat)
        elif name == "BRANCH":
            if inside_repeat:
                return "an alternative inside a repeat is not allowed"
            reason = next(
                (why for part in argument[1] if (why := _refuse(part, inside_repeat=False))), ""
            )
        elif name in ("SUBPATTERN", "ATOMIC_GROUP"):
            inner = argument[-1] if name == "SUBPATTERN" else argument
            reason = _refuse(inner, inside_repeat=inside_repeat)
        else:
            reason = ""
        if reason:
            return reason
    return ""


def _refuse_repeat(argument: Any, *, inside_repeat: bool) -> str:
    least, most, body = argument
    if inside_repeat:
        return "a repeat inside a repeat is not allowed"
    if most is not codes.MAXREPEAT and most > MAX_BOUNDED_REPEAT:
        return f"a repeat of more than {MAX_BOUNDED_REPEAT} is not allowed"
    is_optional = (least, most) == (0, 1)
    return _refuse(body, inside_repeat=not is_optional)


def _too_many_wildcards(tree: Any) -> str:
    count = _count_open(tree)
    return (
        "more than four open repeats (* or +) in one pattern are not allowed"
        if count > 4
        else (
            "more than two wildcards (.*) in one pattern are not allowed"
            if _count_open(tree, only_any=True) > 2
            else ""
        )
    )


def _count_open(tree: Any, *, only_any: bool = False) -> int:
    total = 0
    for code, argument in tree:
        name = str(code)
        if name in _REPEATS:
            _, most, body = argument
            is_wild = any(str(inner) == "ANY" for inner, _ in body)
            is_open = most is codes.MAXREPEAT and (is_wild or not only_any)
            total += int(is_open) or _count_open(body, only_any=only_any)
        elif name == "BRANCH":
            total += max(_count_open(part, only_any=only_any) for part in argument[1])
        elif name == "SUBPATTERN":
            total += _count_open(argument[-1], only_any=only_any)
    return total
