"""The files of a commit, and whether one of them is still the same on disk."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from mlsec.core.regex import regex
from mlsec.repository.changes.conversion import (
    POINTER_BYTES,
    TEXT_BYTES,
    is_checked_out_with_crlf,
    pointed_at,
)
from mlsec.repository.changes.git import Git

_ENTRY = regex(rb"(\d{6}) (\w+) ([0-9a-f]{40,64}) +(\d+|-)\t(.+)", re.S)
_CHUNK_BYTES = 1 << 20
_BATCH_BYTES = 32 * 1024 * 1024
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
LINK = "120000"


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a commit; ``path`` is as git has it, ``id`` the object's, ``mode`` octal."""

    path: bytes
    mode: str
    id: str
    size_bytes: int


def files_of(git: Git, commit: str) -> Iterator[Committed]:
    """Give every file of a commit; what lies in a submodule is not one of them."""
    listed = git.ask("ls-tree", "-r", "-z", "-l", "--full-tree", commit)
    for line in listed.split(b"\0"):
        match = _ENTRY.fullmatch(line)
        if match is not None and match[2] == b"blob":
            yield Committed(
                path=match[5],
                mode=match[1].decode(),
                id=match[3].decode(),
                size_bytes=int(match[4]),
            )


def bodies_of(git: Git, files: Iterable[Committed]) -> Iterator[tuple[Committed, bytes]]:
    """Give each file's bytes, a few megabytes of them at a time."""
    batch: list[Committed] = []
    size = 0
    for file in files:
        if batch and size + file.size_bytes > _BATCH_BYTES:
            yield from _batch(git, batch)
            batch, size = [], 0
        batch.append(file)
        size += file.size_bytes
    if batch:
        yield from _batch(git, batch)


def _batch(git: Git, files: list[Committed]) -> Iterator[tuple[Committed, bytes]]:
    asked = "".join(f"{file.id}\n" for file in files).encode()
    said = git.ask("cat-file", "--batch", stdin=asked)
    at = 0
    for file in files:
        end = said.index(b"\n", at)
        words = said[at:end].split()
        at = end + 1
        if len(words) == 3 and words[1] == b"blob":
            size = int(words[2])
            yield file, said[at : at + size]
            at += size + 1


def is_same(root: Path, file: Committed) -> bool:
    """Whether the file on disk is what was committed, byte for byte; one that is gone is not.

    Another permission to execute is a difference too.
    """
    if file.mode == LINK:
        try:
            return _object_id(os.readlink(_place(root, file)), file.id) == file.id  # noqa: PTH115
        except OSError:
            return False
    with _opened(root, file) as (descriptor, size):
        return size == file.size_bytes and _hash(descriptor, size, file.id)


def is_converted(git: Git, root: Path, file: Committed, *, line_ends: bool) -> bool:
    """Whether the file on disk is what git makes of the committed one at a checkout.

    That is the large file that a pointer (LFS) stands for, or where ``line_ends`` are forgiven,
    code with those of another system. The repository's own filters and attributes are not asked.
    """
    with _opened(root, file) as (descriptor, size):
        if size < 0:
            return False
        return _is_pointed_at(git, file, descriptor, size) or (
            line_ends and _has_crlf(git, file, descriptor, size)
        )


def _place(root: Path, file: Committed) -> bytes:
    return os.path.join(os.fsencode(root), file.path)  # noqa: PTH118 - names are bytes


@contextlib.contextmanager
def _opened(root: Path, file: Committed) -> Iterator[tuple[int, int]]:
    """Open the regular file that a commit has; the size is -1 where it has no such file."""
    descriptor, size = -1, -1
    try:
        with contextlib.suppress(OSError):
            descriptor = os.open(_place(root, file), _READ)
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode) and _runs(status.st_mode) == _runs(int(file.mode, 8)):
                size = status.st_size
        yield descriptor, size
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _runs(mode: int) -> bool:
    return bool(mode & stat.S_IXUSR)


def _has_crlf(git: Git, file: Committed, descriptor: int, size: int) -> bool:
    """Whether the file is committed code with the line ends of another system."""
    if not file.size_bytes < size <= min(TEXT_BYTES, 2 * file.size_bytes):
        return False
    body = os.pread(descriptor, size, 0)
    return is_checked_out_with_crlf(os.fsdecode(file.path), _body_of(git, file), body)


def _is_pointed_at(git: Git, file: Committed, descriptor: int, size: int) -> bool:
    """Whether the file is the large one that the committed pointer stands for."""
    if file.size_bytes > POINTER_BYTES:
        return False
    pointer = pointed_at(_body_of(git, file))
    if pointer is None or pointer[1] != size:
        return False
    return _digest(descriptor, hashlib.sha256()) == pointer[0]


def _body_of(git: Git, file: Committed) -> bytes:
    """Give a file's bytes, none where the object is missing."""
    return next((value for _, value in bodies_of(git, (file,))), b"")


def _hash(descriptor: int, size: int, expected: str) -> bool:
    return _digest(descriptor, _begin(size, expected)) == expected


def _object_id(body: bytes, like: str) -> str:
    digest = _begin(len(body), like)
    digest.update(body)
    return digest.hexdigest()


def _begin(size: int, like: str) -> hashlib._Hash:
    """Begin an object's id, in the algorithm that the repository uses."""
    kind = hashlib.sha1 if len(like) == 40 else hashlib.sha256
    return kind(b"blob %d\0" % size, usedforsecurity=False)


def _digest(descriptor: int, digest: hashlib._Hash) -> str:
    at = 0
    while chunk := os.pread(descriptor, _CHUNK_BYTES, at):
        digest.update(chunk)
        at += len(chunk)
    return digest.hexdigest()
