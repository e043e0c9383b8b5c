"""Paths in manifests: relative, plain, and with one spelling for each file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from mlsec.core.sanitize import plain_name
from mlsec.signing.errors import MalformedError

MAX_NAME_CHARS = 4096
MAX_PART_BYTES = 255
# No separator of another system, no control character; what looks odd is escaped when shown.
# A line break stands between names, never in one.
_ODD = re.compile(r"[\\\x00-\x09\x0b-\x1f\x7f-\x9f]")
# The two below look at parts of paths, each on a line of its own (``_parts_on_lines``): a pattern
# that begins with plain text is found several times as fast as one that begins with choices.
_NO_PART = re.compile(r"\n\.{0,2}\n")
_DEVICE = re.compile(r"\n(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.[^\n]*)?\n", re.IGNORECASE)
_GLOB = re.compile(r"[*?\[]")


def check_name(name: str) -> None:
    """Refuse a path that could leave the model's folder or be read in two ways.

    Raises:
        MalformedError: empty, absolute, with ``.`` or ``..`` or empty parts, a backslash, a
            control character, or too long.
    """
    if "\n" in name or _is_odd((name,)):
        raise MalformedError(
            f'"{plain_name(name[:200])}" is not a plain relative path with "/" between parts'
        )
    if len(name) > MAX_NAME_CHARS:
        raise MalformedError(f"a path has {len(name)} characters; at most {MAX_NAME_CHARS}")
    if len(name) > MAX_PART_BYTES or not name.isascii():
        _check_parts(name)


def are_plain(names: Sequence[str]) -> bool:
    """Whether many paths all pass ``check_name``; False also where a closer check is needed."""
    joined = "\n".join(names)
    return (
        joined.isascii()
        and joined.count("\n") == len(names) - 1
        and not _is_odd(names)
        and max(map(len, names)) <= MAX_PART_BYTES
    )


def _is_odd(names: Sequence[str]) -> bool:
    lines = _parts_on_lines(names)
    return _ODD.search(lines) is not None or _NO_PART.search(lines) is not None


def _parts_on_lines(names: Sequence[str]) -> str:
    return "\n" + "\n".join(names).replace("/", "\n") + "\n"


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
    """Return the name as file systems that fold case or normalise it would store it."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def collision(names: Sequence[str]) -> tuple[str, str] | None:
    """Find two different names that are the same file on some systems."""
    joined = "\n".join(names)
    if joined.isascii() and len(set(joined.lower().split("\n"))) == len(names):
        return None
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(same_elsewhere(name), name)
        if other != name:
            return other, name
    return None


def reserved(names: Sequence[str]) -> str:
    """Find a name that Windows cannot hold as it is, or ""."""
    # One search over all: no plain name holds a line break.
    if not _is_reserved(_parts_on_lines(names)):
        return ""
    return next(name for name in names if _is_reserved(_parts_on_lines((name,))))


def _is_reserved(lines: str) -> bool:
    return ".\n" in lines or " \n" in lines or _DEVICE.search(lines) is not None


def is_under(name: str, places: Iterable[str]) -> bool:
    """Whether a path is one of ``places`` or lies below one of them."""
    return any(name == place or name.startswith(place + "/") for place in places)
