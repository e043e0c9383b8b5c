"""The ledger's units: added, claimed, ended exactly once, and taken back from who is gone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.fleet.slots import make_slots, release, set_lanes
from mlsec.fleet.stored_json import from_json, to_json
from mlsec.fleet.units import Claim, ErrorClass, Kind, NewUnit, Outcome
from mlsec.history.stored_text import as_it_was, as_stored

if TYPE_CHECKING:
    import psycopg

__all__ = ("add_units", "claim", "commit", "fail", "release", "renew", "set_lanes", "sweep")

CRASHES = 2
_ERROR_CHARS = 4_000
_SCOPE_BYTES = 2_000
_ENQUEUE_AGAIN_S = 30.0
_SWEEP_LOCK = 0x6D6C6673
_FAIL = """
WITH ended AS (
    UPDATE mlsec_fleet.unit SET state = CASE
        WHEN scan.state = 'cancelled' THEN 'cancelled'
        WHEN %(is_crash)s AND crashes + 1 >= %(crashes)s THEN 'quarantined'
        WHEN %(is_final)s THEN 'gap' ELSE 'waiting' END,
    crashes = crashes + %(is_crash)s::int, failures = failures + (NOT %(is_crash)s)::int,
    not_before = now() + make_interval(secs => %(delay_s)s), error_class = %(class)s,
    error = %(text)s, missing_right = %(right)s, calls = %(calls)s, cpu_ms = %(cpu_ms)s,
    peak_bytes = %(peak_bytes)s, lease_until = NULL, ended_at = now(),
    shard = CASE WHEN %(is_final)s THEN %(shard)s END,
    digest = CASE WHEN %(is_final)s THEN %(digest)s END
    FROM mlsec_fleet.scan WHERE unit.id = %(unit)s AND attempt = %(attempt)s
        AND unit.state = 'running' AND scan.id = unit.scan RETURNING unit.id, unit.scan
), freed AS (
    UPDATE mlsec_fleet.slot SET unit = NULL FROM ended WHERE slot.unit = ended.id
)
SELECT scan FROM ended
"""


def add_units(connection: psycopg.Connection[Any], scan: int, units: Iterable[NewUnit]) -> int:
    """Add units that wait; one that is there already, by pass, kind and scope, is left as it is.

    Returns:
        How many were new.

    Raises:
        MlsecError: a scope is too long.
    """
    given = list(units)
    for unit in given:
        if len(unit.scope.encode("utf-8", "surrogatepass")) > _SCOPE_BYTES:
            raise MlsecError(f"the name of a scope has more than {_SCOPE_BYTES} bytes")
    lanes = {unit.lane: unit.slots for unit in given}
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO mlsec_fleet.lane VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [(as_stored(name), slots) for name, slots in sorted(lanes.items())],
        )
        if cursor.rowcount:
            make_slots(connection, lanes)
        cursor.executemany(
            "INSERT INTO mlsec_fleet.unit (scan, pass, kind, scope, lane, weight, task)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [
                (scan, u.pass_number, u.kind.value, as_stored(u.scope), as_stored(u.lane),
                 u.weight, to_json(u.task))
                for u in given
            ],
        )  # fmt: skip
        return max(0, cursor.rowcount)


def claim(
    connection: psycopg.Connection[Any], unit: int, worker: str, lease_s: float
) -> Claim | None:
    """Begin the next attempt at a queued unit; None where another has it or it has ended."""
    row = connection.execute(
        "UPDATE mlsec_fleet.unit SET state = 'running', attempt = attempt + 1, worker = %s,"
        " lease_until = now() + make_interval(secs => %s), renewed_at = now(), started_at = now()"
        " FROM mlsec_fleet.scan WHERE unit.id = %s AND unit.state = 'queued'"
        " AND scan.id = unit.scan AND scan.state = 'running'"
        " RETURNING attempt, unit.scan, unit.pass, kind, scope, lane, task, failures",
        (as_stored(worker), lease_s, unit),
    ).fetchone()
    if row is None:
        return None
    return Claim(
        unit=unit, attempt=row[0], scan=row[1], pass_number=row[2], kind=Kind(row[3]),
        scope=as_it_was(row[4]), lane=as_it_was(row[5]), task=from_json(row[6]),
        failures=row[7], lease_s=lease_s,
    )  # fmt: skip


def renew(connection: psycopg.Connection[Any], unit: int, attempt: int, lease_s: float) -> bool:
    """Prolong a lease; False where the attempt no longer counts or its scan was cancelled."""
    return (
        connection.execute(
            "UPDATE mlsec_fleet.unit SET lease_until = now() + make_interval(secs => %s),"
            " renewed_at = now() FROM mlsec_fleet.scan"
            " WHERE unit.id = %s AND attempt = %s AND unit.state = 'running'"
            " AND scan.id = unit.scan AND scan.state = 'running'",
            (lease_s, unit, attempt),
        ).rowcount
        == 1
    )


def commit(connection: psycopg.Connection[Any], unit: int, attempt: int, outcome: Outcome) -> bool:
    """End a unit with its shard, free its slot and add what follows from it, in one transaction.

    Said again it is true again, so that a lost answer can be asked for once more.

    Returns:
        Whether the unit is done by this attempt; False where another attempt has taken over.
    """
    figures = outcome.figures
    # One statement is a transaction of its own, without two more questions to the server.
    with connection.transaction() if outcome.new_units else contextlib.nullcontext():
        row = connection.execute(
            "WITH ended AS (UPDATE mlsec_fleet.unit SET state = 'done', shard = %s, digest = %s,"
            " calls = %s, cpu_ms = %s, peak_bytes = %s, lease_until = NULL, ended_at = now(),"
            " error_class = NULL, error = NULL, missing_right = NULL"
            " WHERE id = %s AND attempt = %s AND state = 'running' RETURNING id, scan),"
            " freed AS (UPDATE mlsec_fleet.slot SET unit = NULL FROM ended"
            " WHERE slot.unit = ended.id) SELECT scan FROM ended",
            (as_stored(outcome.shard), outcome.digest, figures.calls, figures.cpu_ms,
             figures.peak_bytes, unit, attempt),
        ).fetchone()  # fmt: skip
        if row is not None:
            if outcome.new_units:
                add_units(connection, row[0], outcome.new_units)
            return True
    done = connection.execute(
        "SELECT 1 FROM mlsec_fleet.unit WHERE id = %s AND attempt = %s AND state = 'done'",
        (unit, attempt),
    )
    return done.fetchone() is not None


def fail(
    connection: psycopg.Connection[Any],
    unit: int,
    attempt: int,
    outcome: Outcome,
    *,
    is_final: bool,
    delay_s: float = 0.0,
) -> bool:
    """End an attempt that failed: its unit becomes a gap, or waits to be tried again.

    A crash counts on its own: the second quarantines the unit. Of a cancelled scan, the unit ends
    as cancelled. A gap keeps the shard in which the unit says what it could not read, and adds
    what follows from what it could.

    Returns:
        False where the attempt no longer counts.
    """
    error_class = outcome.error_class or ErrorClass.BUG
    given = {
        "is_crash": error_class is ErrorClass.CRASH, "crashes": CRASHES, "is_final": is_final,
        "delay_s": delay_s, "class": error_class.value,
        "text": as_stored(outcome.error[:_ERROR_CHARS]), "digest": outcome.digest,
        "right": as_stored(outcome.missing_right[:_ERROR_CHARS]),
        "shard": as_stored(outcome.shard), "unit": unit, "attempt": attempt,
        **msgspec.structs.asdict(outcome.figures),
    }  # fmt: skip
    following = outcome.new_units if is_final else ()
    with connection.transaction() if following else contextlib.nullcontext():
        row = connection.execute(_FAIL, given).fetchone()
        if row is not None and following:
            add_units(connection, row[0], following)
    return row is not None


def sweep(
    connection: psycopg.Connection[Any],
    *,
    enqueue_again_s: float = _ENQUEUE_AGAIN_S,
    every_s: float = 0.0,
) -> list[int]:
    """Take back units whose lease has ended, and release what can begin.

    An ended lease counts as a crash of the unit, the second quarantines it; not so where the
    database itself began anew after the lease was last renewed: no worker could have renewed it.

    Args:
        connection: to the ledger's database.
        enqueue_again_s: after how long a queued unit that nobody claimed is enqueued again; each
            time twice as long, as the engine's queue may just be long.
        every_s: nothing is done where somebody has swept in so many seconds.

    Returns:
        The units to enqueue: newly released ones, and those that were queued long ago and never
        claimed, which their engine may have lost.
    """
    with connection.transaction():
        row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (_SWEEP_LOCK,)).fetchone()
        if not row or not row[0] or not _is_time_to_sweep(connection, every_s):
            return []
        connection.execute(
            "WITH late AS (SELECT id FROM mlsec_fleet.unit WHERE state = 'running'"
            " AND lease_until < now() FOR UPDATE SKIP LOCKED),"
            " ended AS (UPDATE mlsec_fleet.unit SET state = CASE"
            " WHEN scan.state = 'cancelled' THEN 'cancelled'"
            " WHEN renewed_at <= pg_postmaster_start_time() THEN 'waiting'"
            " WHEN crashes + 1 >= %s THEN 'quarantined' ELSE 'waiting' END,"
            " crashes = crashes + (renewed_at > pg_postmaster_start_time())::int,"
            " error_class = CASE WHEN renewed_at > pg_postmaster_start_time() THEN 'crash'"
            " ELSE 'lost' END,"
            " error = 'its worker ' || worker || ' did not renew the lease', lease_until = NULL,"
            " ended_at = now()"
            " FROM late, mlsec_fleet.scan WHERE unit.id = late.id AND scan.id = unit.scan"
            " RETURNING unit.id)"
            " UPDATE mlsec_fleet.slot SET unit = NULL FROM ended WHERE slot.unit = ended.id",
            (CRASHES,),
        )
        again = connection.execute(
            "UPDATE mlsec_fleet.unit SET enqueued = enqueued + 1, enqueued_at = now()"
            " WHERE state = 'queued' AND enqueued_at"
            " < now() - make_interval(secs => %s * 2 ^ least(enqueued - 1, 20)) RETURNING id",
            (enqueue_again_s,),
        )
        return [row[0] for row in again] + release(connection)


def _is_time_to_sweep(connection: psycopg.Connection[Any], every_s: float) -> bool:
    changed = connection.execute(
        "UPDATE mlsec_fleet.swept SET at = now() WHERE at <= now() - make_interval(secs => %s)",
        (every_s,),
    )
    return changed.rowcount == 1
