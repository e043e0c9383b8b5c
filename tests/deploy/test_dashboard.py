"""The Grafana dashboard: each of its queries runs on a history in a real PostgreSQL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mlsec.history.place import DatabaseUrl
from mlsec.history.postgres import connect
from mlsec.history.store import History
from tests.history.test_marks import failure, scan
from tests.postgres import Server

DASHBOARD = json.loads(
    (Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "mlsec.json").read_text()
)
PANELS = {panel["title"]: panel for panel in DASHBOARD["panels"]}


@pytest.fixture(scope="module")
def database(postgres: Server) -> Iterator[psycopg.Connection[Any]]:
    with postgres.database() as name:
        url = DatabaseUrl(postgres.url(name))
        with History(url, is_new_allowed=True) as history:
            history.record(scan(1, failure("x"), failure("y"), failure("z")))
            history.record(scan(2, failure("x"), failure("new"), passed=("y",)))
        with connect(url) as connection:
            yield connection


def asked(database: psycopg.Connection[Any], panel: dict[str, Any]) -> list[dict[str, Any]]:
    """What a query of the dashboard gives, with what Grafana puts into it."""
    [target] = panel["targets"]
    [variable] = [one for one in DASHBOARD["templating"]["list"] if one["name"] == "targets"]
    targets = [row[0] for row in database.execute(variable["query"].encode())]
    quoted = ",".join("'" + one.replace("'", "''") + "'" for one in targets)
    query = target["rawSql"].replace("${targets:sqlstring}", quoted)
    query = re.sub(
        r"\$__timeFilter\((\w+)\)",
        r"\1 BETWEEN '2026-11-01T00:00:00Z' AND '2026-12-01T00:00:00Z'", query,
    )  # fmt: skip
    assert "$" not in query
    cursor = database.execute(query.encode())
    assert cursor.description is not None
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


@pytest.mark.parametrize("title", PANELS)
def test_every_panel_has_something_to_show(title: str, database: psycopg.Connection[Any]) -> None:
    panel = PANELS[title]
    rows = asked(database, panel)
    assert rows
    if panel["targets"][0]["format"] == "time_series":
        assert all(row["time"].tzinfo for row in rows)


def test_the_panels_say_what_the_scans_said(database: psycopg.Connection[Any]) -> None:
    assert asked(database, PANELS["Open now"]) == [{"severity": "high", "open": 2}]
    assert [
        (row["metric"], row["open"]) for row in asked(database, PANELS["Open by severity"])
    ] == [("high", 3), ("high", 2)]
    changed = asked(database, PANELS["New and fixed, scan by scan"])[-1]
    assert (changed["new or regressed"], changed["fixed"], changed["no longer seen"]) == (1, 1, 1)
    [worst] = asked(database, PANELS["Worst rules"])
    assert (worst["rule"], worst["open"], worst["accounts"]) == ("a/b", 2, 1)
    [account] = asked(database, PANELS["By account"])
    assert (account["account"], account["high"], account["open"]) == ("aws/1", 2, 2)


def test_it_reads_the_views_alone_and_any_database() -> None:
    text = json.dumps(DASHBOARD)
    assert set(re.findall(r"(?:FROM|JOIN) (\S+)", text)) <= {
        "mlsec_v1.counts", "mlsec_v1.scans", "mlsec_v1.open_findings", "now()",
    }  # fmt: skip
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {"${datasource}"}
    places = [tuple(panel["gridPos"].values()) for panel in DASHBOARD["panels"]]
    assert len(places) == len(set(places))
