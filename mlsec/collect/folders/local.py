"""A folder or a file on disk: walked by descriptors, links followed only inside the folder."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from mlsec.artifacts.bytes.window import FileSource, Source
from mlsec.artifacts.content.references import NOT_READ
from mlsec.collect.folders.entry import LEADS_OUT, Entry, Listing, Skipped
from mlsec.collect.folders.git_root import repository_of
from mlsec.collect.folders.tracked import Tracked
from mlsec.core.entry_path import entry_path
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import plain_name, visible
from mlsec.core.wildcard import matches

MAX_DEPTH = 64
# What tools keep beside models and no loader reads, unless it is committed; of compiled Python only
# what is compiled.
LEFT_OUT = NOT_READ - {"__pycache__"}
_COMPILED = ("__pycache__", ".pyc")
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LocalStore:
    """Files below ``root``; ids are paths as the user wrote them.

    ``in_use`` are those that this very run works in: they are left out and counted. ``written`` are
    those that it replaces at its end: what stands there now is listed, and marked. What one of
    ``excluded`` matches is left out and counted, as the user asked. ``inside`` names the one folder
    that is walked in a folder of a tool.
    """

    def __init__(
        self,
        root: Path,
        written: frozenset[str] = frozenset(),
        in_use: frozenset[str] = frozenset(),
        excluded: tuple[str, ...] = (),
        inside: Mapping[str, str] | None = None,
    ) -> None:
        self._root, self._written, self._in_use = root, written, in_use
        self._excluded, self._inside = excluded, inside or {}
        self._own_names = {path.rpartition("/")[2] for path in written | in_use}
        self._paths: dict[str, str] = {}
        self._tracked = Tracked()

    def listing(self) -> Listing:
        """Walk the folder; nothing is opened but folders.

        Raises:
            MlsecError: the target itself is not there or cannot be read.
        """
        entries: list[Entry] = []
        skipped: list[Skipped] = []
        try:
            status = self._root.stat()
        except OSError as error:
            raise MlsecError(f"cannot read: {error.strerror}", location=str(self._root)) from None
        if stat.S_ISREG(status.st_mode):
            self._add(entries, str(self._root), self._root.name, status)
        else:
            seen = {(status.st_dev, status.st_ino)}
            for item in self._walk(str(self._root), "", seen, 0):
                if isinstance(item, Skipped):
                    skipped.append(item)
                else:
                    self._add(entries, *item)
        entries.sort(key=lambda entry: entry.path)
        skipped.sort(key=lambda item: item.id)
        hidden = any(item.why.startswith("folder: ") and item.reason for item in skipped)
        return Listing(
            entries=tuple(entries),
            skipped=tuple(skipped),
            is_complete=not hidden,
            in_repository=repository_of(self._root)[1],
        )

    def path_of(self, entry: Entry) -> str:
        """Give where a listed file lies, with links resolved."""
        return self._paths[entry.id]

    def open(self, entry: Entry) -> Source:
        """Open a file that was listed.

        Raises:
            OSError: it is gone, refused, or no longer a regular file.
        """
        descriptor = os.open(self._paths[entry.id], _READ)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "is not a regular file any more")
        return FileSource(descriptor)

    def close(self, source: Source) -> None:
        """Close what ``open`` gave."""
        if isinstance(source, FileSource):
            os.close(source.descriptor)

    def _add(self, entries: list[Entry], real: str, path: str, status: os.stat_result) -> None:
        name = plain_name(path)
        base = plain_name(self._root.as_posix())
        is_file = real == str(self._root)
        entry_id = base if is_file else (name if base == "." else f"{base}/{name}")
        while entry_id in self._paths:
            entry_id += "'"  # two names that differ only in bytes that cannot be shown
        self._paths[entry_id] = real
        entries.append(
            Entry(
                id=entry_id,
                path=name,
                size_bytes=status.st_size,
                version=f"{status.st_size}-{status.st_mtime_ns}-{status.st_ino}",
                is_written=self._is_among(real, self._written),
            )
        )

    def _is_among(self, path: str, own: frozenset[str]) -> bool:
        return path.rpartition("/")[2] in self._own_names and entry_path(path) in own

    def _walk(
        self, folder: str, path: str, seen: set[tuple[int, int]], depth: int
    ) -> Iterator[Skipped | tuple[str, str, os.stat_result]]:
        try:
            with os.scandir(folder) as listed:
                items = sorted(listed, key=lambda item: item.name)
        except OSError as error:
            yield self._skip(path, f"folder: {error.strerror}", _reason(error))
            return
        for item in items:
            inner = f"{path}/{item.name}" if path else item.name
            try:
                yield from self._look(item, inner, seen, depth)
            except OSError as error:
                yield self._skip(inner, f"{error.strerror}", _reason(error))

    def _look(
        self, item: os.DirEntry[str], path: str, seen: set[tuple[int, int]], depth: int
    ) -> Iterator[Skipped | tuple[str, str, os.stat_result]]:
        pattern = self._pattern_of(path)
        if pattern:
            yield self._skip(path, f"excluded by you: --exclude {visible(pattern, 100)}", None)
            return
        real = item.path
        home, _, name = path.rpartition("/")
        is_compiled = home.rpartition("/")[2] == _COMPILED[0] and name.endswith(_COMPILED[1])
        is_a_tool_s = item.name in LEFT_OUT or is_compiled
        # Who commits a folder of that name decides what lies in it, and what loads it.
        if is_a_tool_s and not self._tracked.may_hold(item.path):
            yield self._skip(path, "left out: no loader reads models from there", None)
            yield from self._walk_inside(item, path, seen, depth)
            return
        if item.is_symlink():
            real = os.path.realpath(item.path)
            if not _is_below(real, os.path.realpath(self._root)):
                yield self._skip(path, LEADS_OUT, GapReason.UNSUPPORTED)
                return
        if self._is_among(real, self._in_use):
            yield self._skip(path, "written by this scan", None)
            return
        status = Path(real).stat()
        if stat.S_ISREG(status.st_mode):
            yield real, path, status
        elif not stat.S_ISDIR(status.st_mode):
            yield self._skip(path, "not a regular file: a pipe, socket or device",
                             GapReason.UNSUPPORTED)  # fmt: skip
        elif (status.st_dev, status.st_ino) in seen:
            yield self._skip(path, "a link to a folder that is read under its own name", None)
        elif depth >= MAX_DEPTH:
            yield self._skip(path, f"folder: deeper than {MAX_DEPTH}", GapReason.OVER_LIMIT)
        else:
            seen.add((status.st_dev, status.st_ino))
            yield from self._walk(real, path, seen, depth + 1)

    def _walk_inside(
        self, item: os.DirEntry[str], path: str, seen: set[tuple[int, int]], depth: int
    ) -> Iterator[Skipped | tuple[str, str, os.stat_result]]:
        """Walk the one folder that is of interest in a folder of a tool, if it is there."""
        inner = Path(item.path, self._inside.get(item.name, ""))
        is_there = item.name in self._inside and not item.is_symlink() and not inner.is_symlink()
        if is_there and inner.is_dir():
            yield from self._walk(str(inner), f"{path}/{inner.name}", seen, depth + 2)

    def _pattern_of(self, path: str) -> str:
        """Give the first pattern that leaves a path out: by its name, or with a slash by its place.

        ``*`` stands for any characters, slashes too.
        """
        for pattern in self._excluded:
            wanted = pattern.removeprefix("./").rstrip("/")
            if "/" not in wanted:
                is_meant = matches(wanted, path.rpartition("/")[2])
            else:
                is_meant = matches(wanted if wanted[0] in "/*" else f"/{wanted}", f"/{path}")
            if is_meant:
                return pattern
        return ""

    def _skip(self, path: str, why: str, reason: GapReason | None) -> Skipped:
        base = plain_name(self._root.as_posix())
        return Skipped(id=f"{base}/{plain_name(path)}" if path else base, why=why, reason=reason)


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")


def _reason(error: OSError) -> GapReason:
    if error.errno in (errno.EACCES, errno.EPERM):
        return GapReason.DENIED
    return (
        GapReason.UNRESOLVED if error.errno in (errno.ENOENT, errno.ELOOP) else GapReason.MALFORMED
    )
