"""Listing a bucket and taking it apart: time and memory as its objects grow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from tests.bench.measure import python_module, run_once, table
from tests.model_files.generated_stores import TARGETS, environment

# "100000,1000000,10000000" takes some 20 minutes; a part of a fleet holds at most 100,000 objects.
OBJECTS = tuple(map(int, os.environ.get("MLSEC_BENCH_OBJECTS", "20000,40000,80000").split(",")))
KINDS = tuple(os.environ.get("MLSEC_BENCH_STORES", "s3,gs,az").split(","))
MOST = 100_000


def main() -> None:
    """List and take apart buckets of several sizes, one in ten thousand of their objects a model.

    Each is a server of its own process; what is measured is a process beside it.
    """
    for kind in KINDS:
        rows = []
        before: Mapping[str, Any] = {}
        for count in OBJECTS:
            listed, split = _measured(kind, count, 0), _measured(kind, count, min(MOST, count // 4))
            growth = f"{listed['cpu_s'] / before['cpu_s']:.2f}" if before else ""
            rows.append(
                (
                    f"{count:,}",
                    f"{listed['kept']:,}",
                    f"{listed['counted']:,}",
                    f"{listed['cpu_s']:.1f}",
                    growth,
                    f"{1e6 * listed['cpu_s'] / count:.0f}",
                    f"{listed['mib']:.0f}",
                    str(split["parts"]),
                    f"{split['cpu_s']:.1f}",
                    f"{split['mib']:.0f}",
                )
            )
            before = listed
        head = (
            "objects", "kept", "counted", "CPU s", "grows", "us each", "MiB more", "parts",
            "CPU s", "MiB more",
        )  # fmt: skip
        table(f"{kind}: one listing, then the same taken apart", head, rows)


def _measured(kind: str, count: int, most: int) -> Mapping[str, Any]:
    server = python_module("tests.model_files.generated_stores", kind, str(count))
    with subprocess.Popen(server, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603
        try:
            assert running.stdout is not None
            env = environment(kind, running.stdout.readline().strip())
            child = [sys.executable, "-m", "tests.bench.listed", TARGETS[kind], str(most)]
            said: Mapping[str, Any] = json.loads(run_once(child, env).output)
        finally:
            running.kill()
    return said
