"""The listing of a model: its names, their kinds, and the state of each file."""

from __future__ import annotations

import enum
import os

import msgspec


class Kind(enum.Enum):
    """The kind of a name in a folder."""

    FILE = "file"
    SYMLINK = "symlink"
    SPECIAL = "special"
    UNREADABLE = "unreadable"
    BAD_NAME = "bad_name"
    TOO_DEEP = "too_deep"


class FileState(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The identity and state of a file: device, inode, bytes, times (ns)."""

    device: int
    inode: int
    size_bytes: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, stat: os.stat_result) -> FileState:
        """Take the state from ``fstat``."""
        return cls(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)

    @classmethod
    def of_size(cls, size_bytes: int) -> FileState:
        """Make the state of an object in a store, which keeps its versions apart itself."""
        return cls(0, 0, size_bytes, 0, 0)

    def is_of(self, stat: os.stat_result) -> bool:
        """Whether ``fstat`` still says the same."""
        return (
            self.inode == stat.st_ino
            and self.changed_ns == stat.st_ctime_ns
            and self.modified_ns == stat.st_mtime_ns
            and self.size_bytes == stat.st_size
            and self.device == stat.st_dev
        )


# The state of a file whose name was listed and nothing more: it is taken when it is opened.
UNKNOWN_STATE = FileState.of_size(-1)


class ModelEntry(msgspec.Struct, frozen=True, gc=False):
    """One name; ``path`` is relative, with "/" between parts. ``state`` is that of a file,
    ``link`` where a symbolic link points.
    """

    path: str
    kind: Kind
    state: FileState | None = None
    link: str = ""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in a model that is no folder, by path, and the folders with their states."""

    entries: tuple[ModelEntry, ...]
    folders: tuple[tuple[str, FileState], ...]

    def files(self) -> dict[str, FileState]:
        """Return the regular files."""
        return {entry.path: entry.state for entry in self.entries if entry.state is not None}

    def irregular(self) -> tuple[ModelEntry, ...]:
        """Return what cannot be hashed: links, devices, what could not be read."""
        return tuple(entry for entry in self.entries if entry.kind is not Kind.FILE)
