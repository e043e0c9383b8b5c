"""Objects as the files of a folder, such as a mounted volume."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mlsec.core.errors import MlsecError, NoRoomError

_NO_ROOM = frozenset({28, 122})  # ENOSPC, EDQUOT
# Who else can write the folder may have put a link, a device or a pipe under a name.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Folder:
    """Files below a folder, made with mode 0700."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, name: str, file: Path) -> None:
        """Copy a file in, under its name only once it is whole and on the disk."""
        path = self._root / name
        draft = path.with_name(f"{path.name}.draft")
        try:
            _make(path.parent)
            draft.unlink(missing_ok=True)
            with file.open("rb") as source, draft.open("xb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
                target.flush()
                os.fsync(target.fileno())
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            kind = NoRoomError if error.errno in _NO_ROOM else MlsecError
            raise kind(f"cannot be written: {error.strerror}", location=str(path)) from None

    def read(self, name: str, file: Path) -> None:
        """Copy a file out; a link is not followed."""
        try:
            with _opened(self._root / name) as source, file.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        except OSError as error:
            message = f"cannot be read: {error.strerror}"
            raise MlsecError(message, location=str(self._root / name)) from None

    def names(self, prefix: str) -> Iterator[str]:
        """Give the names of all files that begin so."""
        files = (path for path in self._root.rglob("*") if path.is_file())
        names = sorted(path.relative_to(self._root).as_posix() for path in files)
        return (name for name in names if name.startswith(prefix) and not name.endswith(".draft"))

    def delete(self, name: str) -> None:
        """Delete a file."""
        (self._root / name).unlink(missing_ok=True)


def _opened(path: Path) -> BinaryIO:
    source = os.fdopen(os.open(path, _READ), "rb")
    if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
        source.close()
        raise OSError(errno.EINVAL, "it is no file")
    return source


def _make(folder: Path) -> None:
    """Make a folder with those above it, each for its owner alone."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
