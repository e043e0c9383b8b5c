"""What of past scans may go: their shards in the store and their rows in the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from mlsec.history.stored_text import as_it_was, as_stored

if TYPE_CHECKING:
    import psycopg


class Objects(Protocol):
    """What is needed of a store."""

    def list(self, prefix: str = "") -> Iterator[str]:
        """Give the names that begin so."""

    def delete(self, name: str) -> None:
        """Take an object away."""


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """What can be removed.

    Args:
        scans: numbers of scans that ended long ago; the newest that is done is never one of them.
        objects: their objects in the store.
        leftovers: objects of attempts that did not count, of scans that ended and are kept.
        unknown: how many objects belong to no scan of this ledger: they are left alone.
    """

    scans: tuple[int, ...]
    objects: tuple[str, ...]
    leftovers: tuple[str, ...]
    unknown: int


def find_removal(
    connection: psycopg.Connection[Any], store: Objects, organisation: str, keep_days: int
) -> Removal:
    """Say what can be removed; nothing of a scan that runs, or of the newest that is done."""
    rows = connection.execute(
        "SELECT id, state <> 'running' AND ended_at < now() - make_interval(days => %s)"
        " AND id <> coalesce((SELECT max(id) FROM mlsec_fleet.scan AS newest"
        " WHERE newest.organisation = scan.organisation AND newest.state = 'done'), 0),"
        " state <> 'running' FROM mlsec_fleet.scan WHERE organisation = %s",
        (keep_days, as_stored(organisation)),
    ).fetchall()
    old = {row[0] for row in rows if row[1]}
    ended = {row[0] for row in rows if row[2]}
    known = {row[0] for row in rows}
    objects, leftovers, unknown = [], [], 0
    shards: dict[int, set[str]] = {}
    for name in store.list():
        number = name.partition("/")[0]
        scan = int(number) if number.isdecimal() else 0
        if scan in old:
            objects.append(name)
        elif scan in ended:
            if scan not in shards:
                shards[scan] = _shards(connection, scan)
            if name not in shards[scan] and _is_of_an_attempt(name):
                leftovers.append(name)
        elif scan not in known:
            unknown += 1
    return Removal(
        scans=tuple(sorted(old)), objects=tuple(objects), leftovers=tuple(leftovers),
        unknown=unknown,
    )  # fmt: skip


def remove(connection: psycopg.Connection[Any], store: Objects, removal: Removal) -> None:
    """Remove it: objects first, so that one that is interrupted can be finished by another."""
    for name in (*removal.objects, *removal.leftovers):
        store.delete(name)
    connection.execute(
        "DELETE FROM mlsec_fleet.scan WHERE id = ANY(%s) AND state <> 'running'",
        (list(removal.scans),),
    )


def _shards(connection: psycopg.Connection[Any], scan: int) -> set[str]:
    rows = connection.execute("SELECT shard FROM mlsec_fleet.unit WHERE scan = %s", (scan,))
    return {as_it_was(row[0]) for row in rows if row[0]}


def _is_of_an_attempt(name: str) -> bool:
    """Whether it is SCAN/UNIT/ATTEMPT and no list of a scan's units."""
    parts = name.split("/")
    return len(parts) == 3 and parts[1].isdecimal()
