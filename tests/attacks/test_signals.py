"""A job runner, a container's end or a closed terminal stops a scan in its midst.

They leave folders of half-taken evidence behind, or an exit code that reads as the scan's own
verdict. Every such end keeps what was collected, clears up, and says by its code what stopped it.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.attacks.limited import EASY, run

FILES = 1500


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("signals")
    (folder / "code").mkdir()
    for number in range(FILES):
        content = {"noise": os.urandom(300).hex(), "number": number}
        (folder / "code" / f"{number}.pkl").write_bytes(pickle.dumps(content))
    return folder


def start(
    *words: str | Path, place: Path, before: str = "", scratch: Path
) -> subprocess.Popen[str]:
    script = f'{before}\nexec "$@"'
    # What started the tests may ignore signals, which is inherited.
    heard = ["env", "--default-signal=INT,TERM,HUP"]
    command = [*heard, "bash", "-c", script, "bash", sys.executable, "-m", "mlsec"]
    return subprocess.Popen(  # noqa: S603
        [*command, *map(str, words)],
        cwd=place, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**os.environ, "TMPDIR": str(scratch), "NO_COLOR": "1"},
    )  # fmt: skip


def wait_for_evidence(folder: Path, process: subprocess.Popen[str]) -> None:
    """Wait until something was collected, at most half a minute."""
    for _ in range(3000):
        logs = list(folder.rglob("*.part-wal"))
        if any(log.stat().st_size > 100_000 for log in logs if log.exists()):
            return
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.01)
    raise AssertionError("nothing was collected")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_keeps_what_was_collected_and_shows_in_the_code(
    number: signal.Signals, place: Path, tmp_path: Path
) -> None:
    process = start("scan", "code", "-o", tmp_path / "out", *EASY, place=place, scratch=tmp_path)
    wait_for_evidence(tmp_path / "out", process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert not out
    assert err.count("error: interrupted") == 1
    assert "go on with --resume" in err
    assert "Traceback" not in err
    resumed = run("scan", "code", "-o", tmp_path / "out", "--resume", *EASY, cwd=place)
    assert resumed.code == 0, resumed.err
    assert f"{FILES:,} files found".encode() in resumed.out or str(FILES).encode() in resumed.out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_no_folder_and_no_process_behind(
    number: signal.Signals, place: Path, tmp_path: Path
) -> None:
    process = start("scan", "code", *EASY, place=place, scratch=tmp_path)
    wait_for_evidence(tmp_path, process)
    readers = children(process.pid)
    assert readers
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert not list(tmp_path.iterdir())
    for reader in readers:
        assert not Path(f"/proc/{reader}").exists()


def children(parent: int) -> list[int]:
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    below = [
        child
        for task in Path(f"/proc/{parent}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return sorted({int(child) for child in (*listed, *below)})


def test_a_signal_that_the_caller_ignores_stays_ignored(place: Path, tmp_path: Path) -> None:
    process = start(
        "scan", "code", "-o", tmp_path / "out", *EASY,
        place=place, before="trap '' HUP", scratch=tmp_path,
    )  # fmt: skip
    wait_for_evidence(tmp_path / "out", process)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=120)
    assert process.returncode == 0


def test_a_second_signal_ends_it_at_once(place: Path, tmp_path: Path) -> None:
    process = start("scan", "code", "-o", tmp_path / "out", *EASY, place=place, scratch=tmp_path)
    wait_for_evidence(tmp_path / "out", process)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode in (128 + signal.SIGTERM, -signal.SIGTERM)
