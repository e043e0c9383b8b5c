"""Reads many files in child processes with limits: a crash or a hang affects one file only."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Protocol

import msgspec

from mlsec.artifacts.bytes.window import FarSource, Source
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.inspect.failed_inspection import crashed, unreadable
from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.ahead import process_for
from mlsec.artifacts.sandbox.wire import (
    Done,
    FarFile,
    LocalFile,
    Part,
    Refused,
    Soon,
    Want,
)
from mlsec.artifacts.sandbox.worker import Worker, WorkerGoneError
from mlsec.core.enums import GapReason

# Local files that a process has been given and not yet answered: it need not wait for the next.
AHEAD = 8
# A read that a file asks for beyond this is not served at once, whatever the file is.
SERVED_BYTES = 16 << 20


class LocalJob(msgspec.Struct, frozen=True, kw_only=True):
    """A file on disk; the reading process opens it itself, following no link."""

    id: str
    path: str
    name: str = ""


class FarJob(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A file in a store: ``open`` runs here, where the network is; its bytes go over a pipe.

    ``open`` may raise ArtifactError with the reason for not being able to.
    """

    id: str
    open: Callable[[], AbstractContextManager[Source]]
    name: str = ""


Job = LocalJob | FarJob


class Progress(Protocol):
    """Called in the caller's thread after each file: how many are done, and which was."""

    def __call__(self, done: int, job: Job) -> None: ...


def inspect_many(
    jobs: Iterable[Job],
    limits: Limits | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[Job, Inspection]]:
    """Read files in ``workers`` processes (by default one per core), each as it is finished.

    Every job is answered once, in the order in which they are finished. Leaving the iterator
    early, by an exception too, ends all processes.

    Raises:
        MlsecError: no process could be started.
    """
    pool = _Pool(iter(jobs), limits or Limits(), workers or os.cpu_count() or 1)
    try:
        for done, (job, inspection) in enumerate(pool.answers(), 1):
            if progress is not None:
                progress(done, job)
            yield job, inspection
    finally:
        pool.close()


class _Pool:
    """Threads that each drive one process; results meet in a queue that bounds their lead."""

    def __init__(self, jobs: Iterator[Job], limits: Limits, workers: int) -> None:
        self.limits = limits
        self._jobs = jobs
        self._lock = threading.Lock()
        self._is_closed = threading.Event()
        self._found = queue.Queue[tuple[Job, Inspection] | BaseException | None](4 * workers)
        self._threads = [
            threading.Thread(target=self._drive, name=f"reading {number}", daemon=True)
            for number in range(workers)
        ]

    def answers(self) -> Iterator[tuple[Job, Inspection]]:
        for thread in self._threads:
            thread.start()
        running = len(self._threads)
        while running:
            result = self._found.get()
            if result is None:
                running -= 1
            elif isinstance(result, BaseException):
                raise result
            else:
                yield result

    def close(self) -> None:
        self._is_closed.set()
        while any(thread.is_alive() for thread in self._threads):
            try:
                self._found.get(timeout=0.05)
            except queue.Empty:
                continue

    def take(self) -> Job | None:
        """The next job, or None when there is none or the caller has left."""
        with self._lock:
            return None if self._is_closed.is_set() else next(self._jobs, None)

    def put(self, job: Job, inspection: Inspection) -> None:
        self._found.put((job, inspection))

    def _drive(self) -> None:
        driver = _Driver(self)
        try:
            driver.run()
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._found.put(error)
        finally:
            driver.stop()
            self._found.put(None)

    @property
    def is_closed(self) -> bool:
        return self._is_closed.is_set()


class _Driver:
    """Feeds one process and takes its answers; replaces it when it is gone."""

    def __init__(self, pool: _Pool) -> None:
        self._pool = pool
        self._worker: Worker | None = None
        self._given: deque[LocalJob] = deque()
        self._kept: Job | None = None

    def run(self) -> None:
        while not self._pool.is_closed:
            self._fill()
            if self._given:
                self._await_local()
            elif isinstance(self._kept, FarJob):
                job, self._kept = self._kept, None
                self._pool.put(job, self._read_far(job))
            else:
                return

    def stop(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def _fill(self) -> None:
        """Give out local files ahead; a far one waits until the process has nothing else."""
        while len(self._given) < AHEAD and self._kept is None:
            job = self._pool.take()
            if isinstance(job, LocalJob):
                self._given.append(job)
                self._send(job)
            elif job is None:
                return
            else:
                self._kept = job

    def _send(self, job: LocalJob) -> None:
        """Hand a file over; where the process is gone, the answer that is awaited will show it."""
        path = os.fsencode(os.path.abspath(job.path))  # noqa: PTH100 - keeps links as they are
        try:
            self._process().send(LocalFile(path=path, name=job.name or job.path))
        except WorkerGoneError:
            return

    def _await_local(self) -> None:
        job = self._given[0]
        try:
            answer = self._answer(None)
        except WorkerGoneError as gone:
            answer = self._lost(gone)
            self._given.popleft()
            for again in self._given:
                self._send(again)
        else:
            self._given.popleft()
        self._pool.put(job, answer)

    def _read_far(self, job: FarJob) -> Inspection:
        try:
            with job.open() as source:
                self._process().send(FarFile(name=job.name, size_bytes=source.size_bytes))
                answer = self._answer(source)
                return msgspec.structs.replace(answer, bytes_read=source.bytes_read)
        except WorkerGoneError as gone:
            return self._lost(gone)
        except ArtifactError as error:
            return unreadable(error.reason, error.message)
        except OSError as error:
            return unreadable(GapReason.UNRESOLVED, error.strerror or str(error))

    def _answer(self, source: Source | None) -> Inspection:
        """Wait for what reading one file brings, and give bytes meanwhile.

        Raises:
            WorkerGoneError: the process is gone.
        """
        deadline_s = time.monotonic() + self._pool.limits.wall_s
        while True:
            match self._process().receive(deadline_s):
                case Done(inspection=value):
                    return value
                case Want() as want if source is not None:
                    began_s = time.monotonic()
                    self._process().send(_serve(source, want))
                    deadline_s += time.monotonic() - began_s
                case Soon(spans=spans) if source is not None:
                    began_s = time.monotonic()
                    _fetch_ahead(source, spans)
                    deadline_s += time.monotonic() - began_s
                case _:
                    self.stop()
                    raise WorkerGoneError("the process that read it asked for bytes of no file")

    def _lost(self, gone: WorkerGoneError) -> Inspection:
        self._worker = None
        return crashed(GapReason.TIMEOUT if gone.timed_out else GapReason.UNSUPPORTED, gone.detail)

    def _process(self) -> Worker:
        if self._worker is None:
            self._worker = process_for(self._pool.limits)
        return self._worker


def _fetch_ahead(source: Source, spans: Sequence[tuple[int, int]]) -> None:
    """Fetch what will be asked for. Where that fails, the question that follows says it: the
    process is in the midst of the file, and must be answered until it is done.
    """
    if isinstance(source, FarSource):
        with suppress(ArtifactError, OSError):
            source.prefetch(spans)


def _serve(source: Source, want: Want) -> Part | Refused:
    try:
        return Part(data=source.read_at(max(want.offset, 0), min(want.length, SERVED_BYTES)))
    except ArtifactError as error:
        return Refused(reason=error.reason, message=error.message)
    except OSError as error:
        return Refused(reason=GapReason.UNRESOLVED, message=error.strerror or str(error))
