"""Pickles: dense data and calls beside a plain genops loop, and many small files."""

from __future__ import annotations

import collections
import datetime
import decimal
import pickle
import pickletools
import random
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tests.artifacts.shapes_of_objects import MIXED, NEW_ONLY, SHAPES, Reduced
from tests.bench.measure import Cost, middle, ratio, run_in_turn, run_once, table

RUNS = 3
SIZE_BYTES = 100 << 20
GENOPS_BYTES = 10 << 20
SMALL_FILES = 2_000
OBJECT_BYTES = 20 << 20
MIXED_BYTES = 40 << 20
OBJECT_PROTOCOLS, MIXED_PROTOCOLS = (0, 2, 4), (2, 4)
OURS = """
import os, sys
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.limits import Limits
from mlsec.artifacts.bytes.window import FileSource, Window
for path in sys.argv[1:] if len(sys.argv) > 2 or not os.path.isdir(sys.argv[1]) else (
    entry.path for entry in os.scandir(sys.argv[1])):
    descriptor = os.open(path, os.O_RDONLY)
    found = inspect(Window.over(FileSource(descriptor)), Limits(cpu_s=600))
    os.close(descriptor)
    assert all(gap.reason.value == "unresolved" for gap in found.gaps), found.gaps
"""
GENOPS = """
import pickletools, sys
with open(sys.argv[1], "rb") as file:
    for _ in pickletools.genops(file):
        pass
"""
FLOOR = "from mlsec.artifacts.inspect.inspect import inspect"


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        dense(Path(name))
        mixed(Path(name))
        objects(Path(name))
        small(Path(name))


def dense(folder: Path) -> None:
    """One file of 100 MB per kind; genops reads a file of a tenth, its time is scaled."""
    rows = []
    for name, part in _parts().items():
        large, little = folder / f"{name}.pkl", folder / f"{name}.little.pkl"
        scale = _write(large, part, SIZE_BYTES) / _write(little, part, GENOPS_BYTES)
        found = run_in_turn(
            {"ours": partial(_python, OURS, large), "genops": partial(_python, GENOPS, little)},
            RUNS,
        )
        ours = [cost.cpu_s for cost in found["ours"]]
        genops = [cost.cpu_s * scale for cost in found["genops"]]
        peak = middle([cost.peak_mib for cost in found["ours"]])
        size = large.stat().st_size
        large.unlink()
        rows.append(
            (
                name,
                f"{middle(ours):.1f}",
                f"{size / middle(ours) / 1e6:.0f}",
                f"{ratio(genops, ours):.1f}",
                f"{peak:.0f}",
            )
        )
    table(
        "100 MB, whole process, median of 3 (aims: plain data 10 x genops, with calls 1 x)",
        ("", "CPU s", "MB/s", "x genops", "peak MiB"),
        rows,
    )


def mixed(folder: Path) -> None:
    """Streams in which plain data and calls mix, as pickled."""
    rows = []
    for name, make in MIXED.items():
        rows.append((name, *(_beside(folder, make, each, MIXED_BYTES) for each in MIXED_PROTOCOLS)))
    table(
        f"{MIXED_BYTES >> 20} MB of data and calls, whole process, x genops (aim: 1)",
        ("", *(f"protocol {protocol}" for protocol in MIXED_PROTOCOLS)),
        rows,
    )


def objects(folder: Path) -> None:
    """Streams of many alike objects, one per way of storing them and protocol, as pickled."""
    rows = []
    for name, make in SHAPES.items():
        kept = [each for each in OBJECT_PROTOCOLS if each > 1 or name not in NEW_ONLY]
        costs = [
            _beside(folder, lambda count, make=make: [*map(make, range(count))], each, OBJECT_BYTES)
            for each in kept
        ]
        missing = len(OBJECT_PROTOCOLS) - len(kept)
        rows.append((name, *["-"] * missing, *costs))
    table(
        f"{OBJECT_BYTES >> 20} MB of objects, whole process, x genops (aim: 1)",
        ("", *(f"protocol {protocol}" for protocol in OBJECT_PROTOCOLS)),
        rows,
    )


def _beside(folder: Path, make: Callable[[int], list[Any]], protocol: int, size_bytes: int) -> str:
    """How many times as fast as genops we are; genops reads a tenth, scaled."""
    large, little = folder / "large.pkl", folder / "little.pkl"
    count = max(10, 99 * size_bytes // len(pickle.dumps(make(99), protocol)))
    large.write_bytes(pickle.dumps(make(count), protocol))
    little.write_bytes(pickle.dumps(make(count // 10), protocol))
    scale = large.stat().st_size / little.stat().st_size
    ours, genops = _python(OURS, large), _python(GENOPS, little)
    return f"{scale * genops.cpu_s / ours.cpu_s:.1f}"


def small(folder: Path) -> None:
    """2,000 small pickles in one process, beside the start of that process."""
    many = folder / "many"
    many.mkdir()
    for number in range(SMALL_FILES):
        value: Any = {"n": number, "w": [0.5] * 20, "o": collections.OrderedDict(a=number)}
        (many / f"{number}.pkl").write_bytes(pickle.dumps(value, number % 6))
    found = run_in_turn(
        {"ours": partial(_python, OURS, many), "floor": partial(_python, FLOOR, many)}, RUNS
    )
    costs = {name: middle([cost.cpu_s for cost in laps]) for name, laps in found.items()}
    table(
        f"{SMALL_FILES} small pickles in one process (aim: 1.5 s of CPU)",
        ("", "CPU s"),
        [(name, f"{cost:.2f}") for name, cost in costs.items()],
    )


def _python(code: str, path: Path) -> Cost:
    return run_once([sys.executable, "-c", code, str(path)])


def _parts() -> Mapping[str, Callable[[], list[Any]]]:
    dice = random.Random(7)  # noqa: S311 - any numbers do
    count = 60_000
    with_calls = [collections.OrderedDict(a=n) if n % 200 == 0 else f"s{n}" for n in range(count)]
    return {
        "ints": lambda: [dice.randrange(1 << 30) for _ in range(count)],
        "floats": lambda: [dice.random() for _ in range(count)],
        "strings": lambda: [f"key-{dice.randrange(1 << 40)}" for _ in range(count)],
        "tuples": lambda: [(n, dice.random(), f"x{n}") for n in range(count)],
        "a call, then data": lambda: [
            collections.OrderedDict(a=1), [(n, dice.random(), f"x{n}") for n in range(count)],
        ],
        "a call per 200 items": lambda: [with_calls],
        "every item a call": lambda: [collections.OrderedDict(a=n) for n in range(count)],
        "mixed": lambda: [
            {"a": n, "b": dice.random(), "c": f"text {n}", "d": [1, 2, n]} for n in range(count)
        ],
        "decimals": lambda: [decimal.Decimal(n) for n in range(count)],
        "every item an unlisted call": lambda: [Reduced(n, f"s{n}") for n in range(count)],
        "dates": lambda: [
            datetime.datetime.fromtimestamp(n, datetime.UTC).replace(tzinfo=None)
            for n in range(count)
        ],
    }  # fmt: skip


def _write(path: Path, part: Callable[[], list[Any]], size_bytes: int) -> int:
    """One stream of protocol 4: the part's opcodes again and again; give the size.

    Frames are taken out, as they cannot be repeated; opcodes that read the memo find the first
    repetition's entries.
    """
    data = pickle.dumps(part(), 4)
    starts = [offset for opcode, _, offset in pickletools.genops(data) if opcode.name == "FRAME"]
    ends = [*starts[1:], len(data) - 1]
    body = b"".join(data[start + 9 : end] for start, end in zip(starts, ends, strict=True))
    with path.open("wb") as file:
        file.write(b"\x80\x04(")
        for _ in range(max(1, size_bytes // len(body))):
            file.write(body)
        file.write(b"t.")
    return path.stat().st_size


if __name__ == "__main__":
    main()
