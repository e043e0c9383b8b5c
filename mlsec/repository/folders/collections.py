"""Collections of samples: which repositories are one, and which of their files are exercises."""

from __future__ import annotations

from collections.abc import Iterable

from mlsec.core.regex import regex

# Words that say of a repository that it is many samples; one sample or demo is an application.
_WORDS = frozenset({
    "cookbook", "cookbooks", "course", "courses", "demos", "examples", "exercises", "labs",
    "playground", "quickstarts", "samples", "tutorial", "tutorials", "workshop", "workshops",
})  # fmt: skip
_WORD = regex(r"[a-z]+")
# A repository with so many folders of notebooks is one as well.
_LEAST_FOLDERS = 10
_NOTEBOOK, _APP = ".ipynb", "cdk.json"
_SCRIPTS = (_NOTEBOOK, ".py", ".sh", ".bash")
# What declares for them is infrastructure, which those who follow a collection do deploy.
_CLOUDS = frozenset({"aws", "azure", "gcp"})


def is_collection(repository: str) -> bool:
    """Whether a repository's name says that it is a collection of samples."""
    return not _WORDS.isdisjoint(_WORD.findall(repository.lower()))


class Exercises:
    """Gives what says that a file of one target is an exercise, "" for all others.

    By ``name`` a repository is a collection; what is no infrastructure is an exercise there. With
    notebooks in ten folders or more it is one too: scripts, images and models in or below such a
    folder belong to its notebooks. ``paths`` are those of its files, from the target.
    """

    def __init__(self, name: str, paths: Iterable[str]) -> None:
        known = sorted(paths)
        self._name = name if is_collection(name) else ""
        homes = {_home(path) for path in known if path.endswith(_NOTEBOOK)} - {""}
        self._homes = homes if len(homes) >= _LEAST_FOLDERS else frozenset()
        self._apps = {_home(path) for path in known if path.rpartition("/")[2] == _APP}

    def of(self, provider: str, path: str) -> str:
        """Give the folder of notebooks, or the repository's name."""
        if not (self._name or self._homes):
            return ""
        is_script = path.endswith(_SCRIPTS)
        if provider in _CLOUDS and not is_script:
            return ""
        above = _above(path)
        if not self._apps.isdisjoint(above):
            return ""
        if self._name:
            return self._name
        is_beside = is_script or provider == "files" or "dockerfile" in path.lower()
        return next((home for home in above if home in self._homes), "") if is_beside else ""


def _home(path: str) -> str:
    return path.rpartition("/")[0]


def _above(path: str) -> list[str]:
    """Give every folder on the way to a file, the target's own as "", innermost first."""
    folders = [_home(path)]
    while folders[-1]:
        folders.append(_home(folders[-1]))
    return folders
