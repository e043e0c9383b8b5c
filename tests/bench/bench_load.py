"""Starting: the shipped rules cold and cached, --version and --help, beside a bare Python."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec

from mlsec.core.content_paths import content_folder
from mlsec.engine.rules.load import rule_files
from tests.bench.measure import Cost, middle, python_module, ratio, run_in_turn, run_once, table

RUNS = 7
TIMED = """
import json, sys, time
from mlsec.core.content_paths import content_folder
from mlsec.engine.rules.load import load_content
folder, laps = content_folder("rules"), []
for _ in range(int(sys.argv[1])):
    started = time.perf_counter(), time.process_time()
    found = load_content(folder)
    laps.append([time.perf_counter() - started[0], time.process_time() - started[1]])
print(json.dumps({"rules": len(found.rules), "laps": laps}))
"""
BARE = [sys.executable, "-c", "pass"]


def main() -> None:
    """Measure and print."""
    commands()
    rules()


def commands() -> None:
    """Whole processes, in turn with the floor."""
    installed = Path(sys.executable).with_name("mlsec")
    program = [str(installed)] if installed.is_file() else python_module("mlsec")
    asked = {
        "python -c pass (floor)": BARE,
        "mlsec --version": [*program, "--version"],
        "mlsec --help": [*program, "--help"],
        "mlsec rules list (cached)": [*program, "rules", "list"],
    }
    with tempfile.TemporaryDirectory() as cache:
        env = {"XDG_CACHE_HOME": cache}
        found = run_in_turn({name: partial(run_once, it, env) for name, it in asked.items()}, RUNS)
        # Apart from the timed runs: looking every millisecond costs time.
        peaks = {name: _peak_mib(command, env) for name, command in asked.items()}
    floor = [cost.wall_s for cost in found["python -c pass (floor)"]]
    rows = [
        (
            name,
            f"{1000 * middle([cost.wall_s for cost in costs]):.0f}",
            f"{ratio([cost.wall_s for cost in costs], floor):.1f}",
            f"{1000 * middle([cost.cpu_s for cost in costs]):.0f}",
            f"{peaks[name]:.0f}",
        )
        for name, costs in found.items()
    ]
    table(
        f"whole processes, median of {RUNS} after a warm-up (aim of --version: 200 ms, 40 MiB)",
        ("", "wall ms", "x floor", "CPU ms", "peak MiB"),
        rows,
    )


def _peak_mib(command: list[str], env: Mapping[str, str]) -> float:
    return middle([run_once(command, env, sample_s=0.001).own_mib for _ in range(3)])


def rules() -> None:
    """Loading alone, inside a fresh process each time: nothing kept, then kept."""
    cold, cached = [], []
    count = 0
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as cache:
            env = {"XDG_CACHE_HOME": cache}
            for laps in (cold, cached):
                lap, count = _lap(env)
                laps.append(lap)
    files = rule_files((content_folder("rules"),))
    size = sum(path.stat().st_size for path in files)
    rows = [_row(name, laps, count) for name, laps in (("cold", cold), ("cached", cached))]
    table(
        f"{count} shipped rules, {size / count / 1000:.1f} KB each, and the vocabulary; in a fresh"
        f" process, median of {RUNS} (aims for 300: 500 ms cold, 50 ms cached)",
        ("", "wall ms", "CPU ms", "CPU ms per 300 rules", "process peak MiB"),
        rows,
    )


def _lap(env: Mapping[str, str]) -> tuple[tuple[Cost, float, float], int]:
    cost = run_once([sys.executable, "-c", TIMED, "1"], env)
    found = msgspec.json.decode(cost.output)
    wall_s, cpu_s = found["laps"][0]
    return (cost, wall_s, cpu_s), found["rules"]


def _row(name: str, laps: list[tuple[Cost, float, float]], count: int) -> tuple[str, ...]:
    cpu_ms = 1000 * middle([lap[2] for lap in laps])
    return (
        name,
        f"{1000 * middle([lap[1] for lap in laps]):.0f}",
        f"{cpu_ms:.0f}",
        f"{cpu_ms * 300 / count:.0f}",
        f"{middle([lap[0].peak_mib for lap in laps]):.0f}",
    )
