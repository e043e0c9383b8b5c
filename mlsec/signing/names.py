"""Paths as they may stand in a manifest: relative, plain, and one spelling for each file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from mlsec.signing.errors import MalformedError

MAX_NAME_CHARS = 4096
MAX_PART_BYTES = 255
# No separator of another system, no control character; what looks odd is escaped when shown.
# Also: no part that is empty, "." or "..". A line break stands between names, never in one.
_ODD = re.compile(r"[\\\x00-\x09\x0b-\x1f\x7f-\x9f]|(?:^|/)\.{0,2}(?:/|$)", re.MULTILINE)
_GLOB = re.compile(r"[*?\[]")
_RESERVED = re.compile(
    r"(?:^|/)(?:(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.[^/\n]*)?|[^/\n]*[. ])(?:/|$)",
    re.IGNORECASE | re.MULTILINE,
)


def check_name(name: str) -> None:
    """Refuse a path that could leave the model's folder or be read in two ways.

    Raises:
        MalformedError: empty, absolute, with ``.`` or ``..`` or empty parts, a backslash, a
            control character, or too long.
    """
    if "\n" in name or _ODD.search(name):
        raise MalformedError(f'"{name[:200]}" is not a plain relative path with "/" between parts')
    if len(name) > MAX_NAME_CHARS:
        raise MalformedError(f"a path has {len(name)} characters; at most {MAX_NAME_CHARS}")
    if len(name) > MAX_PART_BYTES or not name.isascii():
        _check_parts(name)


def are_plain(names: Sequence[str]) -> bool:
    """Whether all of many paths pass ``check_name``; False also where it takes a closer look."""
    joined = "\n".join(names)
    return (
        joined.isascii()
        and joined.count("\n") == len(names) - 1
        and not _ODD.search(joined)
        and max(map(len, names)) <= MAX_PART_BYTES
    )


def _check_parts(name: str) -> None:
    try:
        longest = max(len(part.encode("utf-8")) for part in name.split("/"))
    except UnicodeEncodeError:
        raise MalformedError("a path is not Unicode text") from None
    if longest > MAX_PART_BYTES:
        raise MalformedError(f"a part of a path has {longest} bytes; at most {MAX_PART_BYTES}")


def check_ignored(name: str) -> None:
    """Refuse an ignored path that is a pattern, or that names anything but one place inside.

    Raises:
        MalformedError: as ``check_name``, or a glob character.
    """
    check_name(name)
    if _GLOB.search(name):
        raise MalformedError(f'the ignored path "{name[:200]}" holds a glob character')


def same_elsewhere(name: str) -> str:
    """Give the form under which file systems that fold case or normalise keep the name."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def collision(names: Sequence[str]) -> tuple[str, str] | None:
    """Find two different names that are one file on some systems."""
    joined = "\n".join(names)
    if joined.isascii() and len(set(joined.lower().split("\n"))) == len(names):
        return None
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(same_elsewhere(name), name)
        if other != name:
            return other, name
    return None


def reserved(names: Iterable[str]) -> str:
    """Find a name that Windows cannot hold as it is, or ""."""
    # One search over all: no plain name holds a line break.
    found = _RESERVED.search("\n".join(names))
    if found is None:
        return ""
    return found.string[found.string.rfind("\n", 0, found.end() - 1) + 1 :].partition("\n")[0]


def is_under(name: str, places: Iterable[str]) -> bool:
    """Whether a path is one of ``places`` or lies below one of them."""
    return any(name == place or name.startswith(place + "/") for place in places)
