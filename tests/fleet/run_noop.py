"""A worker whose units only wait, to measure ledger and engine: URL CONCURRENCY [SECONDS]."""

from __future__ import annotations

import resource
import signal
import sys
import threading
import time

import msgspec

from mlsec.fleet.engines.procrastinate import ProcrastinateEngine
from mlsec.fleet.serving import serve
from mlsec.fleet.units import Assignment, Outcome
from mlsec.fleet.worker import Worker
from mlsec.history.place import DatabaseUrl


class NoOp(Worker):
    """Waits as long as providers would, and commits."""

    wait_s = 0.0

    def perform(self, assignment: Assignment, deadline_s: float) -> Outcome:
        if self.wait_s:
            time.sleep(self.wait_s)
        return Outcome(shard=str(assignment.claim.unit), digest="none")


def main(url: str, concurrency: str, seconds: str = "0") -> None:
    """Serve until asked to stop, then say what that cost."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    database = DatabaseUrl(url)
    worker = NoOp(database)
    worker.wait_s = float(seconds)
    serve(ProcrastinateEngine(database), worker, int(concurrency), stop)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    sys.stdout.buffer.write(
        msgspec.json.encode(
            {"cpu_s": usage.ru_utime + usage.ru_stime, "peak_mib": usage.ru_maxrss / 1024}
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
