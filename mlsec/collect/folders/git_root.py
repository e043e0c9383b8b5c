"""Which git repository a path lies in, found by where its ``.git`` is; git is not asked."""

from __future__ import annotations

from pathlib import Path

from mlsec.collect.folders.entry import plain_name


def repository_of(target: Path) -> tuple[Path | None, str]:
    """Give the root of the repository and the target's path in it ("." for the root itself).

    Returns:
        None and "" for a target that lies in no repository.
    """
    real = target.resolve()
    for folder in (real, *real.parents):
        if _has_git(folder):
            return folder, plain_name(real.relative_to(folder).as_posix())
    return None, ""


def _has_git(folder: Path) -> bool:
    try:
        return (folder / ".git").exists()
    except OSError:  # nobody may look into it
        return False
