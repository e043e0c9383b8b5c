"""kill -9 of any process, at random: nothing lost, nothing doubled, no lane exceeded, an end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mlsec.core.errors import MlsecError
from mlsec.fleet.database import check_version, connect, migrate, version_of
from mlsec.fleet.engines.procrastinate import ProcrastinateEngine
from mlsec.fleet.ledger import add_units, claim, release, sweep
from mlsec.fleet.scans import begin_scan, progress, shards
from mlsec.fleet.schema import MIGRATIONS
from mlsec.fleet.units import State
from mlsec.fleet.worker import Worker, WorkerSettings
from mlsec.history.place import DatabaseUrl
from tests.fleet.crashing import LEASE_S, VICTIMS, Fleet, check, crash_run
from tests.fleet.run_planner import ORGANISATION, units_of
from tests.fleet.run_worker import COMMAND
from tests.fleet.scenes import unit
from tests.fleet.test_worker import ends, is_alive, wait_for
from tests.postgres import Server

# More of them: python -m tests.fleet.soak 100
SEEDS = (2,)
SETTINGS = WorkerSettings(lease_s=LEASE_S, command=COMMAND)


@pytest.fixture
def start(url: DatabaseUrl) -> Iterator[Callable[[float], subprocess.Popen[bytes]]]:
    """Starts a worker with a lease of so many seconds."""
    ProcrastinateEngine(url).prepare()
    workers: list[subprocess.Popen[bytes]] = []

    def start_worker(lease_s: float) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.fleet.run_worker", url.url, "1", str(lease_s)]
        workers.append(subprocess.Popen(command))  # noqa: S603
        return workers[-1]

    yield start_worker
    for worker in workers:
        with contextlib.suppress(ProcessLookupError):
            worker.send_signal(signal.SIGCONT)
            worker.terminate()
        worker.wait(20)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_killed_each_unit_ends_once(
    seed: int, postgres: Server, url: DatabaseUrl, tmp_path: Path
) -> None:
    ProcrastinateEngine(url).prepare()
    killed = crash_run(postgres, url, tmp_path, units=8, seed=seed, kills=4, seconds=0.3)
    assert {*killed} <= {*VICTIMS}
    assert killed


def test_a_unit_dies_with_its_worker_at_once(
    url: DatabaseUrl, ledger: psycopg.Connection[Any], tmp_path: Path,
    start: Callable[[float], subprocess.Popen[bytes]],
) -> None:  # fmt: skip
    _begin(url, ledger, tmp_path, "long once")
    worker = start(60)
    pid = int(wait_for(tmp_path / "a.1.pid"))
    worker.kill()
    assert ends(pid, 2)


@pytest.mark.parametrize("is_all_frozen", [False, True])
def test_a_frozen_worker_loses_its_unit_and_its_lane_to_another(
    url: DatabaseUrl, ledger: psycopg.Connection[Any], tmp_path: Path,
    start: Callable[[float], subprocess.Popen[bytes]], *, is_all_frozen: bool,
) -> None:  # fmt: skip
    scan = _begin(url, ledger, tmp_path, "long once")
    frozen = start(1.5)
    pid = int(wait_for(tmp_path / "a.1.pid"))
    guard = int(wait_for(tmp_path / "a.1.group"))
    held = [frozen.pid, guard, pid] if is_all_frozen else [frozen.pid]
    for each in held:
        os.kill(each, signal.SIGSTOP)
    while is_alive(pid) and not is_all_frozen:
        assert sweep(ledger) == [], "its process ends before its lease is given away"
        time.sleep(0.02)
    start(LEASE_S)
    wait_for(tmp_path / "a.2.shard")
    for each in held:
        os.kill(each, signal.SIGCONT)
    assert ends(pid, 1)
    time.sleep(0.5)
    assert frozen.poll() is None, "it goes on with other units"
    assert [shard.shard for shard in shards(ledger, scan)] == ["a.2.shard"]


def test_an_old_ledger_is_renewed_while_its_scan_is_half_done(
    postgres: Server, database_url: str, tmp_path: Path
) -> None:
    url = DatabaseUrl(database_url)
    later = (*MIGRATIONS, (99, "ALTER TABLE mlsec_fleet.unit ADD COLUMN more INT DEFAULT 7"))
    with connect(url) as ledger, contextlib.closing(Worker(url, SETTINGS)) as worker:
        assert migrate(ledger, MIGRATIONS[:1]) == 0
        with pytest.raises(MlsecError, match="of version 1; this mlsec needs"):
            check_version(ledger, url)
        scan = begin_scan(ledger, ORGANISATION, {"folder": str(tmp_path)})
        add_units(ledger, scan.id, units_of(1, 12, seed=1, seconds=0.3))
        first, second, held = release(ledger)[:3]
        worker.run_unit(first)
        worker.run_unit(second)
        assert claim(ledger, held, "of the old version", 2)
        assert migrate(ledger) == MIGRATIONS[0][0]
        check_version(ledger, url)
        ProcrastinateEngine(url).prepare()
        fleet = Fleet(postgres, url, tmp_path, units=12, seed=1, seconds=0.3)
        try:
            _wait_until_done(ledger, 4)
            assert migrate(ledger, later) == MIGRATIONS[-1][0], "while its workers run"
            assert progress(ledger, scan.id).units(State.DONE) < 12
            fleet.run(0)
        finally:
            fleet.end()
        assert migrate(ledger) == version_of(ledger) == 99, "a newer one is left as it is"
        check_version(ledger, url)
    assert check(url, tmp_path, 12) == 0


def test_a_queue_of_another_version_is_made_anew_and_loses_no_unit(
    url: DatabaseUrl, ledger: psycopg.Connection[Any], tmp_path: Path
) -> None:
    engine = ProcrastinateEngine(url)
    assert engine.prepare()
    assert not engine.prepare()
    _begin(url, ledger, tmp_path, "")
    ledger.execute("UPDATE mlsec_engine.mlsec_version SET number = '3.0'")
    assert engine.prepare()
    with engine.opened():
        assert len(sweep(ledger)) == 1


def _begin(url: DatabaseUrl, ledger: psycopg.Connection[Any], folder: Path, does: str) -> int:
    scan = begin_scan(ledger, "organisation", {"folder": str(folder)})
    add_units(ledger, scan.id, [unit("a", slots=1, task={"does": does})])
    with ProcrastinateEngine(url).opened() as engine:
        engine.enqueue(release(ledger))
    return scan.id


def _wait_until_done(ledger: psycopg.Connection[Any], units: int) -> None:
    for _ in range(1_000):
        row = ledger.execute(
            "SELECT count(*) FROM mlsec_fleet.unit WHERE state = 'done'"
        ).fetchone()
        if row and row[0] >= units:
            return
        time.sleep(0.02)
    raise AssertionError("no unit ends")
