"""A history with hostile names, and the live page of one as a process on loopback."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from mlsec.core.enums import Category, Concern, Severity, Status
from mlsec.core.finding import Finding, Subject
from mlsec.history.database import open_history

TOKEN = "0123456789abcdef0123456789abcdef"
HOSTILE = (
    '"><script>document.title=1</script><img src=x onerror=alert(1)>\u202e\x1b[31m' + "n" * 300
)
_SEVERITIES = tuple(Severity)


class Answer(msgspec.Struct, frozen=True):
    """What the server said."""

    status: int
    headers: Mapping[str, str]
    text: str


def write_history(path: Path, failures: int, name: str = "train") -> None:
    """Record three scans: the failures, one of them mended later, one waived, one not read."""
    connection, guard = open_history(path, is_new_allowed=True)
    guard.allow_changes()
    with contextlib.closing(connection):
        write = connection.execute
        write("INSERT INTO series VALUES (1, ?, x'')", (json.dumps([f"aws/1111 {name}"]),))
        for scan in (1, 2, 3):
            changes = json.dumps({"new": failures} if scan == 1 else {"fixed": 1, "unchanged": 9})
            time = f"2026-11-0{scan}T08:00:00Z"
            write(
                "INSERT INTO scan VALUES (?, 1, ?, ?, '0.1', 'd', 9, ?, 3, ?)",
                (scan, f"d{scan}", time, failures, changes),
            )
        for number in range(failures):
            state = {1: "fixed", 2: "waived", 3: "not_assessed_now"}.get(number, "fail")
            since = 3 if number in (1, 2, 3) else 1
            write(
                "INSERT INTO finding VALUES (?, 1, ?, ?, 1, ?, 3, ?)",
                (number + 1, f"{number:032x}", state, since, _head(number, name)),
            )
            if since == 3:
                write("INSERT INTO past VALUES (?, 'fail', 1, 2)", (number + 1,))
        connection.commit()


def _head(number: int, name: str) -> str:
    finding = Finding(
        fingerprint=f"{number:032x}",
        rule=f"sagemaker/{name}-{number % 150}",
        status=Status.FAIL,
        severity=_SEVERITIES[number % 5],
        category=Category.ACCESS,
        concern=tuple(Concern)[number % 5],
        message=f"{name} {number % 150} is open to everybody",
        resource=Subject(
            id=f"arn:aws:sagemaker:eu-west-1:1111:{name}/{number}", type="aws.sagemaker.notebook",
            provider="aws", scope=f"aws/{number % 7}{name}", region="eu-west-1",
            name=f"{name}-{number}", owner="team",
        ),
    )  # fmt: skip
    return msgspec.json.encode(finding).decode()


@contextlib.contextmanager
def serving(history: Path, *words: str, token: str = "") -> Iterator[str]:
    """Run ``mlsec serve`` on a free port; gives its address without the last slash."""
    environment = {**os.environ, "MLSEC_WEB_TOKEN": token}
    command = [sys.executable, "-m", "mlsec", "serve", str(history), "--port", "0", *words]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        address = process.stdout.readline().strip().rstrip("/")
        try:
            assert address, process.stderr.read()
            yield address
        finally:
            process.terminate()
            process.wait(20)


def ask(address: str, path: str, method: str = "GET", body: str = "", **headers: str) -> Answer:
    """Send one request as it stands, and give the answer; redirects are not followed."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    with contextlib.closing(connection):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body or None, headers=named)
        answer = connection.getresponse()
        text = answer.read().decode()
        lower = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, lower, text)


def lock(path: Path) -> sqlite3.Connection:
    """Begin to write into a history, as a scan does at its end."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE scan SET failed = failed + 1")
    return connection


def record_again(path: Path) -> None:
    """Add a scan in which 50 failures are mended or fail again."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as connection:
        write = connection.execute
        write("BEGIN IMMEDIATE")
        [(last,)] = write("SELECT max(id) FROM scan").fetchall()
        time = f"2026-12-01T00:{last // 60:02}:{last % 60:02}Z"
        write(
            "INSERT INTO scan VALUES (?, 1, ?, ?, '0.1', 'd', 9, 9, 3, '{}')",
            (last + 1, f"d{last + 1}", time),
        )
        write(
            "INSERT INTO past SELECT id, state, changed_scan, last_scan FROM finding WHERE id < 50"
        )
        write(
            "UPDATE finding SET changed_scan = ?, last_scan = ?, state ="
            " CASE state WHEN 'fail' THEN 'fixed' ELSE 'fail' END WHERE id < 50",
            (last + 1, last + 1),
        )
        write("COMMIT")
