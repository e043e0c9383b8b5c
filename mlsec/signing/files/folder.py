"""A model's folder on disk: listed and opened without following links."""

from __future__ import annotations

import operator
import os
import stat
from collections import OrderedDict
from pathlib import Path

from mlsec.signing.errors import ChangedError, OverLimitError, SigningError, UnsupportedError
from mlsec.signing.files.listing import UNKNOWN_STATE, FileState, Kind, Listing, ModelEntry

MAX_DEPTH = 64
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK the opening of a FIFO would wait for a writer.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MAX_OPEN_FOLDERS = 64


class ModelFolder:
    """A folder, or the one file of a single-file model, held open while it is verified.

    Every file is reached from the open folder, part by part, so that no link on the way is
    followed. Not shared between threads: each takes a ``reopened`` one.
    """

    def __init__(self, target: Path) -> None:
        """Open the folder of a model, or the folder that its one file lies in.

        Raises:
            SigningError: it is not there or cannot be opened.
        """
        if os.open not in os.supports_dir_fd:
            raise UnsupportedError("models can be verified on Linux and macOS only")
        self.target = target
        self.single = "" if target.is_dir() else target.name
        self._top = _open_top(target.parent if self.single else target)
        self._open: OrderedDict[str, int] = OrderedDict()
        self._last = ("", self._top)

    def reopened(self) -> ModelFolder:
        """Return the same folder, for another thread."""
        twin = object.__new__(ModelFolder)
        twin.target, twin.single = self.target, self.single
        twin._top, twin._open = os.dup(self._top), OrderedDict()
        twin._last = ("", twin._top)
        return twin

    def __enter__(self) -> ModelFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every descriptor."""
        for descriptor in (*self._open.values(), self._top):
            os.close(descriptor)
        self._open.clear()

    def open_file(self, path: str) -> int:
        """Open a regular file for reading; the caller closes the descriptor.

        Raises:
            OSError: not there, not readable, or a link somewhere on the way.
            ChangedError: it is not a regular file (any more).
        """
        descriptor = self.open_listed(path)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise ChangedError(f'"{path}" is not a regular file')
        return descriptor

    def open_listed(self, path: str) -> int:
        """As ``open_file``, for a caller who compares the state with that of a listed file."""
        folder, _, name = path.rpartition("/")
        # Most files lie in the folder of the one before.
        if folder != self._last[0]:
            self._reach(folder)
        return os.open(name, _FILE, dir_fd=self._last[1])

    def look_at(self, path: str) -> os.stat_result:
        """Return what a name stands for now; it is not opened.

        Raises:
            OSError: not there, or a link on the way.
        """
        folder, _, name = path.rpartition("/")
        if folder != self._last[0]:
            self._reach(folder)
        return os.stat(name, dir_fd=self._last[1], follow_symlinks=False)

    def _reach(self, folder: str) -> None:
        # Reset first: opening others may close what it stands for, and may fail.
        self._last = ("", self._top)
        if folder:
            self._last = folder, self._folder(folder)

    def _folder(self, path: str) -> int:
        descriptor = self._open.get(path)
        if descriptor is not None:
            self._open.move_to_end(path)
            return descriptor
        above, _, name = path.rpartition("/")
        descriptor = os.open(name, _FOLDER, dir_fd=self._folder(above) if above else self._top)
        self._open[path] = descriptor
        if len(self._open) > _MAX_OPEN_FOLDERS:
            os.close(self._open.popitem(last=False)[1])
        return descriptor

    def file_state(self, path: str) -> FileState:
        """Return the state of a regular file as it is now; raises as ``open_file``."""
        descriptor = self.open_file(path)
        try:
            return FileState.of(os.fstat(descriptor))
        finally:
            os.close(descriptor)

    def folder_state(self, path: str) -> FileState:
        """Return the state of a folder as it is now ("" for the model's own).

        Raises:
            OSError: not there, or a link.
        """
        self.forget()
        return FileState.of(os.fstat(self._folder(path) if path else self._top))

    def forget(self) -> None:
        """Close the folders on the way, so that the next file is reached anew."""
        self._last = ("", self._top)
        while self._open:
            os.close(self._open.popitem()[1])

    def listing(self, max_entries: int, *, is_quick: bool = False) -> Listing:
        """List everything, without following links.

        Args:
            max_entries: how many names there may be.
            is_quick: give files ``UNKNOWN_STATE``: to look at each of very many small ones
                costs as much as to read it.

        Raises:
            OverLimitError: more than ``max_entries`` names.
            SigningError: the model itself cannot be listed.
        """
        if self.single:
            return Listing(entries=(_single(self),), folders=())
        walk = _Walk(max_entries, is_quick=is_quick)
        try:
            walk.into(os.dup(self._top), "", 1)
        except OSError as error:
            place = str(self.target)
            raise SigningError(f"cannot be listed: {error.strerror}", location=place) from None
        walk.entries.sort(key=operator.attrgetter("path"))
        return Listing(entries=tuple(walk.entries), folders=tuple(walk.folders))


def _open_top(folder: Path) -> int:
    try:
        # The caller names the model, so a link there is the caller's choice.
        return os.open(folder, _FOLDER & ~os.O_NOFOLLOW)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SigningError(f"cannot be opened: {reason}", location=str(folder)) from None


def _single(folder: ModelFolder) -> ModelEntry:
    try:
        descriptor = folder.open_file(folder.single)
    except ChangedError:
        return ModelEntry(folder.single, Kind.SPECIAL)
    except OSError:
        kind = Kind.SYMLINK if folder.target.is_symlink() else Kind.UNREADABLE
        return ModelEntry(folder.single, kind)
    try:
        return ModelEntry(folder.single, Kind.FILE, FileState.of(os.fstat(descriptor)))
    finally:
        os.close(descriptor)


class _Walk:
    """Lists what lies below an open folder."""

    def __init__(self, max_entries: int, *, is_quick: bool) -> None:
        self.max_entries = max_entries
        self.is_quick = is_quick
        self.entries: list[ModelEntry] = []
        self.folders: list[tuple[str, FileState]] = []

    def into(self, descriptor: int, above: str, depth: int) -> None:
        """List everything below a folder, and close it."""
        try:
            self.folders.append((above, FileState.of(os.fstat(descriptor))))
            with os.scandir(descriptor) as entries:
                names = list(entries)
            if len(self.entries) + len(self.folders) + len(names) > self.max_entries + 1:
                raise OverLimitError(f"the model holds more than {self.max_entries} names")
            prefix = f"{above}/" if above else ""
            for entry in names:
                listed = _look(entry, prefix + entry.name, descriptor, is_quick=self.is_quick)
                if listed is not None:
                    self.entries.append(listed)
                else:
                    self._below(entry.name, prefix + entry.name, descriptor, depth)
        finally:
            os.close(descriptor)

    def _below(self, name: str, path: str, folder: int, depth: int) -> None:
        if depth >= MAX_DEPTH:
            self.entries.append(ModelEntry(path, Kind.TOO_DEEP))
            return
        try:
            descriptor = os.open(name, _FOLDER, dir_fd=folder)
        except OSError:
            self.entries.append(ModelEntry(path, Kind.UNREADABLE))
            return
        self.into(descriptor, path, depth + 1)


def _look(entry: os.DirEntry[str], path: str, folder: int, *, is_quick: bool) -> ModelEntry | None:
    """Return what an entry is; None for a folder."""
    if not entry.name.isascii():
        try:
            entry.name.encode("utf-8")
        except UnicodeEncodeError:
            return ModelEntry(path, Kind.BAD_NAME)
    try:
        if is_quick and entry.is_file(follow_symlinks=False):
            return ModelEntry(path, Kind.FILE, UNKNOWN_STATE)
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return ModelEntry(path, Kind.UNREADABLE)
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return ModelEntry(path, Kind.FILE, FileState.of(status))
    if stat.S_ISDIR(mode):
        return None
    if stat.S_ISLNK(mode):
        return ModelEntry(path, Kind.SYMLINK, None, _link(entry.name, folder))
    return ModelEntry(path, Kind.SPECIAL)


def _link(name: str, folder: int) -> str:
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError:
        return ""
