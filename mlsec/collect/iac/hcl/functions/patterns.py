"""Regular expressions of other people, run only when they end soon."""

from __future__ import annotations

import re
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser as reader  # type: ignore[attr-defined]
from typing import Any

_MAX_PATTERN = 500
# Starts times lengths of what repeats; beyond it a wrong pattern would cost seconds.
_MAX_COST = 3_000_000
_REPEATS = (kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT)


def compiled(pattern: str, subject: str) -> re.Pattern[str]:
    """Compile a pattern (Go's RE2 syntax) that may be tried on a subject.

    Raises:
        ValueError: not a pattern, or one that Python might not finish in reasonable time.
    """
    if len(pattern) > _MAX_PATTERN:
        raise ValueError("a pattern too long")
    # Python writes Go's end-of-text \z as \Z, and knows no character classes by name.
    pattern = pattern.replace(r"\z", r"\Z")
    for name, meant in _CLASSES.items():
        pattern = pattern.replace(f"[:{name}:]", meant)
    try:
        found = re.compile(pattern)
        cost = _cost(pattern, len(subject))
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"not a pattern: {error}") from None
    if cost > _MAX_COST:
        raise ValueError("a pattern that may take too long")
    return found


def cost_of(pattern: str, subject: str) -> int:
    """Give how many steps trying a pattern takes at worst; 0 for one that is refused anyway."""
    try:
        return min(_MAX_COST, _cost(pattern, len(subject)))
    except (ValueError, re.error, RecursionError, OverflowError):
        return 0


def _cost(pattern: str, length: int) -> int:
    starts = 0 if pattern.startswith(("^", r"\A")) else 1
    return int((length + 1) ** min(9, _repeats(reader.parse(pattern), 0) + starts))


_CLASSES = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "digit": "0-9", "lower": "a-z", "upper": "A-Z",
    "space": r"\s", "word": r"\w", "xdigit": "0-9a-fA-F", "punct": r"!-/:-@\[-`{-~",
}  # fmt: skip


def _repeats(parsed: Any, depth: int) -> int:
    """Count what repeats without a small bound.

    Raises:
        ValueError: one repetition stands inside another, so that time is exponential.
    """
    count = 0
    for kind, what in parsed:
        if kind in _REPEATS:
            low, high, inner = what
            is_wide = int(high) > 16 and low != high
            inside = _repeats(inner, depth + 1)
            if (is_wide or int(high) > 4) and inside:
                raise ValueError("a pattern that may take too long")
            count += inside + int(is_wide or int(high) > 1)
        elif kind in (kinds.GROUPREF, kinds.GROUPREF_EXISTS, kinds.ASSERT, kinds.ASSERT_NOT):
            raise ValueError("not a pattern that Terraform knows")
        elif kind == kinds.BRANCH:
            count += sum(_repeats(branch, depth + 1) for branch in what[1])
        elif kind == kinds.SUBPATTERN:
            count += _repeats(what[-1], depth + 1)
        elif kind == kinds.ATOMIC_GROUP:
            count += _repeats(what, depth + 1)
    return count
