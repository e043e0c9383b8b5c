"""The second engine: it runs the same units, and nobody without the fleet's certificates."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mlsec.core.errors import MlsecError
from mlsec.fleet.engines.dask import Certificates, DaskEngine
from mlsec.fleet.ledger import add_units, sweep
from mlsec.fleet.scans import begin_scan, end_scan, progress, shards
from mlsec.fleet.units import State
from mlsec.history.place import DatabaseUrl
from tests.estate.private_ca import private_authority
from tests.fleet.run_worker import certificates
from tests.fleet.scenes import unit

OURS = private_authority().bundle.parent


class Scheduler:
    """Dask's scheduler as its own command starts it; it may be killed and started again."""

    def __init__(self, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tls://127.0.0.1:{self.port}"
        self._log = log.open("ab")
        self.start()

    def start(self) -> None:
        ours = certificates(OURS)
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard",
             "--host", "127.0.0.1", "--port", str(self.port), "--protocol", "tls",
             "--tls-ca-file", str(ours.authority), "--tls-cert", str(ours.certificate),
             "--tls-key", str(ours.key)], stdout=self._log, stderr=self._log,
        )  # fmt: skip
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.1)
        raise AssertionError("the scheduler does not start")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        self.kill()
        self._log.close()


def answers(address: str, folder: Path | None) -> bool:
    """Whether a server of Dask says its first word to a client with the certificate there."""
    context = ssl.create_default_context(cafile=OURS / "ca.pem")
    context.check_hostname = False
    if folder:
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
    host, _, port = address.removeprefix("tls://").partition(":")
    try:
        with (
            socket.create_connection((host, int(port)), timeout=10) as plain,
            context.wrap_socket(plain) as secure,
        ):
            return bool(secure.recv(1))
    except (ssl.SSLError, ConnectionError):
        return False


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Scheduler]:
    scheduler = Scheduler(tmp_path / "scheduler.log")
    yield scheduler
    scheduler.end()


def test_it_does_not_start_without_certificates(tmp_path: Path) -> None:
    ours = certificates(OURS)
    with pytest.raises(MlsecError, match="must begin with tls://"):
        DaskEngine("tcp://127.0.0.1:8786", ours)
    for broken in (
        Certificates(authority=tmp_path / "no", certificate=ours.certificate, key=ours.key),
        Certificates(authority=ours.authority, certificate=ours.certificate, key=ours.authority),
    ):
        with pytest.raises(MlsecError, match="certificates for Dask cannot be used"):
            DaskEngine("tls://127.0.0.1:8786", broken)


def test_units_are_run_though_worker_and_scheduler_are_killed(
    scheduler: Scheduler, url: DatabaseUrl, ledger: psycopg.Connection[Any], tmp_path: Path
) -> None:
    scan = begin_scan(ledger, "organisation", {"folder": str(tmp_path)})
    names = {f"u{n}" for n in range(5)}
    add_units(ledger, scan.id, [unit(name, task={"seconds": 0.2}) for name in sorted(names)])
    foreign = private_authority.__wrapped__().bundle.parent
    command = [
        sys.executable, "-m", "tests.fleet.run_worker", url.url, "2", "1", scheduler.address,
        str(OURS),
    ]  # fmt: skip

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603
            command, stdout=log, stderr=log
        )

    def drive(engine: DaskEngine, until_done: int) -> None:
        end_s = time.monotonic() + 60
        while progress(ledger, scan.id).units(State.DONE) < until_done:
            assert time.monotonic() < end_s, (tmp_path / "worker.log").read_text()[-3000:]
            engine.enqueue(sweep(ledger, enqueue_again_s=0.5))
            time.sleep(0.05)

    with (tmp_path / "worker.log").open("ab") as log:
        worker = start()
        try:
            with DaskEngine(scheduler.address, certificates(OURS)).opened() as engine:
                drive(engine, 1)
                [of_worker] = engine.client.scheduler_info()["workers"]
                for address in (scheduler.address, of_worker):
                    assert answers(address, OURS)
                    assert not answers(address, None), "a client without a certificate"
                    assert not answers(address, foreign), "a client of another authority"
                worker.kill()
                worker.wait()
            scheduler.kill()
            scheduler.start()
            worker = start()
            with DaskEngine(scheduler.address, certificates(OURS)).opened() as engine:
                drive(engine, len(names))
        finally:
            worker.terminate()
            worker.wait(20)
    assert {shard.scope for shard in shards(ledger, scan.id)} == names
    assert end_scan(ledger, scan.id)
