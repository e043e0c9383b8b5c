"""A real PostgreSQL server of our own on loopback, and a place for a history in each database."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlsec.history.place import DatabaseUrl, Place

if TYPE_CHECKING:
    import psycopg

PASSWORD = "p@ss/word%of:ours"
_ENCODED = "p%40ss%2Fword%25of%3Aours"
STORES = ("sqlite", "postgresql")


class Server:
    """One cluster in a folder of its own, run by a user who is not root."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="mlsec-postgres-"))
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(self.folder, self.user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._run(
            "initdb", "--pgdata", self._data, "--no-sync", "--username=mlsec", "--encoding=UTF8",
            "--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={secret}",
        )  # fmt: skip
        self.start()

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [
            self._programs / "postgres", "-D", self._data, "-k", self.folder, "-p", str(self.port),
            "-h", "127.0.0.1", "-c", "fsync=off", "-c", "max_connections=40",
            "-c", "shared_buffers=64MB", "-c", "autovacuum_naptime=5",
        ]  # fmt: skip
        self._log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(  # noqa: S603 - the server of Debian
            command, stdout=self._log, stderr=self._log, cwd=self.folder, **self._as_user()
        )
        import psycopg  # noqa: PLC0415 - an extra, which few tests need

        for _ in range(600):
            with contextlib.suppress(psycopg.OperationalError), self.connect():
                return
            assert self._process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    @property
    def pid(self) -> int:
        """The number of its first process."""
        return self._process.pid

    @property
    def is_down(self) -> bool:
        """Whether it does not run."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """End the server and all its processes at once, as a crash does."""
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for each in [pid, *map(int, children)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self._process.wait()
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        time.sleep(0.2)

    def stop(self) -> None:
        """End it, and remove all that it wrote."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)
        self._log.close()
        shutil.rmtree(self.folder)

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database for a while, and give its name."""
        name = f"h{uuid.uuid4().hex}"
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        try:
            yield name
        finally:
            with self.connect() as connection:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def connect(self, name: str = "postgres", **more: str) -> psycopg.Connection[Any]:
        """Connect as the owner."""
        import psycopg  # noqa: PLC0415 - an extra, which few tests need

        given: Any = {"user": "mlsec", "password": PASSWORD} | more
        return psycopg.connect(
            host="127.0.0.1", port=self.port, dbname=name, autocommit=True, **given
        )

    def url(self, name: str, user: str = f"mlsec:{_ENCODED}") -> str:
        """The URL of a database, with the password."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *words: str) -> None:
        subprocess.run(  # noqa: S603 - the server of Debian
            [self._programs / program, *words], cwd=self.folder, check=True, capture_output=True,
            **self._as_user(),
        )  # fmt: skip

    def _as_user(self) -> dict[str, object]:
        return {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}


def programs() -> Path | None:
    """The folder of the server's programs: the newest that Debian has installed, or on the path."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[4])
    )
    named = shutil.which("postgres")
    return found[-1].parent if found else Path(named).parent if named else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server for all tests of this process; one that kills it starts it again."""
    folder = programs()
    if folder is None:
        pytest.skip("needs PostgreSQL's server: apt-get install postgresql")
    server = Server(folder)
    yield server
    server.stop()


@pytest.fixture
def database_url(postgres: Server) -> Iterator[str]:
    """The URL of an empty database."""
    with postgres.database() as name:
        yield postgres.url(name)


@pytest.fixture(params=STORES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where a history may begin, in each kind of store."""
    if request.param == "sqlite":
        return tmp_path / "scans.history"
    return DatabaseUrl(request.getfixturevalue("database_url"))


def word(place: Place) -> str:
    """A place as a command line takes it."""
    return place.url if isinstance(place, DatabaseUrl) else str(place)
