"""Which classes a file belongs to, by its path from the target."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from mlsec.core.regex import regex
from mlsec.core.wildcard import matches
from mlsec.repository.folders.classes import CLASSES, ENVIRONMENTS, HOLDERS, FolderClass

Places = tuple[tuple[str, str], ...]
_CHART = "Chart.yaml"
_FIRST = regex(r"[-_]")


class Paths:
    """The folders of one target, and which of them a class names."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._beside: dict[str, set[str]] = {}
        known = tuple(paths)
        self._charts = {_home(path) for path in known if path.rpartition("/")[2] == _CHART}
        for folder in set(map(_home, known)):
            below = folder
            while below:
                below, _, name = below.rpartition("/")
                self._beside.setdefault(below, set()).add(name.lower())
        # What stands for an environment may say more: prod-eu.
        self._environments = {
            home
            for home, names in self._beside.items()
            if any(name in ENVIRONMENTS or _FIRST.split(name)[0] in ENVIRONMENTS for name in names)
        }
        self._known: dict[str, Places] = {"": ()}

    def classes_of(self, path: str) -> Places:
        """Give the classes of a file, outermost first, each with the folder, or file, of it."""
        folder, _, name = path.rpartition("/")
        own = ((kind.name, path) for kind in CLASSES if _is_among(name.lower(), kind.files))
        return (*self._of_folder(folder), *own)

    def _of_folder(self, folder: str) -> Places:
        known = self._known.get(folder)
        if known is None:
            home, _, name = folder.rpartition("/")
            known = (*self._of_folder(home), *self._named(home, name.lower(), folder))
            self._known[folder] = known
        return known

    def _named(self, home: str, name: str, folder: str) -> Places:
        # The values that charts are tested with, by the convention of their own tool.
        kind = _class_named("tests" if name == "ci" and home in self._charts else name)
        if kind is None or (_is_among(name, kind.environments) and self._is_environment(home)):
            return ()
        return ((kind.name, folder),)

    def _is_environment(self, home: str) -> bool:
        is_held = home.rpartition("/")[2].lower() in HOLDERS
        return is_held or home in self._environments


def _home(path: str) -> str:
    return path.rpartition("/")[0]


@cache
def _class_named(name: str) -> FolderClass | None:
    return next((item for item in CLASSES if _is_among(name, item.folders)), None)


def _is_among(name: str, patterns: tuple[str, ...]) -> bool:
    return any(
        matches(pattern, name) if "*" in pattern else pattern == name for pattern in patterns
    )
