"""Text as a database can hold it, and back: PostgreSQL refuses NUL, and UTF-8 lone surrogates."""

from __future__ import annotations

import re
from typing import Any

# U+241B is the symbol for Escape. It stands before itself, before the symbol for NUL, and before
# the four digits of a surrogate, so that every text comes back as it was.
_ESCAPE, _NUL = "\u241b", "\u2400"
_NOT_STORABLE = re.compile(f"[\x00\ud800-\udfff{_ESCAPE}]")
_STORED = re.compile(f"{_ESCAPE}({_ESCAPE}|{_NUL}|d[89a-f][0-9a-f]{{2}})")


def as_stored(value: Any) -> Any:
    """Give a value as it is stored; only text is changed."""
    if not isinstance(value, str) or not _NOT_STORABLE.search(value):
        return value
    return _NOT_STORABLE.sub(_escaped, value)


def as_it_was(value: Any) -> Any:
    """Give a value as it was before it was stored."""
    if not isinstance(value, str) or _ESCAPE not in value:
        return value
    return _STORED.sub(_plain, value)


def _escaped(match: re.Match[str]) -> str:
    char = match[0]
    if char == _ESCAPE:
        return _ESCAPE * 2
    return _ESCAPE + (_NUL if char == "\x00" else f"{ord(char):04x}")


def _plain(match: re.Match[str]) -> str:
    said = match[1]
    if said == _ESCAPE:
        return _ESCAPE
    return "\x00" if said == _NUL else chr(int(said, 16))
