"""The roles of the fleet's database: who plans, collects and reads, and whose rows a team sees.

The roles are groups without login: a login becomes a member of one, or of several.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.fleet.views import VIEWS_SCHEMA
from mlsec.history.schema import Dialect, statements, views

if TYPE_CHECKING:
    import psycopg

PLANNER, WORKER, READER, TEAM = "mlsec_planner", "mlsec_worker", "mlsec_reader", "mlsec_team"
ROLES = (PLANNER, WORKER, READER, TEAM)

_MADE = """
DO $$ DECLARE name text; BEGIN
    FOREACH name IN ARRAY ARRAY['mlsec_planner', 'mlsec_worker', 'mlsec_reader', 'mlsec_team'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', name);
        END IF;
    END LOOP;
END $$
"""

# A worker ends units and adds what follows from them. It can neither begin a scan, nor change what
# a unit is, nor read the history; nor end or add the unit that judges, which says that a scan has
# its report and names the shards that are joined.
_LEDGER = """
GRANT USAGE ON SCHEMA mlsec_fleet TO mlsec_planner, mlsec_worker;
GRANT SELECT ON ALL TABLES IN SCHEMA mlsec_fleet TO mlsec_planner, mlsec_worker;
GRANT INSERT, UPDATE, DELETE ON mlsec_fleet.scan, mlsec_fleet.unit, mlsec_fleet.lane,
    mlsec_fleet.slot TO mlsec_planner;
REVOKE ALL ON mlsec_fleet.owner_login, mlsec_fleet.owner_scope FROM mlsec_worker;
GRANT INSERT, UPDATE, DELETE ON mlsec_fleet.owner_login, mlsec_fleet.owner_scope TO mlsec_planner;
REVOKE INSERT ON mlsec_fleet.unit FROM mlsec_worker;
GRANT INSERT (scan, pass, kind, scope, lane, weight, task) ON mlsec_fleet.unit TO mlsec_worker;
GRANT INSERT ON mlsec_fleet.lane, mlsec_fleet.slot TO mlsec_worker;
ALTER TABLE mlsec_fleet.unit ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS plans ON mlsec_fleet.unit;
DROP POLICY IF EXISTS reads ON mlsec_fleet.unit;
DROP POLICY IF EXISTS adds ON mlsec_fleet.unit;
DROP POLICY IF EXISTS ends ON mlsec_fleet.unit;
CREATE POLICY plans ON mlsec_fleet.unit TO mlsec_planner USING (true);
CREATE POLICY reads ON mlsec_fleet.unit FOR SELECT TO mlsec_worker USING (true);
CREATE POLICY adds ON mlsec_fleet.unit FOR INSERT TO mlsec_worker WITH CHECK (kind = 'collect');
CREATE POLICY ends ON mlsec_fleet.unit FOR UPDATE TO mlsec_worker USING (kind <> 'judge');
GRANT UPDATE (state, attempt, failures, crashes, enqueued, enqueued_at, not_before, lease_until,
    renewed_at, worker, shard, digest, error_class, error, missing_right, calls, cpu_ms,
    peak_bytes, started_at, ended_at) ON mlsec_fleet.unit TO mlsec_worker;
GRANT UPDATE (unit) ON mlsec_fleet.slot TO mlsec_worker;
GRANT UPDATE ON mlsec_fleet.swept TO mlsec_planner, mlsec_worker;
GRANT USAGE ON SCHEMA mlsec_fleet_v1 TO mlsec_planner, mlsec_worker, mlsec_reader, mlsec_team;
GRANT SELECT ON mlsec_fleet_v1.scans, mlsec_fleet_v1.units, mlsec_fleet_v1.lanes,
    mlsec_fleet_v1.queue TO mlsec_planner, mlsec_worker, mlsec_reader
"""
_QUEUE = """
GRANT USAGE ON SCHEMA {schema} TO mlsec_planner, mlsec_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema}
    TO mlsec_planner, mlsec_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO mlsec_planner, mlsec_worker;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO mlsec_planner, mlsec_worker
"""
_OWNERS = """
CREATE TABLE IF NOT EXISTS mlsec_fleet.owner_login (
    login TEXT NOT NULL, owner TEXT NOT NULL, PRIMARY KEY (login, owner));
CREATE TABLE IF NOT EXISTS mlsec_fleet.owner_scope (
    owner TEXT NOT NULL, pattern TEXT NOT NULL, PRIMARY KEY (owner, pattern))
"""

# A night is recorded with COPY and may renew the tables, so who plans owns them, and row security
# does not bind an owner.
# The policies hold for a team's login, whatever it asks: the views below only spare it the joins.
# What the policies look up, they look up as the owner of the tables does (views without
# security_invoker), so that a login needs no right to read whose logins there are.
_HISTORY = """
GRANT mlsec_planner TO CURRENT_USER;
ALTER SCHEMA mlsec OWNER TO mlsec_planner;
ALTER SCHEMA mlsec_v1 OWNER TO mlsec_planner;
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'v')
        AND relnamespace::regnamespace::text IN ('mlsec', 'mlsec_v1') LOOP
        EXECUTE 'ALTER TABLE ' || name || ' OWNER TO mlsec_planner';
    END LOOP;
END $$;
CREATE OR REPLACE VIEW mlsec_fleet_v1.my_owners WITH (security_barrier) AS
    SELECT owner FROM mlsec_fleet.owner_login WHERE login = current_user;
CREATE OR REPLACE VIEW mlsec_fleet_v1.my_accounts WITH (security_barrier) AS
    SELECT DISTINCT account.id AS account FROM mlsec.account JOIN mlsec_fleet.owner_scope
        ON account.scope LIKE owner_scope.pattern
    JOIN mlsec_fleet.owner_login ON owner_login.owner = owner_scope.owner
    WHERE owner_login.login = current_user;
CREATE OR REPLACE VIEW mlsec_fleet_v1.my_places WITH (security_barrier) AS
    SELECT account FROM mlsec_fleet_v1.my_accounts UNION
    SELECT finding.account FROM mlsec.finding JOIN mlsec_fleet.owner_login
        ON owner_login.owner = finding.owner WHERE owner_login.login = current_user;
ALTER TABLE mlsec.finding ENABLE ROW LEVEL SECURITY;
ALTER TABLE mlsec.account ENABLE ROW LEVEL SECURITY;
ALTER TABLE mlsec.counted ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS whole ON mlsec.finding;
DROP POLICY IF EXISTS whole ON mlsec.account;
DROP POLICY IF EXISTS whole ON mlsec.counted;
CREATE POLICY whole ON mlsec.finding USING (NOT pg_has_role(current_user, 'mlsec_team', 'MEMBER'));
CREATE POLICY whole ON mlsec.account USING (NOT pg_has_role(current_user, 'mlsec_team', 'MEMBER'));
CREATE POLICY whole ON mlsec.counted USING (NOT pg_has_role(current_user, 'mlsec_team', 'MEMBER'));
DROP POLICY IF EXISTS team ON mlsec.finding;
DROP POLICY IF EXISTS team ON mlsec.account;
DROP POLICY IF EXISTS team ON mlsec.counted;
CREATE POLICY team ON mlsec.finding FOR SELECT TO mlsec_team USING (
    owner IN (SELECT owner FROM mlsec_fleet_v1.my_owners)
    OR account IN (SELECT account FROM mlsec_fleet_v1.my_accounts));
CREATE POLICY team ON mlsec.account FOR SELECT TO mlsec_team USING (
    id IN (SELECT account FROM mlsec_fleet_v1.my_places));
CREATE POLICY team ON mlsec.counted FOR SELECT TO mlsec_team USING (
    account IN (SELECT account FROM mlsec_fleet_v1.my_accounts));
GRANT USAGE ON SCHEMA mlsec TO mlsec_team;
GRANT SELECT ON mlsec.finding, mlsec.account, mlsec.counted TO mlsec_team;
GRANT SELECT (id, targets, last_scan) ON mlsec.series TO mlsec_team;
GRANT SELECT (id, series, finished_at, finished_s, pruned) ON mlsec.scan TO mlsec_team;
GRANT USAGE ON SCHEMA mlsec_v1 TO mlsec_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA mlsec_v1 TO mlsec_reader;
GRANT SELECT ON mlsec_fleet_v1.my_owners, mlsec_fleet_v1.my_accounts, mlsec_fleet_v1.my_places,
    mlsec_fleet_v1.open_findings, mlsec_fleet_v1.counts TO mlsec_team
"""


def make_roles(connection: psycopg.Connection[Any], queue_schema: str) -> bool:
    """Make the roles and grant them what they need, again after each migration.

    Returns:
        Whether a history is in this database: where none is, teams have nothing to read yet.
    """
    from psycopg import sql  # noqa: PLC0415 - an extra

    with connection.transaction():
        for statement in (_MADE, *_OWNERS.split(";\n"), *_LEDGER.split(";\n")):
            connection.execute(statement.encode())
        if _exists(connection, f"{queue_schema}.procrastinate_jobs"):
            connection.execute(_QUEUE.format(schema=queue_schema).encode())
        has_history = _exists(connection, "mlsec.finding")
        if has_history:
            for statement in _team_views():
                connection.execute(statement.encode())
            connection.execute(
                sql.SQL("GRANT CREATE ON DATABASE {} TO mlsec_planner").format(
                    sql.Identifier(connection.info.dbname)
                )
            )
            connection.execute(_HISTORY.encode())
    return has_history


def set_owners(
    connection: psycopg.Connection[Any],
    scopes: Mapping[str, Iterable[str]],
    logins: Mapping[str, Iterable[str]],
) -> None:
    """Replace the patterns of scopes (with * and ?) and the database logins of each owner."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM mlsec_fleet.owner_scope")
        cursor.execute("DELETE FROM mlsec_fleet.owner_login")
        cursor.executemany(
            "INSERT INTO mlsec_fleet.owner_scope VALUES (%s, %s)",
            [(owner, _like(pattern)) for owner, own in scopes.items() for pattern in own],
        )
        cursor.executemany(
            "INSERT INTO mlsec_fleet.owner_login (owner, login) VALUES (%s, %s)",
            [(owner, login) for owner, own in logins.items() for login in own],
        )


def _team_views() -> Iterable[str]:
    """Give the history's views of findings and counts, read with the rights of who asks."""
    for statement in statements(views(Dialect.POSTGRESQL)):
        name = statement.removeprefix("CREATE VIEW mlsec_v1.").partition(" ")[0]
        if name in ("open_findings", "counts"):
            text = statement.replace("JOIN series", "JOIN mlsec.series")
            for table in ("account", "scan", "series"):
                text = text.replace(f"JOIN {table} ", f"JOIN mlsec.{table} ")
            for table in ("counted", "finding"):
                text = text.replace(f"FROM {table} ", f"FROM mlsec.{table} ")
            head = f"CREATE VIEW mlsec_v1.{name} AS"
            new = f"CREATE OR REPLACE VIEW {VIEWS_SCHEMA}.{name}"
            yield text.replace(head, f"{new} WITH (security_invoker, security_barrier) AS", 1)


def _like(pattern: str) -> str:
    """Give a pattern with * and ? as LIKE takes it."""
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%").replace("?", "_")


def _exists(connection: psycopg.Connection[Any], table: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s)", (table,)).fetchone()
    return bool(row and row[0])
