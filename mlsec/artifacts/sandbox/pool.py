"""Reads many files in child processes with limits: a crash or a hang affects one file only."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.confinement import Confinement
from mlsec.artifacts.sandbox.driver import Driver
from mlsec.artifacts.sandbox.jobs import Job
from mlsec.artifacts.sandbox.modules import loaded_for


class Progress(Protocol):
    """Called in the caller's thread after each file: how many are done, and which was."""

    def __call__(self, done: int, job: Job) -> None: ...


def inspect_many(
    jobs: Iterable[Job],
    limits: Limits | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    confined: Callable[[Confinement], None] | None = None,
) -> Iterator[tuple[Job, Inspection]]:
    """Read files in ``workers`` processes (by default one per core), each as it is finished.

    Every job is answered once, in the order in which they are finished. Leaving the iterator
    early, by an exception too, ends all processes. ``confined`` is called with what a process has
    given up before it is given a file, in any thread; it may raise.

    Raises:
        MlsecError: no process could be started.
    """
    pool = _Pool(iter(jobs), limits or Limits(), workers or os.cpu_count() or 1, confined)
    try:
        for done, (job, inspection) in enumerate(pool.answers(), 1):
            if progress is not None:
                progress(done, job)
            yield job, inspection
    finally:
        pool.close()


class _Pool:
    """Threads that each drive one process; results meet in a queue that bounds their lead."""

    def __init__(
        self,
        jobs: Iterator[Job],
        limits: Limits,
        workers: int,
        confined: Callable[[Confinement], None] | None,
    ) -> None:
        self.limits, self.confined = limits, confined
        self.modules: tuple[str, ...] = ()  # what new processes load first, as a file needs it
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
        driver = Driver(self)
        try:
            driver.run()
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._found.put(error)
        finally:
            driver.stop()
            self._found.put(None)

    def learn(self, module: str) -> bool:
        """Have new processes load a module first, if that is allowed."""
        with self._lock:
            if module not in self.modules:
                self.modules += loaded_for(module)
            return module in self.modules

    @property
    def is_closed(self) -> bool:
        return self._is_closed.is_set()
