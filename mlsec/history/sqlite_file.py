"""A history in an SQLite file, which anybody may have written: opened with clear refusals."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.foreign import refuse_foreign_file
from mlsec.history.schema import VERSION, Dialect, tables, views
from mlsec.history.stored_text import as_stored
from mlsec.snapshot.foreign_database import (
    FileKind,
    Guard,
    check_head,
    check_journal,
    check_tables,
)

_APPLICATION_ID = 0x6D6C6869  # "mlhi"
_SCHEMA = tables(Dialect.SQLITE) + views(Dialect.SQLITE)
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


class HistoryFile:
    """One open file."""

    def __init__(self, path: Path, *, is_snapshot: bool) -> None:
        self._path = path
        mode = "ro" if is_snapshot else "rw"
        self._file = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            timeout=30, uri=True, isolation_level=None,
        )  # fmt: skip
        try:
            self._file.execute("PRAGMA foreign_keys = ON")
            if is_snapshot:
                self._file.execute("BEGIN")
            self._guard = Guard(self._file, _KIND, path)
            check_tables(self._file, _KIND, path)
        except BaseException:
            self.close()
            raise

    def rows(self, query: str, *values: Any) -> list[Any]:
        with self.clear_errors():
            return self._guard.rows(query, [as_stored(value) for value in values])

    def change(self, statement: str, *values: Any) -> None:
        self._guard.change(statement, [as_stored(value) for value in values])

    def change_many(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        self._guard.change_many(statement, (list(map(as_stored, row)) for row in values))

    def insert(self, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
        holes = ", ".join("?" * (columns.count(",") + 1))
        self.change_many(f"INSERT INTO {table} ({columns}) VALUES ({holes})", rows)  # noqa: S608 - our names

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        self._guard.allow_changes()
        try:
            self._file.execute("BEGIN IMMEDIATE")
            yield
            self._file.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._file.rollback()
            raise

    @contextlib.contextmanager
    def clear_errors(self) -> Iterator[None]:
        with clear_errors(self._path):
            yield

    def close(self) -> None:
        self._file.close()


def open_file(path: Path, *, is_new_allowed: bool, is_snapshot: bool) -> HistoryFile:
    """Open a file, or begin one (mode 0600) where that is allowed.

    Raises:
        MlsecError: not there, not a history, of another version, or it cannot be written.
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
        return HistoryFile(path, is_snapshot=is_snapshot)


def check_file(path: Path) -> None:
    """Refuse a file that could not be written at the end of a scan; nothing is left behind.

    Raises:
        MlsecError: as ``open_file``; it is read-only, in use, or damaged.
    """
    is_new = not os.path.lexists(path)
    try:
        open_file(path, is_new_allowed=True, is_snapshot=False).close()
        uri = f"{path.absolute().as_uri()}?mode=rw"
        with clear_errors(path), contextlib.closing(
            sqlite3.connect(uri, timeout=30, uri=True, isolation_level=None)
        ) as connection:  # fmt: skip
            connection.execute("PRAGMA trusted_schema = OFF")
            _check_pages(connection, path)
            connection.execute("BEGIN IMMEDIATE")
            # Only a change shows whether the file and its journal can be written.
            connection.execute(f"PRAGMA user_version = {VERSION + 1}")
            connection.rollback()
    finally:
        if is_new:
            path.unlink(missing_ok=True)


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
            f"the history is damaged: {error}", hint=_RESTORE, location=str(path)
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
