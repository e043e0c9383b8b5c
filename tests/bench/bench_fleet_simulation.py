"""A night of 100,000 scopes, simulated: throttled, skewed sizes, workers that die."""

from __future__ import annotations

import math
import os

from tests.bench.measure import say, table
from tests.fleet.simulation import Estate, Result, Simulation, Weather
from tests.postgres import Server, programs

SCALE = float(os.environ.get("SCALE", "1"))
# Not measured: an organisation of the size of the issue, drawn out to 100,000 scopes.
ESTATES = (
    ("accounts", 20_000, 20_000, 1, 120.0),
    ("subscriptions", 10_000, 20, 16, 60.0),
    ("projects", 10_000, 40, 8, 60.0),
    ("clusters", 2_000, 2_000, 1, 30.0),
    ("repositories", 58_000, 4, 40, 8.0),
)
WORKERS, CONCURRENCY = 100, 4
NIGHTS = (
    ("calm, sizes known", 0.1, Weather()),
    ("calm, sizes unknown", 0.1, Weather(has_weights=False)),
    ("5 % throttled", 0.1, Weather(throttled=0.05)),
    ("workers live 4 h", 0.1, Weather(worker_life_h=4)),
    ("both", 0.1, Weather(throttled=0.05, worker_life_h=4)),
    ("both, all scopes", 1.0, Weather(throttled=0.05, worker_life_h=4)),
)


def main() -> None:
    """Simulate and print."""
    folder = programs()
    if folder is None:
        say("skipped: PostgreSQL's server is not installed")
        return
    server = Server(folder)
    try:
        rows = []
        for name, share, weather in NIGHTS:
            rows.append(_row(name, _night(server, share, weather)))
            say(f"  {' '.join(rows[-1])}")
    finally:
        server.stop()
    table(
        "A tenth of the scopes and workers, and all; half of the dying workers are killed",
        ("", "units", "at once", "h", "ideal h", "busy %", "wasted %", "throttled", "died",
         "again", "quarantined", "SQL ms/unit"), rows,
    )  # fmt: skip


def _night(server: Server, share: float, weather: Weather) -> Result:
    share *= SCALE
    estates = tuple(
        Estate(
            name=name, scopes=max(1, round(scopes * share)), slots=slots, median_s=median_s,
            lanes=max(1, round(lanes * share)),
        )
        for name, scopes, lanes, slots, median_s in ESTATES
    )  # fmt: skip
    with server.database() as name, server.connect(name) as ledger:
        workers = math.ceil(WORKERS * share)
        night = Simulation(
            ledger, estates, weather, workers=workers, concurrency=CONCURRENCY, seed=1
        )
        return night.run()


def _row(name: str, night: Result) -> tuple[str, ...]:
    return (
        name, f"{night.units:,}", f"{night.slots}", f"{night.hours:.2f}",
        f"{night.ideal_hours:.2f}", f"{night.busy_share:.0%}", f"{night.wasted_share:.1%}",
        f"{night.throttled:,}", f"{night.died}", f"{night.tried_again:,}", f"{night.quarantined}",
        f"{night.sql_ms:.1f}",
    )  # fmt: skip
