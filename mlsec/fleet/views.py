"""What other programs may read of the ledger: views that keep names, columns and their meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

VIEWS_SCHEMA = "mlsec_fleet_v1"

# No view has a task or the configuration of a scan: they name what else an organisation has.
_VIEWS = """
CREATE OR REPLACE VIEW mlsec_fleet_v1.scans AS
SELECT scan.id AS scan, organisation, scan.state, scan.pass, scan.started_at, scan.ended_at,
    scan.id = max(scan.id) OVER (PARTITION BY organisation) AS is_last,
    counted.units, counted.done, counted.not_assessed,
    counted.units - counted.done - counted.not_assessed AS left_units,
    counted.calls, counted.cpu_seconds, counted.peak_bytes
FROM mlsec_fleet.scan CROSS JOIN LATERAL (
    SELECT count(*) AS units, count(*) FILTER (WHERE unit.state = 'done') AS done,
        count(*) FILTER (WHERE unit.state IN ('gap', 'quarantined', 'cancelled')) AS not_assessed,
        coalesce(sum(unit.calls), 0)::bigint AS calls,
        coalesce(sum(unit.cpu_ms), 0)::float8 / 1000 AS cpu_seconds,
        coalesce(max(unit.peak_bytes), 0) AS peak_bytes
    FROM mlsec_fleet.unit WHERE unit.scan = scan.id
) AS counted;

CREATE OR REPLACE VIEW mlsec_fleet_v1.units AS
SELECT unit.id AS unit, unit.scan, scan.organisation, unit.pass, unit.kind, unit.scope,
    split_part(unit.scope, '/', 1) AS provider, unit.lane, unit.state,
    unit.state IN ('gap', 'quarantined', 'cancelled') AS is_not_assessed,
    unit.attempt AS attempts, unit.failures, unit.crashes, coalesce(unit.worker, '') AS worker,
    coalesce(unit.error_class, '') AS error_class,
    coalesce(unit.missing_right, '') AS missing_right,
    unit.calls, unit.cpu_ms::float8 / 1000 AS cpu_seconds, unit.peak_bytes,
    extract(epoch FROM coalesce(unit.ended_at, now()) - unit.started_at)::float8 AS seconds,
    unit.started_at, unit.ended_at
FROM mlsec_fleet.unit JOIN mlsec_fleet.scan ON scan.id = unit.scan;

CREATE OR REPLACE VIEW mlsec_fleet_v1.lanes AS
SELECT lane.name AS lane, lane.slots,
    (SELECT count(*) FROM mlsec_fleet.unit
        WHERE unit.lane = lane.name AND state = 'running') AS running,
    (SELECT count(*) FROM mlsec_fleet.unit
        WHERE unit.lane = lane.name AND state = 'queued') AS queued,
    (SELECT count(*) FROM mlsec_fleet.unit
        WHERE unit.lane = lane.name AND state = 'waiting') AS waiting
FROM mlsec_fleet.lane;

CREATE OR REPLACE VIEW mlsec_fleet_v1.queue AS
SELECT CASE kind WHEN 'judge' THEN 'judge' ELSE 'collect' END AS queue,
    count(*) FILTER (WHERE unit.state = 'running') AS running,
    count(*) FILTER (WHERE unit.state = 'queued') AS queued,
    count(*) FILTER (WHERE unit.state = 'waiting') AS waiting
FROM mlsec_fleet.unit JOIN mlsec_fleet.scan ON scan.id = unit.scan
WHERE unit.state IN ('waiting', 'queued', 'running') AND scan.state = 'running' GROUP BY 1;
"""


def make_views(connection: psycopg.Connection[Any]) -> None:
    """Make the views, or make them anew, in one transaction."""
    with connection.transaction():
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {VIEWS_SCHEMA}".encode())
        connection.execute(_VIEWS.encode())
