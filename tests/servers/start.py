"""Start a real server of ``.venv-servers`` (``make servers``) on loopback, and end it for sure."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[2]
# Another environment with the same packages, for machines that keep one.
SERVERS = Path(os.environ.get("MLSEC_SERVERS") or ROOT / ".venv-servers")
_START_S = 90.0


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A server that answers."""

    host: str
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def status(self, path: str) -> int:
        """Ask as anybody would, without this project's own client."""
        return _status(self.host, self.port, path)


def is_set_up(program: str) -> bool:
    """Whether the environment has a program."""
    return (SERVERS / "bin" / program).exists()


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def running(
    words: Sequence[str], folder: Path, *, ready: str, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run ``words`` in ``folder``; ``{port}`` in them is a free port.

    ``ready`` is a path that answers (whatever the status) once the server is up.
    """
    port = free_port()
    log = folder / f"server-{port}.log"
    first, *rest = [word.replace("{port}", str(port)) for word in words]
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - a program of our own environment
            [SERVERS / "bin" / first, *rest],
            cwd=folder,
            env={**kept, "HOME": str(folder), "DO_NOT_TRACK": "1", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait(process, port, ready, log)
            yield Server(host="127.0.0.1", port=port, log=log)
        finally:
            _end(process)


def _wait(process: subprocess.Popen[bytes], port: int, ready: str, log: Path) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError, http.client.HTTPException):
            _status("127.0.0.1", port, ready)
            return
        time.sleep(0.2)
    raise AssertionError(f"the server did not come up: {log.read_text('utf-8', 'replace')[-2000:]}")


def _status(host: str, port: int, path: str) -> int:
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and what it started: the group is its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
