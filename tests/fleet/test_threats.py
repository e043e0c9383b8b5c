"""What a job may bring, and what a unit's process may reach."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mlsec.core.errors import MlsecError
from mlsec.fleet.config import config_of
from mlsec.fleet.engines.procrastinate import COLLECT, ProcrastinateEngine
from mlsec.fleet.ledger import add_units, release
from mlsec.fleet.pieces import Task
from mlsec.fleet.scans import begin_scan, progress
from mlsec.fleet.tasks.run import check_place
from mlsec.fleet.units import State
from mlsec.fleet.worker import DATABASE_VARIABLE
from mlsec.history.place import DatabaseUrl
from tests.fleet.scenes import unit
from tests.fleet.test_worker import wait_for
from tests.postgres import PASSWORD

FORGED = (
    ("run_unit", '{"unit": 999999}'),
    ("run_unit", '{"unit": "1; DROP TABLE"}'),
    ("run_unit", '{"unit": 1, "command": "touch /tmp/forged"}'),
    ("run_unit", "{}"),
    ("os.system", '{"command": "touch /tmp/forged"}'),
    ("builtins:procrastinate.builtin_tasks.remove_old_jobs", '{"max_hours": 0}'),
)
SECRETS = ("MLSEC_HISTORY", "MLSEC_NOTIFY", "MLSEC_FLEET_IDENTITY", "PGPASSWORD")


@pytest.fixture
def worker(url: DatabaseUrl) -> Any:
    ProcrastinateEngine(url).prepare()
    environment = {**os.environ, DATABASE_VARIABLE: url.url, **dict.fromkeys(SECRETS, url.url)}
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "tests.fleet.run_worker", url.url, "1", "5"],
        env=environment, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    yield process
    process.terminate()
    process.wait(20)


def test_a_job_is_the_number_of_a_unit_and_any_other_does_nothing(
    url: DatabaseUrl, ledger: psycopg.Connection[Any], tmp_path: Path, worker: Any
) -> None:
    scan = begin_scan(ledger, "organisation", {"folder": str(tmp_path)})
    add_units(ledger, scan.id, [unit(f"{n}", slots=1) for n in range(2)])
    [first] = release(ledger)
    waiting = first + 1
    ledger.execute("SET search_path = mlsec_engine")
    for task, given in (*FORGED, ("run_unit", f'{{"unit": {waiting}}}')):
        ledger.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
            " VALUES (%s, %s, %s)", (COLLECT, task, given),
        )  # fmt: skip
    while ledger.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() != (0,):
        assert worker.poll() is None
        time.sleep(0.05)
    assert progress(ledger, scan.id).units(State.WAITING) == 1, "its lane is full: it may not begin"
    worker.terminate()
    worker.wait(20)
    with ProcrastinateEngine(url).opened() as engine:
        engine.enqueue([first])
    jobs = ledger.execute("SELECT task_name, args FROM procrastinate_jobs").fetchall()
    assert jobs == [("run_unit", {"unit": first})]


def test_the_process_that_reads_foreign_data_has_no_way_to_the_ledger(
    url: DatabaseUrl, ledger: psycopg.Connection[Any], tmp_path: Path, worker: Any
) -> None:
    scan = begin_scan(ledger, "organisation", {"folder": str(tmp_path)})
    add_units(ledger, scan.id, [unit("a", task={"seconds": 2})])
    with ProcrastinateEngine(url).opened() as engine:
        engine.enqueue(release(ledger))
    pid = wait_for(tmp_path / "a.1.pid")
    process = Path("/proc") / pid
    known = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
    assert not [name for name in (DATABASE_VARIABLE, *SECRETS) if name.encode() in known]
    assert PASSWORD.encode() not in known
    assert url.url.encode() not in known
    files = {str(path.readlink()) for path in (process / "fd").iterdir()}
    assert not [name for name in files if name.startswith("socket:")]
    assert (process / "cmdline").read_bytes().split(b"\0")[-3:-1] == [b"1", b"1"]


@pytest.mark.parametrize(
    ("target", "address", "is_within"),
    [
        ("/srv/code", "/srv/code", True),
        ("/srv/code/", "/srv/code/fraud", True),
        (".", "fraud", True),
        ("s3://models", "s3://models/a/", True),
        ("aws", "aws://111122223333", True),
        ("/srv/code", "/etc", False),
        ("/srv/code", "/srv/code-of-others", False),
        ("/srv/code", "/srv/code/../../etc", False),
        ("s3://models/a", "s3://others/a", False),
        ("aws", "/etc", False),
    ],
)
def test_a_unit_collects_nothing_outside_of_its_target(
    target: str, address: str, is_within: bool
) -> None:
    config = config_of(
        {"organisation": "acme", "targets": [{"target": target}], "store": "s", "reports": "r"}
    )
    refused = contextlib.nullcontext() if is_within else pytest.raises(MlsecError, match="not in")
    with refused:
        check_place(Task(address=address), config)
