"""A bounded pool of threads that does jobs in fair turns between lanes."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import msgspec


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """``work`` runs on a pool's thread; ``then`` on the caller's, and may give further jobs.

    Jobs of one ``lane`` (what shares a rate limit) never take all the threads.
    """

    lane: tuple[str, ...]
    work: Callable[[], Any]
    then: Callable[[Any], Iterable[Job]]


class WorkerPool:
    """Runs jobs with at most ``size`` at once; with size 1 on the caller's own thread."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lane_size = max(1, size * 5 // 8)
        self._todo: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[Job, Any, BaseException | None]] = (
            queue.SimpleQueue()
        )
        self._threads: list[threading.Thread] = []
        self._lanes: dict[tuple[str, ...], deque[Job]] = {}
        self._turns: deque[tuple[str, ...]] = deque()
        self._busy: dict[tuple[str, ...], int] = {}

    def run(self, jobs: Iterable[Job]) -> None:
        """Do all jobs and what follows from them; the first error ends it and is raised."""
        if self._size == 1:
            _run_here(jobs)
            return
        for job in jobs:
            self._enlist(job)
        running = self._dispatch(0)
        while running:
            job, outcome, error = self._results.get()
            running -= 1
            self._busy[job.lane] -= 1
            if error is not None:
                raise error
            for more in job.then(outcome):
                self._enlist(more)
            running = self._dispatch(running)

    def close(self) -> None:
        """Send the threads home; they are daemons, so a call in flight holds nobody up."""
        for _ in self._threads:
            self._todo.put(None)
        self._threads.clear()

    def _enlist(self, job: Job) -> None:
        if job.lane not in self._lanes:
            self._lanes[job.lane] = deque()
            self._busy.setdefault(job.lane, 0)
            self._turns.append(job.lane)
        self._lanes[job.lane].append(job)

    def _dispatch(self, running: int) -> int:
        idle_turns = 0
        while running < self._size and self._turns and idle_turns < len(self._turns):
            lane = self._turns.popleft()
            if self._busy[lane] >= self._lane_size:
                self._turns.append(lane)
                idle_turns += 1
                continue
            idle_turns = 0
            self._busy[lane] += 1
            running += 1
            self._hire(running)
            self._todo.put(self._lanes[lane].popleft())
            if self._lanes[lane]:
                self._turns.append(lane)
            else:
                del self._lanes[lane]
        return running

    def _hire(self, needed: int) -> None:
        if len(self._threads) < min(needed, self._size):
            thread = threading.Thread(target=self._serve, daemon=True, name="mlsec-pool")
            self._threads.append(thread)
            thread.start()

    def _serve(self) -> None:
        while (job := self._todo.get()) is not None:
            try:
                self._results.put((job, job.work(), None))
            except BaseException as error:  # noqa: BLE001 - carried to the caller's thread
                self._results.put((job, None, error))


def _run_here(jobs: Iterable[Job]) -> None:
    waiting = deque(jobs)
    while waiting:
        job = waiting.popleft()
        waiting.extend(job.then(job.work()))
