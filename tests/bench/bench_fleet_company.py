"""A company scanned by real workers over a real ledger, and by one process: is it the same?

python -m tests.bench.bench_fleet_company WORKERS ACCOUNTS SUBSCRIPTIONS PROJECTS CLUSTERS FOLDERS
    [LATENCY_MS] [same]

With ``same`` the company is also scanned by one process, and both assessments are compared.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from mlsec.fleet.config import config_of, lane_slots
from mlsec.fleet.database import connect, migrate
from mlsec.fleet.ended import first_units, put_pieces
from mlsec.fleet.engines.procrastinate import ProcrastinateEngine
from mlsec.fleet.ledger import add_units, sweep
from mlsec.fleet.scans import begin_pass, begin_scan, end_scan, progress
from mlsec.fleet.units import Kind, NewUnit
from mlsec.history.place import DatabaseUrl
from tests.fleet.company import Company, Size, company, comparable
from tests.postgres import Server, programs


class Took(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds until all evidence was there, and until the reports were."""

    collecting_s: float
    whole_s: float
    passes: int


def drive(url: DatabaseUrl, config: dict[str, Any]) -> Took:
    """Plan a scan to its end, as ``mlsec fleet run`` does."""
    parsed, began = config_of(config), time.monotonic()
    collecting = 0.0
    with connect(url) as ledger, ProcrastinateEngine(url).opened() as engine:
        scan = begin_scan(ledger, parsed.organisation, parsed.stored())
        add_units(ledger, scan.id, first_units(parsed))
        passes = 0
        while True:
            _wait(ledger, engine, scan.id)
            collecting = collecting or time.monotonic() - began
            number = max(count.pass_number for count in progress(ledger, scan.id).counts)
            passes += 1
            begin_pass(ledger, scan.id, number)
            task = put_pieces(ledger, scan.id, parsed)
            judge = NewUnit(
                pass_number=number, kind=Kind.JUDGE, scope="organisation", lane="judge", task=task,
                slots=lane_slots(parsed, "judge"),
            )  # fmt: skip
            add_units(ledger, scan.id, [judge])
            _wait(ledger, engine, scan.id, is_judging=True)
            if _is_judged(ledger, scan.id):
                end_scan(ledger, scan.id)
                return Took(
                    collecting_s=collecting, whole_s=time.monotonic() - began, passes=passes
                )


def _wait(ledger: Any, engine: Any, scan: int, *, is_judging: bool = False) -> None:
    while True:
        engine.enqueue(sweep(ledger, enqueue_again_s=5))
        now = progress(ledger, scan)
        if now.is_over or (is_judging and _judging(ledger, scan) == 0):
            return
        time.sleep(0.3)


def _judging(ledger: Any, scan: int) -> int:
    query = (
        "SELECT count(*) FROM mlsec_fleet.unit"
        " WHERE scan = %s AND kind = 'judge' AND ended_at IS NULL"
    )
    return int(ledger.execute(query, (scan,)).fetchone()[0])


def _is_judged(ledger: Any, scan: int) -> bool:
    """Whether the last judge gave no further units."""
    query = (
        "SELECT kind, state, error FROM mlsec_fleet.unit WHERE scan = %s ORDER BY id DESC LIMIT 1"
    )
    kind, state, error = ledger.execute(query, (scan,)).fetchone()
    if kind == "judge" and state != "done":
        raise SystemExit(f"judging failed: {error}")
    return bool(kind == "judge")


def fleet(
    running: Company, place: Path, url: DatabaseUrl, text: str, workers: int, **more: Any
) -> Took:
    """Scan the company with so many workers of one unit each."""
    command = [sys.executable, "-m", "tests.fleet.real_worker", text, "1"]
    with (place / "workers.log").open("wb") as log:
        started = [
            subprocess.Popen(command, env=dict(running.environment), stderr=log)  # noqa: S603
            for _ in range(workers)
        ]
        try:
            return drive(url, running.config(place, **more))
        finally:
            for worker in started:
                worker.terminate()
            for worker in started:
                worker.wait(60)


def differences(one: Path, other: Path) -> list[str]:
    """Name the parts of two assessments that differ, of the run itself aside."""
    first, second = comparable(one), comparable(other)
    names = sorted({*first, *second})
    return [name for name in names if first.get(name) != second.get(name)]


def main(workers: str, *given: str) -> None:
    is_same = "same" in given
    numbers = [int(item) for item in given if item != "same"]
    latency_s = numbers[5] / 1000 if len(numbers) > 5 else 0.0
    names = ("accounts", "subscriptions", "projects", "clusters", "repositories")
    size = Size(**dict(zip(names, numbers[:5], strict=True)), latency_s=latency_s)
    installed = programs()
    if installed is None:
        raise SystemExit("needs PostgreSQL's server: apt-get install postgresql")
    server = Server(installed)
    with (
        contextlib.ExitStack() as stack,
        tempfile.TemporaryDirectory(prefix="mlsec-company-") as folder,
        server.database() as name,
    ):
        stack.callback(server.stop)
        place = Path(folder)
        text = server.url(name)
        url = DatabaseUrl(text)
        with connect(url) as connection:
            migrate(connection)
        ProcrastinateEngine(url).prepare()
        with company(size, place / "company") as running:
            os.environ.clear()
            os.environ.update(running.environment)
            took = fleet(running, place, url, text, int(workers))
            _say(f"{workers} workers: {took.collecting_s:.1f} s until collected,"
                  f" {took.whole_s:.1f} s in all, {took.passes} passes")  # fmt: skip
            with connect(url) as connection:
                query = (
                    "SELECT kind, count(*), sum(calls), sum(cpu_ms) / 1000.0, max(peak_bytes) >> 20"
                    " FROM mlsec_fleet.unit GROUP BY kind ORDER BY kind"
                )
                for kind, units, calls, cpu_s, peak in connection.execute(query):
                    _say(f"  {kind}: {units} units, {calls} calls, {cpu_s:.1f} CPU-s,"
                          f" at most {peak} MiB")  # fmt: skip
                query = "SELECT state, count(*) FROM mlsec_fleet.unit GROUP BY state"
                _say(f"  {dict(connection.execute(query).fetchall())}")
            if is_same:
                began = time.monotonic()
                command = [sys.executable, "-m", "mlsec", *running.one_process(place / "one")]
                subprocess.run(command, check=True, capture_output=True)  # noqa: S603
                _say(f"one process: {time.monotonic() - began:.1f} s")
                own = differences(place / "one", place / "reports" / "organisation")
                _say(f"differences: {own or 'none'}")
                sys.exit(bool(own))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
