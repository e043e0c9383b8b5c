"""An empty ledger in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from mlsec.fleet.database import connect, migrate
from mlsec.history.place import DatabaseUrl


@pytest.fixture
def url(database_url: str) -> DatabaseUrl:
    """The database of a fleet, with its tables."""
    url = DatabaseUrl(database_url)
    with connect(url) as connection:
        migrate(connection)
    return url


@pytest.fixture
def ledger(url: DatabaseUrl) -> Iterator[psycopg.Connection[Any]]:
    """A connection to it."""
    with connect(url) as connection:
        yield connection
