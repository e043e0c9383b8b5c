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
from mlsec.history.counting import COUNTED_COLUMNS, Counting
from mlsec.history.database import Database, open_database
from mlsec.history.findings import FINDING_COLUMNS, finding_values
from mlsec.history.place import Place
from mlsec.history.series import epoch_s
from tests.postgres import word

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


def write_history(place: Place, failures: int, name: str = "train") -> None:
    """Record three scans: the failures, one of them mended later, one waived, one not read."""
    opened = open_database(place, is_new_allowed=True)
    with contextlib.closing(opened) as database, database.writing():
        _write(database, failures, name)


def _write(database: Database, failures: int, name: str) -> None:
    targets = json.dumps([f"aws/1111 {name}"])
    database.insert("series", "id, targets, passed, last_scan", [(1, targets, b"", 3)])
    columns = (
        "id, series, before, digest, finished_at, finished_s, tool, rules_digest, passed, failed,"
        " not_assessed, changes, pruned"
    )
    scans = []
    for scan in (1, 2, 3):
        changes = json.dumps({"new": failures} if scan == 1 else {"fixed": 1, "unchanged": 9})
        time = f"2026-11-0{scan}T08:00:00Z"
        row = (scan, 1, scan - 1, f"d{scan}", time, epoch_s(time), "0.1", "d", 9, failures, 3)
        scans.append((*row, changes, 0))
    database.insert("scan", columns, scans)
    accounts = [(number + 1, "aws", f"aws/{number}{name}") for number in range(7)]
    database.insert("account", "id, provider, scope", accounts)
    findings, past, counted = [], [], [Counting(), Counting(), Counting()]
    for number in range(failures):
        finding = _finding(number, name)
        state = {1: "fixed", 2: "waived", 3: "not_assessed_now"}.get(number, "fail")
        since = 3 if number in (1, 2, 3) else 1
        now = (state, "unchanged", 3, 1, 0 if state == "fixed" else 1, since)
        account = number % 7 + 1
        findings.append((number + 1, *finding_values(finding, 1, account, now)))
        for scan, counting in enumerate(counted, 1):
            counting.add(finding, state if scan >= since else "fail", "")
        if since == 3:
            past.append((number + 1, "fail", 1, 2))
    database.insert("finding", f"id, {FINDING_COLUMNS}", findings)
    database.insert("past", "finding, state, changed_scan, last_scan", past)
    known = {(provider, scope): number for number, provider, scope in accounts}
    for scan, counting in enumerate(counted, 1):
        database.insert("counted", COUNTED_COLUMNS, counting.rows(scan, known))


def _finding(number: int, name: str) -> Finding:
    return Finding(
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


@contextlib.contextmanager
def serving(history: Place, *words: str, token: str = "") -> Iterator[str]:
    """Run ``mlsec serve`` on a free port; gives its address without the last slash."""
    environment = {**os.environ, "MLSEC_WEB_TOKEN": token}
    command = [sys.executable, "-m", "mlsec", "serve", word(history), "--port", "0", *words]
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


def record_again(place: Place) -> None:
    """Add a scan in which 50 failures are mended or fail again."""
    with contextlib.closing(open_database(place)) as database, database.writing():
        [(last,)] = database.rows("SELECT max(id) FROM scan")
        time = f"2026-12-01T00:{last // 60:02}:{last % 60:02}Z"
        columns = (
            "id, series, before, digest, finished_at, finished_s, tool, rules_digest, passed,"
            " failed, not_assessed, changes, pruned"
        )
        row = (last + 1, 1, last, f"d{last + 1}", time, epoch_s(time), "0.1", "d", 9, 9, 3, "{}", 0)
        database.insert("scan", columns, [row])
        database.change("UPDATE series SET last_scan = ?", last + 1)
        database.change(
            "INSERT INTO past SELECT id, state, changed_scan, CASE state WHEN 'fail' THEN ?"
            " ELSE changed_scan END FROM finding WHERE id < 50", last,
        )  # fmt: skip
        database.change(
            "UPDATE finding SET changed_scan = ?, noted_scan = ?, opened_scan ="
            " CASE state WHEN 'fail' THEN 0 ELSE ? END, state ="
            " CASE state WHEN 'fail' THEN 'fixed' ELSE 'fail' END WHERE id < 50",
            last + 1, last + 1, last + 1,
        )  # fmt: skip
