"""Somebody hands over the history of past scans, or may write where it is kept.

They gain code that runs when it is read, a scan that never ends, another file deleted by the
journal beside it, or a traceback in place of the verdict. A history with other tables than ours, or
with rows that no scan writes, is refused with one sentence; what mlsec wrote is read and added to.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mlsec.cli.main import main
from mlsec.core.content_paths import content_folder

DEMO = content_folder("fixtures") / "demo"
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
Make = Callable[[Path], None]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("recorded") / "past.db"
    assert scan(path) == 11
    return path.read_bytes()


def scan(history: Path) -> int:
    return main(["scan", "--evidence", str(DEMO), "--history", str(history), "--fail-on", "none"])


def bomb() -> bytes:
    return zlib.compress(b'{"a": ["' + b"x" * 600_000_000 + b'"]}', 1)


def changed(*statements: str, value: object = None) -> Make:
    def make(path: Path) -> None:
        given = value() if callable(value) else value
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA writable_schema = ON")
            for statement in statements:
                database.execute(statement, () if given is None else (given,))
            database.commit()

    return make


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


HOSTILE: Mapping[str, Make] = {
    "a view that never ends": changed(
        "ALTER TABLE scan RENAME TO was", f"CREATE VIEW scan AS {ENDLESS} SELECT i AS id FROM n"  # noqa: S608
    ),
    "a trigger": changed(
        "CREATE TRIGGER t AFTER INSERT ON scan BEGIN DELETE FROM finding; END"
    ),
    "a table more": changed("CREATE TABLE more (x)"),
    "an index on an expression": changed("CREATE INDEX i ON scan (hex(tool))"),
    "a default that computes": changed(
        "UPDATE sqlite_master SET sql = replace(sql, 'state TEXT NOT NULL', 'state TEXT NOT NULL"
        " DEFAULT (hex(zeroblob(100000000)))') WHERE name = 'past'"
    ),
    "targets that are no list": changed("UPDATE series SET targets = '7'"),
    "targets that are no JSON": changed("UPDATE series SET targets = '['"),
    "targets nested too deep": changed("UPDATE series SET targets = ?", value="[" * 100_000),
    "a time that is a blob": changed("UPDATE scan SET finished_at = x'00'"),
    "counts that are text": changed("UPDATE scan SET failed = 'many'"),
    "changes that are a list": changed("UPDATE scan SET changes = '[]'"),
    "a finding that is none": changed("UPDATE finding SET category = ''"),
    "a finding that is a blob": changed("UPDATE finding SET resource = x'7b7d'"),
    "a view that says something else": changed(
        "UPDATE sqlite_master SET sql = replace(sql, 'scan.tool', 'hex(scan.tool)')"
        " WHERE name = 'mlsec_v1_scans'"
    ),
    "a finding of a scan that is not there": changed("UPDATE finding SET first_scan = 99"),
    "text that is not UTF-8": changed("UPDATE scan SET tool = CAST(x'c328' AS TEXT)"),
    "no database": lambda path: path.write_bytes(b"past") and None,
    "another database": lambda path: path.write_bytes(path.read_bytes()[:68] + b"abcd" * 2000)
    and None,
    "a pipe": _pipe,
}  # fmt: skip
OF_RECORDING: Mapping[str, Make] = {
    "what passed is a bomb": changed("UPDATE series SET passed = ?", value=bomb),
    "what passed is text": changed("UPDATE series SET passed = 'all'"),
    "what passed is not packed": changed("UPDATE series SET passed = x'00'"),
    "what passed is a list": changed("UPDATE series SET passed = ?", value=zlib.compress(b"[]")),
    "a time that is a blob": changed("UPDATE scan SET finished_at = x'ff'"),
}  # fmt: skip


def refused(code: int, written: pytest.CaptureResult[str], path: Path) -> bool:
    errors = [line for line in written.err.splitlines() if line.startswith("error: ")]
    is_one = code == 2 and len(errors) == 1 and str(path) in errors[0]
    return is_one and "Traceback" not in written.err


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_history_is_not_shown(
    name: str, recorded: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "past.db"
    path.write_bytes(recorded)
    HOSTILE[name](path)
    code = main(["history", str(path), "--open"])
    written = capsys.readouterr()
    assert refused(code, written, path), written.err
    assert written.out == ""


@pytest.mark.parametrize("name", OF_RECORDING)
def test_a_hostile_history_is_not_added_to(
    name: str, recorded: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "past.db"
    path.write_bytes(recorded)
    changed("UPDATE scan SET digest = 'another'")(path)
    OF_RECORDING[name](path)
    before = path.read_bytes()
    code = scan(path)
    assert refused(code, capsys.readouterr(), path)
    assert path.read_bytes() == before


def test_a_history_of_ours_is_shown_and_added_to(
    recorded: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "past.db"
    path.write_bytes(recorded)
    path.chmod(0o600)
    assert main(["history", str(path), "--open"]) == 0
    changed("UPDATE scan SET digest = 'another'")(path)
    assert scan(path) == 11
    assert " unchanged (scan 2 in " in capsys.readouterr().err


def journal_that_names(path: Path, victim: Path) -> bytes:
    """A rollback journal of one page of a history, which belongs to a transaction of many files."""
    page = path.read_bytes()[:4096]
    head = bytes.fromhex("d9d505f920a163d7")
    nonce, sector = 7, 512
    pages = len(path.read_bytes()) // 4096
    start = head + b"".join(number.to_bytes(4, "big") for number in (1, nonce, pages, sector, 4096))
    total = nonce + sum(page[at] for at in range(4096 - 200, 0, -200))
    record = (1).to_bytes(4, "big") + page + (total & 0xFFFFFFFF).to_bytes(4, "big")
    name = str(victim).encode()
    lock_page = (2**30 // 4096 + 1).to_bytes(4, "big")
    length, check = len(name).to_bytes(4, "big"), (sum(name) & 0xFFFFFFFF).to_bytes(4, "big")
    return start.ljust(sector, b"\0") + record + lock_page + name + length + check + head


def test_a_journal_beside_a_history_does_not_delete_another_file(
    recorded: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, victim, plain = tmp_path / "past.db", tmp_path / "victim", tmp_path / "plain.db"
    for history in (path, plain):
        history.write_bytes(recorded)
    victim.write_bytes(b"precious")
    for history in (path, plain):
        Path(f"{history}-journal").write_bytes(journal_that_names(history, victim))
    code = main(["history", str(path)])
    assert victim.exists()
    written = capsys.readouterr()
    assert code == 2
    assert "journal" in written.err
    with contextlib.closing(sqlite3.connect(plain)) as database:
        database.execute("SELECT * FROM scan").fetchall()
    assert not victim.exists(), "SQLite itself no longer obeys: the check could go"
