"""What lies in a model: names, what they are, and the states that show whether a file moved."""

from __future__ import annotations

import enum
import os

import msgspec


class Kind(enum.Enum):
    """What a name in the folder is."""

    FILE = "file"
    SYMLINK = "symlink"
    SPECIAL = "special"
    UNREADABLE = "unreadable"
    BAD_NAME = "bad_name"
    TOO_DEEP = "too_deep"


class FileState(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What shows that a file is still the one it was: device, inode, bytes, times (ns)."""

    device: int
    inode: int
    size_bytes: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> FileState:
        """Take the state from ``fstat``."""
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    @classmethod
    def of_size(cls, size_bytes: int) -> FileState:
        """Make the state of an object in a store, which keeps watch over its versions itself."""
        return cls(0, 0, size_bytes, 0, 0)

    def is_of(self, found: os.stat_result) -> bool:
        """Whether ``fstat`` still says the same."""
        return (
            self.inode == found.st_ino
            and self.changed_ns == found.st_ctime_ns
            and self.modified_ns == found.st_mtime_ns
            and self.size_bytes == found.st_size
            and self.device == found.st_dev
        )


# The state of a file whose name was listed and nothing more: it is looked at when it is opened.
UNKNOWN_STATE = FileState.of_size(-1)


class Found(msgspec.Struct, frozen=True, gc=False):
    """One name; ``path`` is relative, with "/" between parts. ``state`` is that of a file,
    ``link`` where a symbolic link points.
    """

    path: str
    kind: Kind
    state: FileState | None = None
    link: str = ""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in a model that is no folder, by path, and the folders with their states."""

    found: tuple[Found, ...]
    folders: tuple[tuple[str, FileState], ...]

    def files(self) -> dict[str, FileState]:
        """The regular files."""
        return {one.path: one.state for one in self.found if one.state is not None}

    def odd(self) -> tuple[Found, ...]:
        """What cannot be hashed: links, devices, what could not be read."""
        return tuple(one for one in self.found if one.kind is not Kind.FILE)
