"""A planner's process for tests: python -m tests.fleet.run_planner URL FOLDER UNITS SEED SECONDS.

It begins a scan of two passes, or goes on with the one that runs, and ends it. As many as you like
may be started and killed.
"""

from __future__ import annotations

import contextlib
import random
import sys
import time

import psycopg

from mlsec.fleet.database import connect
from mlsec.fleet.engines.procrastinate import ProcrastinateEngine
from mlsec.fleet.ledger import add_units, sweep
from mlsec.fleet.scans import begin_pass, begin_scan, end_scan, hold_planner, progress
from mlsec.fleet.units import Kind, NewUnit
from mlsec.history.place import DatabaseUrl

ORGANISATION = "tested"
SLOTS = 2
LANES = 3


def main(url: str, folder: str, units: str, seed: str, seconds: str) -> None:
    database = DatabaseUrl(url)
    while True:
        with contextlib.suppress(psycopg.OperationalError, TimeoutError):
            plan(database, folder, int(units), int(seed), float(seconds))
            return
        time.sleep(0.2)


def plan(url: DatabaseUrl, folder: str, units: int, seed: int, seconds: float) -> None:
    with connect(url) as ledger:
        while not hold_planner(ledger, ORGANISATION):
            time.sleep(0.1)
        scan = begin_scan(ledger, ORGANISATION, {"folder": folder})
        with ProcrastinateEngine(url).opened() as engine:
            for number in range(1, 3):
                begin_pass(ledger, scan.id, number)
                add_units(ledger, scan.id, units_of(number, units, seed, seconds))
                while not progress(ledger, scan.id).is_over:
                    engine.enqueue(sweep(ledger, enqueue_again_s=1))
                    time.sleep(0.1)
        assert end_scan(ledger, scan.id)


def units_of(number: int, units: int, seed: int, seconds: float) -> list[NewUnit]:
    """Half of a pass's units by name, the other half of what these give when they are done."""
    pick = random.Random(f"{seed}-{number}")  # noqa: S311 - to be repeated
    return [
        NewUnit(
            pass_number=number, kind=Kind.DISCOVER, scope=f"{number}-{n}", slots=SLOTS,
            lane=f"lane-{n % LANES}",
            task={
                "seconds": pick.uniform(0.1, 1) * seconds,
                "then": [f"{number}-{n}-then"],
                "then_task": {"seconds": pick.uniform(0.1, 1) * seconds},
            },
        )
        for n in range(units // 4)
    ]  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
