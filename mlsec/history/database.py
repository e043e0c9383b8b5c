"""The SQLite file of the history: its tables, and opening it with clear refusals."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from mlsec.core.errors import MlsecError

_APPLICATION_ID = 0x6D6C6869  # "mlhi"
_VERSION = 1
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


def open_history(path: Path, *, is_new_allowed: bool = False) -> sqlite3.Connection:
    """Open a history, or begin one (mode 0600) where that is allowed.

    Raises:
        MlsecError: not there, not a history, of a newer version, or it cannot be written.
    """
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
    with clear_errors(path):
        connection = sqlite3.connect(path, timeout=30)
        try:
            _check(connection, path)
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            connection.close()
            raise
    return connection


def check_history(path: Path) -> None:
    """Refuse a history that could not be written at the end of a scan; nothing is left behind.

    Raises:
        MlsecError: as ``open_history``.
    """
    is_new = not os.path.lexists(path)
    open_history(path, is_new_allowed=True).close()
    if is_new:
        path.unlink()


@contextlib.contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into one sentence."""
    try:
        yield
    except sqlite3.Error as error:
        raise MlsecError(
            f"the history cannot be used: {error}", hint="is it a file that mlsec wrote?",
            location=str(path),
        ) from error  # fmt: skip


def _begin(path: Path) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with clear_errors(path), contextlib.closing(sqlite3.connect(draft)) as connection:
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {_VERSION}")
            connection.commit()
        draft.replace(path)
    except OSError as error:
        raise MlsecError(f"cannot be written: {error.strerror}", location=str(path)) from None
    finally:
        draft.unlink(missing_ok=True)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != _APPLICATION_ID:
        raise MlsecError("this SQLite file is not a history of mlsec", location=str(path))
    if version > _VERSION:
        raise MlsecError(
            f"the history is of version {version}; this mlsec reads up to {_VERSION}",
            hint="update mlsec",
            location=str(path),
        )
