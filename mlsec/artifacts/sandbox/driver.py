"""Drives one reading process: gives it files, serves what it asks for, replaces it when gone."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec

from mlsec.artifacts.bytes.window import FarSource, Source, stamp_of
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.inspect.failed_inspection import changed, crashed, unreadable
from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.ahead import process_for
from mlsec.artifacts.sandbox.confinement import Confinement
from mlsec.artifacts.sandbox.jobs import FarJob, Job, LocalJob
from mlsec.artifacts.sandbox.modules import module_of
from mlsec.artifacts.sandbox.open_file import NotRegularError, open_file
from mlsec.artifacts.sandbox.plausible import is_plausible
from mlsec.artifacts.sandbox.wire import (
    Done,
    FarFile,
    Lacks,
    Load,
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
# Readers fetch parts of a file again: so often its size may be asked for, beside the limit.
ASKED_TIMES = 8


class Pool(Protocol):
    """Where the files come from and the answers go; shared by all drivers.

    ``modules`` are what new processes load first, ``learn`` adds one if that is allowed.
    ``confined`` is called with what a process has given up before it is given a file.
    """

    limits: Limits
    modules: tuple[str, ...]
    confined: Callable[[Confinement], None] | None

    def take(self) -> Job | None: ...

    def put(self, job: Job, inspection: Inspection) -> None: ...

    def learn(self, module: str) -> bool: ...

    @property
    def is_closed(self) -> bool: ...


class _Given(msgspec.Struct, frozen=True):
    """A file that a process has been given, and how it was then."""

    job: LocalJob
    stamp: tuple[int, ...]


class Driver:
    """Feeds one process and takes its answers; replaces it when it is gone."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._worker: Worker | None = None
        self._modules: tuple[str, ...] = ()  # those of the present process
        self._given: deque[_Given] = deque()
        self._kept: Job | None = None

    def run(self) -> None:
        while not self._pool.is_closed:
            self._fill()
            if self._given:
                self._await_local()
            elif isinstance(self._kept, FarJob):
                job, self._kept = self._kept, None
                self._pool.put(job, self._read_far(job))
            elif self._kept is None:
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
                self._give(job)
            elif job is None:
                return
            else:
                self._kept = job

    def _give(self, job: LocalJob) -> None:
        """Hand a file over; where the process is gone, the answer that is awaited will show it."""
        try:
            source = open_file(job.path)
        except NotRegularError:
            self._pool.put(job, unreadable(GapReason.UNSUPPORTED, "is not a regular file"))
            return
        except OSError as error:
            is_denied = isinstance(error, PermissionError)
            reason = GapReason.DENIED if is_denied else GapReason.UNRESOLVED
            self._pool.put(job, unreadable(reason, f"cannot be opened: {error.strerror}"))
            return
        try:
            self._given.append(_Given(job, source.stamp))
            message = LocalFile(
                name=job.name or job.path,
                size_bytes=source.size_bytes,
                leaves_python=job.leaves_python,
            )
            with suppress(WorkerGoneError):
                self._process().send(message, source.descriptor)
        finally:
            os.close(source.descriptor)

    def _give_again(self) -> None:
        jobs = [given.job for given in self._given]
        self._given.clear()
        for job in jobs:
            self._give(job)

    def _await_local(self) -> None:
        given = self._given[0]
        try:
            answer = self._answer(None)
        except WorkerGoneError as gone:
            answer = self._lost(gone)
            self._given.popleft()
            self._give_again()
        else:
            if answer is None:
                self._give_again()
                return
            self._given.popleft()
        self._pool.put(given.job, answer if given.stamp == _stamp(given.job) else changed(answer))

    def _read_far(self, job: FarJob) -> Inspection:
        try:
            answer = None
            while answer is None:
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

    def _answer(self, source: Source | None) -> Inspection | None:
        """Wait for what reading one file brings, and give bytes and code meanwhile.

        Returns:
            None where a process with more modules is needed, which the next one has.

        Raises:
            WorkerGoneError: the process is gone.
        """
        deadline_s = time.monotonic() + self._pool.limits.wall_s
        left = _Left(source, self._pool.limits)
        while True:
            process = self._process()
            match process.receive(deadline_s):
                case Done(inspection=value) if is_plausible(value):
                    return value
                case Load(module=name):
                    process.send(module_of(name))
                case Lacks(module=name) if name not in self._modules and self._pool.learn(name):
                    self.stop()
                    return None
                case Want() as want if source is not None and left.take(want.length):
                    began_s = time.monotonic()
                    process.send(_serve(source, want))
                    deadline_s += time.monotonic() - began_s
                case Soon(spans=spans) if source is not None and left.take(_sum(spans)):
                    began_s = time.monotonic()
                    _fetch_ahead(source, spans)
                    deadline_s += time.monotonic() - began_s
                case _:
                    self.stop()
                    raise WorkerGoneError("the process that read it answered or asked nonsense")

    def _lost(self, gone: WorkerGoneError) -> Inspection:
        self._worker = None
        return crashed(GapReason.TIMEOUT if gone.timed_out else GapReason.UNSUPPORTED, gone.detail)

    def _process(self) -> Worker:
        if self._worker is None:
            self._modules = self._pool.modules
            self._worker = process_for(self._pool.limits, self._modules)
            if self._pool.confined is not None:
                self._pool.confined(self._worker.confinement())
        return self._worker


class _Left:
    """How many bytes of a file in a store a process may still ask for.

    The time that they take does not count as its own, so something else has to end it.
    """

    def __init__(self, source: Source | None, limits: Limits) -> None:
        size_bytes = source.size_bytes if source is not None else 0
        self._bytes = limits.asked_bytes + ASKED_TIMES * size_bytes

    def take(self, size_bytes: int) -> bool:
        """Take bytes, if there are as many."""
        self._bytes -= max(size_bytes, 0)
        return self._bytes >= 0


def _sum(spans: Sequence[tuple[int, int]]) -> int:
    return sum(max(length, 0) for _, length in spans)


def _stamp(job: LocalJob) -> tuple[int, ...]:
    try:
        return stamp_of(os.lstat(job.path))
    except OSError:
        return ()


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
