"""Run the command line as a child that says what it took: exit code, peak memory, seconds."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from mlsec.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
_CREDENTIALS = ("AWS_", "AZURE_", "GOOGLE_")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended; ``errors`` is what it wrote to stderr."""

    code: int
    peak_mib: float
    seconds: float
    errors: str


def run_measured(*words: str | Path, timeout_s: float = 120, **environment: str) -> Outcome:
    """Run ``mlsec`` in a child of its own without credentials but those given."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_CREDENTIALS)}
    ended = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "tests.attacks.scan_child", *map(str, words)],
        cwd=ROOT,
        env={**kept, "AWS_EC2_METADATA_DISABLED": "true", **environment},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=True,
    )
    said: Mapping[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return Outcome(
        code=int(said["code"]),
        peak_mib=said["peak_mib"],
        seconds=said["seconds"],
        errors=ended.stderr,
    )


def _peak_mib() -> float:
    """Give the peak of this program: getrusage's begins with that of the parent's memory."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    began = time.monotonic()
    code = main(sys.argv[1:])
    figures = {"code": code, "peak_mib": _peak_mib(), "seconds": time.monotonic() - began}
    sys.stdout.write("\n" + json.dumps(figures) + "\n")
