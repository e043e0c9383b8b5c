"""Folders that others wrote: nothing in them is run, believed, or decides where we write.

What is scanned is such a folder, and the repository that it lies in. They are noted once, when the
command line is read; what starts programs, writes files or trusts a cache asks here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

# As many as Linux follows in one path.
_MOST_LINKS = 40
_folders: set[str] = set()


def distrust(targets: Iterable[Path]) -> None:
    """Note what is scanned, and the repositories around it, for the rest of this process."""
    own = str(Path(__file__).resolve().parents[2])
    for target in targets:
        _folders.add(os.path.realpath(target))
        root = repository_root(target)
        # Who may write there could change this very code.
        if root is not None and str(root) != own:
            _folders.add(str(root))


def repository_root(path: Path) -> Path | None:
    """Give the folder of the git repository that a path lies in; git is not asked."""
    real = path.resolve()
    return next((folder for folder in (real, *real.parents) if _has_git(folder)), None)


def is_foreign(path: Path) -> bool:
    """Whether a path, or any link or folder on the way to what it leads to, is in such a folder."""
    return any(_lies_in(place, _folders) for place, _ in _way(path))


def foreign_link(path: Path) -> str:
    """Give the first link in such a folder that writing to a path would follow, "" for none.

    The repository that the current folder lies in counts too: its files may come from others.
    """
    here = repository_root(Path.cwd())
    folders = _folders | ({str(here)} if here is not None else set())
    links = (place for place, is_link in _way(path) if is_link and _lies_in(place, folders))
    return next(links, "")


def _way(path: Path) -> Iterator[tuple[str, bool]]:
    """Give every place that is passed on the way to what a path leads to, and which are links."""
    place, left, links = "/", str(path.absolute()).split("/"), 0
    left.reverse()
    while left:
        part = left.pop()
        if part in ("", "."):
            continue
        if part == "..":
            place = os.path.dirname(place)  # noqa: PTH120 - as the system does it, place by place
            continue
        place = f"{place.rstrip('/')}/{part}"
        try:
            target = os.readlink(place)  # noqa: PTH115 - likewise
        except OSError:
            yield place, False
            continue
        yield place, True
        links += 1
        if links > _MOST_LINKS:
            return
        left += reversed(target.split("/"))
        place = "/" if target.startswith("/") else os.path.dirname(place)  # noqa: PTH120


def _lies_in(place: str, folders: Iterable[str]) -> bool:
    return any(place == folder or place.startswith(f"{folder.rstrip('/')}/") for folder in folders)


def _has_git(folder: Path) -> bool:
    try:
        return (folder / ".git").exists()
    except OSError:  # nobody may look into it
        return False
