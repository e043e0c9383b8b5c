"""What the report benchmark runs in a process of its own: ``python -m tests.bench.rendering``."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.render.write import write_reports
from tests.bench.made_assessment import made_assessment


def main() -> None:
    """``make N FILE`` writes an assessment, ``encode FILE`` is the floor; else ``FORMAT FILE``."""
    what, *rest = sys.argv[1:]
    if what == "make":
        Path(rest[1]).write_bytes(msgspec.msgpack.encode(made_assessment(int(rest[0]))))
        return
    assessment = msgspec.msgpack.decode(Path(rest[0]).read_bytes(), type=Assessment)
    before = _peak_mib()
    started = time.perf_counter(), time.process_time()
    sizes: list[int] = []
    if what == "encode":
        sizes.append(len(msgspec.json.encode(assessment)))
    else:
        sizes = _render(assessment, what, rest[1] if len(rest) > 1 else "")
    found = {
        "wall_s": time.perf_counter() - started[0],
        "cpu_s": time.process_time() - started[1],
        "before_mib": before,
        "peak_mib": _peak_mib(),
        "bytes": sizes,
    }
    print(msgspec.json.encode(found).decode())  # noqa: T201


def _render(assessment: Assessment, name: str, keep: str) -> list[int]:
    with tempfile.TemporaryDirectory() as folder:
        written = write_reports(assessment, Path(keep or folder), (name,))
        return [path.stat().st_size for path in written[:-1]]  # the list of digests aside


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
