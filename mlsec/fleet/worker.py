"""A worker: claims a unit, runs it in a process of its own, and ends it in the ledger."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.fleet.database import connect, psycopg
from mlsec.fleet.failures import delay_s, is_final
from mlsec.fleet.guard import clock_s
from mlsec.fleet.ledger import claim, commit, fail, release, renew, sweep
from mlsec.fleet.process import HOLDS, UnitProcess
from mlsec.fleet.scans import read_scan
from mlsec.fleet.units import Assignment, Claim, ErrorClass, Kind, Outcome
from mlsec.history.place import DatabaseUrl

DATABASE_VARIABLE = "MLSEC_FLEET_DATABASE"
# What only the judge needs: addresses with passwords, receivers, the key that opens shards.
_OF_THE_JUDGE = (DATABASE_VARIABLE, "MLSEC_FLEET_IDENTITY", "MLSEC_HISTORY", "MLSEC_NOTIFY", "PG")
_COMMAND = (sys.executable, "-I", "-m", "mlsec", "fleet", "unit")
# What the driver says when the server is away, or went away before or while it was asked.
_AWAY = (psycopg.OperationalError, psycopg.InterfaceError)
_LOG = logging.getLogger(__name__)


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker behaves.

    Args:
        lease_s: a unit whose worker is not heard of for so long is given to another.
        sweep_s: how often one of all workers looks for such units, and for what may begin.
        enqueue_again_s: after how long a queued unit that nobody claimed is enqueued again.
        first_wait_s: how long what was throttled waits before it is tried again; doubled each time.
        grace_s: how long units may go on after a worker is asked to stop.
        command: what runs a unit; its number and attempt are added.
    """

    lease_s: float = 90.0
    sweep_s: float = 5.0
    enqueue_again_s: float = 30.0
    first_wait_s: float = 30.0
    grace_s: float = 25.0
    command: tuple[str, ...] = _COMMAND


class Worker:
    """Runs units, several at once from as many threads; it knows no engine."""

    def __init__(self, url: DatabaseUrl, settings: WorkerSettings = WorkerSettings()) -> None:  # noqa: B008 - frozen
        self._url = url
        self.settings = settings
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        # One for all threads, which rarely ask: a hundred workers have a hundred connections.
        self._connection_lock = threading.Lock()
        self._connected: psycopg.Connection[Any] | None = None
        self._configs: dict[int, Any] = {}
        self._running: set[UnitProcess] = set()

    def run_unit(self, unit: int) -> list[int]:
        """Run a queued unit to its end in the ledger; nothing where it cannot be claimed.

        Returns:
            The units that may begin instead, to be enqueued.

        Raises:
            psycopg.OperationalError: the database cannot be reached to claim it.
        """
        deadline_s = clock_s() + self.settings.lease_s * HOLDS
        with self._connection() as connection:
            claimed = claim(connection, unit, self.name, self.settings.lease_s)
            if claimed is None:
                return []
            config = self._config(connection, claimed.scan)
        outcome = self.perform(Assignment(claim=claimed, config=config), deadline_s)
        return self._end(claimed, outcome)

    def sweep(self) -> list[int]:
        """Sweep the ledger once; what it gives is to be enqueued."""
        with self._connection() as connection:
            return sweep(
                connection, enqueue_again_s=self.settings.enqueue_again_s,
                every_s=self.settings.sweep_s,
            )  # fmt: skip

    def stop(self) -> None:
        """End what runs; its units go back to wait for another worker."""
        for process in tuple(self._running):
            process.stop()

    def close(self) -> None:
        """Close the connection, when no unit runs any more."""
        if self._connected is not None:
            self._connected.close()

    def perform(self, assignment: Assignment, deadline_s: float) -> Outcome:
        """Do what is assigned, in a process of its own, and give how that ended."""
        claimed = assignment.claim
        command = (*self.settings.command, str(claimed.unit), str(claimed.attempt))
        try:
            folder = TemporaryDirectory(prefix="mlsec-unit-", ignore_cleanup_errors=True)
        except OSError as error:
            return Outcome(error_class=ErrorClass.DISK, error=f"its temporary folder: {error}")
        with folder as place:  # what it writes goes when it has ended, or was killed
            process = UnitProcess(
                command, _environment(claimed.kind) | {"TMPDIR": place}, self.settings.lease_s,
                lambda: self._renew(claimed),
            )  # fmt: skip
            self._running.add(process)
            try:
                return process.run(msgspec.json.encode(assignment), deadline_s)
            except OSError as error:  # it could not even be started
                return Outcome(error_class=ErrorClass.LOST, error=f"its process: {error}")
            finally:
                self._running.discard(process)

    def _renew(self, claimed: Claim) -> bool | None:
        try:
            with self._connection() as connection:
                return renew(connection, claimed.unit, claimed.attempt, self.settings.lease_s)
        except _AWAY:
            return None

    def _end(self, claimed: Claim, outcome: Outcome) -> list[int]:
        """Write how a unit ended; a database that is away is asked until a lease has passed."""
        give_up_s = clock_s() + self.settings.lease_s
        while True:
            try:
                with self._connection() as connection:
                    self._write(connection, claimed, outcome)
                    return release(connection, claimed.lane)
            except _AWAY as error:
                if clock_s() >= give_up_s:
                    _LOG.warning("unit %d: its end could not be written: %s", claimed.unit, error)
                    return []
                time.sleep(0.5)
            except (psycopg.Error, MlsecError) as error:
                if outcome.error_class is not None:
                    raise
                text = f"its outcome cannot be stored: {error}"
                outcome = Outcome(error_class=ErrorClass.BUG, error=text)

    def _write(self, connection: psycopg.Connection[Any], claimed: Claim, outcome: Outcome) -> None:
        if outcome.error_class is None:
            counts = commit(connection, claimed.unit, claimed.attempt, outcome)
        else:
            counts = fail(
                connection, claimed.unit, claimed.attempt, outcome,
                is_final=is_final(outcome.error_class, claimed.failures),
                delay_s=delay_s(
                    outcome.error_class, claimed.failures, self.settings.first_wait_s
                ),
            )  # fmt: skip
        if not counts:
            _LOG.info("unit %d: attempt %d no longer counts", claimed.unit, claimed.attempt)

    def _config(self, connection: psycopg.Connection[Any], scan: int) -> Any:
        if scan not in self._configs:
            self._configs[scan] = read_scan(connection, scan).config
        return self._configs[scan]

    @contextlib.contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        """Give the connection for one question; a broken one is replaced the next time."""
        with self._connection_lock:
            connection = self._connected
            if connection is None or connection.closed:
                connection = self._connected = connect(self._url)
            try:
                yield connection
            except _AWAY:
                connection.close()
                raise


def _environment(kind: Kind) -> dict[str, str]:
    """Give a unit's environment: what reads foreign data gets no way to ledger and history."""
    if kind is Kind.JUDGE:
        return dict(os.environ)
    return {n: value for n, value in os.environ.items() if not n.startswith(_OF_THE_JUDGE)}
