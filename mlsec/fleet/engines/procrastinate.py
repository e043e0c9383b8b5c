"""The engine that needs nothing beside PostgreSQL: Procrastinate's queue in a schema of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mlsec.core.errors import MlsecError
from mlsec.core.installation import command_to_add
from mlsec.fleet.database import connect, psycopg
from mlsec.fleet.engines.base import RunUnit
from mlsec.history.place import DatabaseUrl
from mlsec.history.postgres import connection_settings

try:
    import procrastinate
    import psycopg_pool
except ImportError as missing:
    raise MlsecError(
        "a fleet needs procrastinate, which is not installed", hint=command_to_add("fleet")
    ) from missing

SCHEMA = "mlsec_engine"
COLLECT, JUDGE = "collect", "judge"
QUEUES = (COLLECT, JUDGE)
_TASK = "run_unit"
_WHICH_JUDGE = "SELECT id FROM mlsec_fleet.unit WHERE id = ANY(%(units)s) AND kind = 'judge'"
_SETUP_LOCK = 0x6D6C6571
_AGAIN_S = 1.0
_LOG = logging.getLogger(__name__)


class ProcrastinateEngine:
    """Units as jobs in a table. Opened as a context, it can enqueue.

    What judges takes the memory of an organisation, what collects that of a scope: each has a queue
    of its own, and ``queues`` are those that are served here.
    """

    def __init__(self, url: DatabaseUrl, queues: Sequence[str] = QUEUES) -> None:
        self._url = url
        self._queues = list(queues)
        self._app: Any = None

    def prepare(self) -> bool:
        """Make the queue's tables, or make them anew where they are of another version.

        The queue holds nothing that the ledger does not know: what was in it is enqueued again by
        the next sweep.

        Returns:
            Whether they were made.
        """
        wanted = procrastinate.__version__
        with connect(self._url) as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SETUP_LOCK,))
            if self._version(connection) == wanted:
                return False
            connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE".encode())
            connection.execute(f"CREATE SCHEMA {SCHEMA}".encode())
            connection.execute(f"SET LOCAL search_path = {SCHEMA}".encode())
            connection.execute(procrastinate.schema.SchemaManager.get_schema().encode())
            connection.execute("CREATE TABLE mlsec_version AS SELECT %s::text AS number", (wanted,))
            connection.execute(
                "UPDATE mlsec_fleet.unit SET enqueued = 1, enqueued_at = '-infinity'"
                " WHERE state = 'queued'"
            )
        return True

    @contextlib.contextmanager
    def opened(self) -> Iterator[ProcrastinateEngine]:
        """Connect, so that units can be enqueued from any thread."""
        app = procrastinate.App(
            connector=procrastinate.SyncPsycopgConnector(
                configure=_configure, **self._pool(), max_size=2
            )
        )
        with app.open():
            self._app = app
            try:
                yield self
            finally:
                self._app = None

    def enqueue(self, units: Sequence[int]) -> None:
        """Let workers run these units."""
        if units:
            rows = self._app.connector.execute_query_all(_WHICH_JUDGE, units=list(units))
            for queue, jobs in _by_queue(units, rows):
                self._app.configure_task(_TASK, queue=queue).batch_defer(*jobs)

    def run(self, run_unit: RunUnit, concurrency: int, stop: threading.Event) -> None:
        """Run units until asked to stop, and begin again whenever the database comes back."""
        while not stop.is_set():
            try:
                asyncio.run(self._serve(run_unit, concurrency, stop))
            except (procrastinate.exceptions.ProcrastinateException, psycopg.Error, OSError,
                    psycopg_pool.PoolTimeout) as error:  # fmt: skip
                _LOG.warning("the queue cannot be reached: %s", error)
            stop.wait(_AGAIN_S)

    async def _serve(self, run_unit: RunUnit, concurrency: int, stop: threading.Event) -> None:
        loop = asyncio.get_running_loop()
        # Besides the units, one waits to be asked to stop.
        loop.set_default_executor(ThreadPoolExecutor(concurrency + 1))
        app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                configure=_configure_async,
                **self._pool(),
                max_size=2,
                pool_factory=_unchecked_pool,
            )
        )

        async def run_job(context: Any, unit: int) -> None:
            following = await asyncio.to_thread(run_unit, unit)
            if following:  # of the same lane, and what judges has a lane of its own
                job = app.configure_task(_TASK, queue=context.job.queue)
                await job.batch_defer_async(*({"unit": number} for number in following))

        app.task(name=_TASK, pass_context=True)(run_job)
        async with app.open_async():
            await _remove_stalled(app)
            working = asyncio.create_task(
                app.run_worker_async(
                    queues=self._queues, concurrency=concurrency, delete_jobs="always",
                    install_signal_handlers=False, fetch_job_polling_interval=2.0,
                )
            )  # fmt: skip
            stopping = asyncio.create_task(_until(stop, working))
            await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working
            await stopping

    def _pool(self) -> dict[str, Any]:
        settings = connection_settings(self._url) | {"application_name": "mlsec fleet queue"}
        return {"conninfo": self._url.url, "kwargs": settings, "min_size": 1, "timeout": 10}

    @staticmethod
    def _version(connection: psycopg.Connection[Any]) -> str:
        row = connection.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.mlsec_version",)).fetchone()
        if not row or row[0] is None:
            return ""
        [(number,)] = connection.execute("SELECT number FROM mlsec_engine.mlsec_version")
        return str(number)


def _by_queue(units: Sequence[int], rows: Iterable[Any]) -> Iterator[tuple[str, list[Any]]]:
    judges = {row["id"] for row in rows}
    for queue in QUEUES:
        jobs = [{"unit": unit} for unit in units if (unit in judges) == (queue == JUDGE)]
        if jobs:
            yield queue, jobs


async def _until(stop: threading.Event, working: asyncio.Task[None]) -> None:
    while not stop.is_set() and not working.done():
        await asyncio.sleep(0.2)


async def _remove_stalled(app: Any) -> None:
    """Remove the jobs of workers that are gone: the ledger has their units."""
    for job in await app.job_manager.get_stalled_jobs():
        await app.job_manager.finish_job(
            job, status=procrastinate.jobs.Status.FAILED, delete_job=True
        )


def _unchecked_pool(**settings: Any) -> Any:
    """Give a pool that asks the server nothing before each use: a broken one is begun anew."""
    return psycopg_pool.AsyncConnectionPool(**settings | {"check": None})


# Each question is one statement: it needs no BEGIN and COMMIT around it.
def _configure(connection: psycopg.Connection[Any]) -> None:
    connection.set_autocommit(True)
    connection.execute(f"SET search_path = {SCHEMA}".encode())


async def _configure_async(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
    await connection.execute(f"SET search_path = {SCHEMA}".encode())
