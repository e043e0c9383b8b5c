"""Removes what ended long ago, and the counts of scans from before then."""

from __future__ import annotations

import msgspec

from mlsec.history.database import Database
from mlsec.history.queries import LASTING, Rows, holes

# Scans from before a time, but for the newest of each series.
_OLD = (
    "SELECT id FROM scan WHERE finished_s < ? AND id NOT IN (SELECT last_scan FROM series)"
    " AND pruned <= ?"
)
_ENDED = f"state NOT IN ({holes(LASTING)}) AND changed_scan IN ({_OLD})"
_REFERENCES = (
    ("first_scan", "finding"), ("opened_scan", "finding"), ("changed_scan", "finding"),
    ("changed_scan", "past"), ("last_scan", "past"),
)  # fmt: skip


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """How much is old: scans, failures that ended, and of those that remain what they were."""

    scans: int
    failures: int
    periods: int


def prunable(rows: Rows, before_s: int) -> Pruned:
    """Count what is from before a time, in seconds since 1970."""
    [(scans,)] = rows(f"SELECT count(*) FROM scan WHERE id IN ({_OLD})", before_s, 0)  # noqa: S608 - our words
    [(failures,)] = rows(
        f"SELECT count(*) FROM finding WHERE {_ENDED}",  # noqa: S608 - our words
        *LASTING,
        before_s,
        1,
    )
    [(periods,)] = rows(
        f"SELECT count(*) FROM past WHERE last_scan IN ({_OLD})"  # noqa: S608 - our words
        f" AND finding NOT IN (SELECT id FROM finding WHERE {_ENDED})",
        before_s, 1, *LASTING, before_s, 1,
    )  # fmt: skip
    return Pruned(scans=scans, failures=failures, periods=periods)


def prune(database: Database, before_s: int) -> Pruned:
    """Remove it, in the transaction of the one writer.

    A scan stays without its counts where a failure that remains refers to it.
    """
    pruned, change = prunable(database.rows, before_s), database.change
    change(
        f"DELETE FROM past WHERE last_scan IN ({_OLD})"  # noqa: S608 - our words
        f" OR finding IN (SELECT id FROM finding WHERE {_ENDED})",
        before_s, 1, *LASTING, before_s, 1,
    )  # fmt: skip
    change(f"DELETE FROM finding WHERE {_ENDED}", *LASTING, before_s, 1)  # noqa: S608 - our words
    change(f"DELETE FROM counted WHERE scan IN ({_OLD})", before_s, 1)  # noqa: S608 - our words
    change(f"UPDATE scan SET pruned = 1 WHERE id IN ({_OLD})", before_s, 0)  # noqa: S608 - our words
    unused = " AND ".join(
        f"id NOT IN (SELECT {column} FROM {table})"  # noqa: S608 - our words
        for column, table in _REFERENCES
    )
    change(f"DELETE FROM scan WHERE pruned = 1 AND {unused}")  # noqa: S608 - our words
    return pruned
