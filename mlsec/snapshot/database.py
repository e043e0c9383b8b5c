"""The SQLite side of a snapshot: its schema, opening with clear refusals, the canonical copy."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from mlsec.core.errors import MlsecError
from mlsec.snapshot.records import SCHEMA_VERSION, Call

_APPLICATION_ID = 0x6D6C7365  # "mlse"
_PAGE_BYTES = 4096
# What SQLite keeps beside a file that is written to, by how its name ends.
BESIDE = ("-wal", "-shm", "-journal")
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
    with clear_errors(path):
        connection = _connect(path)
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
    return connection


def open_working(path: Path) -> sqlite3.Connection:
    """Open a part file that an interrupted collection left behind."""
    with clear_errors(path):
        connection = _connect(path)
        try:
            _check_kind(connection, path)
            connection.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            connection.close()
            raise
    return connection


def open_finished(path: Path) -> sqlite3.Connection:
    """Open a sealed file read-only; nothing is ever written to it."""
    _check_header(path)
    with clear_errors(path):
        connection = _connect(path, "?mode=ro&immutable=1")
        try:
            _check_kind(connection, path)
            _check_whole(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


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
    except sqlite3.Error as error:
        text = str(error)
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL or "disk I/O" in text:
            raise MlsecError(
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
    uri = path.resolve().as_uri() + options
    return sqlite3.connect(uri, uri=True, check_same_thread=False, timeout=30)


def _check_header(path: Path) -> None:
    try:
        with path.open("rb") as file:
            header = file.read(100)
        size = path.stat().st_size
    except OSError as error:
        raise MlsecError(f"cannot read it: {error.strerror}", location=str(path)) from None
    if not header.startswith(b"SQLite format 3\0"):
        raise MlsecError("this is not a snapshot (not an SQLite file)", location=str(path))
    pages = int.from_bytes(header[28:32], "big") if len(header) == 100 else 1
    if size < pages * _PAGE_BYTES:
        raise MlsecError(
            "the snapshot is cut short", hint="copy or collect it again", location=str(path)
        )


def _check_kind(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != _APPLICATION_ID:
        raise MlsecError("this SQLite file is not an mlsec snapshot", location=str(path))
    if version > SCHEMA_VERSION:
        raise MlsecError(
            f"the snapshot is of version {version}; this mlsec reads up to {SCHEMA_VERSION}",
            hint="update mlsec",
            location=str(path),
        )


def _check_whole(connection: sqlite3.Connection, path: Path) -> None:
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    (count,) = connection.execute("SELECT count(*) FROM call").fetchone()
    if "seal" not in meta:
        raise MlsecError(
            "the snapshot was never finished",
            hint="finish it with --resume",
            location=str(path),
        )
    if str(count) != meta.get("calls"):
        raise MlsecError(
            f"the snapshot should hold {meta.get('calls')} calls and holds {count}",
            hint="it was changed after it was collected",
            location=str(path),
        )
