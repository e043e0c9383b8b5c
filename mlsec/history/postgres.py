"""A history in a PostgreSQL database, which several machines may write and many programs read."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.installation import command_to_add
from mlsec.core.sanitize import visible
from mlsec.history.place import DatabaseUrl
from mlsec.history.schema import (
    TABLES_SCHEMA,
    VERSION,
    VIEWS_SCHEMA,
    Dialect,
    statements,
    tables,
    views,
)
from mlsec.history.stored_text import as_stored

try:
    import psycopg
except ImportError as missing:
    raise MlsecError(
        "a history in PostgreSQL needs psycopg, which is not installed",
        hint=command_to_add("postgres"),
    ) from missing

_OLDEST_SERVER = 150_000
_CONNECT_S = 10
# A scan waits for another that records: a night of a million failures takes seconds.
_WAIT_MS = 600_000
# Any number will do, as long as every version of mlsec uses the same.
WRITER_LOCK, SENDER_LOCK = 0x6D6C6869, 0x6D6C6E6F
# Each says how to go from the version before it; views are made anew after any of them.
Step = tuple[int, str]
MIGRATIONS: tuple[Step, ...] = ((VERSION, tables(Dialect.POSTGRESQL)),)
_RESTORE = "restore it from a copy, or begin another history"


class PostgresHistory:
    """One connection. A snapshot reads all as of one moment and can write nothing."""

    def __init__(self, url: DatabaseUrl, *, is_snapshot: bool) -> None:
        self._url = url
        self.connection = connect(url)
        try:
            if is_snapshot:
                self.connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        except BaseException:
            self.close()
            raise

    def rows(self, query: str, *values: Any) -> list[Any]:
        with self.clear_errors():
            return self._run(query, values).fetchall()

    def change(self, statement: str, *values: Any) -> None:
        self._run(statement, values)

    def change_many(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        with self.connection.cursor() as cursor:
            stored = ([as_stored(value) for value in row] for row in values)
            cursor.executemany(_with_holes(statement), stored)

    def insert(self, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
        statement = f"COPY {table} ({columns}) FROM STDIN"
        with self.connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for row in rows:
                copy.write_row([as_stored(value) for value in row])

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        with self.connection.transaction():
            self.connection.execute("SELECT pg_advisory_xact_lock(%s)", (WRITER_LOCK,))
            yield

    @contextlib.contextmanager
    def clear_errors(self) -> Iterator[None]:
        with clear_errors(self._url):
            yield

    def close(self) -> None:
        self.connection.close()

    def _run(self, query: str, values: Sequence[Any]) -> psycopg.Cursor[Any]:
        stored = [as_stored(value) for value in values]
        return self.connection.execute(_with_holes(query), stored)


def open_postgres(
    url: DatabaseUrl, *, is_new_allowed: bool = False, is_snapshot: bool = False
) -> PostgresHistory:
    """Open a history, or begin or renew its tables where that is allowed.

    Raises:
        MlsecError: it cannot be reached, is not there, or is of another version.
    """
    history = PostgresHistory(url, is_snapshot=is_snapshot)
    try:
        with clear_errors(url):
            if is_new_allowed:
                migrate(history.connection, url)
            else:
                _check_version(version_of(history.connection), url)
    except BaseException:
        history.close()
        raise
    return history


def has_tables(url: DatabaseUrl) -> bool:
    """Whether a history has begun there.

    Raises:
        MlsecError: it cannot be reached.
    """
    with clear_errors(url), connect(url) as connection:
        return version_of(connection) > 0


def check_database(url: DatabaseUrl) -> None:
    """Refuse a database in which a scan could not be recorded; nothing is changed.

    Raises:
        MlsecError: it cannot be reached, or the user may not write there.
    """
    with clear_errors(url), connect(url) as connection:
        version = version_of(connection)
        if version > VERSION:
            _check_version(version, url)
        may = (
            "has_table_privilege('mlsec.finding', 'INSERT') AND"
            " has_table_privilege('mlsec.finding', 'UPDATE')"
            if version
            else "has_database_privilege(current_database(), 'CREATE')"
        )
        row = connection.execute(
            f"SELECT NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::bool"
            f" AND {may}"
        ).fetchone()
        if not row or not row[0]:
            raise MlsecError(
                "the database user may not write a history there",
                hint="the first scan needs CREATE on the database, every scan INSERT and UPDATE on"
                " the tables in the schema mlsec; a standby cannot be written",
                location=str(url),
            )


def migrate(
    connection: psycopg.Connection[Any], url: DatabaseUrl, steps: Sequence[Step] = MIGRATIONS
) -> None:
    """Make or renew tables and views in one transaction; readers see the old or the new.

    Raises:
        MlsecError: they are of a newer version.
    """
    newest = steps[-1][0]
    if version_of(connection) == newest:
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (WRITER_LOCK,))
        version = version_of(connection)
        if version > newest:
            _check_version(version, url, newest)
        for schema in (TABLES_SCHEMA, VIEWS_SCHEMA):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}".encode())
        if not version:
            connection.execute("CREATE TABLE mlsec.version (number BIGINT NOT NULL)")
            connection.execute("INSERT INTO mlsec.version VALUES (0)")
        for number, text in steps:
            if number > version:
                for statement in statements(text):
                    connection.execute(statement.encode())
        for statement in statements(views(Dialect.POSTGRESQL)):
            renewed = statement.replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1)
            connection.execute(renewed.encode())
        connection.execute("UPDATE mlsec.version SET number = %s", (newest,))


def version_of(connection: psycopg.Connection[Any]) -> int:
    """Give the version of the tables, 0 where there are none."""
    row = connection.execute("SELECT to_regclass('mlsec.version')").fetchone()
    if not row or row[0] is None:
        return 0
    row = connection.execute("SELECT max(number) FROM mlsec.version").fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def connect(url: DatabaseUrl) -> psycopg.Connection[Any]:
    """Connect; a password comes from the URL, or as for psql from PGPASSWORD, a file, a service.

    Raises:
        MlsecError: it cannot be reached, or is older than what mlsec needs.
    """
    with clear_errors(url):
        connection = psycopg.connect(url.url, autocommit=True, **connection_settings(url))
        try:
            check_server(connection, url)
            connection.execute(f"SET search_path = {TABLES_SCHEMA}".encode())
            connection.execute(f"SET lock_timeout = {_WAIT_MS}".encode())
        except BaseException:
            connection.close()
            raise
    return connection


def check_server(connection: psycopg.Connection[Any], url: DatabaseUrl) -> None:
    """Refuse a server that is too old, or a database that is not in UTF-8."""
    if connection.info.server_version < _OLDEST_SERVER:
        raise MlsecError("PostgreSQL 15 or newer is needed", location=str(url))
    encoding = connection.execute("SHOW server_encoding").fetchone()
    if not encoding or encoding[0] != "UTF8":
        raise MlsecError(
            "the encoding of the database is not UTF8", location=str(url),
            hint="create one: createdb --encoding=UTF8 --template=template0 NAME",
        )  # fmt: skip


def connection_settings(url: DatabaseUrl) -> dict[str, Any]:
    """Give what the URL leaves open; what crosses a network is encrypted unless it says else."""
    given = url.parameters
    settings: dict[str, Any] = {"application_name": "mlsec", "client_encoding": "UTF8"}
    if "connect_timeout" not in given and "PGCONNECT_TIMEOUT" not in os.environ:
        settings["connect_timeout"] = _CONNECT_S
    has_service = "service" in given or "PGSERVICE" in os.environ
    if "sslmode" not in given and "PGSSLMODE" not in os.environ and not has_service:
        settings["sslmode"] = "prefer" if url.is_local else "require"
    return {name: value for name, value in settings.items() if name not in given}


def _check_version(version: int, url: DatabaseUrl, newest: int = VERSION) -> None:
    if not version:
        raise MlsecError(
            "there is no history", hint="mlsec scan TARGET --history URL begins one",
            location=str(url),
        )  # fmt: skip
    if version > newest:
        raise MlsecError(
            f"the history is of version {version}; this mlsec reads up to {newest}",
            hint="update mlsec", location=str(url),
        )  # fmt: skip
    if version < newest:
        raise MlsecError(
            f"the history is of version {version}; this mlsec reads version {newest}",
            hint="the next scan that records with this mlsec renews it", location=str(url),
        )  # fmt: skip


@contextlib.contextmanager
def clear_errors(url: DatabaseUrl) -> Iterator[None]:
    """Turn errors of the database, and of what is in the tables, into one sentence."""
    try:
        yield
    except psycopg.Error as error:
        raise MlsecError(
            f"the history cannot be used: {server_message(error, url)}", hint=_hint(error),
            location=str(url),
        ) from None  # fmt: skip
    except (zlib.error, msgspec.MsgspecError, TypeError, ValueError, RecursionError) as error:
        raise MlsecError(
            f"the history is damaged: {error}", hint=_RESTORE, location=str(url)
        ) from error


def server_message(error: psycopg.Error, url: DatabaseUrl) -> str:
    """Give the server's sentence, without a password that a driver may repeat."""
    if isinstance(error, psycopg.ProgrammingError) and not error.sqlstate:
        return "its URL is not understood"  # the driver's sentence repeats parts of it
    text = " ".join((error.diag.message_primary or str(error)).split())
    for secret in url.secrets:
        text = text.replace(secret, "***")
    return visible(text, 400)


def _hint(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return "another scan records: run it again when that has ended"
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return "grant the user what the documentation of the history lists"
    if isinstance(error, psycopg.errors.DiskFull):
        return "make room on its disk; what was recorded before is kept"
    if isinstance(error, psycopg.OperationalError):
        return "what was recorded before is kept; check that psql reaches it with the same URL"
    return ""


def _with_holes(query: str) -> bytes:
    return query.replace("?", "%s").encode()
