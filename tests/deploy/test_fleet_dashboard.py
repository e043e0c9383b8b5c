"""The fleet's dashboard: each of its queries runs on a ledger in a real PostgreSQL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from mlsec.fleet.database import connect, migrate
from mlsec.fleet.ledger import claim, commit, fail, release
from mlsec.fleet.scans import end_scan
from mlsec.fleet.units import ErrorClass, Figures, Outcome
from mlsec.fleet.views import make_views
from mlsec.history.place import DatabaseUrl
from tests.fleet.scenes import SHARD, scan_of, unit
from tests.postgres import Server

DASHBOARD = json.loads(
    (Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "fleet.json").read_text()
)
PANELS = {panel["title"]: panel for panel in DASHBOARD["panels"]}


@pytest.fixture(scope="module")
def database(postgres: Server) -> Iterator[psycopg.Connection[Any]]:
    """A ledger with a night that is done, and one with a unit done, denied, running and waiting."""
    with postgres.database() as name, connect(DatabaseUrl(postgres.url(name))) as ledger:
        migrate(ledger)
        make_views(ledger)
        first = scan_of(ledger, unit("aws/1", lane="aws/1"))
        _end(ledger, *release(ledger), is_done=True)
        assert end_scan(ledger, first.id)
        scan_of(ledger, *(unit(f"aws/{n}", lane="aws/1", slots=2) for n in range(1, 5)))
        done, denied = sorted(release(ledger))
        _end(ledger, done, is_done=True)
        _end(ledger, denied, is_done=False)
        for number in release(ledger)[:1]:
            assert claim(ledger, number, "w", 60)
        yield ledger


def _end(ledger: psycopg.Connection[Any], number: int, *, is_done: bool) -> None:
    assert claim(ledger, number, "w", 60) is not None
    if is_done:
        figures = Figures(calls=10, cpu_ms=500, peak_bytes=1 << 20)
        assert commit(ledger, number, 1, msgspec.structs.replace(SHARD, figures=figures))
    else:
        lost = Outcome(error_class=ErrorClass.DENIED, error="no", missing_right="sts:AssumeRole")
        assert fail(ledger, number, 1, lost, is_final=True)


def asked(database: psycopg.Connection[Any], title: str) -> list[dict[str, Any]]:
    """What a query of the dashboard gives, with what Grafana puts into it."""
    [target] = PANELS[title]["targets"]
    [variable] = [v for v in DASHBOARD["templating"]["list"] if v["name"] == "organisations"]
    names = [row[0] for row in database.execute(variable["query"].encode())]
    quoted = ",".join("'" + name.replace("'", "''") + "'" for name in names)
    query = target["rawSql"].replace("${organisations:sqlstring}", quoted)
    query = re.sub(r"\$__timeFilter\((\w+)\)", r"\1 > now() - interval '1 day'", query)
    assert "$" not in query
    cursor = database.execute(query.encode())
    assert cursor.description is not None
    columns = [column.name for column in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor]


@pytest.mark.parametrize("title", PANELS)
def test_every_panel_has_something_to_show(title: str, database: psycopg.Connection[Any]) -> None:
    if title == "Lanes in which units wait":
        database.execute("UPDATE mlsec_fleet.unit SET state = 'waiting' WHERE state = 'queued'")
    rows = asked(database, title)
    assert rows
    if PANELS[title]["targets"][0]["format"] == "time_series":
        assert all(row["time"].tzinfo for row in rows)


def test_the_panels_say_what_the_ledger_says(database: psycopg.Connection[Any]) -> None:
    [units] = asked(database, "Units of the newest scan")
    assert units == {"done": 1, "to do": 2, "not assessed": 1}
    [denied] = asked(database, "Not assessed, and the right that is missing")
    assert (denied["scope"], denied["missing right"]) == ("aws/2", "sts:AssumeRole")
    assert [row["done"] for row in asked(database, "Units, night by night")] == [1, 1]


def test_it_reads_the_views_alone() -> None:
    read = set(re.findall(r"(?:FROM|JOIN) ([a-z_]+\d?\.\S+)", json.dumps(DASHBOARD)))
    assert read == {"mlsec_fleet_v1.scans", "mlsec_fleet_v1.units", "mlsec_fleet_v1.lanes"}
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {"${datasource}"}
