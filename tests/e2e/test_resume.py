"""A collection killed at any moment goes on where it was, and ends in the same evidence."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mlsec.engine.model.rule import RuleSet
from mlsec.snapshot.file_names import part_of
from mlsec.snapshot.seal import content_digest
from mlsec.snapshot.store import Snapshot
from tests.e2e import runs
from tests.e2e.clouds import CLOUDS, Running
from tests.e2e.conftest import Whole

_IN_FLIGHT = int(runs.QUICK["in_flight"])


def child(path: Path, target: str, *words: str) -> subprocess.Popen[bytes]:
    """Start a collection that can be killed."""
    command = [sys.executable, "-m", "tests.e2e.collect_child", str(path), target, *words]
    return subprocess.Popen(command, cwd=runs.ROOT)  # noqa: S603 - our own module


def rows(path: Path) -> list[tuple[object, ...]]:
    """Give every lasting row of a finished snapshot, sorted: all but times."""
    with Snapshot.open(path) as snapshot:
        return sorted(call.lasting() for call in snapshot.calls())


@pytest.mark.parametrize(
    ("name", "share"),
    [(name, 0.5) for name in CLOUDS]
    + [pytest.param("aws", share, marks=pytest.mark.nightly) for share in (0.02, 0.3, 0.6, 0.95)],
)
def test_killed_collection_resumes_to_the_same_evidence(
    name: str,
    share: float,
    zoos: Callable[[str], Running],
    wholes: Callable[[str], Whole],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, server = wholes(name), zoos(name)
    for variable, value in server.environment().items():
        monkeypatch.setenv(variable, value)
    path, total = tmp_path / "killed.mlsnap", sum(whole.asked.values())
    server.set_faults(latency_s=0.02)
    running = child(path, name)
    while sum(server.counts().values()) < total * share and running.poll() is None:
        time.sleep(0.01)
    assert running.poll() is None, "the collection ended before it could be killed"
    running.send_signal(signal.SIGKILL)
    running.wait(30)
    assert not path.exists(), "a half-written snapshot passes for a whole one"
    with Snapshot.resume(path) as part:
        settled = sum(1 for _ in part.calls())
    first = sum(server.counts().values())

    server.set_faults()
    resumed = child(path, name, "--resume")
    assert resumed.wait(120) == 0
    again = sum(server.counts().values())

    assert rows(path) == rows(whole.snapshot)
    with Snapshot.open(path) as mine, Snapshot.open(whole.snapshot) as other:
        assert content_digest(mine.meta(), mine.calls()) == content_digest(
            other.meta(), other.calls()
        )
    assert not part_of(path).exists()
    identity = CLOUDS[name].sign_in  # asked at each start, and stored nowhere
    assert again - identity <= total - identity - settled, "a completed unit was asked again"
    assert first + again <= total + 2 * _IN_FLIGHT + 2 * identity


def test_interrupted_scan_keeps_what_it_collected_and_says_how_to_go_on(
    aws: Running, tmp_path: Path, ruleset: RuleSet
) -> None:
    del ruleset
    out = tmp_path / "out"
    aws.set_faults(latency_s=0.05)
    command = [sys.executable, "-m", "mlsec", "scan", "aws", "-o", str(out)]
    # A shell that runs the tests in the background has them ignore interrupts; a user's does not.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        running = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=runs.ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    finally:
        signal.signal(signal.SIGINT, before)
    while sum(aws.counts().values()) < 60:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "--resume" in errors
    assert "Traceback" not in errors
    left = sorted(path.name for path in out.iterdir())
    assert [name for name in left if not name.startswith("evidence.mlsnap.part")] == []

    aws.set_faults()
    done = runs.mlsec("scan", "aws", "-o", out, "--resume", aws=aws)
    assert done.returncode in (10, 11), done.stderr
    assert (out / "evidence.mlsnap").exists()
