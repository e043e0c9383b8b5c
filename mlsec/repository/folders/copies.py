"""Older versions of the same files: folders named by a version, side by side.

Of such folders the newest is judged as itself. A file of an older one is a copy where at least
half of its lines stand in newer ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable

from mlsec.core.regex import regex

# v0.11.1, 1.2.x, release-1.2, release_2.0-rc1; a bare v1 is an interface, not a release.
_VERSION = regex(
    r"(?i)(?:v|release[-_/]?v?|version[-_]?)?([0-9]{1,5}(?:\.[0-9]{1,5}){1,3})"
    r"(?:\.x)?(?:[-_.+]?((?:alpha|beta|rc|pre|dev)[-_.]?[0-9]{0,5}))?"
)
_SHARED = 0.5


def version_of(name: str) -> tuple[tuple[int, ...], bool, str] | None:
    """Give what a folder's name sorts by as a version, None for any other name."""
    match = _VERSION.fullmatch(name)
    if match is None:
        return None
    numbers = tuple(int(part) for part in match[1].split("."))
    return numbers, not match[2], (match[2] or "").lower()


def older_copies(paths: Iterable[str], text_of: Callable[[str], str]) -> dict[str, str]:
    """Give the files that are copies in an older version, each with the folder of that version."""
    versions: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in paths:
        home, name = _versioned(path)
        if name:
            versions[home][name].append(path)
    copies: dict[str, str] = {}
    for home, folders in sorted(versions.items()):
        if len(folders) < 2:
            continue
        newer: set[int] = set()
        ordered = sorted(folders, key=lambda name: (version_of(name), name), reverse=True)
        for position, name in enumerate(ordered):
            seen = {path: _lines(text_of(path)) for path in sorted(folders[name])}
            if position:
                folder = f"{home}/{name}".lstrip("/")
                copies.update(
                    (path, folder) for path, lines in seen.items() if _is_copy(lines, newer)
                )
            newer.update(*seen.values())
    return copies


def _versioned(path: str) -> tuple[str, str]:
    """Give where the outermost folder of a version lies, and its name; "" for none."""
    parts = path.split("/")
    for position, part in enumerate(parts[:-1]):
        if version_of(part) is not None:
            return "/".join(parts[:position]), part
    return "", ""


def _lines(text: str) -> frozenset[int]:
    return frozenset(hash(line) for line in map(str.strip, text.splitlines()) if line)


def _is_copy(lines: Collection[int], newer: set[int]) -> bool:
    return bool(lines) and sum(line in newer for line in lines) >= _SHARED * len(lines)
