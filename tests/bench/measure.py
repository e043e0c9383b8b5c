"""Runs a command or a function several times and says what it cost, as medians and as a table."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What one finished process cost.

    ``peak_mib`` is the system's own figure, never below what the measuring process itself holds.
    Sampled: ``tree_mib``, the peak of the summed resident memory of the process and all its
    descendants (shared pages counted once per process), and ``own_mib``, the process alone.
    """

    wall_s: float
    cpu_s: float
    peak_mib: float
    tree_mib: float = 0.0
    own_mib: float = 0.0
    output: str = ""


def run_once(
    command: Sequence[str],
    env: Mapping[str, str] | None = None,
    *,
    sample_s: float = 0.0,
    is_shared_once: bool = False,
) -> Cost:
    """Run a command to its end; with ``sample_s`` its memory is looked at that often.

    With ``is_shared_once`` a page that several processes share is divided among them.

    Raises:
        RuntimeError: it ended with another exit code than 0.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        child = subprocess.Popen(  # noqa: S603 - our own commands
            command, stdout=out, stderr=errors, cwd=ROOT, env={**os.environ, **(env or {})}
        )
        watch = _Watch(child.pid, sample_s, is_shared_once) if sample_s else None
        _, status, usage = os.wait4(child.pid, 0)
        wall_s = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        tree_mib, own_mib = watch.stop() if watch else (0.0, 0.0)
        out.seek(0)
        errors.seek(0)
        if child.returncode:
            tail = errors.read().decode("utf-8", "replace")[-600:]
            raise RuntimeError(f"{' '.join(command[:4])} ended with {child.returncode}: {tail}")
        return Cost(
            wall_s=wall_s,
            cpu_s=usage.ru_utime + usage.ru_stime,
            peak_mib=usage.ru_maxrss / 1024,
            tree_mib=tree_mib,
            own_mib=own_mib,
            output=out.read().decode("utf-8", "replace"),
        )


def run_in_turn(commands: Mapping[str, Callable[[], Cost]], runs: int) -> dict[str, list[Cost]]:
    """Run each command ``runs`` times, in turn (A B A B), after one warm-up of each."""
    for run in commands.values():
        run()
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, run in commands.items():
            found[name].append(run())
    return found


def python_module(*arguments: str) -> list[str]:
    """A command of this interpreter: ``python -m arguments``."""
    return [sys.executable, "-m", *arguments]


def middle(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def ratio(ours: Sequence[float], others: Sequence[float]) -> float:
    """The median of the ratios run by run: it holds when the machine's speed drifts."""
    return middle([a / b for a, b in zip(ours, others, strict=True) if b])


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a small table: the first column to the left, the others to the right."""
    widths = [max(len(row[n]) for row in [header, *rows]) for n in range(len(header))]
    print(f"\n{title}")  # noqa: T201
    for row in [header, ["-" * width for width in widths], *rows]:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  " + "  ".join(cells))  # noqa: T201


def say(text: str) -> None:
    """Print a line of explanation."""
    print(text, flush=True)  # noqa: T201


class _Watch:
    """Samples the memory of a process tree (Linux: /proc) until stopped."""

    def __init__(self, pid: int, sample_s: float, is_shared_once: bool) -> None:
        self._look = _share_pages if is_shared_once else _resident_pages
        self._pid = pid
        self._sample_s = sample_s
        self._tree_pages = self._own_pages = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> tuple[float, float]:
        """Stop, and give the peaks in MiB: of the tree, of the process alone."""
        self._done.set()
        self._thread.join()
        page_bytes = os.sysconf("SC_PAGE_SIZE")
        return self._tree_pages * page_bytes / MIB, self._own_pages * page_bytes / MIB

    def _sample(self) -> None:
        while not self._done.wait(self._sample_s):
            own, *others = [self._look(pid) for pid in _tree(self._pid)]
            self._own_pages = max(self._own_pages, own)
            self._tree_pages = max(self._tree_pages, own + sum(others))


def _tree(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found.extend(int(child) for child in children.read_text().split())
            except OSError:
                continue
    return found


def _resident_pages(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0


def _share_pages(pid: int) -> float:
    """Resident pages, each divided by how many processes have it (the system's Pss)."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    found = (line.split()[1] for line in lines if line.startswith("Pss:"))
    return int(next(found, 0)) * 1024 / os.sysconf("SC_PAGE_SIZE")
