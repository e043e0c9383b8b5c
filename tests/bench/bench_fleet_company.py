"""An organisation scanned by the fleet's own commands and by one process: is it the same?

python -m tests.bench.bench_fleet_company [--workers N] [--accounts N] [--subscriptions N]
    [--projects N] [--clusters N] [--repositories N] [--latency-ms N] [--growth]

It ends with 1 where the two assessments differ. With --growth nothing is compared: the same scopes
are collected by 1, 2 and 4 workers, twice.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import psycopg

from tests.bench.measure import python_module, run_once, say, table
from tests.fleet import by_commands
from tests.fleet.company import SALT, Company, Size, company, comparable
from tests.postgres import Server, programs

_KINDS = ("accounts", "subscriptions", "projects", "clusters", "repositories")
_COMPARED = Size(accounts=24, subscriptions=14, projects=12, clusters=10, repositories=10)
# Loopback clouds that wait before they answer, and nothing that needs no waiting.
_GROWING = Size(
    accounts=0, subscriptions=12, projects=12, clusters=0, repositories=0, latency_s=1.5
)
_WORKERS = (1, 2, 4, 1, 2, 4)
_COLLECTED = (
    "SELECT count(*), extract(epoch FROM max(ended_at) - min(started_at)), max(seconds),"
    " sum(seconds), sum(cpu_seconds) FROM mlsec_fleet_v1.units WHERE kind = 'collect'"
)


def main(words: Sequence[str] = ()) -> int:
    """Scan both ways and print a table: 1 where something differs, 2 without a server."""
    args = _parser().parse_args(list(words))
    installed = programs()
    if installed is None:
        say("PostgreSQL's server programs are missing: apt-get install postgresql")
        return 2
    default = _GROWING if args.growth else _COMPARED
    given = {name: getattr(args, name) for name in _KINDS if getattr(args, name) is not None}
    if args.latency_ms is not None:
        given["latency_s"] = args.latency_ms / 1000
    size = msgspec.structs.replace(default, **given)
    server = Server(installed)
    with contextlib.ExitStack() as stack:
        stack.callback(server.stop)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mlsec-company-")))
        running = stack.enter_context(company(size, folder / "company"))
        stack.enter_context(mock.patch.dict(os.environ, running.environment, clear=True))
        if args.growth:
            _grow(running, server, folder)
            return 0
        stack.enter_context(_fleet_of(server))
        return _compare(running, size, folder / "fleet", args.workers)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench_fleet_company", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter
                                     )  # fmt: skip
    parser.add_argument("--workers", type=int, default=4, metavar="N")
    for name in (*_KINDS, "latency-ms"):
        parser.add_argument(f"--{name}", type=int, metavar="N")
    parser.add_argument("--growth", action="store_true")
    return parser


def _compare(running: Company, size: Size, place: Path, workers: int) -> int:
    done = by_commands.scan(running, place, workers)
    alone = run_once(python_module("mlsec", *running.one_process(place / "one")))
    say(f"{done.plan}{done.status}")
    one, fleet = comparable(place / "one"), comparable(place / "reports" / "organisation")
    rows = [("seconds", f"{alone.wall_s:.0f}", f"{done.run_s:.0f}")]
    rows += [(name, f"{had:,}", f"{has:,}") for (name, had), has in
             zip(_counts(one).items(), _counts(fleet).values(), strict=True)]  # fmt: skip
    scopes = ", ".join(f"{getattr(size, name)} {name}" for name in _KINDS)
    table(scopes, ("", "one process", f"{workers} workers"), rows)
    differing = list(_differing(one, fleet))
    say(f"  parts of the assessment that differ: {', '.join(differing) or 'none'}")
    return 1 if differing else 0


def _counts(document: dict[str, Any]) -> dict[str, int]:
    totals, types = document["coverage"]["totals"], document["coverage"]["types"]
    return {
        "findings": len(document["findings"]),
        "passes": totals["passed"],
        "not assessed": totals["not_assessed"],
        "rows of coverage": len(types),
        "resources": sum(row["enumerated"] for row in types),
        "kinds of calls": len(document["scan"]["operations"]),
    }


def _differing(one: dict[str, Any], other: dict[str, Any], above: str = "") -> Iterator[str]:
    """Name what was not written as the same text: the order of keys counts too."""
    if [*one] != [*other]:
        yield f"{above}keys"
    for name in [name for name in one if name in other]:
        had, has = one[name], other[name]
        if json.dumps(had) != json.dumps(has):
            if isinstance(had, dict) and isinstance(has, dict):
                yield from _differing(had, has, f"{above}{name}.")
            else:
                yield f"{above}{name}"


def _grow(running: Company, server: Server, folder: Path) -> None:
    """Print how long the same scopes take with more workers, each time with an empty database."""
    rows = []
    before: dict[int, float] = {}
    for number, workers in enumerate(_WORKERS):
        with _fleet_of(server) as url:
            done = by_commands.scan(running, folder / str(number), workers)
            with psycopg.connect(url) as connection:
                [row] = connection.execute(_COLLECTED)
        units, wall_s, longest_s, sum_s, cpu_s = map(float, row)
        half = before.get(workers // 2)
        before[workers] = wall_s
        rows.append(
            (f"{workers}", f"{units:.0f}", f"{wall_s:.0f}", f"{half / wall_s:.2f}" if half else "",
             f"{sum_s / wall_s / workers:.0%}", f"{longest_s:.0f}", f"{cpu_s:.0f}",
             f"{done.run_s:.0f}", f"{os.getloadavg()[0]:.1f}")
        )  # fmt: skip
    table(
        "the scopes of a first pass, in the order of the runs",
        ("workers", "units", "s", "times as fast", "busy", "longest s", "CPU s", "whole run s",
         "load"), rows,
    )  # fmt: skip


@contextlib.contextmanager
def _fleet_of(server: Server) -> Iterator[str]:
    """Name an empty database in the environment, and give its address."""
    with server.database() as name:
        url = server.url(name)
        with mock.patch.dict(os.environ, {"MLSEC_FLEET_DATABASE": url, "MLSEC_FLEET_SALT": SALT}):
            yield url


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
