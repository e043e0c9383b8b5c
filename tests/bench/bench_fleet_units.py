"""100,000 units that do nothing, through ledger and engine, beside bare SKIP LOCKED."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from mlsec.fleet.database import connect, migrate
from mlsec.fleet.engines.procrastinate import ProcrastinateEngine
from mlsec.fleet.ledger import add_units, sweep
from mlsec.fleet.scans import begin_scan, end_scan, progress
from mlsec.fleet.units import Kind, NewUnit
from mlsec.history.place import DatabaseUrl
from tests.bench.measure import ROOT, say, table
from tests.fleet.run_floor import TABLE
from tests.postgres import Server, programs

UNITS = int(os.environ.get("UNITS", "100000"))
LANES, SLOTS = int(os.environ.get("LANES", "2000")), 4
WORKERS, CONCURRENCY = 2, 4
WAITING = min(UNITS, 160)


def main() -> None:
    """Measure and print."""
    folder = programs()
    if folder is None:
        say("skipped: PostgreSQL's server is not installed")
        return
    server = Server(folder)
    try:
        rows = [_floor(server), *_fleet(server)]
        growth = [_growth(server, workers) for workers in (1, 2, 4)]
    finally:
        server.stop()
    table(
        f"{UNITS:,} units, {WORKERS} workers, {LANES:,} lanes",
        ("", "s", "units/s", "worker CPU ms/unit", "server CPU ms/unit"), rows,
    )  # fmt: skip
    table(
        f"{WAITING} units that wait a second each, {CONCURRENCY} at once a worker",
        ("workers", "s", "times as fast"),
        [(f"{n}", f"{s:.1f}", f"{growth[0][1] / s:.2f}") for n, s in growth],
    )


def _floor(server: Server) -> tuple[str, ...]:
    with server.database() as name:
        with psycopg.connect(server.url(name), autocommit=True) as connection:
            connection.execute(TABLE)
            connection.execute(
                "INSERT INTO floor SELECT number, 'waiting' FROM generate_series(1, %s) number",
                (UNITS,),
            )
        before = _server_cpu_s(server)
        started = time.perf_counter()
        spent = _run([("tests.fleet.run_floor", server.url(name))] * WORKERS, lambda: None)
        wall_s = time.perf_counter() - started
        return _row("bare SKIP LOCKED", wall_s, spent, _server_cpu_s(server) - before)


def _fleet(server: Server) -> list[tuple[str, ...]]:
    with server.database() as name:
        url = DatabaseUrl(server.url(name))
        engine = ProcrastinateEngine(url)
        with connect(url) as ledger:
            migrate(ledger)
            engine.prepare()
            scan = begin_scan(ledger, "bench", {})
            started = time.perf_counter()
            add_units(ledger, scan.id, _units())
            adding_s = time.perf_counter() - started
            asked: list[float] = []

            def follow() -> None:
                with engine.opened():
                    while not _is_over(ledger, scan.id, asked):
                        engine.enqueue(sweep(ledger))
                        time.sleep(1)

            before = _server_cpu_s(server)
            started = time.perf_counter()
            command = ("tests.fleet.run_noop", url.url, str(CONCURRENCY))
            spent = _run([command] * WORKERS, follow)
            wall_s = time.perf_counter() - started
            server_s = _server_cpu_s(server) - before
            assert end_scan(ledger, scan.id)
        middle, slow, slowest = (sorted(asked)[int(len(asked) * n)] for n in (0.5, 0.95, 0.999))
        say(
            f"  added in {adding_s:.1f} s; workers' peak"
            f" {max(each['peak_mib'] for each in spent):.0f} MiB"
        )
        say(f"  status, asked {len(asked)} times: {middle:.2f} s, {slow:.2f} s (95 %),"
            f" {slowest:.2f} s (slowest)")  # fmt: skip
        return [_row("ledger and Procrastinate", wall_s, spent, server_s)]


def _growth(server: Server, workers: int) -> tuple[int, float]:
    """Give how long units take that wait for others, from the first claim to the last end."""
    with server.database() as name:
        url = DatabaseUrl(server.url(name))
        engine = ProcrastinateEngine(url)
        with connect(url) as ledger:
            migrate(ledger)
            engine.prepare()
            scan = begin_scan(ledger, "bench", {})
            add_units(ledger, scan.id, _units()[:WAITING])

            def follow() -> None:
                with engine.opened():
                    while not progress(ledger, scan.id).is_over:
                        engine.enqueue(sweep(ledger))
                        time.sleep(0.2)

            _run([("tests.fleet.run_noop", url.url, str(CONCURRENCY), "1")] * workers, follow)
            [(seconds,)] = ledger.execute(
                "SELECT extract(epoch FROM max(ended_at) - min(started_at)) FROM mlsec_fleet.unit"
            ).fetchall()
            return workers, float(seconds)


def _is_over(ledger: psycopg.Connection[Any], scan: int, asked: list[float]) -> bool:
    started = time.perf_counter()
    state = progress(ledger, scan)
    asked.append(time.perf_counter() - started)
    return state.is_over


def _units() -> list[NewUnit]:
    return [
        NewUnit(pass_number=1, kind=Kind.COLLECT, scope=f"aws/{n:012d}", lane=f"aws/{n % LANES}",
                slots=SLOTS, task={"target": f"aws://{n:012d}"})
        for n in range(UNITS)
    ]  # fmt: skip


def _run(commands: Sequence[Sequence[str]], until: Callable[[], None]) -> list[Any]:
    """Run workers until ``until`` returns and they have ended; give what each says it spent."""
    workers = [
        subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-m", *command], stdout=subprocess.PIPE, cwd=ROOT
        )
        for command in commands
    ]
    until()
    for worker, command in zip(workers, commands, strict=True):
        if command[0] != "tests.fleet.run_floor":
            worker.terminate()
    return [msgspec.json.decode(worker.communicate()[0]) for worker in workers]


def _server_cpu_s(server: Server) -> float:
    """CPU of the database's processes, those that have ended included."""
    ticks = os.sysconf("SC_CLK_TCK")
    total = 0
    pid = server.pid
    for each in (pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11:15] if each == pid else fields[11:13]))
    return total / ticks


def _row(name: str, wall_s: float, spent: Sequence[Any], server_s: float) -> tuple[str, ...]:
    cpu_s = sum(each["cpu_s"] for each in spent)
    return (
        name, f"{wall_s:.0f}", f"{UNITS / wall_s:,.0f}", f"{cpu_s / UNITS * 1000:.2f}",
        f"{server_s / UNITS * 1000:.2f}",
    )  # fmt: skip
