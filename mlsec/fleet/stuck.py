"""Units that do not come on as the others do, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from mlsec.history.stored_text import as_it_was

if TYPE_CHECKING:
    import psycopg

# So many times longer than units of its kind take, and never less than this.
_TIMES, _LEAST_S = 5, 600.0


class Stuck(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that is not over, and what keeps it.

    Args:
        seconds: how long it runs, or has been waiting since it failed last.
    """

    unit: int
    kind: str
    scope: str
    state: str
    worker: str
    seconds: float
    failures: int
    crashes: int
    error: str


def stuck_units(connection: psycopg.Connection[Any], scan: int, limit: int = 20) -> list[Stuck]:
    """Give what runs far longer than its kind does, and what failed and waits, the worst first."""
    rows = connection.execute(
        "WITH usual AS (SELECT kind, avg(extract(epoch FROM ended_at - started_at)) AS seconds"
        " FROM mlsec_fleet.unit WHERE scan = %(scan)s AND state = 'done' GROUP BY kind),"
        " late AS (SELECT unit.*, extract(epoch FROM now() - CASE unit.state WHEN 'running'"
        " THEN unit.started_at ELSE coalesce(unit.ended_at, unit.created_at) END)::float8"
        " AS for_s FROM mlsec_fleet.unit"
        " WHERE scan = %(scan)s AND state IN ('waiting', 'queued', 'running'))"
        " SELECT id, late.kind, scope, state, coalesce(worker, ''), for_s, failures, crashes,"
        " coalesce(error, '') FROM late LEFT JOIN usual ON usual.kind = late.kind"
        " WHERE failures + crashes > 0 OR (state = 'running'"
        " AND for_s > greatest(%(least)s, %(times)s * coalesce(usual.seconds, 0)))"
        " ORDER BY crashes DESC, failures DESC, for_s DESC LIMIT %(limit)s",
        {"scan": scan, "least": _LEAST_S, "times": _TIMES, "limit": limit},
    )
    return [
        Stuck(
            unit=row[0], kind=row[1], scope=as_it_was(row[2]), state=row[3], worker=row[4],
            seconds=row[5], failures=row[6], crashes=row[7], error=as_it_was(row[8]),
        )
        for row in rows
    ]  # fmt: skip
