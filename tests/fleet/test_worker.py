"""A worker and a unit's process: what it does, how it ends, and with whom it dies."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mlsec.fleet.ledger import add_units, release, sweep
from mlsec.fleet.scans import begin_scan, cancel, progress, shards, troubles
from mlsec.fleet.units import State
from mlsec.fleet.worker import Worker, WorkerSettings
from mlsec.history.place import DatabaseUrl
from tests.fleet.run_worker import COMMAND
from tests.fleet.scenes import unit

Ledger = psycopg.Connection[Any]


@pytest.fixture
def worker(url: DatabaseUrl) -> Iterator[Worker]:
    settings = WorkerSettings(lease_s=2, sweep_s=0.3, first_wait_s=0.1, grace_s=1, command=COMMAND)
    with contextlib.closing(Worker(url, settings)) as worker:
        yield worker


def queued(ledger: Ledger, folder: Path, **task: Any) -> tuple[int, int]:
    scan = begin_scan(ledger, "organisation", {"folder": str(folder)})
    add_units(ledger, scan.id, [unit("a", task=task)])
    [only] = release(ledger)
    return scan.id, only


def wait_for(path: Path, seconds: float = 10) -> str:
    for _ in range(int(seconds / 0.01)):
        with contextlib.suppress(OSError):
            if text := path.read_text():
                return text
        time.sleep(0.01)
    raise AssertionError(f"{path} does not appear")


def wait_until(look: Callable[[], Any], seconds: float = 10) -> Any:
    for _ in range(int(seconds / 0.01)):
        if found := look():
            return found
        time.sleep(0.01)
    raise AssertionError("it does not come")


def is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    return False


def ends(pid: int, seconds: float = 5) -> bool:
    for _ in range(int(seconds / 0.02)):
        if not is_alive(pid):
            return True
        time.sleep(0.02)
    return False


def test_a_unit_is_run_and_what_follows_is_released(
    worker: Worker, ledger: Ledger, tmp_path: Path
) -> None:
    scan, only = queued(ledger, tmp_path, then=["b", "c", "d"])
    assert len(worker.run_unit(only)) == 2
    assert [shard.shard for shard in shards(ledger, scan)] == ["a.1.shard"]
    [done] = [c for c in progress(ledger, scan).counts if c.state is State.DONE]
    assert done.calls == 7
    assert done.cpu_ms > 10
    assert done.peak_bytes > 10 << 20
    assert worker.run_unit(only) == [], "a job of a unit that has ended does nothing"


@pytest.mark.parametrize(
    ("does", "tries", "state", "error_class", "said"),
    [
        ("die", 2, State.QUARANTINED, "crash", "killed by signal 9"),
        ("bug", 2, State.GAP, "bug", "ValueError: a mistake"),
        ("denied", 1, State.GAP, "denied", "may not be assumed"),
        ("expired once", 2, State.DONE, "", ""),
        ("full once", 2, State.DONE, "", ""),
        ("chatter", 1, State.DONE, "", ""),
    ],
)
def test_how_a_unit_ends(
    does: str, tries: int, state: State, error_class: str, said: str,
    worker: Worker, ledger: Ledger, tmp_path: Path,
) -> None:  # fmt: skip
    scan, only = queued(ledger, tmp_path, does=does)
    following = [only]
    for _ in range(tries):
        time.sleep(0.15)
        assert (following or sweep(ledger)) == [only]
        following = worker.run_unit(only)
    assert (following or sweep(ledger)) == []
    assert progress(ledger, scan).units(state) == 1
    if error_class:
        [trouble] = troubles(ledger, scan)
        assert trouble.error_class == error_class
        assert said in trouble.error
        assert trouble.missing_right == ("sts:AssumeRole" if does == "denied" else "")
    else:
        assert [shard.shard for shard in shards(ledger, scan)] == [f"a.{tries}.shard"]
    busy = ledger.execute("SELECT count(*) FROM mlsec_fleet.slot WHERE unit IS NOT NULL").fetchone()
    assert busy == (0,)


def test_a_lease_is_renewed_while_the_unit_runs(
    worker: Worker, ledger: Ledger, tmp_path: Path
) -> None:
    scan, only = queued(ledger, tmp_path, seconds=2.5)
    running = threading.Thread(target=worker.run_unit, args=(only,))
    running.start()
    while running.is_alive():
        assert sweep(ledger) == []
        time.sleep(0.1)
    assert progress(ledger, scan).units(State.DONE) == 1


def test_what_a_unit_started_ends_with_it(worker: Worker, ledger: Ledger, tmp_path: Path) -> None:
    _, only = queued(ledger, tmp_path, does="spawn")
    worker.run_unit(only)
    group = int((tmp_path / "a.1.group").read_text())
    running = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    # A signal takes its time where the machine is busy.
    assert all(ends(pid) for pid in running if is_alive(pid) and _group_of(pid) == group)


def test_what_a_killed_unit_has_written_goes_with_it(
    worker: Worker, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "of the worker"
    own.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(own))
    _, only = queued(ledger, tmp_path, does="leave")
    running = threading.Thread(target=worker.run_unit, args=(only,))
    running.start()
    pid = int(wait_for(tmp_path / "a.1.pid"))
    written = wait_until(lambda: list(own.glob("mlsec-unit-*/left-*")))
    os.kill(pid, signal.SIGKILL)
    running.join(10)
    assert written
    assert not list(own.iterdir())


def test_a_worker_without_a_temporary_folder_says_so(
    worker: Worker, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    scan, only = queued(ledger, tmp_path)
    assert worker.run_unit(only) == []
    [trouble] = troubles(ledger, scan)
    assert trouble.error_class == "disk"
    assert "its temporary folder" in trouble.error


def _group_of(pid: int) -> int:
    with contextlib.suppress(OSError):
        return os.getpgid(pid)
    return -pid


def test_a_unit_of_a_cancelled_scan_is_ended_at_its_next_renewal(
    worker: Worker, ledger: Ledger, tmp_path: Path
) -> None:
    scan, only = queued(ledger, tmp_path, seconds=60)
    running = threading.Thread(target=worker.run_unit, args=(only,))
    running.start()
    pid = int(wait_for(tmp_path / "a.1.pid"))
    cancel(ledger, scan)
    running.join(5)
    assert ends(pid)
    assert progress(ledger, scan).units(State.CANCELLED) == 1
