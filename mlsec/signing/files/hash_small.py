"""Small files hashed in this thread: one read each."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence

from mlsec.signing.files.folder import ModelFolder
from mlsec.signing.files.hash_plan import (
    HashedFile,
    HashPlan,
    byte_ranges,
    changed_file,
    failed_file,
    new_hash,
)
from mlsec.signing.files.listing import UNKNOWN_STATE, FileState

# Below this, handing a file to another thread costs more than hashing it.
SMALL_FILE_BYTES = 64 << 10


def hash_small_files(
    folder: ModelFolder, files: Mapping[str, FileState], plan: HashPlan, paths: Sequence[str]
) -> Iterator[HashedFile]:
    """Hash files that fit into memory, each read at once.

    The state in the listing stands for the look before, that of the open file for the one after:
    when they are the same, so was the inode, and it was not written to in between. A file that
    was not looked at is when it is open.
    """
    digests_of = _digests_of(plan)
    # Looked up once: the loop runs for every file of a model.
    open_listed, read, fstat, close = folder.open_listed, os.read, os.fstat, os.close
    for path in paths:
        state = files[path]
        try:
            descriptor = open_listed(path)
            try:
                if state is UNKNOWN_STATE:
                    state = _regular_state(fstat(descriptor))
                size = state.size_bytes
                # One byte more than there is, or a file that grew would look whole.
                data = read(descriptor, size + 1) if 0 <= size < SMALL_FILE_BYTES else b""
                stat_after = fstat(descriptor)
            finally:
                close(descriptor)
        except OSError as error:
            yield failed_file(path, error)
            continue
        if len(data) == size and state.is_of(stat_after):
            yield HashedFile(path, size, digests_of(data), state)
        elif size >= SMALL_FILE_BYTES:
            yield HashedFile(path, is_left=True)
        else:
            yield changed_file(path)


def _regular_state(status: os.stat_result) -> FileState:
    """Take the state of an open file; ``UNKNOWN_STATE``, which no file has, of anything else."""
    return FileState.of(status) if stat.S_ISREG(status.st_mode) else UNKNOWN_STATE


def _digests_of(plan: HashPlan) -> Callable[[bytes], tuple[bytes, ...]]:
    name, shard_bytes = plan.hash_name, plan.shard_bytes
    if shard_bytes:
        return lambda data: tuple(
            new_hash(name, data[start:end]).digest()
            for start, end in byte_ranges(len(data), shard_bytes)
        )
    if name == "sha256":
        sha256 = hashlib.sha256
        return lambda data: (sha256(data).digest(),)
    return lambda data: (new_hash(name, data).digest(),)
