"""`--offline` opens no socket, and judging never needs one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e import runs
from tests.e2e.conftest import Whole

_WATCHED = """
import sys

def watch(event, arguments):
    if event.startswith("socket.") or event in ("urllib.Request", "ssl.SSLContext"):
        sys.stderr.write(f"OPENED {event} {arguments!r}\\n")
        sys.stderr.flush()
        import os
        os._exit(99)

sys.addaudithook(watch)
from mlsec.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def watched(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command line in a child that dies at the first use of a socket."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", _WATCHED, *map(str, words)],
        cwd=runs.ROOT, capture_output=True, text=True, timeout=200, check=False,
        env={k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
    )  # fmt: skip


def test_offline_scan_of_saved_evidence_opens_no_socket(whole: Whole, tmp_path: Path) -> None:
    done = watched("scan", whole.snapshot, "--offline", "-o", tmp_path / "out")
    assert done.returncode == 10, done.stderr
    assert (tmp_path / "out" / "report.html").exists()


def test_the_watch_sees_a_live_scan(tmp_path: Path) -> None:
    done = watched("scan", "aws", "-o", tmp_path / "out")
    assert done.returncode != 10
    assert "OPENED" in done.stderr or "credentials" in done.stderr


def test_offline_refuses_a_live_target() -> None:
    done = watched("scan", "aws", "--offline")
    assert done.returncode == 2
    assert "--offline" in done.stderr
