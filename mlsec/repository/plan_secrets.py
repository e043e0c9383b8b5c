"""Which values in a Terraform plan are marked as sensitive: a plan holds them in the clear."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

# The keys under which a plan keeps values, beside those that say what of them is sensitive.
_PAIRS = (
    ("values", "sensitive_values"),
    ("after", "after_sensitive"),
    ("before", "before_sensitive"),
)
_MAX_DEPTH = 60


def sensitive_texts(text: str) -> frozenset[str]:
    """Give every text that a plan marks as sensitive; none when it is not JSON."""
    try:
        plan = json.loads(text)
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(variable for variable in (*_variables(plan), *_marked(plan)) if variable)


def _variables(plan: Any) -> Iterator[str]:
    declared = _get(_get(_get(plan, "configuration"), "root_module"), "variables")
    for name, result in declared.items() if isinstance(declared, dict) else ():
        if _get(result, "sensitive") is True:
            yield from _texts(_get(_get(_get(plan, "variables"), name), "value"))


def _marked(plan: Any) -> Iterator[str]:
    waiting = [plan]
    while waiting:
        here = waiting.pop()
        if isinstance(here, list):
            waiting += here
        elif isinstance(here, dict):
            waiting += here.values()
            for values, marks in _PAIRS:
                if values in here and marks in here:
                    yield from _under(here[values], here[marks], 0)
            if here.get("sensitive") is True and "value" in here:
                yield from _texts(here["value"])


def _under(value: Any, marks: Any, depth: int) -> Iterator[str]:
    if marks is True:
        yield from _texts(value)
    elif depth < _MAX_DEPTH and isinstance(marks, dict) and isinstance(value, dict):
        for key, mark in marks.items():
            yield from _under(value.get(key), mark, depth + 1)
    elif depth < _MAX_DEPTH and isinstance(marks, list) and isinstance(value, list):
        for result, mark in zip(value, marks, strict=False):
            yield from _under(result, mark, depth + 1)


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, str):
            yield here
        elif isinstance(here, list):
            waiting += here
        elif isinstance(here, dict):
            waiting += here.values()


def _get(here: Any, key: str) -> Any:
    return here.get(key) if isinstance(here, dict) else None
