"""What ended long ago can be removed; what is open stays, with since when."""

from __future__ import annotations

import datetime

import pytest

from mlsec.cli.main import main
from mlsec.history.place import Place
from mlsec.history.pruning import Pruned
from mlsec.history.store import History
from tests.history.test_marks import failure, scan
from tests.postgres import word


def day_s(day: int) -> int:
    return int(datetime.datetime(2026, 11, day, tzinfo=datetime.UTC).timestamp())


@pytest.fixture
def recorded(place: Place) -> Place:
    """ "old" is open all the time, "ended" was fixed on the second, "back" failed twice."""
    with History(place, is_new_allowed=True) as history:
        history.record(scan(1, failure("old"), failure("ended"), failure("back")))
        history.record(scan(2, failure("old"), passed=("ended", "back")))
        history.record(scan(3, failure("old")))
        history.record(scan(4, failure("old"), failure("back")))
        history.record(scan(5, failure("old"), failure("back")))
    return place


def test_a_dry_run_counts_and_removes_nothing(recorded: Place) -> None:
    with History(recorded) as history:
        before = history.trends()
        told = history.prune(day_s(4), is_dry_run=True)
        assert told == Pruned(scans=3, failures=1, periods=2)
        assert history.trends() == before


def test_what_is_open_stays_with_its_age(recorded: Place) -> None:
    with History(recorded) as history:
        [before] = history.trends()
        told = history.prune(day_s(4), is_dry_run=True)
        assert history.prune(day_s(4), is_dry_run=False) == told
        [after] = history.trends()
        assert after.open == before.open
        assert after.points == before.points[3:]
        assert history.read(lambda rows: rows("SELECT id FROM scan ORDER BY id")) == [
            (1,), (4,), (5,),
        ]  # fmt: skip
        assert history.prune(day_s(4), is_dry_run=True) == Pruned(scans=0, failures=0, periods=0)
        recorded_now = history.record(scan(6, failure("old"), failure("ended")))
        assert recorded_now is not None
        assert recorded_now.changes == {"new": 1, "no_longer_seen": 1, "unchanged": 1}


def test_the_last_scan_of_each_series_stays(recorded: Place) -> None:
    with History(recorded) as history:
        history.prune(day_s(29), is_dry_run=False)
        [trend] = history.trends()
        assert [point.scan for point in trend.points] == [5]
        marked = history.marked(scan(6, failure("old")))
        [finding] = marked.findings
        assert finding.open_since == "2026-11-01T08:00:00Z"


def test_the_command_says_what_it_would_remove_first(
    recorded: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", word(recorded), "--prune"]) == 2
    assert "--prune needs --keep" in capsys.readouterr().err
    assert main(["history", word(recorded), "--keep", "99999d"]) == 0
    assert "0 scans, 0 failures that ended" in capsys.readouterr().err
    assert main(["history", word(recorded), "--keep", "99999", "--prune"]) == 0
    assert "removed what was before 1753-" in capsys.readouterr().err
