"""How the files of a model are hashed, and the digests of one file."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from mlsec.signing.errors import ChangedError, UnsupportedError
from mlsec.signing.files.listing import FileState

# Called with the bytes done and the bytes in all (0 while not known), now and then.
Progress = Callable[[int, int], None]
# O_NOFOLLOW on a link: ELOOP on Linux and macOS, EMLINK on FreeBSD.
_LINK_ERRORS = (errno.ELOOP, errno.EMLINK)


class HashPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How to hash: which hash, and the bytes of each part (0: a file is one part)."""

    hash_name: str = "sha256"
    shard_bytes: int = 0


class HashedFile(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One file's digests in order of its parts (none for an empty file in parts), or why not.

    ``state`` is that of the file on disk whose bytes these were. ``detail`` and ``fix`` say more
    of a ``problem``; ``is_by_store`` is a digest that the store keeps of the whole object, taken
    instead of its bytes. ``is_left`` is a file that turned out to be too large to be read at
    once: it is hashed afterwards.
    """

    path: str
    size_bytes: int = 0
    digests: tuple[bytes, ...] = ()
    state: FileState | None = None
    problem: str = ""
    has_changed: bool = False
    detail: str = ""
    fix: str = ""
    is_by_store: bool = False
    is_left: bool = False


def new_hash(name: str, data: bytes | memoryview = b"") -> Any:
    """Start a hash, over ``data`` so far.

    Raises:
        UnsupportedError: not on the list, or BLAKE3 without its package.
    """
    if name == "sha256":
        return hashlib.sha256(data)
    if name in ("blake2b", "sha384", "sha512"):
        return hashlib.new(name, data)
    if name != "blake3":
        raise UnsupportedError(f'hash "{name[:100]}" is not on the list')
    try:
        import blake3  # noqa: PLC0415
    except ImportError:
        raise UnsupportedError(
            "the manifest uses BLAKE3, which is not installed", hint="pip install blake3"
        ) from None
    return blake3.blake3(data)


def byte_ranges(size_bytes: int, shard_bytes: int) -> list[tuple[int, int]]:
    """Return the ranges [start, end) of a file that have a digest each."""
    if not shard_bytes:
        return [(0, size_bytes)]
    starts = range(0, size_bytes, shard_bytes)
    return [(start, min(start + shard_bytes, size_bytes)) for start in starts]


def changed_file(path: str) -> HashedFile:
    """Return the outcome of a file that changed while it was read."""
    return HashedFile(path=path, problem="it changed while it was read", has_changed=True)


def failed_file(path: str, error: Exception) -> HashedFile:
    """Return the outcome of a file that could not be read; a file that is gone has changed."""
    is_gone = isinstance(error, FileNotFoundError | NotADirectoryError | ChangedError)
    if is_gone or (isinstance(error, OSError) and error.errno in _LINK_ERRORS):
        return changed_file(path)
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return HashedFile(path=path, problem=f"cannot be read: {reason}")
