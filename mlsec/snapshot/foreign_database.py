"""Open an SQLite file that anybody may have written: known tables, nothing that runs, limits."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.errors import MlsecError

_MAGIC = b"SQLite format 3\0"
_HEAD_BYTES = 100
# The end of a rollback journal that names another file, which SQLite would then delete.
_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 300 * 1024 * 1024,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 20_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 32,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 50,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 1,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 10_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 4,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 64,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_FUNCTIONS = frozenset({"coalesce", "count", "max", "min", "row_number", "sum"})
_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION})
_CHANGING = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})
# What checks a history before a long scan; the tables are known to be ours by then.
_PRAGMAS = frozenset({"quick_check", "user_version"})
_CATALOG = frozenset({"sqlite_master", "sqlite_schema"})
# Steps of SQLite's machine that one query may take: some, and more in a larger file.
_STEPS, _STEPS_PER_BYTE, _STEPS_AT_ONCE = 1_000_000, 4, 50_000
# What the rows of one query may come to: a row can be joined with many, and is in the file once.
_ROWS_BYTES, _ROWS_PER_BYTE = 64 * 1024 * 1024, 20


class FileKind(msgspec.Struct, frozen=True, kw_only=True):
    """What a file must be: its marks, and the statements that made its tables, word for word.

    ``is_finished``: nobody writes to such a file any more, so that it is as long as it says.
    """

    name: str
    application_id: int
    version: int
    schema: str
    is_finished: bool

    @property
    def tables(self) -> dict[str, str]:
        """The statement that makes each table, index and view, with single spaces."""
        statements = [" ".join(part.split()) for part in self.schema.split(";") if part.strip()]
        return {statement.split()[2]: statement for statement in statements}


class Guard:
    """What stands between a connection and its file; queries go through ``rows``."""

    def __init__(self, connection: sqlite3.Connection, kind: FileKind, path: Path) -> None:
        self._connection = connection
        self._tables = frozenset(kind.tables)
        size_bytes = path.stat().st_size
        self._most_bytes = _ROWS_BYTES + _ROWS_PER_BYTE * size_bytes
        self._steps = _STEPS + _STEPS_PER_BYTE * size_bytes
        self._left = self._steps
        self._is_writable = False
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        for limit, value in _LIMITS.items():
            connection.setlimit(limit, value)
        connection.set_authorizer(self._is_allowed)
        connection.set_progress_handler(self._tick, _STEPS_AT_ONCE)

    def allow_changes(self) -> None:
        """Let rows of the known tables be changed."""
        self._is_writable = True

    def begin(self) -> None:
        """Give the next query its whole share of work."""
        self._left = self._steps

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """Give the rows of a query, within its share of work and memory.

        Raises:
            sqlite3.Error: the file is damaged, or its pages lead in a circle.
        """
        self._left, size_bytes, result = self._steps, 0, []
        for row in self._connection.execute(query, values):
            size_bytes += sum(len(value) for value in row if isinstance(value, (str, bytes)))
            if size_bytes > self._most_bytes:
                raise sqlite3.DataError("more rows than a file of this size can hold")
            result.append(row)
        return result

    def change(self, query: str, values: Sequence[Any] = ()) -> None:
        """Run a statement that changes rows, within its share of work."""
        self._left = self._steps
        self._connection.execute(query, values)

    def change_many(self, query: str, values: Iterable[Sequence[Any]]) -> None:
        """Run a statement for each of many rows, each within its share of work."""
        for row in values:
            self._left = self._steps
            self._connection.execute(query, row)

    def _tick(self) -> bool:
        self._left -= _STEPS_AT_ONCE
        return self._left < 0

    def _is_allowed(
        self, action: int, first: str | None, second: str | None, _: str | None, by: str | None
    ) -> int:
        if by is not None:  # a view or a trigger asks
            return sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_READ:
            is_known = first in self._tables or first in _CATALOG
        elif action == sqlite3.SQLITE_FUNCTION:
            is_known = second in _FUNCTIONS
        elif action in _CHANGING:
            is_known = self._is_writable and first in self._tables
        elif action == sqlite3.SQLITE_PRAGMA:
            is_known = self._is_writable and first in _PRAGMAS
        else:
            is_known = action == sqlite3.SQLITE_SELECT or (
                self._is_writable and action == sqlite3.SQLITE_TRANSACTION
            )
        return sqlite3.SQLITE_OK if is_known else sqlite3.SQLITE_DENY


def check_head(path: Path, kind: FileKind) -> None:
    """Refuse what is not such a file by its first bytes, before SQLite sees it.

    Raises:
        MlsecError: not a regular file, not SQLite, of another kind or version, cut short.
    """
    head, size_bytes = read_head(path, kind)
    if not head.startswith(_MAGIC) or len(head) < _HEAD_BYTES:
        raise MlsecError(f"this is not a {kind.name} (not an SQLite file)", location=str(path))
    application, version = (int.from_bytes(head[at : at + 4], "big") for at in (68, 60))
    check_marks(application, version, kind, path)
    page_bytes, pages = int.from_bytes(head[16:18], "big"), int.from_bytes(head[28:32], "big")
    if kind.is_finished and size_bytes < pages * max(page_bytes, 512):
        raise MlsecError(
            f"the {kind.name} is cut short", hint="copy or collect it again", location=str(path)
        )


def read_head(path: Path, kind: FileKind) -> tuple[bytes, int]:
    """Give the first bytes of a file and its size.

    Raises:
        MlsecError: it cannot be read, or is a pipe, a device, a folder.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            is_file = stat.S_ISREG(status.st_mode)
            head = os.read(descriptor, _HEAD_BYTES) if is_file else b""
        finally:
            os.close(descriptor)
    except OSError as error:
        raise MlsecError(f"cannot read it: {error.strerror}", location=str(path)) from None
    if not is_file:
        raise MlsecError(
            f"a {kind.name} is one file, and this is a folder, a pipe or a device",
            location=str(path),
        )
    return head, status.st_size


def check_marks(application: int, version: int, kind: FileKind, path: Path) -> None:
    """Refuse a file of another application or version.

    Raises:
        MlsecError: it is one.
    """
    if application != kind.application_id:
        raise MlsecError(f"this SQLite file is not an mlsec {kind.name}", location=str(path))
    if version != kind.version:
        raise MlsecError(
            f"the {kind.name} is of version {version}; this mlsec reads version {kind.version}",
            hint="update mlsec" if version > kind.version else "no released mlsec wrote it",
            location=str(path),
        )


def marks_of(connection: sqlite3.Connection) -> tuple[int, int]:
    """Give application and version as they stand in the file and its log together."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application, version


def check_journal(path: Path, kind: FileKind) -> None:
    """Refuse a journal beside the file that names a further file: SQLite would delete that.

    Raises:
        MlsecError: there is one.
    """
    journal = Path(f"{path}-journal")
    try:
        if not stat.S_ISREG(journal.lstat().st_mode):
            is_foreign = True
        else:
            with journal.open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - len(_JOURNAL_MAGIC)))
                is_foreign = file.read() == _JOURNAL_MAGIC
    except FileNotFoundError:
        return
    except OSError as error:
        raise MlsecError(f"cannot be read: {error.strerror}", location=str(journal)) from None
    if is_foreign:
        raise MlsecError(
            f"the journal beside the {kind.name} was not left behind by mlsec",
            hint="delete it if you do not know where it comes from",
            location=str(journal),
        )


def check_tables(connection: sqlite3.Connection, kind: FileKind, path: Path) -> None:
    """Refuse a file whose tables are not exactly those that mlsec makes.

    A view, a trigger, a generated column, a check or an index of its own would be code that runs
    while we read.

    Raises:
        MlsecError: something is missing, other than it should be, or added.
    """
    expected = kind.tables
    tables: dict[str, str] = {}
    for type_, name, statement in connection.execute("SELECT type, name, sql FROM sqlite_master"):
        is_automatic = type_ == "index" and statement is None
        if is_automatic and str(name).startswith("sqlite_autoindex_") and len(tables) < 100:
            continue
        said = " ".join(str(statement).split())
        is_as_said = said.startswith(f"CREATE {str(type_).upper()} {name} ")
        tables[str(name)] = said if is_as_said else str(type_)
        if tables[str(name)] != expected.get(str(name)):
            break
    if tables != expected:
        raise MlsecError(
            f"the tables are not those of a {kind.name}",
            hint="it was changed, or was not written by mlsec",
            location=str(path),
        )
