"""What a reading process has given up, seen from outside and tried from within."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.guard import OPEN_FILES
from mlsec.artifacts.sandbox.wire import Done, LocalFile
from mlsec.artifacts.sandbox.worker import Worker
from tests.artifacts.builders.payloads import GOOD_PICKLE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="seen by /proc")
LIMITS = Limits(cpu_s=7, memory_bytes=300 << 20)
TRIES = """
import os, socket, subprocess, sys
from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.guard import ForbiddenError, isolate
isolate(Limits())
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
    os.environ["MLSEC_SECRET"] = "x"
    worker = Worker(LIMITS)
    try:
        worker.send(LocalFile(path=os.fsencode(path), name="a.pkl"))
        assert isinstance(worker.receive(time.monotonic() + 60), Done)
        yield worker._process.pid
    finally:
        worker.stop()
        del os.environ["MLSEC_SECRET"]


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CPU, 60),
        # What was mapped at the beginning, and what a file may need.
        (resource.RLIMIT_AS, 2 << 30),
    ],
)
def test_a_limit_is_in_force(kind: int, most: int, reader: int) -> None:
    assert 0 <= resource.prlimit(reader, kind)[0] <= most


def test_it_has_no_environment_and_no_terminal(reader: int) -> None:
    assert Path(f"/proc/{reader}/environ").read_bytes() == b""
    assert os.getsid(reader) == reader
    assert Path(f"/proc/{reader}/cwd").readlink() == Path("/")


def test_it_has_a_network_of_its_own_where_the_system_lets_it(reader: int) -> None:
    unshare = shutil.which("unshare")
    arguments = ["-n"] if not os.geteuid() else ["-Un"]
    if unshare is None or subprocess.run([unshare, *arguments, "true"], check=False).returncode:  # noqa: S603
        pytest.skip("no process may leave its network here")
    theirs, ours = (Path(f"/proc/{pid}/ns/net").readlink() for pid in (reader, "self"))
    assert theirs != ours


@pytest.mark.parametrize("what", ["connect", "resolve", "write", "append", "run", "remove"])
def test_what_no_reader_may_is_refused_before_it_happens(what: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"kept")
    command = [sys.executable, "-c", TRIES, what, str(path)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert (found.stdout, path.read_bytes()) == ("refused\n", b"kept"), found.stderr
