"""Very many small files hashed by two processes, where system calls cost more than the hash."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence

import msgspec

from mlsec.signing.files.hash_large import available_cores
from mlsec.signing.files.hash_plan import HashedFile

# From here on a second process pays for being started.
FORK_FROM = 4000


def may_fork(count: int) -> bool:
    """Whether a second process is worth it, and safe: no other thread can hold a lock.

    Where every core has work already, two processes take turns on one and gain nothing.
    """
    is_plain = sys.platform == "linux" and threading.active_count() == 1
    return count >= FORK_FROM and is_plain and os.getloadavg()[0] < available_cores() - 1


def run_in_two_processes(
    paths: Sequence[str], work: Callable[[Sequence[str]], Iterator[HashedFile]]
) -> Iterator[HashedFile]:
    """Do half of the work in a child of this process; all of it here if the child fails."""
    half = len(paths) // 2
    own_paths, child_paths = paths[:half], paths[half:]
    reading, writing = os.pipe()
    try:
        child = os.fork()
    except OSError:  # no more processes are allowed: one does it all
        os.close(reading)
        os.close(writing)
        yield from work(paths)
        return
    if not child:
        # Else it would keep the pipe open that it waits for somebody to read.
        os.close(reading)
        _work_and_exit(child_paths, work, writing)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as pipe:
            yield from work(own_paths)
            answer = pipe.read()
    finally:
        # After the pipe is closed here: a child that still writes to it ends, too.
        os.waitpid(child, 0)
    try:
        hashed = msgspec.msgpack.decode(answer, type=list[HashedFile])
    except msgspec.DecodeError:
        hashed = []
    if [file.path for file in hashed] != list(child_paths):
        hashed = list(work(child_paths))
    yield from hashed


def _work_and_exit(
    paths: Sequence[str], work: Callable[[Sequence[str]], Iterator[HashedFile]], writing: int
) -> None:
    """Never returns: nothing that this process has open or registered is the child's to end."""
    try:
        answer = msgspec.msgpack.encode(list(work(paths)))
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(answer)
    finally:
        os._exit(0)
