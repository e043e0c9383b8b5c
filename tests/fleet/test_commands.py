"""An organisation from nothing to its reports by the commands, and what of past scans goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from mlsec.cli import exits
from mlsec.cli.main import main
from mlsec.core.errors import MlsecError
from mlsec.fleet.config import config_of
from mlsec.fleet.ledger import add_units, claim, commit, release
from mlsec.fleet.removal import find_removal
from mlsec.fleet.scans import begin_scan, end_scan
from mlsec.fleet.units import Outcome
from mlsec.history.place import DatabaseUrl
from tests.fleet.scenes import unit

SALT = "an invented salt of the organisation"


@pytest.fixture
def fleet(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration of an organisation of one repository."""
    (tmp_path / "code" / "fraud" / ".git").mkdir(parents=True)
    (tmp_path / "code" / "fraud" / "model.py").write_text("import torch\ntorch.load('x')\n")
    config = tmp_path / "fleet.yaml"
    config.write_text(
        f"organisation: acme\ntargets: [{{target: {tmp_path}/code, repositories: true}}]\n"
        f"store: {tmp_path}/store\nreports: {tmp_path}/reports\njudge: {{fail-on: none}}\n"
    )
    monkeypatch.setenv("MLSEC_FLEET_DATABASE", database_url)
    monkeypatch.setenv("MLSEC_HISTORY", database_url)
    monkeypatch.setenv("MLSEC_FLEET_SALT", SALT)
    return config


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["fleet", *words]) == 0
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_an_organisation_is_scanned_from_nothing_to_its_reports(
    fleet: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "the ledger was made" in said(capsys, "init")
    assert "is up to date" in said(capsys, "init")
    planned = said(capsys, "plan", str(fleet))
    assert "acme: 1 scope" in planned
    assert not (fleet.parent / "store").exists()
    (fleet.parent / "code" / "second").mkdir()
    (fleet.parent / "code" / "second" / ".git").write_text("gitdir: elsewhere\n")
    (fleet.parent / "code" / "second" / "model.py").write_text("import torch\n")
    night = said(capsys, "run", str(fleet), "--workers", "1")
    assert night.splitlines()[-2:] == [
        f"wrote {fleet.parent}/reports",
        "clean (exit 0): there was nothing to assess",
    ]
    assert (fleet.parent / "reports" / "organisation" / "report.html").exists()
    assert "4 of 4 units done" in said(capsys, "status")
    with psycopg.connect(database_url) as connection:
        [[units, left]] = connection.execute(
            "SELECT done, left_units FROM mlsec_fleet_v1.scans WHERE is_last"
        ).fetchall()
        assert (units, left) == (4, 0)
        assert connection.execute("SELECT count(*) FROM mlsec_v1.scans").fetchone() == (1,)


def test_a_shard_that_was_cut_short_makes_the_scan_incomplete(
    fleet: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MLSEC_HISTORY")
    said(capsys, "init")
    said(capsys, "run", str(fleet), "--workers", "1")
    for shard in (fleet.parent / "store").rglob("*.mlsnap"):
        shard.write_bytes(shard.read_bytes()[:5000])
    capsys.readouterr()
    assert main(["fleet", "judge"]) == exits.INCOMPLETE
    assert capsys.readouterr().err.splitlines()[-1].startswith("incomplete (exit 11): 0% of the")
    [text] = [path.read_text("utf-8") for path in (fleet.parent / "reports").rglob("summary.md")]
    assert "its digest is another" in text or "not collected" in text


def test_old_shards_go_and_those_in_use_stay(
    fleet: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "init")
    store = fleet.parent / "store"
    with psycopg.connect(database_url, autocommit=True) as ledger:
        numbers = [_scanned(ledger, store, is_ended=n < 4) for n in range(1, 5)]
        for scan, days in zip(numbers, (90, 60, 1), strict=False):
            ledger.execute(
                "UPDATE mlsec_fleet.scan SET ended_at = now() - make_interval(days => %s)"
                " WHERE id = %s",
                (days, scan),
            )
        (store / "999" / "1").mkdir(parents=True)
        (store / "999" / "1" / "1.mlsnap").write_bytes(b"of another ledger")
        text = said(capsys, "gc", str(fleet), "--keep", "30d")
        assert "2 scans that ended more than 30 days ago with 4 objects, and 1 object" in text
        assert "--prune removes them" in text
        assert "1 object of the store are of no scan" in text
        assert len([*store.rglob("*.mlsnap")]) == 9
        said(capsys, "gc", str(fleet), "--keep", "30d", "--prune")
        left = sorted(path.relative_to(store).as_posix() for path in store.rglob("*.mlsnap"))
        assert left == sorted([
            f"{numbers[2]}/3/1.mlsnap", f"{numbers[3]}/4/1.mlsnap",
            f"{numbers[3]}/4/9.mlsnap", "999/1/1.mlsnap",
        ])  # fmt: skip
        rows = ledger.execute("SELECT id FROM mlsec_fleet.scan ORDER BY id").fetchall()
        assert [row[0] for row in rows] == numbers[2:]


def _scanned(ledger: psycopg.Connection[Any], store: Path, *, is_ended: bool) -> int:
    """Make a scan with one unit that is done, and a shard of an attempt that did not count."""
    scan = begin_scan(ledger, "acme", {})
    add_units(ledger, scan.id, [unit("aws/1")])
    [number] = release(ledger)
    claimed = claim(ledger, number, "w", 60)
    assert claimed is not None
    folder = store / str(scan.id) / str(number)
    folder.mkdir(parents=True)
    for attempt in (1, 9):
        (folder / f"{attempt}.mlsnap").write_bytes(b"shard")
    name = f"{scan.id}/{number}/1.mlsnap"
    assert commit(ledger, number, 1, Outcome(shard=name, digest="0"))
    if is_ended:
        assert end_scan(ledger, scan.id)
    return scan.id


class Names:
    """A store that has names alone."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def list(self, prefix: str = "") -> Any:
        return iter(name for name in self._names if name.startswith(prefix))

    def delete(self, name: str) -> None:
        raise AssertionError(name)


def test_the_newest_scan_that_is_done_is_never_old(
    url: DatabaseUrl, ledger: psycopg.Connection[Any]
) -> None:
    scan = begin_scan(ledger, "acme", {})
    assert end_scan(ledger, scan.id)
    ledger.execute("UPDATE mlsec_fleet.scan SET ended_at = now() - interval '9 years'")
    removal = find_removal(ledger, Names(f"{scan.id}/1/1.mlsnap", "../x", "1e9/1/1"), "acme", 30)
    assert (removal.scans, removal.objects, removal.unknown) == ((), (), 2)


@pytest.mark.parametrize(
    ("judge", "variable"),
    [
        ({"history": "postgresql://u:s3cret@db/mlsec"}, "MLSEC_HISTORY"),
        ({"notify": ["slack://TOKEN/TOKEN"]}, "MLSEC_NOTIFY"),
    ],
)
def test_a_secret_is_refused_where_the_ledger_would_keep_it(
    judge: dict[str, Any], variable: str
) -> None:
    given = {"organisation": "acme", "targets": [{"target": "aws"}], "store": "s", "reports": "r"}
    with pytest.raises(MlsecError, match="every worker can read") as refused:
        config_of({**given, "judge": judge})
    assert variable in refused.value.hint
    assert "s3cret" not in str(refused.value)
