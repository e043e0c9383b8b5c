"""Reports at 1k, 10k and 100k findings: size, time, memory, and the page in a browser."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from tests.bench.measure import ROOT, middle, python_module, ratio, run_once, say, table

SIZES = {1_000: 5, 10_000: 3, 100_000: 1}
FORMATS = ("html", "sarif", "sarif-full", "json", "text", "markdown")
PAGE = ROOT / "tests" / "bench" / "report_page.mjs"
PAGE_RUNS = 5


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="mlsec-bench-") as name:
        folder = Path(name)
        for count, runs in SIZES.items():
            source = folder / f"{count}.bin"
            run_once(python_module("tests.bench.rendering", "make", str(count), str(source)))
            files(source, folder / str(count), count, runs)
        page(folder)


def files(source: Path, kept: Path, count: int, runs: int) -> None:
    """Each format in a process of its own, in turn with the floor: encoding the assessment."""
    kept.mkdir()
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in ("encode", *FORMATS)}
    for _ in range(runs):
        for name, laps in found.items():
            keep = [str(kept)] if name != "encode" else []
            command = python_module("tests.bench.rendering", name, str(source), *keep)
            laps.append(msgspec.json.decode(run_once(command).output))
    floor = [lap["cpu_s"] for lap in found["encode"]]
    rows = [
        (
            name if name != "encode" else "JSON encoding alone (floor)",
            f"{sum(laps[0]['bytes']) / 1e6:.2f}",
            f"{middle([lap['wall_s'] for lap in laps]):.2f}",
            f"{middle([lap['cpu_s'] for lap in laps]):.2f}",
            f"{ratio([lap['cpu_s'] for lap in laps], floor):.1f}",
            f"{middle([lap['before_mib'] for lap in laps]):.0f}",
            f"{middle([lap['peak_mib'] for lap in laps]):.0f}",
        )
        for name, laps in found.items()
    ]
    table(
        f"{count:,} findings, each format rendered and written alone, median of {runs}",
        ("", "MB", "wall s", "CPU s", "x floor", "MiB before", "MiB peak"),
        rows,
    )


def page(folder: Path) -> None:
    """The HTML page in Chromium, when there is one."""
    node, chrome, root = _browser()
    if not (node and chrome and root):
        say(
            "\nthe page: skipped, needs node, Chromium (CHROME_PATH) and NODE_ROOT (puppeteer-core)"
        )
        return
    rows = []
    for count in SIZES:
        command = [node, str(PAGE), str(folder / str(count) / "report.html")]
        env = {"NODE_ROOT": root, "CHROME_PATH": chrome}
        laps = [msgspec.json.decode(run_once(command, env).output) for _ in range(PAGE_RUNS)]

        def mid(key: str, laps: list[dict[str, Any]] = laps) -> str:
            found = [lap[key] for lap in laps if lap[key] is not None]
            return f"{middle(found):.0f}" if found else "absent"

        keys = ("firstRow", "nodes", "nodesAfter", "facet", "firstSearch", "search", "everything",
                "sort", "group", "heapMiB")  # fmt: skip
        rows.append((f"{count:,}", *(mid(key) for key in keys)))
    table(
        f"the page in headless Chromium, median of {PAGE_RUNS} (ms from navigation; ms per action"
        " until drawn)",
        ("findings", "first row", "nodes", "nodes after", "facet", "1st search", "search", "all",
         "sort", "group", "heap MiB"),
        rows,
    )  # fmt: skip
    say("  a search also waits for 40 to 150 ms of quiet typing, not counted here")


def _browser() -> tuple[str, str, str]:
    places = (os.environ.get("NODE_ROOT"), ROOT / "tests" / "browser", ROOT.parent / "node")
    has = [one for one in places if one and (Path(one) / "node_modules/puppeteer-core").is_dir()]
    chrome = os.environ.get("CHROME_PATH") or shutil.which("chromium") or ""
    return shutil.which("node") or "", chrome, str(has[0]) if has else ""
