"""Large files hashed on every core, in parts where they are signed in parts."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator, Sequence

import msgspec

from mlsec.signing.errors import ChangedError, SigningError
from mlsec.signing.files.folder import ModelFolder
from mlsec.signing.files.hash_plan import (
    HashedFile,
    HashPlan,
    byte_ranges,
    changed_file,
    failed_file,
    new_hash,
)
from mlsec.signing.files.listing import FileState

BUFFER_BYTES = 1 << 20


class _Part(msgspec.Struct, frozen=True, gc=False):
    """The bytes [start, end) of a file, which must still be in its listed state."""

    path: str
    state: FileState
    number: int
    start: int
    end: int


_Jobs = queue.SimpleQueue[_Part | None]
_Done = queue.SimpleQueue[tuple[_Part, bytes | HashedFile] | None]


def hash_large_files(
    folder: ModelFolder, files: Sequence[tuple[str, FileState]], plan: HashPlan
) -> Iterator[HashedFile]:
    """Hash large files in the given order, on every core this process may use."""
    jobs: _Jobs = queue.SimpleQueue()
    done: _Done = queue.SimpleQueue()
    digests: dict[str, list[bytes | HashedFile]] = {}
    for path, state in files:
        ranges = byte_ranges(state.size_bytes, plan.shard_bytes)
        digests[path] = [b""] * len(ranges)
        for number, (start, end) in enumerate(ranges):
            jobs.put(_Part(path, state, number, start, end))
    count = sum(map(len, digests.values()))
    threads = []
    for _ in range(min(available_cores(), count)):
        jobs.put(None)
        arguments = (folder.reopened(), jobs, done, plan)
        threads.append(threading.Thread(target=_work, args=arguments, daemon=True))
    for thread in threads:
        thread.start()
    missing = {path: len(parts) for path, parts in digests.items()}
    for _ in range(count):
        result = done.get()
        if result is None:
            raise SigningError("a thread that hashes ended early")
        part, digests[part.path][part.number] = result
        missing[part.path] -= 1
        if not missing[part.path]:
            yield _hashed_file(part.path, part.state, digests.pop(part.path))
    for thread in threads:
        thread.join()


def _hashed_file(path: str, state: FileState, parts: Sequence[bytes | HashedFile]) -> HashedFile:
    problem = next((part for part in parts if isinstance(part, HashedFile)), None)
    digests = tuple(part for part in parts if isinstance(part, bytes))
    return problem or HashedFile(path, state.size_bytes, digests, state)


def _work(folder: ModelFolder, jobs: _Jobs, done: _Done, plan: HashPlan) -> None:
    is_complete = False
    try:
        buffer = memoryview(bytearray(BUFFER_BYTES))
        with folder:
            while (part := jobs.get()) is not None:
                done.put((part, _hash_part(part, folder, plan, buffer)))
        is_complete = True
    finally:
        # A thread that dies must not leave the caller waiting.
        if not is_complete:
            done.put(None)


def _hash_part(
    part: _Part, folder: ModelFolder, plan: HashPlan, buffer: memoryview
) -> bytes | HashedFile:
    """Return the digest, or why there is none: before and after, the file must be as listed."""
    try:
        descriptor = folder.open_listed(part.path)
        try:
            is_same = part.state.is_of(os.fstat(descriptor))
            total = new_hash(plan.hash_name)
            for block in blocks(descriptor, part.start, part.end, buffer) if is_same else ():
                total.update(block)
            is_same = is_same and part.state.is_of(os.fstat(descriptor))
        finally:
            os.close(descriptor)
    except (OSError, ChangedError) as error:
        return failed_file(part.path, error)
    digest: bytes = total.digest()
    return digest if is_same else changed_file(part.path)


def blocks(descriptor: int, start: int, end: int, buffer: memoryview) -> Iterator[memoryview]:
    """Yield the bytes [start, end) in pieces that live in ``buffer`` until the next.

    Raises:
        ChangedError: the file ends before ``end``.
        OSError: it cannot be read.
    """
    at = start
    while at < end:
        size = os.preadv(descriptor, [buffer[: min(len(buffer), end - at)]], at)
        if not size:
            raise ChangedError("it became shorter")
        yield buffer[:size]
        at += size


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
