"""The limits of a reading process, seen from outside; the hook that refuses inside Python."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.lock import OPEN_FILES
from mlsec.artifacts.sandbox.modules import module_of
from mlsec.artifacts.sandbox.wire import Done, Load, LocalFile
from mlsec.artifacts.sandbox.worker import Worker
from tests.artifacts.builders.payloads import GOOD_PICKLE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="seen by /proc")
LIMITS = Limits(cpu_s=7, memory_bytes=300 << 20)
TRIES = """
import os, socket, subprocess, sys
from mlsec.artifacts.sandbox.audit import ForbiddenError, refuse
sys.addaudithook(refuse)
def connect(): socket.socket()
def resolve(): socket.getaddrinfo("localhost", 80)
def write(): open(sys.argv[2], "w")
def append(): os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT)
def run(): subprocess.run(["true"])
def remove(): os.remove(sys.argv[2])
try:
    globals()[sys.argv[1]]()
except ForbiddenError:
    print("refused")
"""


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The number of a process that has read a file."""
    path = tmp_path_factory.mktemp("read") / "a.pkl"
    path.write_bytes(GOOD_PICKLE)
    worker = Worker(LIMITS)
    try:
        with path.open("rb") as file:
            message = LocalFile(name="a.pkl", size_bytes=len(GOOD_PICKLE))
            worker.send(message, file.fileno())
        while not isinstance(answer := worker.receive(time.monotonic() + 60), Done):
            assert isinstance(answer, Load)
            worker.send(module_of(answer.module))
        yield worker._process.pid
    finally:
        worker.stop()


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("Max file size", 0),
        ("Max core file size", 0),
        ("Max processes", 0),
        ("Max open files", OPEN_FILES),
        ("Max cpu time", 60),
        # What was mapped at the beginning, and what a file may need.
        ("Max address space", 2 << 30),
        ("Max data size", 2 << 30),
    ],
)
def test_a_limit_is_in_force(name: str, most: int, reader: int) -> None:
    lines = Path(f"/proc/{reader}/limits").read_text("ascii").splitlines()
    (line,) = (line for line in lines if line.startswith(name))
    assert 0 <= int(line.removeprefix(name).split()[0]) <= most


def test_it_has_no_terminal(reader: int) -> None:
    assert os.getsid(reader) == reader


@pytest.mark.parametrize("what", ["connect", "resolve", "write", "append", "run", "remove"])
def test_the_hook_refuses_what_no_reader_may_do_in_python(what: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"kept")
    command = [sys.executable, "-c", TRIES, what, str(path)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert (found.stdout, path.read_bytes()) == ("refused\n", b"kept"), found.stderr
