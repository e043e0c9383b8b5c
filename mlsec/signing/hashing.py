"""Hashes the files of a model as fast as the hash goes, and notices when one changes meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from mlsec.signing.folder import ModelFolder, Stamp
from mlsec.signing.hash_forks import in_two_processes, may_fork
from mlsec.signing.hash_threads import in_threads
from mlsec.signing.hashed import Hashed, Plan, changed, failure, new_hash, parts_of

# Below this, handing a file to another thread costs more than hashing it.
SMALL_BYTES = 64 << 10
TOLD_EVERY = 64

Say = Callable[[int, int], None]


def hash_files(
    folder: ModelFolder, files: dict[str, Stamp], plan: Plan, say: Say | None = None
) -> dict[str, Hashed]:
    """Hash every file of ``files`` (path -> stamp as listed).

    Args:
        folder: the open model.
        files: what to hash; a file whose stamp is another by now is reported, not hashed.
        plan: how.
        say: told the bytes done and the bytes in all, now and then.

    Raises:
        UnsupportedError: a hash that is not there.
    """
    new_hash(plan.hash_name)
    total = sum(stamp.size_bytes for stamp in files.values())
    small = [path for path, stamp in files.items() if stamp.size_bytes < SMALL_BYTES]
    large = sorted(files.keys() - set(small), key=lambda path: (-files[path].size_bytes, path))
    found: dict[str, Hashed] = {}
    done = 0
    for number, one in enumerate(_results(folder, files, plan, small, large)):
        found[one.path] = one
        done += one.size_bytes
        if say is not None and (number % TOLD_EVERY == 0 or one.size_bytes >= SMALL_BYTES):
            say(done, total)
    return found


def _results(
    folder: ModelFolder,
    files: dict[str, Stamp],
    plan: Plan,
    small: Sequence[str],
    large: Sequence[str],
) -> Iterator[Hashed]:
    if large:
        yield from in_threads(folder, [(path, files[path]) for path in large], plan)
    work = partial(_in_this_thread, folder, files, plan)
    yield from in_two_processes(small, work) if may_fork(len(small)) else work(small)


def _in_this_thread(
    folder: ModelFolder, files: dict[str, Stamp], plan: Plan, paths: Sequence[str]
) -> Iterator[Hashed]:
    for path in paths:
        read = _read_small(folder, path, files[path])
        yield read if isinstance(read, Hashed) else _hash_small(path, read, plan)


def _read_small(folder: ModelFolder, path: str, stamp: Stamp) -> bytes | Hashed:
    """Read a small file in as few calls as can be.

    The stamp of the listing stands for the look before, that of the open file for the one after:
    when they are the same, so was the inode, and it was not written to in between.
    """
    try:
        descriptor = folder.open_listed(path)
    except OSError as error:
        return failure(path, error)
    try:
        data = os.read(descriptor, stamp.size_bytes + 1)
        if len(data) != stamp.size_bytes or not stamp.is_of(os.fstat(descriptor)):
            return changed(path)
    except OSError as error:
        return failure(path, error)
    finally:
        os.close(descriptor)
    return data


def _hash_small(path: str, data: bytes, plan: Plan) -> Hashed:
    if not plan.shard_bytes:
        digest = new_hash(plan.hash_name, data).digest()
        return Hashed(path=path, size_bytes=len(data), digests=(digest,))
    digests = tuple(
        new_hash(plan.hash_name, data[start:end]).digest()
        for start, end in parts_of(len(data), plan.shard_bytes)
    )
    return Hashed(path=path, size_bytes=len(data), digests=digests)
