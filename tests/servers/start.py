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
# Ray takes a minute where the machine is busy.
_START_S = 240.0
_END_S = 2.0


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    text: str


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
        return self.ask(path).status

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        port: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> Reply:
        """Ask the server, or another port of it, and give what it says."""
        return _ask(self.host, port or self.port, path, method, dict(headers or {}), body)

    def measures(self, port: int, path: str = "/metrics") -> bool:
        """Whether a port tells metrics to anybody."""
        try:
            return self.ask(path, port=port).status == 200
        except OSError:
            return False


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
    words: Sequence[str],
    folder: Path,
    *,
    ready: str,
    environment: Mapping[str, str] | None = None,
    port: int | None = None,
) -> Iterator[Server]:
    """Run ``words`` in ``folder``; ``{port}`` in them is a free port, where none is given.

    ``ready`` is a path that answers (whatever the status) once the server is up.
    """
    port = port or free_port()
    log = folder / f"server-{port}.log"
    first, *rest = [word.replace("{port}", str(port)) for word in words]
    kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
    kept["PATH"] = f"{SERVERS / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
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
            _ask("127.0.0.1", port, ready, "GET", {}, None)
            return
        time.sleep(0.2)
    raise AssertionError(f"the server did not come up: {log.read_text('utf-8', 'replace')[-2000:]}")


def _ask(
    host: str, port: int, path: str, method: str, headers: Mapping[str, str], body: str | None
) -> Reply:
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        connection.request(method, path, body=body, headers=dict(headers))
        reply = connection.getresponse()
        told = {name.lower(): value for name, value in reply.getheaders()}
        return Reply(
            status=reply.status, headers=told, text=reply.read().decode("utf-8", "replace")
        )
    finally:
        connection.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and what it started: the group is its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_END_S)
    # What outlives its parent, or takes its time to say farewell.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
