"""The files of a commit, and whether one of them is still the same on disk."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from mlsec.core.regex import regex
from mlsec.repository.changes.git import Git

_ENTRY = regex(rb"(\d{6}) (\w+) ([0-9a-f]{40,64}) +(\d+|-)\t(.+)", re.S)
_POINTER = regex(
    rb"version https://git-lfs[^\n]*\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize (\d+)\n?"
)
_POINTER_BYTES = 1024
_TEXT_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 1 << 20
_BATCH_BYTES = 32 * 1024 * 1024
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LINK = "120000"


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


def is_same(git: Git, root: Path, file: Committed) -> bool:
    """Whether the file on disk is what was committed; a file that is gone is not.

    Nothing is converted by the repository's own filters: line ends and large files kept elsewhere
    (LFS) are understood here, and what any other filter makes of a file is a change.
    """
    place = os.path.join(os.fsencode(root), file.path)  # noqa: PTH118 - names are bytes
    try:
        if file.mode == _LINK:
            return _object_id(os.readlink(place), file.id) == file.id  # noqa: PTH115
        descriptor = os.open(place, _READ)
    except OSError:
        return False
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return False
        if status.st_size == file.size_bytes and _hash(descriptor, status.st_size, file.id):
            return True
        return _is_converted(git, file, descriptor, status.st_size)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _is_converted(git: Git, file: Committed, descriptor: int, size: int) -> bool:
    """Whether the file is the committed one with other line ends, or what a pointer stands for."""
    if file.size_bytes < size <= _TEXT_BYTES:
        body = os.pread(descriptor, size, 0)
        if _object_id(body.replace(b"\r\n", b"\n"), file.id) == file.id:
            return True
    if file.size_bytes > _POINTER_BYTES:
        return False
    body = next((value for _, value in bodies_of(git, (file,))), b"")
    pointer = _POINTER.fullmatch(body)
    if pointer is None or int(pointer[2]) != size:
        return False
    return _digest(descriptor, hashlib.sha256()) == pointer[1].decode()


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
