"""Somebody who may write to the history of scans, or a machine that lost a part of it.

They put anything into the file, cut it, lock it, or take the right to write away. They gain a
nightly scan that ends with a traceback after an hour, or a trend that says "nothing is recorded".
A history that cannot be used is refused before the scan begins, in one sentence.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.attacks.limited import EASY, check_refused, repository, run, run_here
from tests.cli.rights import modes_count


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("history")
    repository(folder / "code")
    assert run_here("scan", "code", *EASY, "--history", "good.db", cwd=folder).code == 0
    return folder


def change(*statements: str) -> Callable[[Path], None]:
    def apply(path: Path) -> None:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    return apply


def overwrite(start: int, content: bytes) -> Callable[[Path], None]:
    def apply(path: Path) -> None:
        data = path.read_bytes()
        path.write_bytes(data[:start] + content + data[start + len(content) :])

    return apply


BEFORE_THE_SCAN: dict[str, Callable[[Path], None]] = {
    "garbage": lambda path: path.write_bytes(os.urandom(3000)) and None,
    "empty": lambda path: path.write_bytes(b"") and None,
    "text": lambda path: path.write_text("scans: []\n" * 500) and None,
    "cut short": lambda path: os.truncate(path, 5000),
    "cut in its head": lambda path: os.truncate(path, 60),
    "pages overwritten": overwrite(4500, b"x" * 6000),
    "of a newer version": change("PRAGMA user_version = 99"),
    "of another program": change("PRAGMA application_id = 7"),
    "without a table": change("DROP TABLE past"),
    "a view for a table": change(
        "DROP TABLE past", "CREATE VIEW past AS WITH RECURSIVE n(x) AS"
        " (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n",
    ),
}  # fmt: skip
WHEN_READ: dict[str, Callable[[Path], None]] = {
    "changes are no JSON": change("UPDATE scan SET changes = 'x'"),
    "changes are a number": change("UPDATE scan SET changes = 5"),
    "changes are a list": change("UPDATE scan SET changes = '[1]'"),
    "a count is a word": change("UPDATE scan SET failed = 'many'"),
    "a time is bytes": change("UPDATE scan SET finished_at = x'ff'"),
    "targets are bytes": change("UPDATE series SET targets = x'fffe'"),
    "targets are a mapping": change("UPDATE series SET targets = '{}'"),
    "a severity is none": change("UPDATE finding SET severity = 7"),
    "a severity is a word": change("UPDATE finding SET severity = 'high'"),
    "a finding is bytes": change("UPDATE finding SET message = x'fffe'"),
    "a concern is none": change("UPDATE finding SET concern = 'beauty'"),
    "a line is a word": change("UPDATE finding SET line = 'first'"),
    "a finding is of no scan": change("UPDATE finding SET first_scan = 77"),
    "a scan is a word": change("UPDATE finding SET first_scan = 'first'"),
}


@pytest.fixture
def damaged(place: Path, tmp_path: Path) -> Path:
    shutil.copy(place / "good.db", tmp_path / "past.db")
    return tmp_path / "past.db"


@pytest.mark.parametrize("damage", BEFORE_THE_SCAN)
def test_a_history_that_is_none_is_refused_before_the_scan(
    damage: str, damaged: Path, place: Path
) -> None:
    BEFORE_THE_SCAN[damage](damaged)
    content = damaged.read_bytes()
    ended = run_here("scan", "code", *EASY, "--history", damaged, cwd=place)
    check_refused(ended, str(damaged))
    assert not ended.out
    assert damaged.read_bytes() == content
    check_refused(run_here("history", "--open", damaged, cwd=place), str(damaged))


@pytest.mark.parametrize("damage", WHEN_READ)
def test_values_of_another_type_are_one_sentence(damage: str, damaged: Path, place: Path) -> None:
    WHEN_READ[damage](damaged)
    check_refused(run_here("history", "--open", damaged, cwd=place), str(damaged), "damaged")
    ended = run_here("scan", "code", *EASY, "--history", damaged, cwd=place)
    assert ended.code in (0, 2)
    assert "crashed" not in ended.err


def test_what_passed_before_is_damaged(damaged: Path, place: Path) -> None:
    change("UPDATE series SET passed = x'00'")(damaged)
    ended = run_here("scan", "code", *EASY, "--history", damaged, cwd=place)
    check_refused(ended, str(damaged), "damaged")
    assert ended.out  # the report of the scan is not lost with it


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield


def test_a_history_in_use_says_so(damaged: Path, place: Path) -> None:
    with locked(damaged):
        ended = run_here("scan", "code", *EASY, "--history", damaged, cwd=place)
        check_refused(ended, "another program uses it")
        assert not ended.out
    assert run_here("scan", "code", *EASY, "--history", damaged, cwd=place).code == 0


@pytest.mark.parametrize("what", ["the file", "its folder"])
def test_a_history_that_cannot_be_written_is_refused_before_the_scan(
    what: str, damaged: Path, place: Path
) -> None:
    closed = damaged if what == "the file" else damaged.parent
    mode = closed.stat().st_mode
    closed.chmod(0o400 if closed == damaged else 0o500)
    try:
        with modes_count():
            ended = run("scan", "code", *EASY, "--history", damaged, cwd=place)
            check_refused(ended, "must be writable")
            assert not ended.out
            assert run("history", damaged, cwd=place).code == 0
    finally:
        closed.chmod(mode)
    assert run_here("scan", "code", *EASY, "--history", damaged, cwd=place).code == 0


def test_a_clock_that_was_set_back_changes_no_order(damaged: Path, place: Path) -> None:
    change("UPDATE scan SET finished_at = '2099-01-01T00:00:00Z'")(damaged)
    time.sleep(1)  # a scan of the same second is the same scan to a history
    ended = run_here("scan", "code", *EASY, "--history", damaged, cwd=place)
    check_refused(ended, "2099-01-01", "in the order in which")
    assert run_here("history", damaged, cwd=place).code == 0


def test_a_sound_history_goes_on_growing(damaged: Path, place: Path) -> None:
    for number in (2, 3):
        time.sleep(1)  # a scan of the same second is the same scan to a history
        ended = run_here("scan", "code", *EASY, "--history", damaged, cwd=place)
        assert ended.code == 0
        assert f"(scan {number} in" in ended.err
    assert b" open failure" in run_here("history", damaged, cwd=place).out
