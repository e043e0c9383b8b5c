"""Archives: a large torch file here and far, bombs, and 2,000 small pickles in child processes."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from mlsec.artifacts.sandbox.jobs import LocalJob
from mlsec.artifacts.sandbox.pool import inspect_many
from tests.artifacts.builders import HOSTILE
from tests.artifacts.builders.payloads import GOOD_PICKLE
from tests.artifacts.builders.sparse_torch import torch_pieces
from tests.bench.measure import Cost, middle, run_once, say, table

RUNS = 3
SMALL_FILES = 2_000
BOMBS = (
    "zip/one-huge-member", "zip/forty-two", "zip/overlapping-bomb", "zip/many-members",
    "zip/nested-deep", "compressed/gzip-bomb", "compressed/bzip2-bomb", "compressed/xz-bomb",
    "compressed/zstd-bomb", "compressed/lz4-bomb", "compressed/nested-deep", "7z/bomb",
)  # fmt: skip
READ = """
import json, os, sys
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.bytes.window import FileSource, Window
source = FileSource(os.open(sys.argv[1], os.O_RDONLY))
found = inspect(Window.over(source))
print(json.dumps({"read": found.bytes_read, "facts": sorted({f.kind.value for f in found.facts})}))
"""
FAR = """
import json
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.bytes.window import Window
from mlsec.model_files.buckets.ranged import RangedSource
from tests.artifacts.builders.sparse_torch import SparseSource, torch_pieces
far = SparseSource(*torch_pieces(640, (10 << 30) // 640))
source = RangedSource(far.read_at, far.size_bytes)
found = inspect(Window.over(source))
print(json.dumps({"read": source.bytes_read, "requests": source.requests, "facts": []}))
"""
FLOOR = "import json, msgspec; print(json.dumps({'read': 0}))"


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        large(Path(folder))
        bombs(Path(folder))
        small(Path(folder))


def _row(name: str, costs: list[Cost]) -> tuple[str, ...]:
    told = json.loads(costs[0].output)
    return (
        name,
        f"{middle([cost.wall_s for cost in costs]):.2f}",
        f"{middle([cost.cpu_s for cost in costs]):.2f}",
        f"{max(cost.own_mib for cost in costs):.0f}",
        f"{told['read'] / 1000:,.0f}",
        str(told.get("requests", "")),
    )


def _costs(*command: str) -> list[Cost]:
    return [run_once([sys.executable, "-c", *command], sample_s=0.002) for _ in range(RUNS)]


def large(folder: Path) -> None:
    """A local torch zip of 1.5 GB, and one of 10 GB behind a store that counts."""
    path, (pieces, size_bytes) = folder / "model.pt", torch_pieces(96, 16 << 20)
    with path.open("wb") as file:
        for offset, data in pieces.items():
            file.seek(offset)
            file.write(data)
        file.truncate(size_bytes)
    rows = [
        _row("python -c pass and msgspec (floor)", _costs(FLOOR)),
        _row("1.5 GB torch zip, local", _costs(READ, str(path))),
        _row("10 GB torch zip, ranged", _costs(FAR)),
    ]
    table(
        f"whole processes, median of {RUNS} (aims: local 0.3 s, 60 MiB; ranged 2 MB transferred)",
        ("", "wall s", "CPU s", "peak MiB", "KB read", "requests"),
        rows,
    )


def bombs(folder: Path) -> None:
    """Each bomb in a process of its own: CPU seconds, peak memory, what it is flagged as."""
    rows = []
    for name in BOMBS:
        path = folder / "bomb"
        path.write_bytes(HOSTILE[name]())
        costs = _costs(READ, str(path))
        facts = json.loads(costs[0].output)["facts"]
        rows.append((*_row(name, costs)[:4], "bomb" if "bomb" in facts else ", ".join(facts)))
    table(
        f"bombs, whole processes, median of {RUNS} (aims: 2 s of CPU, 150 MiB, all flagged)",
        ("", "wall s", "CPU s", "peak MiB", "flagged as"),
        rows,
    )


def small(folder: Path) -> None:
    """Many small pickles through the reading processes; CPU of this process and its children."""
    small_folder = folder / "small"
    small_folder.mkdir()
    for number in range(SMALL_FILES):
        (small_folder / f"{number}.pkl").write_bytes(GOOD_PICKLE)
    rows = []
    for workers in (1, 2):
        before, started = _cpu_s(), time.perf_counter()
        jobs = (LocalJob(id=path.name, path=str(path)) for path in small_folder.iterdir())
        count = sum(1 for _ in inspect_many(jobs, workers=workers))
        wall_s = time.perf_counter() - started
        rows.append(
            (f"{count} files, {workers} workers", f"{wall_s:.2f}", f"{_cpu_s() - before:.2f}")
        )
    table(
        "small pickles in child processes, once (aim: 1.5 s of CPU)", ("", "wall s", "CPU s"), rows
    )
    say("  CPU is this process and its children, their start included.")


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    main()
