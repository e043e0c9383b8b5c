"""Patterns of policies: ``*`` and ``?``, texts that they match, and policy variables in them."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Sequence

import msgspec

from mlsec.core.regex import regex
from mlsec.core.wildcard import Matcher, One, Part, Run, compiled, parts_of

# Stands for a name that no policy knows: only a pattern that covers everything there matches it.
# No name can hold this character, and a variable that is not filled in never covers it.
ANY = "\x00" * 31
ONE_CHAR = "\x01"
_VARIABLE = regex(r"\$\{([^}]{0,300})\}")
_BEFORE_SIGNS = regex(r"[^*?$\x04]*+")
_DEFAULT = regex(r"([^,]*+),\s*+'([^']*+)'\s*+\Z")
_LITERAL_VARIABLES = ("*", "?", "$")
_VALUE = Run(excluded=ANY[0])
# Some text within one part of an ARN.
IN_PART = "\x04"
_WITHIN_PART = Run(excluded=":")
_PARTS_OF_ARN = 6
# Beyond this many places patterns are not compared: those of policies that AWS takes have fewer.
_MOST_PLACES = 100_000


class TooLongError(Exception):
    """Two patterns that are too long to find a text that both match."""


class Variable(msgspec.Struct, frozen=True):
    """A policy variable: a key in lower case, and the value that stands in where it is absent."""

    key: str
    default: str | None = None


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern with ``*``, ``?`` and policy variables covers the whole text.

    A variable that is not filled in covers any value except what is unnamed.
    """
    return pattern == "*" or _matcher(pattern)(text)


@functools.lru_cache(maxsize=16384)
def _matcher(pattern: str) -> Matcher:
    return compiled(_parts(pattern))


def _parts(pattern: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    at = 0
    for match in _VARIABLE.finditer(pattern):
        parts += _signs_of(pattern[at : match.start()])
        inside = match.group(1)
        parts.append(inside if inside in _LITERAL_VARIABLES else _VALUE)
        at = match.end()
    return (*parts, *_signs_of(pattern[at:]))


def _signs_of(text: str) -> tuple[Part, ...]:
    if IN_PART not in text:
        return parts_of(text)
    pieces = text.split(IN_PART)
    inside = [part for piece in pieces for part in (*parts_of(piece), _WITHIN_PART)]
    return tuple(inside[:-1])


@functools.lru_cache(maxsize=16384)
def variables_in(text: str) -> tuple[Variable, ...]:
    """Name the policy variables of a text, in their order."""
    if "${" not in text:
        return ()
    variables = [_variable(match.group(1)) for match in _VARIABLE.finditer(text)]
    return tuple(dict.fromkeys(variable for variable in variables if variable is not None))


def _variable(inside: str) -> Variable | None:
    if inside in _LITERAL_VARIABLES:
        return None
    match = _DEFAULT.match(inside)
    if match:
        return Variable(match.group(1).strip().lower(), match.group(2))
    return Variable(inside.strip().lower())


def filled(text: str, value_of: Callable[[str], str | None]) -> str | None:
    """Put values into the variables of a text; None when one is absent and has no default.

    What is put in stands for itself: its ``*`` and ``?`` are written ``${*}`` and ``${?}``.
    """
    if "${" not in text:
        return text
    parts: list[str] = []
    at = 0
    for match in _VARIABLE.finditer(text):
        parts.append(text[at : match.start()])
        at = match.end()
        variable = _variable(match.group(1))
        if variable is None:
            parts.append(match.group())
            continue
        value = value_of(variable.key)
        value = variable.default if value is None else value
        if value is None:
            return None
        parts.append(value.replace("*", "${*}").replace("?", "${?}"))
    return "".join((*parts, text[at:]))


def literal(text: str) -> str:
    """Give a text with ``${*}``, ``${?}`` and ``${$}`` as the characters they stand for."""
    if "${" not in text:
        return text
    return text.replace("${*}", "*").replace("${?}", "?").replace("${$}", "$")


def example_of(pattern: str) -> str:
    """Give a text that the pattern matches and that no narrower pattern is likely to match."""
    return "".join(_filling(part) for part in _parts(pattern))


def _filling(part: Part) -> str:
    if isinstance(part, str):
        return part
    return ONE_CHAR if isinstance(part, One) else ANY


@functools.lru_cache(maxsize=16384)
def common_example(*patterns: str) -> str | None:
    """Give a text that all patterns match, None when there is none.

    Raises:
        TooLongError: the patterns are too long to be compared.
    """
    distinct = dict.fromkeys(pattern for pattern in patterns if pattern != "*")
    if not distinct:
        return example_of("*")
    plain = next((pattern for pattern in distinct if not _has_signs(pattern)), None)
    if plain is not None:
        return plain if all(matches(pattern, plain) for pattern in distinct) else None
    if len(distinct) == 1:
        return example_of(*distinct)
    if not _begin_alike(distinct):
        return None
    by_part = _by_part([pattern.split(":", 5) for pattern in distinct])
    return _walk([_units(pattern) for pattern in distinct]) if by_part is None else by_part


def _begin_alike(patterns: Iterable[str]) -> bool:
    """Whether one text can begin with what each pattern says before its first sign."""
    heads = sorted((_BEFORE_SIGNS.match(pattern)[0] for pattern in patterns), key=len)  # type: ignore[index]
    return all(longer.startswith(head) for head, longer in itertools.pairwise(heads))


def _by_part(patterns: list[list[str]]) -> str | None:
    """Give an ARN whose six parts meet those of all patterns, where there is one."""
    if any(len(parts) < _PARTS_OF_ARN for parts in patterns):
        return None
    shared = [common_example(*parts) for parts in zip(*patterns, strict=True)]
    return None if None in shared else ":".join(part or "" for part in shared)


def part_by_part(name: str) -> str:
    """Mark each ``*`` before the last part of an ARN as one that does not reach over a colon."""
    parts = name.split(":", _PARTS_OF_ARN - 1)
    if len(parts) < _PARTS_OF_ARN:
        return name
    return ":".join((*(part.replace("*", IN_PART) for part in parts[:-1]), parts[-1]))


def in_regions(name: str, patterns: Iterable[str]) -> list[str]:
    """Give the names that one with any region stands for: a new region, and those of patterns.

    A wildcard that could be filled with anything would meet what only looks like a region.
    """
    parts = name.split(":", _PARTS_OF_ARN - 1)
    if len(parts) < _PARTS_OF_ARN or parts[3] != "*":
        return [name]
    written = {p.split(":", 4)[3] for p in patterns if p.count(":") >= _PARTS_OF_ARN - 1}
    regions = (ANY, *sorted(written - {"", "*"}))
    return [":".join((*parts[:3], region, *parts[4:])) for region in regions]


def _has_signs(pattern: str) -> bool:
    return any(sign in pattern for sign in ("*", "?", "${", IN_PART))


def _units(pattern: str) -> list[Part]:
    units: list[Part] = []
    for part in _parts(pattern):
        units += list(part) if isinstance(part, str) else [part]
    return units


_Place = tuple[int, ...]


def _walk(patterns: Sequence[Sequence[Part]]) -> str | None:
    """Search the places in all patterns for a way to the ends, and give the text along it."""
    start, end = (0,) * len(patterns), tuple(len(pattern) for pattern in patterns)
    came: dict[_Place, tuple[_Place, str]] = {start: (start, "")}
    waiting = [start]
    while waiting:
        here = waiting.pop()
        if here == end:
            return _text_to(end, came)
        if len(came) > _MOST_PLACES:
            raise TooLongError
        for there, text in _steps(patterns, here):
            if there not in came:
                came[there] = (here, text)
                waiting.append(there)
    return None


def _steps(patterns: Sequence[Sequence[Part]], here: _Place) -> list[tuple[_Place, str]]:
    """Give the places after one more text, the likeliest last, and that text."""
    units = [p[at] if at < len(p) else None for p, at in zip(patterns, here, strict=True)]
    is_run = [isinstance(unit, Run) for unit in units]
    # A run can end here; where there are only runs, after a name that nobody knows.
    gap = ANY if all(is_run) else ""
    steps = [((*here[:n], at + 1, *here[n + 1 :]), gap) for n, at in enumerate(here) if is_run[n]]
    signs = [unit for unit, runs in zip(units, is_run, strict=True) if not runs]
    letters = {unit for unit in signs if isinstance(unit, str)}
    if not signs or None in signs or len(letters) > 1:
        return steps
    if any(isinstance(unit, Run) and letters & set(unit.excluded) for unit in units):
        return steps
    there = tuple(at if runs else at + 1 for at, runs in zip(here, is_run, strict=True))
    return [*steps, (there, letters.pop() if letters else ONE_CHAR)]


def _text_to(end: _Place, came: dict[_Place, tuple[_Place, str]]) -> str:
    parts: list[str] = []
    here = end
    while here != (0,) * len(end):
        here, text = came[here]
        parts.append(text)
    return "".join(reversed(parts))
