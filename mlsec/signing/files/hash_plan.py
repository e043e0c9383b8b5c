"""One file's digests: how to hash, in which parts, and what came of it."""

from __future__ import annotations

import errno
import hashlib
from typing import Any

import msgspec

from mlsec.core.installation import command_to_add
from mlsec.signing.errors import ChangedError, UnsupportedError
from mlsec.signing.files.listing import FileState


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
    if name == "blake3":
        try:
            import blake3  # noqa: PLC0415
        except ImportError:
            raise UnsupportedError(
                "the manifest uses BLAKE3, which is not installed", hint=command_to_add("blake3")
            ) from None
        return blake3.blake3(data)
    raise UnsupportedError(f'hash "{name[:100]}" is not on the list')


def byte_ranges(size_bytes: int, shard_bytes: int) -> list[tuple[int, int]]:
    """Give the stretches of a file that have a digest each."""
    if not shard_bytes:
        return [(0, size_bytes)]
    starts = range(0, size_bytes, shard_bytes)
    return [(start, min(start + shard_bytes, size_bytes)) for start in starts]


def changed(path: str) -> HashedFile:
    return HashedFile(path=path, problem="it changed while it was read", has_changed=True)


def failure(path: str, error: Exception) -> HashedFile:
    if isinstance(error, FileNotFoundError | NotADirectoryError | ChangedError):
        return changed(path)
    if isinstance(error, OSError) and error.errno in _LINK_ERRORS:
        return changed(path)
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return HashedFile(path=path, problem=f"cannot be read: {reason}")


# O_NOFOLLOW on a link: ELOOP on Linux and macOS, EMLINK on FreeBSD.
_LINK_ERRORS = (errno.ELOOP, errno.EMLINK)
