"""What a history asks of the database that it is kept in, and opening either kind of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from mlsec.history.place import DatabaseUrl, Place


class Database(Protocol):
    """An open history. Statements have a ``?`` for each value and are the same for every kind."""

    def rows(self, query: str, *values: Any) -> list[Any]:
        """Give the rows of a query."""

    def change(self, statement: str, *values: Any) -> None:
        """Run a statement that changes rows."""

    def change_many(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        """Run a statement that changes rows once for each of the sequences of values."""

    def insert(self, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
        """Add many rows; ``columns`` are separated by commas."""

    def writing(self) -> AbstractContextManager[None]:
        """Let what happens in a block happen whole or not at all, and by one writer at a time."""

    def clear_errors(self) -> AbstractContextManager[None]:
        """Turn errors of the database, and of what is in its tables, into one sentence."""

    def close(self) -> None:
        """End it."""


def open_database(
    place: Place, *, is_new_allowed: bool = False, is_snapshot: bool = False
) -> Database:
    """Open a history, or begin one where that is allowed.

    A snapshot is read-only, and as the history was at its first query.

    Raises:
        MlsecError: not there, not a history, of another version, or it cannot be used.
    """
    if isinstance(place, DatabaseUrl):
        from mlsec.history.postgres import open_postgres  # noqa: PLC0415 - an extra

        return open_postgres(place, is_new_allowed=is_new_allowed, is_snapshot=is_snapshot)
    from mlsec.history.sqlite_file import open_file  # noqa: PLC0415 - loads only when used

    return open_file(place, is_new_allowed=is_new_allowed, is_snapshot=is_snapshot)


def has_begun(place: Place) -> bool:
    """Whether a history is there.

    Raises:
        MlsecError: the database cannot be reached.
    """
    if isinstance(place, Path):
        return place.exists()
    from mlsec.history.postgres import has_tables  # noqa: PLC0415 - an extra

    return has_tables(place)


def check_history(place: Place) -> None:
    """Refuse a history that could not be written at the end of a scan; nothing is left behind.

    Raises:
        MlsecError: as ``open_database``; it is read-only, in use, or damaged.
    """
    if isinstance(place, DatabaseUrl):
        from mlsec.history.postgres import check_database  # noqa: PLC0415 - an extra

        check_database(place)
        return
    from mlsec.history.sqlite_file import check_file  # noqa: PLC0415 - loads only when used

    check_file(place)
