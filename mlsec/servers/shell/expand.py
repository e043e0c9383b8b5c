"""Variables in text, as compose files, Dockerfiles and shells write them: ``${NAME:-default}``."""

from __future__ import annotations

import re
from collections.abc import Callable

from mlsec.collect.located.located import UnknownValue

Lookup = Callable[[str], str | UnknownValue | None]
Part = str | UnknownValue

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_PLAIN = re.compile(rf"\$({_NAME})")
_OPEN = re.compile(rf"\$\{{({_NAME})(:?[-+?])?")
_CALLED_WITH = tuple("@*#?!0123456789")
# Deeper than this nobody nests a default in a default.
_DEEPEST = 8


def expand(text: str, lookup: Lookup, *, is_compose: bool = False) -> Part:
    """Give the text with its variables filled in, or why that is not known."""
    parts = expand_parts(text, lookup, is_compose=is_compose)
    missing = [part for part in parts if isinstance(part, UnknownValue)]
    return missing[0] if missing else "".join(str(part) for part in parts)


def expand_parts(
    text: str, lookup: Lookup, *, is_compose: bool = False, depth: int = 0
) -> tuple[Part, ...]:
    """Give the pieces of a text in order; ``$$`` is a dollar sign where compose reads it.

    ``lookup`` gives a variable's value, None where it is set nowhere that was read.
    """
    parts: list[Part] = []
    at = 0
    while at < len(text):
        dollar = text.find("$", at)
        if dollar < 0:
            break
        parts.append(text[at:dollar])
        if is_compose and text.startswith("$$", dollar):
            parts.append("$")
            at = dollar + 2
            continue
        result, at = _variable(text, dollar, lookup, is_compose=is_compose, depth=depth)
        parts += result
    parts.append(text[at:])
    return _joined(parts)


def _variable(
    text: str, dollar: int, lookup: Lookup, *, is_compose: bool, depth: int
) -> tuple[tuple[Part, ...], int]:
    plain = _PLAIN.match(text, dollar)
    if plain is not None:
        return (_value(plain[1], lookup),), plain.end()
    opened = _OPEN.match(text, dollar)
    if opened is None:
        if text.startswith(("$(", "${"), dollar):
            return (UnknownValue("what a command or an expression gives"),), len(text)
        if not is_compose and text[dollar + 1 : dollar + 2] in _CALLED_WITH:
            return (UnknownValue("what the script is called with"),), dollar + 2
        return ("$",), dollar + 1
    end = _closing(text, opened.end())
    if end < 0 or depth >= _DEEPEST:
        return (UnknownValue(f"the variable {opened[1]} is not closed"),), len(text)
    rest = text[opened.end() : end]
    name, operator = opened[1], opened[2] or ""
    result = lookup(name)
    is_set = result is not None and (result != "" or not operator.startswith(":"))
    if operator.endswith("-") and not is_set:
        return expand_parts(rest, lookup, is_compose=is_compose, depth=depth + 1), end + 1
    if operator.endswith("+"):
        if isinstance(result, UnknownValue):
            return (result,), end + 1
        inner = expand_parts(rest, lookup, is_compose=is_compose, depth=depth + 1)
        return (inner if is_set else ("",)), end + 1
    if operator.endswith("?") and result is None:
        # It does not start without.
        return (
            UnknownValue(f"the variable {name} is set where it is started", is_given=True),
        ), end + 1
    if not operator and rest:  # ${NAME%suffix} and the like
        return (UnknownValue(f"an expression over {name}"),), end + 1
    return (_value(name, lookup),), end + 1


def _value(name: str, lookup: Lookup) -> Part:
    result = lookup(name)
    missing = UnknownValue(f"the variable {name} is set nowhere that was scanned")
    return missing if result is None else result


def _closing(text: str, at: int) -> int:
    depth = 1
    for position in range(at, len(text)):
        if text.startswith("${", position):
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if not depth:
                return position
    return -1


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    out: list[Part] = []
    for part in parts:
        if isinstance(part, str) and out and isinstance(out[-1], str):
            out[-1] = out[-1] + part
        elif part != "":
            out.append(part)
    return tuple(out)
