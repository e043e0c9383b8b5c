"""Versions of server software, ordered as their makers order them, and ranges of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from mlsec.core.regex import regex

# Numbers, then a stage before the release, then what came after it; a build after "+" is no
# difference. Source: PEP 440, and semantic versions ("1.2.3-rc.1") as far as they are in use.
_SHAPE = regex(
    r"v?(?P<release>[0-9]{1,9}(?:\.[0-9]{1,9}){0,5})"
    r"(?:[-._]?(?P<stage>alpha|beta|preview|pre|dev|rc|a|b|c)[-._]?(?P<number>[0-9]{0,9}))?"
    r"(?:[-._]?(?:post|patch)[-._]?(?P<post>[0-9]{0,9}))?"
    r"(?:\.dev[0-9]{0,9})?(?:\+[A-Za-z0-9._-]{1,60})?\Z",
    re.IGNORECASE,
)
# llama.cpp counts builds: b3561.
_BUILD = regex(r"b(?P<build>[0-9]{1,9})(?:-[0-9a-f]{4,40})?\Z")
_STAGES = {"dev": 0, "a": 1, "alpha": 1, "b": 2, "beta": 2, "c": 3, "rc": 3, "pre": 3, "preview": 3}
_RELEASED = 4
_BOUND = regex(r"(<=|>=|==|<|>)\s*(\S+)\Z")

Key = tuple[tuple[int, ...], int, int, int]
_HOLDS: Mapping[str, Callable[[Key, Key], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "==": lambda left, right: left == right,
}


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """One end of a range."""

    operator: str
    key: Key


def version_key(text: str) -> Key | None:
    """Give what a version is ordered by; None when it is not one (a branch, a digest, "latest")."""
    build = _BUILD.match(text.strip())
    if build is not None:
        return ((int(build["build"]),), _RELEASED, 0, 0)
    match = _SHAPE.match(text.strip())
    if match is None:
        return None
    release = [int(part) for part in match["release"].split(".")]
    while len(release) > 1 and release[-1] == 0:
        release.pop()
    stage = _STAGES[match["stage"].lower()] if match["stage"] else _RELEASED
    post = int(match["post"] or 0) + 1 if match["post"] is not None else 0
    return (tuple(release), stage, int(match["number"] or 0), post)


def read_range(text: str) -> tuple[Bound, ...]:
    """Read bounds that all must hold: ``>=0.6.5,<0.8.5``.

    Raises:
        ValueError: not a range, or not of versions.
    """
    bounds = []
    for part in text.split(","):
        match = _BOUND.match(part.strip())
        key = version_key(match[2]) if match else None
        if match is None or key is None:
            raise ValueError(f'"{part.strip()}" is not a bound such as <1.2.3')
        bounds.append(Bound(operator=match[1], key=key))
    return tuple(bounds)


def is_within(key: Key, bounds: tuple[Bound, ...]) -> bool:
    """Whether a version lies in a range."""
    return all(_HOLDS[bound.operator](key, bound.key) for bound in bounds)
