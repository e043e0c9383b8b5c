"""Slots of lanes: how many units of one account, tenant or host may run at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.history.stored_text import as_stored

if TYPE_CHECKING:
    import psycopg

QUEUE_UNITS = 1_000

# Whoever finds a slot locked leaves it to who holds it, so nobody waits and none is given twice.
_RELEASE = """
WITH RECURSIVE {before} free AS (
    {free} FOR UPDATE OF slot SKIP LOCKED
), wanted AS (
    SELECT lane, count(*) AS slots FROM free GROUP BY lane
), next AS (
    SELECT chosen.id, wanted.lane FROM wanted CROSS JOIN LATERAL (
        SELECT id FROM mlsec_fleet.unit
        WHERE unit.lane = wanted.lane AND state = 'waiting' AND not_before <= now()
        ORDER BY weight DESC, id LIMIT wanted.slots FOR UPDATE SKIP LOCKED
    ) AS chosen
), pairs AS (
    SELECT lane, number, id FROM
        (SELECT lane, number, row_number() OVER (PARTITION BY lane ORDER BY number) AS place
            FROM free) AS f
    JOIN (SELECT lane, id, row_number() OVER (PARTITION BY lane) AS place FROM next) AS n
        USING (lane, place)
), taken AS (
    UPDATE mlsec_fleet.slot SET unit = pairs.id FROM pairs
    WHERE slot.lane = pairs.lane AND slot.number = pairs.number RETURNING slot.unit
), queued AS (
    UPDATE mlsec_fleet.unit SET state = 'queued', enqueued = 1, enqueued_at = now()
    FROM taken WHERE unit.id = taken.unit RETURNING unit.id, weight
)
SELECT id FROM queued ORDER BY weight DESC, id
"""
_RELEASE_ONE = _RELEASE.format(
    before="",
    free="""
    SELECT slot.lane, slot.number FROM mlsec_fleet.slot
    JOIN mlsec_fleet.lane ON lane.name = slot.lane
    WHERE slot.lane = %s AND slot.unit IS NULL AND slot.number < lane.slots AND EXISTS (
        SELECT FROM mlsec_fleet.unit WHERE unit.lane = slot.lane AND state = 'waiting')
    """,
).encode()
# Lanes in which nothing waits are not looked at, nor any while the queue is half full. The heaviest
# units come first, and each lane's first slot before any lane's second.
_RELEASE_ALL = _RELEASE.format(
    before="""
    room AS (
        SELECT CASE WHEN count(*) * 2 > %(queue)s THEN 0 ELSE %(queue)s - count(*) END AS units
        FROM mlsec_fleet.unit WHERE state = 'queued'
    ), wanting AS (
        (SELECT lane FROM mlsec_fleet.unit
            WHERE state = 'waiting' AND (SELECT units FROM room) > 0 ORDER BY lane LIMIT 1)
        UNION ALL
        SELECT (SELECT lane FROM mlsec_fleet.unit
            WHERE state = 'waiting' AND unit.lane > wanting.lane ORDER BY lane LIMIT 1)
        FROM wanting WHERE wanting.lane IS NOT NULL
    ),""",
    free="""
    SELECT slot.lane, slot.number FROM wanting
    JOIN mlsec_fleet.lane ON lane.name = wanting.lane
    JOIN mlsec_fleet.slot ON slot.lane = lane.name
        AND slot.unit IS NULL AND slot.number < lane.slots
    CROSS JOIN LATERAL (
        SELECT weight FROM mlsec_fleet.unit
        WHERE unit.lane = lane.name AND state = 'waiting' AND not_before <= now()
        ORDER BY weight DESC, id LIMIT 1
    ) AS heaviest
    ORDER BY heaviest.weight DESC, slot.number, slot.lane LIMIT (SELECT units FROM room)
    """,
).encode()


def set_lanes(connection: psycopg.Connection[Any], slots: Mapping[str, int]) -> None:
    """Set how many units of each lane may run at once; those that run now go on."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO mlsec_fleet.lane VALUES (%s, %s)"
            " ON CONFLICT (name) DO UPDATE SET slots = excluded.slots",
            [(as_stored(name), number) for name, number in sorted(slots.items())],
        )
        make_slots(connection, slots)


def release(
    connection: psycopg.Connection[Any], lane: str | None = None, queue_units: int = QUEUE_UNITS
) -> list[int]:
    """Give a lane's free slots, or those of all lanes, to units that wait: these are now queued.

    Args:
        connection: to the ledger's database.
        lane: the lane of a unit that has ended; by default all lanes.
        queue_units: of all lanes, no more than so many are queued at once: more workers than that
            there are not, and engines are slow with long queues.

    Returns:
        The units to enqueue.
    """
    if lane is None:
        rows = connection.execute(_RELEASE_ALL, {"queue": queue_units})
    else:
        rows = connection.execute(_RELEASE_ONE, (as_stored(lane),))
    return [row[0] for row in rows]


def make_slots(connection: psycopg.Connection[Any], lanes: Iterable[str]) -> None:
    """Make the slots that these lanes should have and have not."""
    connection.execute(
        "INSERT INTO mlsec_fleet.slot (lane, number)"
        " SELECT name, number FROM mlsec_fleet.lane,"
        " generate_series(0, slots - 1) AS number WHERE name = ANY(%s)"
        " ON CONFLICT DO NOTHING",
        ([as_stored(name) for name in lanes],),
    )
