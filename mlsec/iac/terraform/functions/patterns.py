"""Regular expressions of other people, run only when they end soon."""

from __future__ import annotations

import re
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser as reader  # type: ignore[attr-defined]
from typing import Any

_MAX_PATTERN = 500
# Starts times lengths of what repeats; beyond it a wrong pattern would cost seconds.
_MAX_COST = 3_000_000
_NEVER = 10**12
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
        result = re.compile(pattern)
        cost = _cost(pattern, len(subject))
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"not a pattern: {error}") from None
    if cost > _MAX_COST:
        raise ValueError("a pattern that may take too long")
    return result


def cost_of(pattern: str, subject: str) -> int:
    """Give how many steps trying a pattern takes at worst; 0 for one that is refused anyway."""
    try:
        return min(_MAX_COST, _cost(pattern, len(subject)))
    except (ValueError, re.error, RecursionError, OverflowError):
        return 0


def _cost(pattern: str, length: int) -> int:
    starts = 1 if pattern.startswith(("^", r"\A")) else length + 1
    return min(_NEVER, starts * _ways(reader.parse(pattern), length))


_CLASSES = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "digit": "0-9", "lower": "a-z", "upper": "A-Z",
    "space": r"\s", "word": r"\w", "xdigit": "0-9a-fA-F", "punct": r"!-/:-@\[-`{-~",
}  # fmt: skip


def _ways(parsed: Any, length: int) -> int:
    """Bound in how many ways a pattern can be tried from one start.

    Raises:
        ValueError: something that varies is repeated without a small bound, so that time is
            exponential; or what Go's patterns do not have.
    """
    ways = 1
    for kind, what in parsed:
        if kind in _REPEATS:
            low, high, inner = what
            spread = min(int(high), length) - int(low) + 1
            inside = _ways(inner, length)
            if inside > 1 and (int(high) > 4 or inside ** max(1, int(high)) > _NEVER):
                raise ValueError("a pattern that may take too long")
            ways *= max(1, spread) * inside ** min(int(high), 4)
        elif kind in (kinds.GROUPREF, kinds.GROUPREF_EXISTS, kinds.ASSERT, kinds.ASSERT_NOT):
            raise ValueError("not a pattern that Terraform knows")
        elif kind == kinds.BRANCH:
            ways *= sum(_ways(branch, length) for branch in what[1])
        elif kind == kinds.SUBPATTERN:
            ways *= _ways(what[-1], length)
        elif kind == kinds.ATOMIC_GROUP:
            ways *= _ways(what, length)
        if ways > _NEVER:
            return _NEVER
    return ways
