"""A worker of real units: python -m tests.fleet.real_worker URL CONCURRENCY."""

from __future__ import annotations

import signal
import sys
import threading

from mlsec.fleet.engines.procrastinate import ProcrastinateEngine
from mlsec.fleet.serving import serve
from mlsec.fleet.worker import Worker, WorkerSettings
from mlsec.history.place import DatabaseUrl

COMMAND = (sys.executable, "-m", "tests.fleet.unit_process")


def main(url: str, concurrency: str) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    database = DatabaseUrl(url)
    settings = WorkerSettings(sweep_s=0.5, first_wait_s=1, command=COMMAND)
    serve(ProcrastinateEngine(database), Worker(database, settings), int(concurrency), stop)


if __name__ == "__main__":
    main(*sys.argv[1:])
