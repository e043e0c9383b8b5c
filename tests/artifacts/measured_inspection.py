"""Run as a program: inspects one file, and prints what was told and what it took."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from mlsec.artifacts.bytes.window import FileSource, Window
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity


def main() -> None:
    """Inspect the file that the first argument names."""
    path = Path(sys.argv[1])
    with path.open("rb") as file:
        began_s = time.process_time()
        result = inspect(Window.over(FileSource(file.fileno())).named(path.name))
        took_s = time.process_time() - began_s
    told = [
        f"{fact.kind.value} {fact.danger.value}: {fact.subject[:60]} {fact.detail[:100]}"
        for fact in result.facts
        if fact.danger.rank <= Severity.MEDIUM.rank
    ]
    gaps = [f"{gap.reason.value}: {gap.detail[:100]}" for gap in result.gaps]
    # What the parent had before it started this process does not count here.
    status = Path("/proc/self/status").read_text("ascii")
    peak_mib = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    sys.stdout.write(
        json.dumps({"told": told, "gaps": gaps, "took_s": took_s, "peak_mib": peak_mib})
    )


if __name__ == "__main__":
    main()
