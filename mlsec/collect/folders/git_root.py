"""Where in a git repository a path lies; git is not asked."""

from __future__ import annotations

from pathlib import Path

from mlsec.core.foreign import repository_root
from mlsec.core.sanitize import plain_name


def repository_of(target: Path) -> tuple[Path | None, str]:
    """Give the root of the repository and the target's path in it ("." for the root itself).

    Returns:
        None and "" for a target that lies in no repository.
    """
    root = repository_root(target)
    if root is None:
        return None, ""
    return root, plain_name(target.resolve().relative_to(root).as_posix())
