"""The ledger's scans: begun once for an organisation, followed, cancelled, tried again, ended."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mlsec.core.errors import MlsecError
from mlsec.fleet.stored_json import from_json, to_json
from mlsec.fleet.units import (
    ENDED,
    Count,
    ErrorClass,
    Kind,
    Lane,
    Progress,
    Scan,
    Shard,
    State,
    Trouble,
)
from mlsec.history.stored_text import as_it_was, as_stored

if TYPE_CHECKING:
    import psycopg

_SCAN = "SELECT id, organisation, config, state, pass, started_at, ended_at FROM mlsec_fleet.scan"
_PLANNER_LOCK = 0x6D6C6670


def begin_scan(connection: psycopg.Connection[Any], organisation: str, config: Any) -> Scan:
    """Begin a scan of an organisation, or give the one that runs, which goes on as it began."""
    connection.execute(
        "INSERT INTO mlsec_fleet.scan (organisation, config) VALUES (%s, %s)"
        " ON CONFLICT (organisation) WHERE state = 'running' DO NOTHING",
        (as_stored(organisation), to_json(config)),
    )
    scan = running_scan(connection, organisation)
    return scan or begin_scan(connection, organisation, config)  # it ended in between


def running_scan(connection: psycopg.Connection[Any], organisation: str) -> Scan | None:
    """Give the organisation's scan that runs."""
    row = connection.execute(
        f"{_SCAN} WHERE organisation = %s AND state = 'running'".encode(),
        (as_stored(organisation),),
    ).fetchone()
    return _scan(row) if row else None


def read_scan(connection: psycopg.Connection[Any], scan: int) -> Scan:
    """Give a scan.

    Raises:
        MlsecError: no scan has this number.
    """
    row = connection.execute(f"{_SCAN} WHERE id = %s".encode(), (scan,)).fetchone()
    if row is None:
        raise MlsecError(f"the ledger has no scan {scan}", hint="mlsec fleet status shows one")
    return _scan(row)


def last_scans(connection: psycopg.Connection[Any], organisation: str = "") -> list[Scan]:
    """Give the last fifty scans of an organisation, or of all, the newest first."""
    rows = connection.execute(
        f"{_SCAN} WHERE %s::text IN ('', organisation) ORDER BY id DESC LIMIT 50".encode(),
        (as_stored(organisation),),
    )
    return [_scan(row) for row in rows]


def hold_planner(connection: psycopg.Connection[Any], organisation: str) -> bool:
    """Become the one planner of an organisation while the connection lasts; False if one is."""
    row = connection.execute(
        "SELECT pg_try_advisory_lock(%s, hashtext(%s))", (_PLANNER_LOCK, as_stored(organisation))
    ).fetchone()
    return bool(row and row[0])


def begin_pass(connection: psycopg.Connection[Any], scan: int, number: int) -> None:
    """Note that a scan's pass of this number has begun."""
    connection.execute(
        "UPDATE mlsec_fleet.scan SET pass = greatest(pass, %s) WHERE id = %s", (number, scan)
    )


def end_scan(connection: psycopg.Connection[Any], scan: int) -> bool:
    """End a scan all of whose units have ended; False where some have not, or it does not run."""
    return (
        connection.execute(
            "UPDATE mlsec_fleet.scan SET state = 'done', ended_at = now()"
            " WHERE id = %s AND state = 'running' AND NOT EXISTS (SELECT FROM mlsec_fleet.unit"
            " WHERE scan = %s AND state IN ('waiting', 'queued', 'running'))",
            (scan, scan),
        ).rowcount
        == 1
    )


def cancel(connection: psycopg.Connection[Any], scan: int) -> bool:
    """Cancel a scan: what has not begun ends now, what runs at its next renewal of the lease."""
    with connection.transaction():
        changed = connection.execute(
            "UPDATE mlsec_fleet.scan SET state = 'cancelled', ended_at = now()"
            " WHERE id = %s AND state = 'running'",
            (scan,),
        )
        if changed.rowcount != 1:
            return False
        connection.execute(
            "WITH ended AS (UPDATE mlsec_fleet.unit SET state = 'cancelled', ended_at = now()"
            " WHERE scan = %s AND state IN ('waiting', 'queued') RETURNING id)"
            " UPDATE mlsec_fleet.slot SET unit = NULL FROM ended WHERE slot.unit = ended.id",
            (scan,),
        )
        return True


def retry(
    connection: psycopg.Connection[Any], scan: int, error_class: ErrorClass | None = None
) -> int:
    """Let units that ended without a shard wait again, those of one class of error or all.

    A scan that is done runs again. Call ``sweep`` and enqueue what it gives.

    Returns:
        How many units.

    Raises:
        MlsecError: another scan of the organisation runs.
    """
    with connection.transaction():
        other = connection.execute(
            "SELECT other.id FROM mlsec_fleet.scan AS other JOIN mlsec_fleet.scan AS this"
            " ON other.organisation = this.organisation AND other.id <> this.id"
            " WHERE this.id = %s AND other.state = 'running'",
            (scan,),
        ).fetchone()
        if other:
            raise MlsecError(
                f"scan {other[0]} of the same organisation runs", hint="wait for it, or cancel it"
            )
        count = connection.execute(
            "UPDATE mlsec_fleet.unit SET state = 'waiting', crashes = 0, failures = 0,"
            " not_before = now(), ended_at = NULL"
            " WHERE scan = %s AND state IN ('gap', 'quarantined', 'cancelled')"
            " AND (%s::text IS NULL OR error_class = %s)",
            (scan, error_class and error_class.value, error_class and error_class.value),
        ).rowcount
        if count:
            connection.execute(
                "UPDATE mlsec_fleet.scan SET state = 'running', ended_at = NULL WHERE id = %s",
                (scan,),
            )
        return count


def progress(connection: psycopg.Connection[Any], scan: int) -> Progress:
    """Count a scan's units by pass, kind and state, as of one moment.

    Raises:
        MlsecError: there is no such scan.
    """
    noted = read_scan(connection, scan)
    # One reading of all units, which is what it costs: 100,000 have been changed several times.
    rows = connection.execute(
        "SELECT pass, kind, state, error_class, count(*), sum(calls), sum(cpu_ms),"
        " coalesce(sum(extract(epoch FROM ended_at - started_at)), 0), max(peak_bytes),"
        " count(*) FILTER (WHERE ended_at > now() - interval '5 minutes')"
        " FROM mlsec_fleet.unit WHERE scan = %s GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
        (scan,),
    ).fetchall()
    [moment] = connection.execute("SELECT now()").fetchall()
    errors: Counter[str] = Counter()
    for row in rows:
        errors.update({row[3]: row[4]} if row[3] else {})
    ended = {state.value for state in ENDED}
    return Progress(
        scan=noted, at=moment[0], counts=_counts(rows), errors=dict(sorted(errors.items())),
        ended_lately=sum(row[9] for row in rows if row[2] in ended),
    )  # fmt: skip


def _counts(rows: Iterable[Any]) -> tuple[Count, ...]:
    """Add up the rows of one pass, kind and state, which stand together."""
    counts = []
    for key, group in itertools.groupby(rows, key=lambda row: row[:3]):
        same = tuple(group)
        units, calls, cpu_ms, seconds = (sum(row[n] for row in same) for n in (4, 5, 6, 7))
        counts.append(
            Count(
                pass_number=key[0], kind=Kind(key[1]), state=State(key[2]), units=units,
                calls=int(calls), cpu_ms=int(cpu_ms), seconds=float(seconds),
                peak_bytes=max(row[8] for row in same),
            )
        )  # fmt: skip
    return tuple(counts)


def lanes(connection: psycopg.Connection[Any], scan: int) -> list[Lane]:
    """Give the lanes in which units of a scan wait or run, the longest queue first."""
    rows = connection.execute(
        "SELECT name, slots, count(*) FILTER (WHERE state <> 'waiting'),"
        " count(*) FILTER (WHERE state = 'waiting') AS waiting"
        " FROM mlsec_fleet.unit JOIN mlsec_fleet.lane ON lane.name = unit.lane"
        " WHERE scan = %s AND state IN ('waiting', 'queued', 'running')"
        " GROUP BY name, slots ORDER BY waiting DESC, name",
        (scan,),
    )
    return [Lane(name=as_it_was(row[0]), slots=row[1], busy=row[2], waiting=row[3]) for row in rows]


def troubles(
    connection: psycopg.Connection[Any], scan: int, limit: int | None = None
) -> list[Trouble]:
    """Give the units that ended without a shard, or failed and were not done since."""
    rows = connection.execute(
        "SELECT id, pass, kind, scope, state, coalesce(error_class, ''), coalesce(error, ''),"
        " coalesce(missing_right, ''), failures, crashes FROM mlsec_fleet.unit WHERE scan = %s"
        " AND (state IN ('gap', 'quarantined', 'cancelled') OR error_class IS NOT NULL)"
        " ORDER BY state, error_class, scope LIMIT %s",
        (scan, limit),
    )
    return [
        Trouble(
            unit=row[0], pass_number=row[1], kind=Kind(row[2]), scope=as_it_was(row[3]),
            state=State(row[4]), error_class=row[5], error=as_it_was(row[6]),
            missing_right=as_it_was(row[7]), failures=row[8], crashes=row[9],
        )
        for row in rows
    ]  # fmt: skip


def shards(connection: psycopg.Connection[Any], scan: int) -> list[Shard]:
    """Give what the scan's units have left in the store, gaps too, by pass, kind and scope."""
    rows = connection.execute(
        "SELECT id, pass, kind, scope, shard, digest FROM mlsec_fleet.unit"
        " WHERE scan = %s AND state IN ('done', 'gap') AND shard <> '' ORDER BY pass, kind, scope",
        (scan,),
    )
    return [
        Shard(
            unit=row[0], pass_number=row[1], kind=Kind(row[2]), scope=as_it_was(row[3]),
            shard=as_it_was(row[4]), digest=row[5],
        )
        for row in rows
    ]  # fmt: skip


def _scan(row: Any) -> Scan:
    return Scan(
        id=row[0], organisation=as_it_was(row[1]), config=from_json(row[2]), state=row[3],
        pass_number=row[4], started_at=row[5], ended_at=row[6],
    )  # fmt: skip
