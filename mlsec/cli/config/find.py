"""Finds mlsec.yaml: the one that is named, or the nearest one above the working folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from mlsec.core.foreign import is_foreign, repository_root

NAME = "mlsec.yaml"
# What people call it who expect another ending; it is not read, and that is said.
_NEAR_MISS = "mlsec.yml"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The file to read, None for none, and what was there and is not read, in sentences."""

    path: Path | None = None
    notes: tuple[str, ...] = ()


def find_config() -> Found:
    """Look in the working folder and above it, up to the root of the git repository.

    Outside a repository only the working folder is looked into: whoever may write to a folder
    above it, such as /tmp, would decide what is scanned. What lies in a scanned folder, or in the
    repository around one, is not read either.
    """
    for folder in _folders():
        path = folder / NAME
        if not os.path.lexists(path):
            if os.path.lexists(folder / _NEAR_MISS):
                return Found(notes=(f"{_shown(folder / _NEAR_MISS)} is not read; call it {NAME}",))
            continue
        shown = _shown(path)
        if is_foreign(path):
            return Found(notes=(f"{shown} {FOREIGN}; name it with --config {shown}",))
        if not _is_own(path):
            note = f"{shown} belongs to another user and is not read; name it with --config {shown}"
            return Found(notes=(note,))
        return Found(path=Path(shown))
    return Found()


FOREIGN = "is in the scanned folder or its repository and is not read"


def _folders() -> Iterator[Path]:
    here = Path.cwd()
    root = repository_root(here)
    yield here
    for folder in () if root is None else here.parents:
        if folder != root and root not in folder.parents:
            return
        yield folder


def _shown(path: Path) -> str:
    """Give the path from the working folder, as a person would write it."""
    return os.path.relpath(path)


def _is_own(path: Path) -> bool:
    """Whether the file belongs to this user, to root, or to who called sudo."""
    users = {os.geteuid(), 0}
    if os.geteuid() == 0 and os.environ.get("SUDO_UID", "").isdecimal():
        users.add(int(os.environ["SUDO_UID"]))
    try:
        facts = path.stat()
    except OSError:
        return True  # reading it says what is wrong
    return facts.st_uid in users or not stat.S_ISREG(facts.st_mode)
