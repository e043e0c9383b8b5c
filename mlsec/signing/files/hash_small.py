"""Small files hashed one after the other, in as few calls as can be: there the calls cost most."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence

from mlsec.signing.files.folder import ModelFolder
from mlsec.signing.files.hash_plan import Hashed, Plan, changed, failure, new_hash, parts_of
from mlsec.signing.files.listing import UNSEEN, Stamp

# Below this, handing a file to another thread costs more than hashing it.
SMALL_BYTES = 64 << 10
_Digests = Callable[[bytes], tuple[bytes, ...]]


def in_this_thread(
    folder: ModelFolder, files: Mapping[str, Stamp], plan: Plan, paths: Sequence[str]
) -> Iterator[Hashed]:
    """Hash files that fit into memory, each read at once.

    The stamp of the listing stands for the look before, that of the open file for the one after:
    when they are the same, so was the inode, and it was not written to in between. A file that
    was not looked at is when it is open.
    """
    digests_of = _digests_of(plan)
    # Looked up once: the loop runs for every file of a model.
    open_listed, read, fstat, close = folder.open_listed, os.read, os.fstat, os.close
    for path in paths:
        stamp = files[path]
        try:
            descriptor = open_listed(path)
            try:
                if stamp is UNSEEN:
                    stamp = _looked(fstat(descriptor))
                size = stamp.size_bytes
                # One byte more than there is, or a file that grew would look whole.
                data = read(descriptor, size + 1) if 0 <= size < SMALL_BYTES else b""
                found = fstat(descriptor)
            finally:
                close(descriptor)
        except OSError as error:
            yield failure(path, error)
            continue
        if len(data) == size and stamp.is_of(found):
            yield Hashed(path, size, digests_of(data), stamp)
        elif size >= SMALL_BYTES:
            yield Hashed(path, is_left=True)
        else:
            yield changed(path)


def _looked(found: os.stat_result) -> Stamp:
    """The stamp of an open file; no file has ``UNSEEN``, what is no regular file is given it."""
    return Stamp.of(found) if stat.S_ISREG(found.st_mode) else UNSEEN


def _digests_of(plan: Plan) -> _Digests:
    name, shard_bytes = plan.hash_name, plan.shard_bytes
    if shard_bytes:
        return lambda data: tuple(
            new_hash(name, data[start:end]).digest()
            for start, end in parts_of(len(data), shard_bytes)
        )
    if name == "sha256":
        sha256 = hashlib.sha256
        return lambda data: (sha256(data).digest(),)
    return lambda data: (new_hash(name, data).digest(),)
