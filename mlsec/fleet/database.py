"""The database of the fleet: connecting to it, and making or renewing the ledger's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlsec.core.errors import MlsecError
from mlsec.core.installation import command_to_add
from mlsec.fleet.schema import MIGRATIONS, SCHEMA, VERSION, Step

try:
    import psycopg
except ImportError as missing:
    raise MlsecError(
        "a fleet needs psycopg and procrastinate, which are not installed",
        hint=command_to_add("fleet"),
    ) from missing

from mlsec.history.place import DatabaseUrl
from mlsec.history.postgres import check_server, connection_settings

__all__ = ("check_version", "connect", "migrate", "psycopg", "version_of")

# Any number will do, as long as every version of mlsec uses the same.
_MIGRATION_LOCK = 0x6D6C666D


def connect(url: DatabaseUrl) -> psycopg.Connection[Any]:
    """Connect to the fleet's database; each statement is a transaction unless one is begun.

    Raises:
        psycopg.OperationalError: it cannot be reached.
        MlsecError: it is older than what mlsec needs.
    """
    settings = connection_settings(url) | {"application_name": "mlsec fleet"}
    connection = psycopg.connect(url.url, autocommit=True, **settings)
    try:
        check_server(connection, url)
    except BaseException:
        connection.close()
        raise
    return connection


def migrate(connection: psycopg.Connection[Any], steps: Sequence[Step] = MIGRATIONS) -> int:
    """Make or renew the ledger's tables in one transaction, while a scan may go on.

    Returns:
        The version before, 0 where there was no ledger. A newer one is left as it is.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
        before = version_of(connection)
        if before >= steps[-1][0]:
            return before
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}".encode())
        if not before:
            connection.execute("CREATE TABLE mlsec_fleet.version (number BIGINT NOT NULL)")
            connection.execute("INSERT INTO mlsec_fleet.version VALUES (0)")
        for number, text in steps:
            if number > before:
                connection.execute(text.encode())
        connection.execute("UPDATE mlsec_fleet.version SET number = %s", (steps[-1][0],))
    return before


def version_of(connection: psycopg.Connection[Any]) -> int:
    """Give the version of the ledger's tables, 0 without tables."""
    row = connection.execute("SELECT to_regclass('mlsec_fleet.version')").fetchone()
    if not row or row[0] is None:
        return 0
    row = connection.execute("SELECT number FROM mlsec_fleet.version").fetchone()
    return int(row[0]) if row else 0


def check_version(connection: psycopg.Connection[Any], url: DatabaseUrl) -> None:
    """Refuse a ledger that this version cannot use; a newer one it can, since steps only add.

    Raises:
        MlsecError: the ledger is missing, or older than this version.
    """
    version = version_of(connection)
    if version < VERSION:
        what = f"of version {version}; this mlsec needs {VERSION}" if version else "not there"
        raise MlsecError(
            f"the fleet's ledger is {what}", hint="mlsec fleet init makes or renews it",
            location=str(url),
        )  # fmt: skip
