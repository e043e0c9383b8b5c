"""A fleet of real processes killed at random, and what must hold when its scan has ended."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg

from mlsec.fleet.database import connect
from mlsec.fleet.scans import last_scans, progress, retry, shards
from mlsec.fleet.units import ErrorClass, State
from mlsec.history.place import DatabaseUrl
from tests.fleet.run_planner import ORGANISATION, SLOTS
from tests.postgres import Server

LEASE_S = 1.0
VICTIMS = ("worker", "unit", "guard", "planner", "database", "frozen worker")


class Fleet:
    """Workers and a planner; each that has died is started again, as a supervisor does."""

    def __init__(self, server: Server, url: DatabaseUrl, folder: Path, *, units: int, seed: int,
                 seconds: float = 0.6, workers: int = 2, concurrency: int = 2) -> None:  # fmt: skip
        self._server, self._url, self._folder = server, url, folder
        self._pick = random.Random(seed)  # noqa: S311 - to be repeated
        self._worker = ("tests.fleet.run_worker", url.url, str(concurrency), str(LEASE_S))
        self._plan = ("tests.fleet.run_planner", url.url, str(folder), str(units), str(seed),
                      str(seconds))  # fmt: skip
        self._log = (folder / "log").open("ab")
        self._workers = [_start(self._worker, self._log) for _ in range(workers)]
        self._planner = _start(self._plan, self._log)
        self._thaws: list[tuple[float, int]] = []
        self.killed: Counter[str] = Counter()

    def run(self, kills: int, victims: Sequence[str] = VICTIMS, limit_s: float = 120) -> None:
        """Kill so often, if the scan lasts as long, and wait until it has ended by itself."""
        end_s = time.monotonic() + limit_s
        next_s = time.monotonic() + 1
        while self._planner.poll() != 0:
            assert time.monotonic() < end_s, (self._folder / "log").read_text()[-4000:]
            self._supervise()
            if time.monotonic() >= next_s and self.killed.total() < kills:
                victim = self._pick.choice(list(victims))
                if self._kill(victim):
                    self.killed[victim] += 1
                next_s = time.monotonic() + self._pick.uniform(0.1, 0.9)
            time.sleep(0.02)

    def end(self) -> None:
        """Thaw and stop all that still runs."""
        for worker in self._workers:
            with contextlib.suppress(ProcessLookupError):
                worker.send_signal(signal.SIGCONT)
                worker.terminate()
        for process in (*self._workers, self._planner):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._log.close()
        if self._server.is_down:
            self._server.start()

    def _supervise(self) -> None:
        while self._thaws and time.monotonic() >= self._thaws[0][0]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._thaws.pop(0)[1], signal.SIGCONT)
        for place, worker in enumerate(self._workers):
            if worker.poll() is not None:
                self._workers[place] = _start(self._worker, self._log)
        if self._planner.poll() not in (None, 0):
            self._planner = _start(self._plan, self._log)

    def _kill(self, victim: str) -> bool:
        match victim:
            case "worker":
                return _signal(self._pick.choice(self._workers).pid, signal.SIGKILL)
            case "planner":
                return _signal(self._planner.pid, signal.SIGKILL)
            case "frozen worker":
                pid = self._pick.choice(self._workers).pid
                self._thaws.append((time.monotonic() + LEASE_S * 1.6, pid))
                return _signal(pid, signal.SIGSTOP)
            case "database":
                self._server.kill()
                time.sleep(self._pick.uniform(0, 0.6))
                self._server.start()
                return True
        names = sorted(self._folder.glob("*.pid" if victim == "unit" else "*.group"))
        running = [pid for name in names if (pid := _number(name)) and _is_ours(pid)]
        return bool(running) and _signal(self._pick.choice(running), signal.SIGKILL)


def check(url: DatabaseUrl, folder: Path, units: int) -> int:
    """Nothing lost, nothing doubled, no lane exceeded.

    Returns:
        How many units were quarantined, as they crashed twice.
    """
    with connect(url) as ledger:
        [scan] = last_scans(ledger, ORGANISATION)
        assert scan.state == "done"
        after = progress(ledger, scan.id)
        assert after.is_over
        quarantined = after.units(State.QUARANTINED)
        assert after.units() == after.units(State.DONE) + quarantined
        # What a quarantined unit would have given is not there yet, and nothing else is missing.
        assert units - quarantined <= after.units() <= units
        _check_shards(ledger, scan.id, folder)
        _check_crashes(ledger, scan.id)
    _check_lanes(folder)
    return quarantined


def try_again(url: DatabaseUrl) -> int:
    """Let what is quarantined wait again."""
    with connect(url) as ledger:
        [scan] = last_scans(ledger, ORGANISATION)
        return retry(ledger, scan.id, ErrorClass.CRASH)


def _check_shards(ledger: psycopg.Connection[Any], scan: int, folder: Path) -> None:
    committed = shards(ledger, scan)
    assert len({(s.pass_number, s.kind, s.scope) for s in committed}) == len(committed)
    for shard in committed:
        assert shard.shard.startswith(f"{shard.scope}.")
        assert (folder / shard.shard).read_text() == shard.scope == shard.digest


def _check_crashes(ledger: psycopg.Connection[Any], scan: int) -> None:
    rows = ledger.execute(
        "SELECT count(*) FROM mlsec_fleet.unit"
        " WHERE scan = %s AND (state = 'quarantined') <> (crashes >= 2)", (scan,)
    ).fetchone()  # fmt: skip
    assert rows == (0,)
    busy = ledger.execute("SELECT count(*) FROM mlsec_fleet.slot WHERE unit IS NOT NULL").fetchone()
    assert busy == (0,)


def _check_lanes(folder: Path) -> None:
    """By when each attempt's process says that it ran: no more at once than a lane has slots."""
    for lane, times in runs(folder).items():
        at_once = 0
        for _, change in sorted((at, step) for start, end in times
                                for at, step in ((start, 1), (end, -1))):  # fmt: skip
            at_once += change
            assert at_once <= SLOTS, f"{lane}: {at_once} at once"


def runs(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """Read when each attempt began and was last alive, by lane."""
    seen: dict[str, list[tuple[float, float]]] = {}
    for path in folder.glob("*.beats"):
        beats = [float(line) for line in path.read_text().split("\n")[:-1]]
        if beats:
            seen.setdefault(path.name.split(".")[2], []).append((beats[0], beats[-1]))
    return seen


def _start(command: Sequence[str], log: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", *command], stdout=log, stderr=log, start_new_session=True
    )


def _signal(pid: int, number: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False


def _number(path: Path) -> int:
    text = path.read_text()
    return int(text) if text else 0


def _is_ours(pid: int) -> bool:
    with contextlib.suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text()
        return ") Z " not in stat and b"fake_unit" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def crash_run(
    server: Server, url: DatabaseUrl, folder: Path, *, units: int, seed: int, kills: int,
    seconds: float = 0.6, victims: Sequence[str] = VICTIMS,
    say: Callable[[str], None] = lambda _: None,
) -> Counter[str]:  # fmt: skip
    """Run a scan of so many units while its processes are killed, check it, and finish it."""
    fleet = Fleet(server, url, folder, units=units, seed=seed, seconds=seconds)
    try:
        fleet.run(kills, victims)
    finally:
        fleet.end()
    quarantined = check(url, folder, units)
    say(f"seed {seed}: {dict(fleet.killed)}, {quarantined} quarantined")
    while try_again(url):
        again = Fleet(server, url, folder, units=units, seed=seed, seconds=seconds)
        try:
            again.run(0)
        finally:
            again.end()
        assert check(url, folder, units) == 0
    return fleet.killed
