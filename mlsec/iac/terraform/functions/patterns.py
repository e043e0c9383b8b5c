"""Regular expressions of Terraform code, in the syntax and the meaning that Go gives them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mlsec.collect.code.budget import OverLimitError
from mlsec.core.linear_regex import PatternTooLargeError, linear_regex

_MAX_PATTERN = 500
# Instructions of the pattern times characters of the text: a third of a second at worst.
_MAX_COST = 100_000_000
_COST_OF_STEP = 500
_TEMPLATE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")


def first_match(pattern: str, subject: str) -> Any:
    """Give the first match of a pattern, None for none.

    Raises:
        ValueError: not a pattern.
        OverLimitError: one that may take too long on this subject.
    """
    return _affordable(pattern, _cost(pattern, subject)).search(subject)


def all_matches(pattern: str, subject: str) -> Iterator[Any]:
    """Yield the matches of a pattern; as in Go, none that is empty and touches the one before.

    Raises:
        ValueError: not a pattern.
        OverLimitError: one that may take too long on this subject.
    """
    end = -1
    for match in _affordable(pattern, _cost_of_all(pattern, subject)).finditer(subject):
        if match.end() > match.start() or match.start() != end:
            yield match
        end = match.end()


def filled(template: str, match: Any) -> str:
    """Fill ``$1``, ``${name}`` and ``$$`` of a replacement; a group that is not there is empty."""
    groups = {**match.groupdict(), **{str(n): match.group(n) for n in range(match.re.groups + 1)}}
    return _TEMPLATE.sub(
        lambda part: "$" if part.group() == "$$" else groups.get(part[1] or part[2]) or "", template
    )


def steps_of_first(pattern: str, subject: str) -> int:
    """Give what ``first_match`` costs at worst; 0 for what is no pattern."""
    return _steps(_cost, pattern, subject)


def steps_of_all(pattern: str, subject: str) -> int:
    """Give what ``all_matches`` costs at worst; 0 for what is no pattern."""
    return _steps(_cost_of_all, pattern, subject)


def _steps(cost: Any, pattern: str, subject: str) -> int:
    try:
        return int(min(_MAX_COST, cost(pattern, subject))) // _COST_OF_STEP
    except ValueError:
        return 0


def _affordable(pattern: str, cost: int) -> Any:
    if cost > _MAX_COST:
        raise OverLimitError("a pattern that may take too long")
    return linear_regex(pattern)


def _cost(pattern: str, subject: str) -> int:
    if len(pattern) > _MAX_PATTERN:
        raise OverLimitError("a pattern too long")
    try:
        compiled = linear_regex(pattern)
    except PatternTooLargeError:
        raise OverLimitError("a pattern too large") from None
    return int(compiled.programsize) * (len(subject) + 1)


def _cost_of_all(pattern: str, subject: str) -> int:
    # After each match the rest of the subject may be read again.
    return _cost(pattern, subject) * (len(subject) + 1)
