"""Large files hashed on every core; the last thread to finish a file checks that it kept still."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator, Sequence

from mlsec.signing.errors import ChangedError, SigningError
from mlsec.signing.files.blocks import BUFFER_BYTES, blocks
from mlsec.signing.files.folder import ModelFolder
from mlsec.signing.files.hash_plan import (
    HashedFile,
    HashPlan,
    byte_ranges,
    changed,
    failure,
    new_hash,
)
from mlsec.signing.files.listing import FileState


class _File:
    """One large file while its parts are hashed, perhaps by several threads."""

    def __init__(self, path: str, state: FileState, plan: HashPlan) -> None:
        self.path, self.state = path, state
        self.parts = byte_ranges(state.size_bytes, plan.shard_bytes)
        self.digests: list[bytes] = [b""] * len(self.parts)
        self.left = len(self.parts)
        self.failed: HashedFile | None = None
        self._descriptor = -1
        self._lock = threading.Lock()

    def descriptor(self, folder: ModelFolder) -> int:
        """Open it on first use, and check that it is the file that was listed."""
        with self._lock:
            if self._descriptor < 0:
                self._descriptor = folder.open_listed(self.path)
                self._check()
            return self._descriptor

    def _check(self) -> None:
        if not self.state.is_of(os.fstat(self._descriptor)):
            raise ChangedError("it changed")

    def finish(self, number: int, digest: bytes, failed: HashedFile | None) -> HashedFile | None:
        """Take the result of one part; give that of the file after the last."""
        with self._lock:
            self.digests[number] = digest
            self.failed = self.failed or failed
            self.left -= 1
            if self.left:
                return None
            try:
                if self._descriptor >= 0 and self.failed is None:
                    self._check()
            except (OSError, ChangedError):
                self.failed = changed(self.path)
            finally:
                if self._descriptor >= 0:
                    os.close(self._descriptor)
            size, digests = self.state.size_bytes, tuple(self.digests)
            return self.failed or HashedFile(self.path, size, digests, self.state)


_Jobs = queue.SimpleQueue[tuple[_File, int] | None]
_Done = queue.SimpleQueue[HashedFile | None]


def hash_large_files(
    folder: ModelFolder, files: Sequence[tuple[str, FileState]], plan: HashPlan
) -> Iterator[HashedFile]:
    """Hash large files, the largest first, on every core this process may use."""
    jobs: _Jobs = queue.SimpleQueue()
    done: _Done = queue.SimpleQueue()
    count = 0
    for path, state in files:
        one = _File(path, state, plan)
        for number in range(len(one.parts)):
            jobs.put((one, number))
            count += 1
    workers = min(cores(), count)
    threads = []
    for _ in range(workers):
        jobs.put(None)
        arguments = (folder.reopened(), jobs, done, plan)
        threads.append(threading.Thread(target=_work, args=arguments, daemon=True))
    for thread in threads:
        thread.start()
    for _ in range(len(files)):
        result = done.get()
        if result is None:
            raise SigningError("a thread that hashes ended early")
        yield result
    for thread in threads:
        thread.join()


def _work(folder: ModelFolder, jobs: _Jobs, done: _Done, plan: HashPlan) -> None:
    is_whole = False
    try:
        _work_off(folder, jobs, done, plan)
        is_whole = True
    finally:
        # A thread that dies must not leave the caller waiting.
        if not is_whole:
            done.put(None)


def _work_off(folder: ModelFolder, jobs: _Jobs, done: _Done, plan: HashPlan) -> None:
    buffer = memoryview(bytearray(BUFFER_BYTES))
    with folder:
        while (job := jobs.get()) is not None:
            one, number = job
            digest, failed = b"", None
            try:
                if one.failed is None:
                    digest = _hash_part(one, number, folder, plan, buffer)
            except (OSError, ChangedError) as error:
                failed = failure(one.path, error)
            result = one.finish(number, digest, failed)
            if result is not None:
                done.put(result)


def _hash_part(
    one: _File, number: int, folder: ModelFolder, plan: HashPlan, buffer: memoryview
) -> bytes:
    start, end = one.parts[number]
    descriptor = one.descriptor(folder)
    total = new_hash(plan.hash_name)
    for block in blocks(descriptor, start, end, buffer):
        total.update(block)
    digest: bytes = total.digest()
    return digest


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
