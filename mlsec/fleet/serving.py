"""A worker's life: it runs what an engine brings, sweeps the ledger, and stops when it is asked."""

from __future__ import annotations

import logging
import threading

from mlsec.fleet.engines.base import Engine
from mlsec.fleet.worker import Worker

_LOG = logging.getLogger(__name__)


def serve(engine: Engine, worker: Worker, concurrency: int, stop: threading.Event) -> None:
    """Run units, this many at once, until asked to stop; every worker also sweeps the ledger.

    Units that run then may go on for the worker's grace; after it they are ended, and wait for
    another worker.

    Raises:
        Exception: as the engine's, where it cannot be reached at the start.
    """
    is_over = threading.Event()
    with engine.opened():
        threads = (
            threading.Thread(target=_keep_sweeping, args=(engine, worker, stop), daemon=True),
            threading.Thread(target=_end_late, args=(worker, stop, is_over), daemon=True),
        )
        for thread in threads:
            thread.start()
        try:
            engine.run(worker.run_unit, concurrency, stop)
        finally:
            stop.set()
            is_over.set()
            for thread in threads:
                thread.join()
            worker.close()


def _keep_sweeping(engine: Engine, worker: Worker, stop: threading.Event) -> None:
    """Sweep and enqueue, so that a scan goes on where its planner or another worker is gone."""
    while not stop.wait(worker.settings.sweep_s):
        try:
            engine.enqueue(worker.sweep())
        except Exception as error:  # noqa: BLE001 - the database is away, in one of many ways
            _LOG.warning("the ledger could not be swept: %s", error)


def _end_late(worker: Worker, stop: threading.Event, is_over: threading.Event) -> None:
    stop.wait()
    if not is_over.wait(worker.settings.grace_s):
        worker.stop()
