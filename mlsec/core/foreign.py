"""Folders that others wrote: nothing in them is run, believed, or decides where we write.

What is scanned is such a folder, and the repository that it lies in. They are noted once, when the
command line is read; what starts programs, writes files or trusts a cache asks here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible

# As many as Linux follows in one path.
_MOST_LINKS = 40
_folders: set[str] = set()
# Links that the user followed, by naming a target so.
_named_links: set[str] = set()


def distrust(targets: Iterable[Path]) -> None:
    """Note what is scanned, and the repositories around it, for the rest of this process."""
    for target in targets:
        _folders.add(os.path.realpath(target))
        _named_links.update(place for place, is_link in _way(target) if is_link)
        root = repository_root(target)
        # Who may write there could change this very code.
        if root is not None and str(root) != _own():
            _folders.add(str(root))


def repository_root(path: Path) -> Path | None:
    """Give the folder of the git repository that a path lies in; git is not asked."""
    real = Path(os.path.realpath(path))  # resolve() fails at a loop on Python 3.11
    return next((folder for folder in (real, *real.parents) if _has_git(folder)), None)


def is_foreign(path: Path) -> bool:
    """Whether a path, or any link or folder on the way to what it leads to, is in such a folder."""
    return any(_lies_in(place, _folders) for place, _ in _way(path))


def refuse_foreign_link(path: Path) -> None:
    """Refuse to write to a path on the way to which a link in such a folder is followed.

    The repository that the current folder lies in is such a folder too, whatever is scanned.

    Raises:
        MlsecError: names the link.
    """
    here = repository_root(Path.cwd())
    folders = _folders if here is None or str(here) == _own() else _folders | {str(here)}
    links = (place for place, is_link in _way(path) if is_link and _lies_in(place, folders))
    link = next((place for place in links if place not in _named_links), "")
    if link:
        raise MlsecError(
            f'"{visible(link, 300)}" is a link in the repository: nothing is written through it',
            hint="give the place that it leads to, if that is meant",
            location=str(path),
        )


def refuse_foreign_file(path: Path) -> None:
    """Refuse to change a file in place that such a folder gives another name, or a link to it.

    Raises:
        MlsecError: as ``refuse_foreign_link``, or it has another name.
    """
    refuse_foreign_link(path)
    try:
        names = path.lstat().st_nlink
    except OSError:
        return
    if names > 1 and path.is_file() and is_foreign(path):
        raise MlsecError(
            "the file has another name, and lies in what is scanned",
            hint="give a file elsewhere", location=str(path),
        )  # fmt: skip


def _own() -> str:
    """Give the folder that this very code lies in."""
    return str(Path(__file__).resolve().parents[2])


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
