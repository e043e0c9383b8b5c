"""The SQLite side of a snapshot: its schema, opening with clear refusals, the canonical copy."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote_from_bytes

from mlsec.core.errors import MlsecError, NoRoomError
from mlsec.snapshot.file_names import BESIDE
from mlsec.snapshot.foreign_database import (
    FileKind,
    Guard,
    check_head,
    check_journal,
    check_marks,
    check_tables,
    marks_of,
    read_head,
)
from mlsec.snapshot.records import SCHEMA_VERSION, Call

_APPLICATION_ID = 0x6D6C7365  # "mlse"
_PAGE_BYTES = 4096
NOTHING_YET = "make room and run it again; nothing was collected yet"
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE call (id TEXT PRIMARY KEY, scope TEXT NOT NULL, region TEXT NOT NULL,
  service TEXT NOT NULL, operation TEXT NOT NULL, params TEXT NOT NULL, status TEXT NOT NULL,
  reason TEXT NOT NULL, error_code TEXT NOT NULL, right TEXT NOT NULL, detail TEXT NOT NULL,
  payload TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE payload (digest TEXT PRIMARY KEY, size INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE clock (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE timing (id TEXT PRIMARY KEY, started_at TEXT NOT NULL, took_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL) WITHOUT ROWID;
"""
KIND = FileKind(
    name="snapshot",
    application_id=_APPLICATION_ID,
    version=SCHEMA_VERSION,
    schema=_SCHEMA,
    is_finished=True,
)


def create(path: Path, *, is_working: bool) -> sqlite3.Connection:
    """Make a new, empty file, mode 0600.

    Raises:
        MlsecError: it cannot be made there.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        for end in BESIDE:  # a log that lay there would be taken for this file's own
            Path(f"{path}{end}").unlink(missing_ok=True)
    except OSError as error:
        raise MlsecError(f"cannot write {path}: {error.strerror}") from None
    try:
        return _begun(path, is_working=is_working)
    except MlsecError as error:
        for leftover in ("", *BESIDE):
            path.with_name(path.name + leftover).unlink(missing_ok=True)
        if is_working and isinstance(error, NoRoomError):
            error.hint = NOTHING_YET
        raise


def _begun(path: Path, *, is_working: bool) -> sqlite3.Connection:
    with clear_errors(path), contextlib.ExitStack() as unfinished:
        connection = _connect(path)
        unfinished.callback(connection.close)
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        if is_working:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        else:
            connection.execute("PRAGMA journal_mode = OFF")
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.executescript(_SCHEMA)
        connection.commit()
        unfinished.pop_all()
    return connection


def open_working(path: Path) -> tuple[sqlite3.Connection, Guard]:
    """Open a part file that an interrupted collection left behind.

    Raises:
        MlsecError: not such a file, or it cannot be written.
    """
    read_head(path, KIND)
    check_journal(path, KIND)
    connection, guard = _guarded(path, "")
    guard.allow_changes()
    return connection, guard


def open_finished(path: Path) -> tuple[sqlite3.Connection, Guard]:
    """Open a sealed file read-only; nothing beside it is read and nothing is ever written to it.

    Raises:
        MlsecError: not a snapshot, cut short, of another version, or with other tables than ours.
    """
    check_head(path, KIND)
    return _guarded(path, "?mode=ro&immutable=1")


def _guarded(path: Path, options: str) -> tuple[sqlite3.Connection, Guard]:
    with clear_errors(path):
        connection = _connect(path, options)
        try:
            if not options:
                check_marks(*marks_of(connection), KIND, path)
                connection.execute("PRAGMA synchronous = NORMAL")
            guard = Guard(connection, KIND, path)
            check_tables(connection, KIND, path)
        except BaseException:
            connection.close()
            raise
    return connection, guard


def fill(
    target: sqlite3.Connection,
    meta: Mapping[str, str],
    clock: Mapping[str, str],
    calls: Sequence[Call],
    payload_row: Callable[[str], tuple[str, int, bytes]],
) -> None:
    """Write everything in sorted order in one transaction, so equal content gives equal pages."""
    by_id = sorted(calls, key=lambda call: call.id)
    target.execute("BEGIN")
    target.executemany("INSERT INTO meta VALUES (?, ?)", sorted(meta.items()))
    target.executemany(
        "INSERT INTO call VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        ((call.id, *call.lasting()) for call in by_id),
    )
    digests = sorted({call.payload for call in calls if call.payload})
    target.executemany("INSERT INTO payload VALUES (?, ?, ?)", map(payload_row, digests))
    target.executemany("INSERT INTO clock VALUES (?, ?)", sorted(clock.items()))
    target.executemany(
        "INSERT INTO timing VALUES (?, ?, ?, ?)",
        ((call.id, call.started_at, call.took_ms, call.attempts) for call in by_id),
    )
    target.execute("COMMIT")


@contextlib.contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into one sentence that says what to do."""
    try:
        yield
    except (sqlite3.Error, UnicodeError, OverflowError) as error:
        text = str(error)
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL or "disk I/O" in text:
            raise NoRoomError(
                f"the disk is full or failing: {text}",
                hint="make room and go on with --resume; what was collected is kept",
                location=str(path),
            ) from error
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            raise MlsecError(f"cannot write or open it: {text}", location=str(path)) from error
        raise MlsecError(
            f"the snapshot is damaged or not a snapshot: {text}", location=str(path)
        ) from error


def _connect(path: Path, options: str = "") -> sqlite3.Connection:
    # Path.as_uri loads an HTTP client since Python 3.14.
    uri = f"file://{quote_from_bytes(os.fsencode(path.resolve()))}{options}"
    return sqlite3.connect(uri, uri=True, check_same_thread=False, timeout=30)
