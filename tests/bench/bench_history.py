"""Histories of 100,000 and 1,000,000 open failures: a night that changes 1 %, and the live page."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import msgspec

from tests.bench.measure import MIB, python_module, run_once, say, table
from tests.postgres import Server, programs

SIZES = (100_000, 1_000_000)


def main() -> None:
    """Measure and print."""
    folder = programs()
    server = Server(folder) if folder else None
    if server is None:
        say("PostgreSQL: skipped, its server is not installed")
    try:
        for count in SIZES:
            found = {}
            with tempfile.TemporaryDirectory(prefix="mlsec-bench-") as place:
                found["SQLite"] = _run(str(Path(place) / "history.db"), count)
            if server is not None:
                with server.database() as name:
                    found["PostgreSQL"] = _run(server.url(name), count)
            _print(count, found)
    finally:
        if server is not None:
            server.stop()


def _run(place: str, count: int) -> Any:
    return msgspec.json.decode(
        run_once(python_module("tests.bench.nights", place, str(count))).output
    )


def _print(count: int, found: dict[str, Any]) -> None:
    rows = []
    for name, figures in found.items():
        first, *later = figures["nights"]
        wall, cpu = later[-1]
        grown = (figures["sizes"][-1] - figures["sizes"][-2]) / MIB
        rows.append(
            (
                name, f"{first[0]:.1f}", f"{wall:.1f}", f"{cpu:.1f}",
                f"{figures['marking'][0]:.1f}",
                f"{figures['floor'][0]:.1f}", f"{wall / figures['floor'][0]:.1f}",
                f"{figures['sizes'][0] / MIB:.0f}", f"{grown:.0f}", f"{figures['peak_mib']:.0f}",
            )
        )  # fmt: skip
    table(
        f"{count:,} open failures in 2,000 accounts",
        ("", "first s", "night s", "CPU s", "marking s", "floor s", "x floor", "MiB", "MiB a night",
         "MiB peak"),
        rows,
    )  # fmt: skip
    say("  floor: reading what a night is compared with, and nothing else")
    names = list(next(iter(found.values()))["pages"])
    table(
        "pages, ms",
        ("", *names),
        [
            (name, *(f"{1000 * of['pages'][page]:.0f}" for page in names))
            for name, of in found.items()
        ],
    )
