"""Who may do what in the fleet's database: each claim is tried by a login of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from mlsec.core.finding import Finding
from mlsec.fleet.database import connect, migrate
from mlsec.fleet.ledger import add_units, claim, commit, fail, release, renew, sweep
from mlsec.fleet.roles import PLANNER, READER, TEAM, WORKER, make_roles, set_owners
from mlsec.fleet.scans import begin_scan, end_scan, progress
from mlsec.fleet.units import ErrorClass, Kind, Outcome
from mlsec.fleet.views import make_views
from mlsec.history.place import DatabaseUrl
from mlsec.history.store import History
from tests.fleet.scenes import SHARD, scan_of, unit
from tests.history.test_marks import failure, scan
from tests.postgres import PASSWORD, Server

LOGINS = {
    "plans": PLANNER,
    "works": WORKER,
    "reads": READER,
    "of_payments": TEAM,
    "of_nobody": TEAM,
}


class Logins:
    """A database with everything in it, and a login for each role."""

    def __init__(self, server: Server, name: str) -> None:
        self._server, self.name = server, name
        self.url = DatabaseUrl(server.url(name))
        with History(self.url, is_new_allowed=True) as history:
            history.record(scan(1, *(_of(f, a, o) for f, a, o in FINDINGS)))
        with connect(self.url) as owner:
            migrate(owner)
            make_views(owner)
            assert make_roles(owner, "mlsec_queue")
            set_owners(owner, {"payments": ["aws/1_1", "aws/22*"]}, {"payments": ["of_payments"]})
            for login, role in LOGINS.items():
                owner.execute(f"CREATE ROLE {login} LOGIN PASSWORD '{PASSWORD}' IN ROLE {role}")

    def __call__(self, login: str) -> psycopg.Connection[Any]:
        return self._server.connect(self.name, user=login)


FINDINGS = (
    ("mine by account", "aws/222", ""),
    ("mine by tag", "aws/3", "payments"),
    ("of others", "aws/3", "search"),
    ("of nobody", "aws/4", ""),
    ("no wildcard", "aws/1x1", ""),
)


def _of(name: str, scope: str, owner: str) -> Finding:
    one = failure(name)
    place = msgspec.structs.replace(one.resource, scope=scope, owner=owner)
    return msgspec.structs.replace(one, resource=place)


@pytest.fixture(scope="module")
def logins(postgres: Server) -> Iterator[Logins]:
    with postgres.database() as name:
        yield Logins(postgres, name)
        with postgres.connect() as admin, postgres.connect(name) as own:
            for role in (*LOGINS, *set(LOGINS.values())):
                own.execute(f"REASSIGN OWNED BY {role} TO mlsec")
                own.execute(f"DROP OWNED BY {role}")
            for role in (*LOGINS, *dict.fromkeys(LOGINS.values())):
                admin.execute(f"DROP ROLE {role}")


def _named(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))


def refused(connection: psycopg.Connection[Any], *statements: str) -> None:
    for statement in statements:
        with pytest.raises(InsufficientPrivilege):
            connection.execute(statement.encode())


def test_a_planner_drives_a_scan_and_records_it(logins: Logins) -> None:
    with logins("plans") as planner:
        begun = scan_of(planner, unit("aws/1"))
        [first] = sweep(planner)
        claimed = claim(planner, first, "w", 60)
        assert claimed is not None
        assert commit(planner, first, claimed.attempt, SHARD)
        assert end_scan(planner, begun.id)
        assert progress(planner, begun.id).is_over
        planner.execute("DELETE FROM mlsec_fleet.unit WHERE scan = %s", (begun.id,))
        refused(planner, "CREATE TABLE mlsec_fleet.mine (x int)", "DROP TABLE mlsec_fleet.swept")
    url = DatabaseUrl(logins.url.url.replace("//mlsec:", "//plans:"))
    with History(url, is_new_allowed=True) as history:
        history.record(scan(2, *(_of(f, a, o) for f, a, o in FINDINGS)))


def test_a_worker_runs_units_and_nothing_else(logins: Logins) -> None:
    with logins("plans") as planner:
        begun = begin_scan(planner, "of workers", {})
        add_units(planner, begun.id, [unit("aws/1"), unit("aws/2")])
    with logins("works") as worker:
        first, second = sweep(worker)
        one, two = claim(worker, first, "w", 60), claim(worker, second, "w", 60)
        assert one is not None
        assert two is not None
        assert renew(worker, first, one.attempt, 60)
        follow = msgspec.structs.replace(SHARD, new_units=(unit("aws/3", pass_number=2),))
        assert commit(worker, first, one.attempt, follow)
        lost = Outcome(
            error_class=ErrorClass.DENIED, error="denied", missing_right="s3:ListBuckets"
        )
        assert fail(worker, second, two.attempt, lost, is_final=True)
        assert release(worker) == [second + 1]
        refused(
            worker,
            "INSERT INTO mlsec_fleet.scan (organisation, config) VALUES ('x', '{}')",
            "UPDATE mlsec_fleet.scan SET state = 'done'",
            "UPDATE mlsec_fleet.unit SET task = '{}'",
            "UPDATE mlsec_fleet.unit SET scope = 'aws/9'",
            "INSERT INTO mlsec_fleet.unit (scan, pass, kind, scope, lane, task)"
            " SELECT id, 9, 'judge', 'x', 'lane', '{}' FROM mlsec_fleet.scan",
            "INSERT INTO mlsec_fleet.unit (scan, pass, kind, scope, lane, task, state)"
            " SELECT id, 9, 'collect', 'x', 'lane', '{}', 'done' FROM mlsec_fleet.scan",
            "INSERT INTO mlsec_fleet.swept VALUES (now())",
            "UPDATE mlsec_fleet.lane SET slots = 99",
            "DELETE FROM mlsec_fleet.unit",
            "ALTER TABLE mlsec_fleet.unit ADD COLUMN x int",
            "CREATE TABLE mlsec_fleet.mine (x int)",
            "DROP SCHEMA mlsec_fleet CASCADE",
            "SELECT * FROM mlsec.finding",
            "SELECT * FROM mlsec_v1.open_findings",
            "SELECT * FROM mlsec_fleet.owner_login",
            "INSERT INTO mlsec.account (provider, scope) VALUES ('aws', 'x')",
        )


def test_a_worker_cannot_say_that_a_scan_was_judged(logins: Logins) -> None:
    with logins("plans") as planner, logins("works") as worker:
        begun = begin_scan(planner, "judged by its planner", {})
        add_units(planner, begun.id, [unit("all", kind=Kind.JUDGE, lane="judge", slots=1)])
        assert sweep(worker) == [], "it is the planner's to release"
        [judge] = sweep(planner)
        assert claim(worker, judge, "w", 60) is None
        claimed = claim(planner, judge, "w", 60)
        assert claimed is not None
        assert not commit(worker, judge, claimed.attempt, SHARD)
        ended = "UPDATE mlsec_fleet.unit SET state = 'done' WHERE kind = 'judge'"
        assert worker.execute(ended).rowcount == 0
        assert commit(planner, judge, claimed.attempt, SHARD)


def test_a_reader_reads_the_views_alone(logins: Logins) -> None:
    with logins("reads") as reader:
        for view in ("mlsec_fleet_v1.scans", "mlsec_fleet_v1.units", "mlsec_v1.open_findings"):
            reader.execute(sql.SQL("TABLE {}").format(_named(view)))
        assert reader.execute("SELECT count(*) FROM mlsec_v1.open_findings").fetchone() == (5,)
        refused(
            reader,
            "SELECT config FROM mlsec_fleet.scan",
            "SELECT task FROM mlsec_fleet.unit",
            "SELECT * FROM mlsec.finding",
            "CREATE TABLE mlsec_fleet_v1.mine (x int)",
        )


def test_a_team_sees_its_own_rows_whatever_it_asks(logins: Logins) -> None:
    mine = {"mine by account", "mine by tag"}
    with logins("of_payments") as team:
        for table in ("mlsec_fleet_v1.open_findings", "mlsec.finding"):
            rows = team.execute(sql.SQL("SELECT resource FROM {}").format(_named(table)))
            assert {row[0] for row in rows} == mine
        assert team.execute("SELECT account FROM mlsec_fleet_v1.counts").fetchall() == [
            ("aws/222",)
        ] * len(set(team.execute("SELECT scan FROM mlsec_fleet_v1.counts")))
        scopes = team.execute("SELECT scope FROM mlsec.account ORDER BY scope").fetchall()
        assert scopes == [("aws/222",), ("aws/3",)]
        refused(
            team,
            "SELECT * FROM mlsec_v1.open_findings",
            "SELECT * FROM mlsec_fleet_v1.units",
            "SELECT * FROM mlsec_fleet.owner_login",
            "SELECT passed FROM mlsec.series",
            "SELECT * FROM mlsec.past",
            "DELETE FROM mlsec.finding",
            "ALTER TABLE mlsec.finding DISABLE ROW LEVEL SECURITY",
        )


def test_a_team_cannot_learn_of_other_rows_by_a_function_of_its_own(logins: Logins) -> None:
    with logins("of_payments") as team:
        team.execute(
            "CREATE FUNCTION pg_temp.tell(text) RETURNS bool LANGUAGE plpgsql COST 0.0001 AS"
            " $$ BEGIN IF $1 = 'of others' THEN RAISE EXCEPTION 'it is there'; END IF;"
            " RETURN true; END $$"
        )
        for table in ("mlsec_fleet_v1.open_findings", "mlsec.finding"):
            query = sql.SQL("SELECT resource FROM {} WHERE pg_temp.tell(resource)")
            assert len(team.execute(query.format(_named(table))).fetchall()) == 2


def test_a_team_login_without_an_owner_sees_nothing(logins: Logins) -> None:
    with logins("of_nobody") as team:
        for table in ("mlsec_fleet_v1.open_findings", "mlsec_fleet_v1.counts", "mlsec.account"):
            assert team.execute(sql.SQL("TABLE {}").format(_named(table))).fetchall() == []
