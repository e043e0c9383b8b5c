"""The tables of the ledger, in steps that only add: a worker of an older version goes on."""

from __future__ import annotations

Step = tuple[int, str]
SCHEMA = "mlsec_fleet"

_FIRST = """
CREATE TABLE mlsec_fleet.scan (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation TEXT NOT NULL,
    config JSONB NOT NULL,
    state TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'cancelled')),
    pass INTEGER NOT NULL DEFAULT 1,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    ended_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX one_scan_runs ON mlsec_fleet.scan (organisation) WHERE state = 'running';

CREATE TABLE mlsec_fleet.lane (
    name TEXT PRIMARY KEY,
    slots INTEGER NOT NULL CHECK (slots >= 0)
);

CREATE TABLE mlsec_fleet.unit (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scan BIGINT NOT NULL REFERENCES mlsec_fleet.scan ON DELETE CASCADE,
    pass INTEGER NOT NULL,
    kind TEXT NOT NULL,
    scope TEXT NOT NULL,
    lane TEXT NOT NULL REFERENCES mlsec_fleet.lane,
    weight DOUBLE PRECISION NOT NULL DEFAULT 0,
    task JSONB NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN
        ('waiting', 'queued', 'running', 'done', 'gap', 'quarantined', 'cancelled')),
    attempt INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    enqueued INTEGER NOT NULL DEFAULT 0,
    enqueued_at TIMESTAMPTZ,
    not_before TIMESTAMPTZ NOT NULL DEFAULT now(),
    lease_until TIMESTAMPTZ,
    renewed_at TIMESTAMPTZ,
    worker TEXT,
    shard TEXT,
    digest TEXT,
    error_class TEXT,
    error TEXT,
    missing_right TEXT,
    calls BIGINT NOT NULL DEFAULT 0,
    cpu_ms BIGINT NOT NULL DEFAULT 0,
    peak_bytes BIGINT NOT NULL DEFAULT 0,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    started_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    UNIQUE (scan, pass, kind, scope)
);
CREATE INDEX unit_waiting ON mlsec_fleet.unit (lane, weight DESC, id) WHERE state = 'waiting';
CREATE INDEX unit_queued ON mlsec_fleet.unit (enqueued_at) WHERE state = 'queued';
CREATE INDEX unit_running ON mlsec_fleet.unit (lease_until) WHERE state = 'running';

CREATE TABLE mlsec_fleet.slot (
    lane TEXT NOT NULL REFERENCES mlsec_fleet.lane,
    number INTEGER NOT NULL,
    unit BIGINT UNIQUE REFERENCES mlsec_fleet.unit ON DELETE SET NULL,
    PRIMARY KEY (lane, number)
);
CREATE INDEX slot_free ON mlsec_fleet.slot (lane, number) WHERE unit IS NULL;
"""

# When the ledger was last swept: a hundred workers do not each do it every few seconds.
_SWEPT = """
CREATE TABLE mlsec_fleet.swept (at TIMESTAMPTZ NOT NULL);
INSERT INTO mlsec_fleet.swept VALUES ('-infinity');
"""

# A step may add a table, a column with a default, an index. It may not take away or rename:
# workers of the version before it still run while it is taken.
MIGRATIONS: tuple[Step, ...] = ((1, _FIRST), (2, _SWEPT))
VERSION = MIGRATIONS[-1][0]
