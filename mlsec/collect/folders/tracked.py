"""Whether git tracks a path, read from the index of its repository; git is not asked."""

from __future__ import annotations

import os
from pathlib import Path

from mlsec.core.foreign import repository_root

_MAX_BYTES = 512 * 1024 * 1024
_GITDIR = b"gitdir:"
# Source: gitformat-index(5). Versions 2 and 3 have each path whole; an index that is split has
# an extension "link" and most of its paths in another file.
_WHOLE = (b"DIRC\0\0\0\2", b"DIRC\0\0\0\3")
_SPLIT = b"link\0\0\0"


class Tracked:
    """Answers for any path; an index that cannot be understood may hold everything."""

    def __init__(self) -> None:
        self._indexes: dict[Path, bytes | None] = {}
        self._roots: dict[str, Path | None] = {}

    def may_hold(self, path: str) -> bool:
        """Whether the path, or something below it, may be in the index. Never git's own folder."""
        folder, name = os.path.split(path)
        if name == ".git":
            return False
        real = os.path.realpath(folder)
        if real not in self._roots:
            self._roots[real] = repository_root(Path(real))
        root = self._roots[real]
        if root is None:
            return False
        if root not in self._indexes:
            self._indexes[root] = _index_of(root)
        index = self._indexes[root]
        if index is None:
            return True
        inside = os.fsencode(os.path.relpath(os.path.join(real, name), root))  # noqa: PTH118
        return inside + b"/" in index or inside + b"\0" in index


def _index_of(root: Path) -> bytes | None:
    """Give the bytes of an index, none where nothing was added, None where they do not tell."""
    try:
        place = _git_folder(root) / "index"
        if not place.exists():
            return b""
        if not place.is_file() or place.stat().st_size > _MAX_BYTES:
            return None
        body = place.read_bytes()
    except OSError:
        return None
    return body if body.startswith(_WHOLE) and _SPLIT not in body else None


def _git_folder(root: Path) -> Path:
    """Give where git keeps its files: of a submodule or a further work tree a file says it."""
    place = root / ".git"
    if not place.is_file():
        return place
    with place.open("rb") as file:
        said = file.read(4096 + len(_GITDIR))
    return root / os.fsdecode(said.removeprefix(_GITDIR).strip())
