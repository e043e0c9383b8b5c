"""A worker's process for tests: run_worker URL CONCURRENCY LEASE_S."""

from __future__ import annotations

import signal
import sys
import threading

from mlsec.fleet.engines.procrastinate import ProcrastinateEngine
from mlsec.fleet.serving import serve
from mlsec.fleet.worker import Worker, WorkerSettings
from mlsec.history.place import DatabaseUrl

COMMAND = (sys.executable, "-m", "tests.fleet.fake_unit")


def main(url: str, concurrency: str, lease_s: str) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    database = DatabaseUrl(url)
    settings = WorkerSettings(
        lease_s=float(lease_s),
        sweep_s=0.3,
        enqueue_again_s=1,
        first_wait_s=0.1,
        grace_s=2,
        command=COMMAND,
    )
    serve(ProcrastinateEngine(database), Worker(database, settings), int(concurrency), stop)


if __name__ == "__main__":
    main(*sys.argv[1:])
