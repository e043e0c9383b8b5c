"""The second engine: Dask distributed, only with certificates on both sides of every connection.

Whoever may talk to a Dask scheduler or worker runs code there. So nothing is started without a
certificate authority of the fleet's own, by which scheduler, workers and planner know each other.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.installation import command_to_add
from mlsec.fleet.engines.base import RunUnit

try:
    import distributed
except ImportError as missing:
    raise MlsecError(
        "the engine dask needs dask.distributed, which is not installed",
        hint=command_to_add("fleet-dask"),
    ) from missing

_AGAIN_S = 1.0
_ANSWER_S = 30
_LOG = logging.getLogger(__name__)


class Certificates(msgspec.Struct, frozen=True, kw_only=True):
    """The files, in PEM, by which one process of the fleet shows who it is and knows the others."""

    authority: Path
    certificate: Path
    key: Path


class DaskEngine:
    """Units as tasks of a Dask scheduler that somebody else runs. As a context, it can enqueue.

    Raises:
        MlsecError: the address is not one of TLS, or a file cannot be used.
    """

    def __init__(self, scheduler: str, certificates: Certificates) -> None:
        if not scheduler.startswith("tls://"):
            raise MlsecError(
                "the scheduler's address must begin with tls://: without mutual TLS whoever"
                " reaches a Dask worker runs code there",
                hint="start it with dask scheduler --protocol tls --tls-ca-file ... --tls-cert ..."
                " --tls-key ...",
            )
        self._scheduler = scheduler
        self._security = _security(certificates)
        self.client: Any = None

    @contextlib.contextmanager
    def opened(self) -> Iterator[DaskEngine]:
        """Connect, so that units can be enqueued from any thread."""
        with distributed.Client(
            self._scheduler, security=self._security, timeout=_ANSWER_S, set_as_default=False
        ) as self.client:
            yield self

    def enqueue(self, units: Sequence[int]) -> None:
        """Let workers run these units."""
        _submit(self.client, units)

    def run(self, run_unit: RunUnit, concurrency: int, stop: threading.Event) -> None:
        """Run units until asked to stop, and begin again whenever the scheduler comes back."""
        while not stop.is_set():
            try:
                asyncio.run(self._serve(run_unit, concurrency, stop))
            except (OSError, TimeoutError, RuntimeError) as error:
                _LOG.warning("the scheduler cannot be reached: %s", error)
            stop.wait(_AGAIN_S)

    async def _serve(self, run_unit: RunUnit, concurrency: int, stop: threading.Event) -> None:
        worker = distributed.Worker(
            self._scheduler, security=self._security, nthreads=concurrency, memory_limit=0,
            protocol="tls", dashboard=False, death_timeout=_ANSWER_S,
        )  # fmt: skip
        worker.mlsec_run_unit = run_unit
        async with worker:
            while not stop.is_set() and worker.status is distributed.Status.running:
                await asyncio.sleep(0.2)
            await worker.close_gracefully()


def run_job(unit: int) -> None:
    """Run one unit in a worker; a job brings its number, the worker has all else itself."""
    following = distributed.get_worker().mlsec_run_unit(unit)
    if following:
        _submit(distributed.get_client(), following)


def _submit(client: Any, units: Sequence[int]) -> None:
    for unit in units:
        key = f"unit-{unit}-{uuid.uuid4().hex}"
        distributed.fire_and_forget(client.submit(run_job, unit, key=key, pure=False))


def _security(certificates: Certificates) -> Any:
    """Check that the files are there and belong together, and require them of both sides."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_verify_locations(certificates.authority)
        context.load_cert_chain(certificates.certificate, certificates.key)
    except (OSError, ssl.SSLError) as error:
        raise MlsecError(
            f"the certificates for Dask cannot be used: {error}",
            hint="name the authority, this process's certificate and its key, as files in PEM",
            location=str(certificates.certificate),
        ) from error
    own = {"cert": str(certificates.certificate), "key": str(certificates.key)}
    return distributed.Security(
        require_encryption=True,
        tls_ca_file=str(certificates.authority),
        **{f"tls_{role}_{kind}": path for role in ("client", "worker", "scheduler")
           for kind, path in own.items()},
    )  # fmt: skip
