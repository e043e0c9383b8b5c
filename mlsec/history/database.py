"""The SQLite file of the history: its tables, and opening it with clear refusals."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.foreign import refuse_foreign_file
from mlsec.snapshot.foreign_database import (
    FileKind,
    Guard,
    check_head,
    check_journal,
    check_tables,
)

_APPLICATION_ID = 0x6D6C6869  # "mlhi"
# Version 1 has no state ``waived`` and no ``change`` in a head. The tables are the same, and the
# next scan that is recorded makes a file one of version 2.
VERSION = 2
# A finding's row says what is so now: since which scan (changed_scan), and the last scan that
# confirmed it. What was so before goes to ``past`` when it changes, so the file grows with changes.
_SCHEMA = """
CREATE TABLE series (id INTEGER PRIMARY KEY, targets TEXT NOT NULL UNIQUE, passed BLOB NOT NULL);
CREATE TABLE scan (id INTEGER PRIMARY KEY, series INTEGER NOT NULL REFERENCES series,
  digest TEXT NOT NULL, finished_at TEXT NOT NULL, tool TEXT NOT NULL, rules_digest TEXT NOT NULL,
  passed INTEGER NOT NULL, failed INTEGER NOT NULL, not_assessed INTEGER NOT NULL,
  changes TEXT NOT NULL, UNIQUE (series, digest));
CREATE TABLE finding (id INTEGER PRIMARY KEY, series INTEGER NOT NULL REFERENCES series,
  fingerprint TEXT NOT NULL, state TEXT NOT NULL, first_scan INTEGER NOT NULL,
  changed_scan INTEGER NOT NULL, last_scan INTEGER NOT NULL, head TEXT NOT NULL,
  UNIQUE (series, fingerprint));
CREATE TABLE past (finding INTEGER NOT NULL REFERENCES finding, state TEXT NOT NULL,
  changed_scan INTEGER NOT NULL, last_scan INTEGER NOT NULL,
  PRIMARY KEY (finding, changed_scan)) WITHOUT ROWID;
"""
_KIND = FileKind(
    name="history", application_id=_APPLICATION_ID, version=VERSION, schema=_SCHEMA,
    is_finished=False,
)  # fmt: skip
_RESTORE = "restore it from a copy, or begin another history"
_HINTS = {
    sqlite3.SQLITE_BUSY: "another program uses it: run it again when that has ended",
    sqlite3.SQLITE_READONLY: "it and its folder must be writable for a scan to be recorded",
    sqlite3.SQLITE_READONLY_ROLLBACK: "a scan was cut off while it wrote: run mlsec history FILE as"
    " its owner, which restores what was there before",
    sqlite3.SQLITE_CANTOPEN: "it and its folder must be writable for a scan to be recorded",
    sqlite3.SQLITE_FULL: "make room on its disk; what was recorded before is kept",
    sqlite3.SQLITE_IOERR: "make room on its disk, or check it; what was recorded before is kept",
    sqlite3.SQLITE_NOTADB: "is it a file that mlsec scan --history wrote?",
}


def open_history(
    path: Path, *, is_new_allowed: bool = False, is_snapshot: bool = False
) -> tuple[sqlite3.Connection, Guard]:
    """Open a history, or begin one (mode 0600) where that is allowed; others may have written it.

    A snapshot is read-only, and as the file was at its first query.

    Raises:
        MlsecError: not there, not a history, of a newer version, or it cannot be written.
    """
    if is_new_allowed:
        refuse_foreign_file(path)
    if not os.path.lexists(path):
        if not is_new_allowed:
            raise MlsecError(
                "there is no history", hint="mlsec scan TARGET --history FILE begins one",
                location=str(path),
            )  # fmt: skip
        _begin(path)
    elif not path.is_file():
        reason = "is a folder" if path.is_dir() else "is a link to nothing, or a special file"
        raise MlsecError(f"{reason}, and a history is one file", location=str(path))
    check_head(path, _KIND)
    check_journal(path, _KIND)
    with clear_errors(path):
        mode = "ro" if is_snapshot else "rw"
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", timeout=30, uri=True
        )
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            if is_snapshot:
                connection.execute("BEGIN")
            guard = Guard(connection, _KIND, path)
            check_tables(connection, _KIND, path)
        except BaseException:
            connection.close()
            raise
    return connection, guard


def check_history(path: Path) -> None:
    """Refuse a history that could not be written at the end of a scan; nothing is left behind.

    Raises:
        MlsecError: as ``open_history``; it is read-only, in use, or damaged.
    """
    is_new = not os.path.lexists(path)
    connection, guard = open_history(path, is_new_allowed=True)
    guard.allow_changes()
    with contextlib.closing(connection):
        try:
            with clear_errors(path):
                _check_pages(connection, path)
                connection.execute("BEGIN IMMEDIATE")
                # Only a change shows whether the file and its journal can be written.
                connection.execute(f"PRAGMA user_version = {VERSION + 1}")
                connection.rollback()
        finally:
            if is_new:
                path.unlink()


@contextlib.contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """Turn errors of SQLite, and of what is in the tables, into one sentence."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0)
        hint = _HINTS.get(code) or _HINTS.get(code & 0xFF, _RESTORE)
        raise MlsecError(
            f"the history cannot be used: {error}", hint=hint, location=str(path)
        ) from error
    # Somebody else wrote it: whatever the tables hold may be of another type or damaged.
    except (zlib.error, msgspec.MsgspecError, TypeError, ValueError, RecursionError) as error:
        raise MlsecError(
            f"the history is damaged: {error}",
            hint=_RESTORE,
            location=str(path),
        ) from error


def _begin(path: Path) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with clear_errors(path), contextlib.closing(sqlite3.connect(draft)) as connection:
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.commit()
        draft.replace(path)
    except OSError as error:
        raise MlsecError(f"cannot be written: {error.strerror}", location=str(path)) from None
    finally:
        draft.unlink(missing_ok=True)


def _check_pages(connection: sqlite3.Connection, path: Path) -> None:
    (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise MlsecError(
            f"the history is damaged: {' '.join(str(answer).split())}",
            hint=_RESTORE,
            location=str(path),
        )
