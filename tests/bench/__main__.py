"""``python -m tests.bench [NAME ...]``: run the benchmarks; each prints its own tables."""

from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path

from tests.bench.measure import say


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; 2 when a name is unknown."""
    known = sorted(path.stem.removeprefix("bench_") for path in _folder().glob("bench_*.py"))
    unknown = [name for name in names if name not in known]
    if unknown:
        say(f"no benchmark {', '.join(unknown)}; there are: {', '.join(known)}")
        return 2
    load = f"{os.getloadavg()[0]:.1f}"
    say(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {load}.")
    say("Trust the ratios, not the absolute figures. Only wrong verdicts are an error.")
    for name in names or known:
        module = importlib.import_module(f"tests.bench.bench_{name}")
        say(f"\n== {name}: {(module.__doc__ or '').splitlines()[0]}")
        started = time.perf_counter()
        module.main()
        say(f"  ({name} took {time.perf_counter() - started:.0f} s)")
    return 0


def _folder() -> Path:
    return Path(__file__).parent


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
