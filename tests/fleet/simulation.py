"""Discrete events over the ledger's real SQL with a clock of its own: no unit runs, time jumps.

Workers, their deaths, the engine's queue, the sizes of units and the answers of providers are made
up here; what is released, claimed, renewed, committed, given back and swept is the ledger's.
"""

from __future__ import annotations

import heapq
import math
import random
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import psycopg

from mlsec.fleet.database import migrate
from mlsec.fleet.failures import delay_s, is_final
from mlsec.fleet.ledger import add_units, claim, commit, fail, release, renew, sweep
from mlsec.fleet.scans import begin_scan, end_scan, progress
from mlsec.fleet.units import Claim, ErrorClass, Kind, NewUnit, Outcome, State

LEASE_S, SWEEP_S = 90.0, 15.0
# A worker that is replaced takes so long to start.
_START_S = 60.0


class Estate(msgspec.Struct, frozen=True, kw_only=True):
    """Scopes of one kind: how many, in how many lanes, and how long one takes.

    Args:
        slots: how many of one lane's scopes may be asked at once.
        median_s: half of the scopes take longer; ``spread`` is the deviation of the logarithm.
    """

    name: str
    scopes: int
    lanes: int
    slots: int
    median_s: float
    spread: float = 1.2


class Weather(msgspec.Struct, frozen=True, kw_only=True):
    """What goes wrong.

    Args:
        throttled: the share of attempts that end as throttled, part of the way through.
        worker_life_h: how long a worker lives on average; half of them are killed without notice.
        has_weights: whether the ledger knows from last night, roughly, how long each unit takes.
    """

    throttled: float = 0.0
    worker_life_h: float = math.inf
    has_weights: bool = True


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a simulated scan took."""

    units: int
    slots: int
    hours: float
    ideal_hours: float
    busy_share: float
    wasted_share: float
    throttled: int
    died: int
    tried_again: int
    quarantined: int
    fullest_lane: float
    sql_ms: float
    cpu_s: float


class Simulation:
    """One scan with a number of workers, each of which runs several units at once."""

    def __init__(
        self, ledger: psycopg.Connection[Any], estates: tuple[Estate, ...], weather: Weather,
        *, workers: int, concurrency: int, seed: int,
    ) -> None:  # fmt: skip
        self._ledger, self._weather = ledger, weather
        self._workers, self._concurrency = workers, concurrency
        self._pick = random.Random(seed)  # noqa: S311 - to be repeated
        self._sizes: dict[str, float] = {}
        self._slots: dict[str, int] = {}
        self._of_lane: dict[str, float] = defaultdict(float)
        self._now_s = self._sql_s = self._worked_s = self._wasted_s = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0
        self._queue: deque[int] = deque()
        self._idle = deque((w, 0) for _ in range(concurrency) for w in range(workers))
        self._lives = [0] * workers
        self._running: dict[tuple[int, int], tuple[Claim, tuple[int, int], float]] = {}
        self._in_lane: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._fullest = 0.0
        begin_clock(ledger)
        migrate(ledger)
        self._scan = begin_scan(ledger, "simulated", {}).id
        add_units(ledger, self._scan, self._units(estates))
        ledger.execute("ANALYZE")

    def run(self) -> Result:
        """Run until the scan has ended by itself, and check what a lane held at any time."""
        started = time.process_time()
        self._at(0, self._sweep)
        for worker in range(self._workers):
            self._plan_death(worker)
        while self._events:
            self._now_s, _, event = heapq.heappop(self._events)
            self._ask(set_clock, self._now_s)
            event()
        after = progress(self._ledger, self._scan)
        assert end_scan(self._ledger, self._scan)
        assert after.units() == after.units(State.DONE) + after.units(State.QUARANTINED)
        capacity = self._workers * self._concurrency
        return Result(
            units=after.units(), slots=capacity, hours=self._now_s / 3600,
            ideal_hours=self._ideal_s(capacity) / 3600,
            busy_share=self._worked_s / (self._now_s * capacity),
            wasted_share=self._wasted_s / self._worked_s, throttled=self._counts["throttled"],
            died=self._counts["died"], tried_again=self._counts["claimed"] - after.units(),
            quarantined=after.units(State.QUARANTINED), fullest_lane=self._fullest,
            sql_ms=self._sql_s * 1000 / after.units(), cpu_s=time.process_time() - started,
        )  # fmt: skip

    def _units(self, estates: tuple[Estate, ...]) -> Iterator[NewUnit]:
        for estate in estates:
            for n in range(estate.scopes):
                scope, lane = f"{estate.name}/{n}", f"{estate.name}/{n % estate.lanes}"
                size_s = estate.median_s * self._pick.lognormvariate(0, estate.spread)
                guess_s = size_s * self._pick.lognormvariate(0, 0.3)
                self._sizes[scope], self._slots[lane] = size_s, estate.slots
                self._of_lane[lane] += size_s
                yield NewUnit(
                    pass_number=1, kind=Kind.COLLECT, scope=scope, lane=lane, slots=estate.slots,
                    weight=guess_s if self._weather.has_weights else 0, task={},
                )  # fmt: skip

    def _ideal_s(self, capacity: int) -> float:
        """Give what no order of work could undercut: all work, one lane's, or the largest unit."""
        fullest = max(total / self._slots[lane] for lane, total in self._of_lane.items())
        return max(sum(self._sizes.values()) / capacity, fullest, *self._sizes.values())

    def _sweep(self) -> None:
        self._queue.extend(self._ask(sweep))
        self._assign()
        is_idle = not self._queue and not self._running
        if not (is_idle and progress(self._ledger, self._scan).is_over):
            self._at(SWEEP_S, self._sweep)
        else:
            self._events.clear()

    def _assign(self) -> None:
        while self._queue and self._idle:
            place = self._idle.popleft()
            if self._lives[place[0]] != place[1]:
                continue
            claimed = self._ask(claim, self._queue.popleft(), f"{place[0]}", LEASE_S)
            if claimed is None:
                self._idle.appendleft(place)
            else:
                self._begin(claimed, place)

    def _begin(self, claimed: Claim, place: tuple[int, int]) -> None:
        key = (claimed.unit, claimed.attempt)
        self._running[key] = (claimed, place, self._now_s)
        self._counts["claimed"] += 1
        self._in_lane[claimed.lane] += 1
        slots = self._slots[claimed.lane]
        assert self._in_lane[claimed.lane] <= slots, f"lane {claimed.lane} is exceeded"
        self._fullest = max(self._fullest, self._in_lane[claimed.lane] / slots)
        size_s = self._sizes[claimed.scope]
        if self._pick.random() < self._weather.throttled:
            self._at(size_s * self._pick.random(), lambda: self._end(key, is_throttled=True))
        else:
            self._at(size_s, lambda: self._end(key, is_throttled=False))
        self._at(LEASE_S / 3, lambda: self._renew(key))

    def _renew(self, key: tuple[int, int]) -> None:
        if key in self._running:
            assert self._ask(renew, *key, LEASE_S)
            self._at(LEASE_S / 3, lambda: self._renew(key))

    def _end(self, key: tuple[int, int], *, is_throttled: bool) -> None:
        if key not in self._running:
            return
        claimed, place = self._leave(key, is_wasted=is_throttled)
        self._idle.append(place)
        if is_throttled:
            self._counts["throttled"] += 1
            self._fail(claimed, ErrorClass.THROTTLED)
        else:
            assert self._ask(commit, *key, Outcome(shard="s", digest="d"))
        self._queue.extend(self._ask(release, claimed.lane))
        self._assign()

    def _fail(self, claimed: Claim, error_class: ErrorClass) -> None:
        assert self._ask(
            fail, claimed.unit, claimed.attempt, Outcome(error_class=error_class),
            is_final=is_final(error_class, claimed.failures) and claimed.failures > 20,
            delay_s=delay_s(error_class, claimed.failures, 30),
        )  # fmt: skip

    def _leave(self, key: tuple[int, int], *, is_wasted: bool) -> tuple[Claim, tuple[int, int]]:
        claimed, place, began_s = self._running.pop(key)
        self._in_lane[claimed.lane] -= 1
        self._worked_s += self._now_s - began_s
        self._wasted_s += (self._now_s - began_s) * is_wasted
        return claimed, place

    def _plan_death(self, worker: int) -> None:
        if self._weather.worker_life_h < math.inf:
            life_s = self._pick.expovariate(1 / (self._weather.worker_life_h * 3600))
            self._at(life_s, lambda: self._die(worker))

    def _die(self, worker: int) -> None:
        """End a worker and its units; of two, one was asked to stop and gives its units back."""
        self._counts["died"] += 1
        is_killed = self._pick.random() < 0.5
        self._lives[worker] += 1
        for key, (_, place, _) in list(self._running.items()):
            if place[0] == worker:
                claimed, _ = self._leave(key, is_wasted=True)
                if not is_killed:
                    self._fail(claimed, ErrorClass.LOST)
        self._at(_START_S, lambda: self._start(worker))

    def _start(self, worker: int) -> None:
        self._idle.extend((worker, self._lives[worker]) for _ in range(self._concurrency))
        self._assign()
        self._plan_death(worker)

    def _at(self, in_s: float, event: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._events, (self._now_s + in_s, self._number, event))

    def _ask(self, question: Callable[..., Any], *given: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return question(self._ledger, *given, **named)
        finally:
            self._sql_s += time.perf_counter() - started


def begin_clock(connection: psycopg.Connection[Any]) -> None:
    """Let ``now()`` mean the simulated time in every statement of this connection."""
    connection.execute("CREATE SCHEMA simulated")
    connection.execute("SELECT set_config('simulated.start', pg_catalog.now()::text, false)")
    set_clock(connection, 0)
    connection.execute(
        "CREATE FUNCTION simulated.now() RETURNS timestamptz LANGUAGE sql STABLE AS"
        " $$ SELECT current_setting('simulated.start')::timestamptz"
        " + current_setting('simulated.seconds')::float8 * interval '1 second' $$"
    )
    connection.execute("SET search_path = simulated, pg_catalog")


def set_clock(connection: psycopg.Connection[Any], seconds: float) -> None:
    """Set the simulated time, in seconds since the scan began."""
    connection.execute("SELECT set_config('simulated.seconds', %s, false)", (repr(seconds),))
