"""The git repositories below a folder."""

from __future__ import annotations

import os
from pathlib import Path

from mlsec.core.errors import MlsecError

_MOST_LEVELS = 4


def repositories_in(folder: Path) -> list[str]:
    """Name the repositories in a folder, at most four levels down, sorted; not those inside others.

    Raises:
        MlsecError: the folder cannot be read, or there is no repository in it.
    """
    folders: list[str] = []
    waiting = [(folder, 0)]
    while waiting:
        place, level = waiting.pop()
        try:
            with os.scandir(place) as entries:
                listed = list(entries)
        except OSError as error:
            raise MlsecError(f"cannot be read: {error.strerror}", location=str(place)) from None
        # In a further work tree of a repository, ".git" is a file.
        if any(entry.name == ".git" for entry in listed):
            folders.append(str(place))
        elif level < _MOST_LEVELS:
            inside = (e for e in listed if e.is_dir(follow_symlinks=False))
            waiting += [(Path(entry.path), level + 1) for entry in inside]
    if not folders:
        raise MlsecError("there is no git repository in it", location=str(folder))
    return sorted(folders)
