"""Dotted paths into parsed answers: ``A.B``, ``A[].B`` (each element), ``A[0].B``."""

from __future__ import annotations

import enum
import functools
import re
from typing import Any

from mlsec.core.regex import regex

Steps = tuple[str | int | None, ...]
_STEP = regex(r"^(.*?)((?:\[\d*\])*)$")


class Missing(enum.Enum):
    """What a path that leads nowhere gives: not the same as a null that was answered."""

    MISSING = "missing"


MISSING = Missing.MISSING


def dig(document: Any, path: str) -> Any:
    """Follow a path; null counts as missing, because an SDK sends null for "nothing there".

    ``""`` and ``.`` are the document itself. Below ``[]`` the elements that lack the rest of the
    path are left out, and lists found there are joined.
    """
    return follow(document, steps_of(path))


def follow(value: Any, steps: Steps, at: int = 0) -> Any:
    """Follow the steps of a path from ``at`` on, as ``dig`` does."""
    while at < len(steps):
        step = steps[at]
        at += 1
        if step is None:
            return _each(value, steps, at)
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
        if value is None:
            return MISSING
    return MISSING if value is None else value


def _each(value: Any, steps: Steps, at: int) -> Any:
    if not isinstance(value, list):
        return MISSING
    values: list[Any] = []
    for element in value:
        inner = follow(element, steps, at)
        if isinstance(inner, list) and at < len(steps):
            values.extend(inner)
        elif inner is not MISSING:
            values.append(inner)
    return values


@functools.cache
def steps_of(path: str) -> Steps:
    """Split a path: a key, an index, or None for each element of a list."""
    steps: list[str | int | None] = []
    for piece in path.split(".") if path not in ("", ".") else ():
        matched = _STEP.match(piece)
        name, brackets = matched.groups() if matched else (piece, "")
        if name:
            steps.append(name)
        steps += [int(at) if at else None for at in re.findall(r"\[(\d*)\]", brackets)]
    return tuple(steps)
