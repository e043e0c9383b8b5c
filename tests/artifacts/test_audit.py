"""No sample makes a reader start a process, write a file, open a socket, import or run code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.artifacts.audited import suspicious
from tests.artifacts.builders import HOSTILE

ROOT = Path(__file__).resolve().parents[2]


def test_no_hostile_sample_causes_what_reading_does_not_need() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.artifacts.audited"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert json.loads(done.stdout) == {"read": len(HOSTILE), "seen": []}


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("subprocess.Popen", ("sh", ["sh"], None, None)),
        ("os.system", (b"echo inert",)),
        ("os.exec", ("sh", ["sh"], None)),
        ("socket.connect", (None, ("127.0.0.1", 1))),
        ("socket.__new__", (None, 2, 1, 0)),
        ("open", ("x", "w", 0)),
        ("open", ("x", None, 1)),
        ("open", ("/etc/passwd", "r", 0)),
        ("import", ("os", None, None, None, None)),
        ("compile", (b"1", "<string>")),
        ("exec", ("<code object>",)),
        ("pickle.find_class", ("os", "system")),
        ("marshal.loads", (b"",)),
        ("ctypes.dlopen", ("libc.so",)),
    ],
)
def test_the_watch_would_see(event: str, arguments: tuple[object, ...]) -> None:
    assert suspicious(event, arguments)
