"""The fleet's database as a command opens it: each error of it becomes one sentence."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from mlsec.core.errors import MlsecError
from mlsec.fleet.database import check_version, connect, psycopg
from mlsec.fleet.scans import last_scans, read_scan
from mlsec.fleet.units import Scan
from mlsec.history.place import DatabaseUrl, is_database, read_place
from mlsec.history.postgres import server_message

VARIABLE = "MLSEC_FLEET_DATABASE"


def database_url(text: str = "") -> DatabaseUrl:
    """Give the URL of the fleet's database: the one that is given, else that of the variable.

    Raises:
        MlsecError: no URL is given, or it is not one of PostgreSQL; its text is not repeated.
    """
    text = text or os.environ.get(VARIABLE, "")
    place = read_place(text) if is_database(text) else None
    if not isinstance(place, DatabaseUrl):
        what = "this is not the URL of one" if text else "none is named"
        raise MlsecError(
            f"the fleet needs a PostgreSQL database, and {what}",
            hint=f"set {VARIABLE}=postgresql://USER@HOST/DATABASE",
        )
    return place


@contextlib.contextmanager
def clear_errors(url: DatabaseUrl) -> Iterator[None]:
    """Turn errors of the database into one sentence."""
    try:
        yield
    except psycopg.Error as error:
        raise MlsecError(
            f"the fleet's database cannot be used: {server_message(error, url)}",
            hint=_hint(error), location=str(url),
        ) from None  # fmt: skip


@contextlib.contextmanager
def opened_ledger(url: DatabaseUrl) -> Iterator[psycopg.Connection[Any]]:
    """Connect to a ledger that this version can use.

    Raises:
        MlsecError: it cannot be reached, or is not there, or is older.
    """
    with clear_errors(url), connect(url) as connection:
        check_version(connection, url)
        yield connection


def chosen_scan(
    connection: psycopg.Connection[Any], organisation: str = "", number: int | None = None
) -> Scan:
    """Give a scan by its number, else the newest, which must then be of the only organisation.

    Raises:
        MlsecError: no scan is recorded, or several organisations have scans.
    """
    if number is not None:
        return read_scan(connection, number)
    scans = last_scans(connection, organisation)
    if not scans:
        of = f' of "{organisation}"' if organisation else ""
        raise MlsecError(
            f"the ledger has no scan{of}", hint="mlsec fleet run CONFIG begins one"
        )  # fmt: skip
    names = sorted({scan.organisation for scan in scans})
    if len(names) > 1:
        raise MlsecError(
            f"the ledger has scans of {len(names)} organisations: {', '.join(names[:5])}",
            hint="choose one with --organisation NAME",
        )
    return scans[0]


def _hint(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return (
            "the login lacks a role: GRANT mlsec_planner or mlsec_worker TO it (mlsec fleet init"
            " --roles makes them); who has mlsec_reader reads the views and needs no command"
        )
    if isinstance(error, psycopg.OperationalError):
        return "check that psql reaches it with the same URL; a scan goes on when it is back"
    return ""
