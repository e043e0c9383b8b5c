"""What the fleet's commands say of a ledger, and what they change in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import psycopg
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from mlsec.cli.main import main
from mlsec.fleet.ledger import add_units, claim, commit, fail, release
from mlsec.fleet.scans import begin_scan, end_scan, lanes, progress, troubles
from mlsec.fleet.stuck import stuck_units
from mlsec.fleet.units import ErrorClass, Figures, Outcome, Scan
from mlsec.fleet.views import make_views
from mlsec.history.place import DatabaseUrl
from tests.fleet.scenes import SHARD, scan_of, unit

HOSTILE = 'acme "quoted" \\ \n line\x1b[31m'
RIGHT = "sts:AssumeRole on arn:aws:iam::3:role/scan"


def said(capsys: pytest.CaptureFixture[str], url: DatabaseUrl, *words: str) -> str:
    name, *more = words
    assert main(["fleet", name, "--database", url.url, *more]) == 0
    captured = capsys.readouterr()
    return captured.out + captured.err


@pytest.fixture
def scan(ledger: psycopg.Connection[Any]) -> Scan:
    """Make a scan: units done, denied, throttled and waiting, running, and waiting."""
    names = ("done", "denied", "throttled", "runs", "waits")
    begun = scan_of(ledger, *(unit(f"aws/{n}", lane=f"aws/{n}", slots=1) for n in names))
    add_units(ledger, begun.id, [unit("aws/waits too", lane="aws/waits")])
    ids = dict(zip(names, sorted(release(ledger)), strict=True))
    for name in names[:4]:
        claimed = claim(ledger, ids[name], "worker:1", 60)
        assert claimed is not None
        if name == "done":
            figures = Figures(calls=120, cpu_ms=1500, peak_bytes=100 << 20)
            assert commit(ledger, ids[name], 1, msgspec.structs.replace(SHARD, figures=figures))
        if name == "denied":
            lost = Outcome(
                error_class=ErrorClass.DENIED, error="AccessDenied: no", missing_right=RIGHT
            )
            assert fail(ledger, ids[name], 1, lost, is_final=True)
        if name == "throttled":
            slow = Outcome(error_class=ErrorClass.THROTTLED, error="Throttling: slow down")
            assert fail(ledger, ids[name], 1, slow, is_final=False, delay_s=60)
    return begun


def test_status_says_how_far_a_scan_is(
    scan: Scan, url: DatabaseUrl, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, url, "status")
    assert f"organisation, scan {scan.id}: running, pass 1" in text
    assert "1 of 6 units done, 1 not assessed, 1 running, 3 waiting; 120 calls" in text
    assert "at most 100 MiB a unit" in text
    assert "left for the units that are known" in text
    assert "aws/waits: 1 of 1 slot in use, 1 waiting" in text
    assert "aws/throttled: failed 1 time, waiting; Throttling: slow down" in text
    assert f"aws/denied: gap, denied; grant {RIGHT}" in text
    assert "AccessDenied: no" not in text


def test_why_names_the_missing_right_and_the_error_of_each_unit(
    scan: Scan, url: DatabaseUrl, capsys: pytest.CaptureFixture[str]
) -> None:
    del scan
    text = said(capsys, url, "status", "--why")
    assert f"aws/denied: gap, denied; grant {RIGHT}\n    AccessDenied: no" in text
    assert "aws/throttled: waiting, throttled\n    Throttling: slow down" in text


def test_a_unit_that_runs_far_longer_than_others_is_named(
    scan: Scan, url: DatabaseUrl, ledger: psycopg.Connection[Any],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    del scan
    ledger.execute(
        "UPDATE mlsec_fleet.unit SET started_at = now() - interval '3 hours'"
        " WHERE scope = 'aws/runs'"
    )
    assert "aws/runs: runs for 3.0 h on worker:1" in said(capsys, url, "status")


def test_openmetrics_are_read_by_the_parser_of_prometheus(
    ledger: psycopg.Connection[Any], url: DatabaseUrl, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = begin_scan(ledger, HOSTILE, {})
    add_units(ledger, begun.id, [unit("aws/1", lane=f"aws/{HOSTILE}"), unit("aws/2")])
    text = said(capsys, url, "status", "--openmetrics")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    [waiting] = families["mlsec_fleet_units"].samples
    assert waiting.labels == {"organisation": HOSTILE, "kind": "collect", "state": "waiting"}
    assert waiting.value == 2
    queues = {
        (s.labels["queue"], s.labels["state"]): s.value
        for s in families["mlsec_fleet_queue_units"].samples
    }
    assert queues["collect", "waiting"] == 2
    assert queues["judge", "running"] == 0
    assert families["mlsec_fleet_running"].samples[0].value == 1
    lanes = {sample.labels["lane"] for sample in families["mlsec_fleet_lane_waiting"].samples}
    assert f"aws/{HOSTILE}" in lanes


def test_names_do_nothing_to_a_terminal(
    ledger: psycopg.Connection[Any], url: DatabaseUrl, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = begin_scan(ledger, HOSTILE, {})
    add_units(ledger, begun.id, [unit(HOSTILE)])
    [first] = release(ledger)
    claimed = claim(ledger, first, HOSTILE, 60)
    assert claimed is not None
    lost = Outcome(error_class=ErrorClass.BUG, error=HOSTILE, missing_right=HOSTILE)
    assert fail(ledger, first, 1, lost, is_final=True)
    assert "\x1b" not in said(capsys, url, "status", "--why")


def test_retry_lets_a_class_of_errors_wait_again(
    scan: Scan, url: DatabaseUrl, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no unit of class crash" in said(capsys, url, "retry", "--class", "crash")
    text = said(capsys, url, "retry", "--class", "denied")
    assert f"scan {scan.id}: 1 unit will be tried again" in text
    assert "not assessed" not in said(capsys, url, "status")


def test_cancel_ends_the_scan_that_runs_and_says_when_none_does(
    scan: Scan, url: DatabaseUrl, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "is cancelled" in said(capsys, url, "cancel")
    assert f"scan {scan.id}: cancelled" in said(capsys, url, "status")
    assert main(["fleet", "cancel", "--database", url.url]) == 2
    assert "does not run: it is cancelled" in capsys.readouterr().err


def test_a_ledger_of_several_organisations_asks_which(
    ledger: psycopg.Connection[Any], url: DatabaseUrl, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fleet", "status", "--database", url.url]) == 2
    assert "the ledger has no scan" in capsys.readouterr().err
    for name in ("one", "two"):
        end_scan(ledger, begin_scan(ledger, name, {}).id)
    assert main(["fleet", "status", "--database", url.url]) == 2
    assert "scans of 2 organisations: one, two" in capsys.readouterr().err
    assert "two, scan" in said(capsys, url, "status", "--organisation", "two")


@pytest.mark.parametrize(
    ("database", "sentence"),
    [
        ("", "the fleet needs a PostgreSQL database, and none is named"),
        ("sqlite://x", "the fleet needs a PostgreSQL database, and this is not the URL of one"),
        ("postgresql://u:s3cret@127.0.0.1:1/x",
         "postgresql://127.0.0.1:1/x: the fleet's database cannot be used"),
    ],
)  # fmt: skip
def test_a_database_that_cannot_be_used_is_one_sentence(
    database: str, sentence: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("MLSEC_FLEET_DATABASE", database)
    for command in ("status", "retry", "cancel", "judge"):
        assert main(["fleet", command]) == 2
        text = capsys.readouterr().err
        assert sentence in text
        assert "= help:" in text
        assert "s3cret" not in text


def test_a_database_without_a_ledger_says_how_to_make_one(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fleet", "status", "--database", database_url]) == 2
    assert "mlsec fleet init" in capsys.readouterr().err


def test_status_reads_each_unit_a_few_times_however_many_lanes_there_are(
    ledger: psycopg.Connection[Any], url: DatabaseUrl, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = begin_scan(ledger, "large", {})
    ledger.execute(
        "INSERT INTO mlsec_fleet.lane SELECT 'aws/' || n, 1 FROM generate_series(1, 2000) n"
    )
    ledger.execute(
        "INSERT INTO mlsec_fleet.unit (scan, pass, kind, scope, lane, task, state, calls, cpu_ms,"
        " started_at, ended_at, error_class) SELECT %s, 1, 'collect', 'aws/' || n,"
        " 'aws/' || n %% 2000 + 1, '{}', CASE WHEN n %% 3 = 0 THEN 'done' WHEN n %% 1000 = 1"
        " THEN 'gap' ELSE 'waiting' END, 100, 900, now(), now(),"
        " CASE WHEN n %% 1000 = 1 THEN 'denied' END FROM generate_series(1, 100000) n",
        (begun.id,),
    )
    ledger.execute("ANALYZE mlsec_fleet.unit")
    make_views(ledger)
    for words in ((), ("--why",), ("--openmetrics",)):
        assert "33" in said(capsys, url, "status", *words)
    # A process that helps would count for itself.
    ledger.execute("SET max_parallel_workers_per_gather = 0")
    asked: dict[str, Callable[[], object]] = {
        "progress": lambda: progress(ledger, begun.id),
        "lanes": lambda: lanes(ledger, begun.id),
        "stuck": lambda: stuck_units(ledger, begun.id),
        "troubles": lambda: troubles(ledger, begun.id, None),
        "scans": lambda: ledger.execute("SELECT units FROM mlsec_fleet_v1.scans").fetchall(),
        "lanes' view": lambda: ledger.execute("SELECT * FROM mlsec_fleet_v1.lanes").fetchall(),
    }
    for name, ask in asked.items():
        assert units_read(ledger, ask) <= 3 * 100_000, name


def units_read(ledger: psycopg.Connection[Any], ask: Callable[[], object]) -> int:
    """Count the rows of units that the database reads, by an index or without."""
    counted = (
        "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
        " WHERE schemaname = 'mlsec_fleet' AND relname = 'unit'"
    )
    with ledger.transaction():
        [(before,)] = ledger.execute(counted).fetchall()
        ask()
        [(after,)] = ledger.execute(counted).fetchall()
    return int(after - before)
