"""The history knows since when a failure is open, and never calls unread what was mended."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import msgspec
import pytest

from mlsec.core.assessment import Assessment, RuleSummary, ScanFacts
from mlsec.core.catalogue import Fix
from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.digest import fingerprint
from mlsec.core.enums import Category, Concern, RuleStatus, Severity, Status
from mlsec.core.errors import MlsecError
from mlsec.core.finding import Finding, Subject
from mlsec.history.database import has_begun
from mlsec.history.diff import Change
from mlsec.history.place import Place
from mlsec.history.store import History

SEEN = TypeCoverage(type="aws.x", scope="aws/1", region="r", enumerated=1, assessed=1)
RULE = RuleSummary(
    id="a/b", title="t", severity=Severity.HIGH, category=Category.ACCESS,
    concern=Concern.SECURITY, status=RuleStatus.STABLE, resource="aws.x", why="w",
    fix=Fix(text="f"),
)  # fmt: skip
FAILS, PASSES, UNREAD, GONE, NO_RULE = "fails", "passes", "unread", "gone", "no rule"


def finding(status: Status, resource: str = "x1") -> Finding:
    return Finding(
        fingerprint=fingerprint("a/b", resource), rule="a/b", status=status,
        severity=Severity.HIGH, category=Category.ACCESS, concern=Concern.SECURITY, message="m",
        resource=Subject(id=resource, type="aws.x", provider="aws", scope="aws/1", region="r"),
    )  # fmt: skip


def scan(world: str, day: int, *, targets: tuple[str, ...] = ("aws",)) -> Assessment:
    """What a scan on a day of November said of the one resource."""
    status = {FAILS: Status.FAIL, UNREAD: Status.NOT_ASSESSED}.get(world)
    return Assessment(
        findings=(finding(status),) if status else (),
        passed={"a/b": ("x1",)} if world == PASSES else {},
        coverage=coverage_of([SEEN]),
        rules=() if world == NO_RULE else (RULE,),
        scan=ScanFacts(
            targets=targets, finished_at=f"2026-11-{day:02}T08:00:00Z", snapshot_digest=f"{day}"
        ),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "scans.history"


def changes(place: Place, *worlds: str) -> list[str]:
    """Record one scan a day; give the one change of each, "" for none."""
    told = []
    for day, world in enumerate(worlds, 1):
        with History(place, is_new_allowed=True) as history:
            recorded = history.record(scan(world, day))
        assert recorded is not None
        told.append(" ".join(f"{name}" for name in recorded.changes))
    return told


@pytest.mark.parametrize(
    ("worlds", "last"),
    [
        ((FAILS,), Change.NEW),
        ((FAILS, FAILS), Change.UNCHANGED),
        ((PASSES, FAILS), Change.REGRESSED),
        ((FAILS, PASSES), Change.FIXED),
        ((FAILS, PASSES, FAILS), Change.REGRESSED),
        ((FAILS, PASSES, GONE, FAILS), Change.REGRESSED),
        ((FAILS, UNREAD), Change.NOT_ASSESSED_NOW),
        ((FAILS, UNREAD, UNREAD), Change.NOT_ASSESSED_NOW),
        ((FAILS, UNREAD, FAILS), Change.UNCHANGED),
        ((FAILS, UNREAD, PASSES), Change.FIXED),
        ((FAILS, GONE), Change.NO_LONGER_SEEN),
        ((FAILS, GONE, FAILS), Change.NEW),
        ((FAILS, NO_RULE), Change.RULE_GONE),
        ((FAILS, PASSES, PASSES), None),
        ((PASSES, PASSES), None),
    ],
)
def test_what_became_of_a_failure(
    place: Place, worlds: tuple[str, ...], last: Change | None
) -> None:
    assert changes(place, *worlds)[-1] == (last.value if last else "")


def test_failure_that_was_not_assessed_stays_open_since_it_was_first_seen(place: Place) -> None:
    changes(place, FAILS, UNREAD, UNREAD)
    with History(place) as history:
        [state] = history.open_failures()
    assert (state.first_scan, state.changed_scan, state.last_scan) == (1, 2, 3)
    assert state.finding == finding(Status.FAIL)


def test_scans_of_an_organisation_are_compared_whatever_their_targets(place: Place) -> None:
    for day, targets in enumerate((("aws", "/srv/one"), ("aws", "/srv/two")), 1):
        made = scan(FAILS, day, targets=targets)
        facts = msgspec.structs.replace(made.scan, organisation="acme")
        with History(place, is_new_allowed=True) as history:
            recorded = history.record(msgspec.structs.replace(made, scan=facts))
    assert recorded is not None
    assert list(recorded.changes) == [Change.UNCHANGED.value]


def test_mended_failure_is_not_open(place: Place) -> None:
    changes(place, FAILS, PASSES)
    with History(place) as history:
        assert history.open_failures() == []


def test_file_grows_with_changes_and_not_with_scans(path: Path) -> None:
    changes(path, *([FAILS] * 20), *([PASSES] * 20))
    with sqlite3.connect(path) as database:
        counted = [database.execute(f"SELECT count(*) FROM {t}").fetchone()[0]  # noqa: S608
                   for t in ("scan", "finding", "past")]  # fmt: skip
    assert counted == [40, 1, 1]


def test_same_scan_twice_is_recorded_once(place: Place) -> None:
    changes(place, FAILS)
    with History(place) as history:
        assert history.record(scan(FAILS, 1)) is None
        assert len(history.scans()) == 1


def test_other_targets_are_another_series(place: Place) -> None:
    changes(place, FAILS)
    with History(place) as history:
        other = history.record(scan(PASSES, 1, targets=("aws://2",)))
        assert other is not None
        assert other.changes == {}
        assert [each.targets for each in history.scans()] == [("aws",), ("aws://2",)]
        assert len(history.open_failures()) == 1


def test_older_scan_is_refused_and_leaves_nothing(place: Place) -> None:
    with History(place, is_new_allowed=True) as history:
        history.record(scan(FAILS, 9))
        with pytest.raises(MlsecError, match="recorded already"):
            history.record(scan(PASSES, 8))
        assert len(history.scans()) == 1
        assert len(history.open_failures()) == 1


def test_history_is_for_its_owner_alone(path: Path) -> None:
    changes(path, FAILS)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_begun_where_one_should_be(place: Place) -> None:
    with pytest.raises(MlsecError, match="no history"):
        History(place)
    assert not has_begun(place)


@pytest.mark.parametrize("content", [b"", b"no database at all", b"SQLite format 3\0"])
def test_other_files_are_refused(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(MlsecError):
        History(path, is_new_allowed=True)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("version", "hint"), [(2, "no released mlsec wrote it"), (99, "update mlsec")]
)
def test_history_of_another_version_is_refused(path: Path, version: int, hint: str) -> None:
    changes(path, FAILS)
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(MlsecError, match=f"of version {version}; this mlsec reads") as caught:
        History(path)
    assert caught.value.hint == hint


def test_waiver_and_evidence_stay_in_the_assessment(place: Place) -> None:
    told = msgspec.structs.replace(finding(Status.FAIL), message="x" * 50, gaps=("g",))
    with History(place, is_new_allowed=True) as history:
        history.record(msgspec.structs.replace(scan(FAILS, 1), findings=(told,)))
        [state] = history.open_failures()
    assert state.finding == msgspec.structs.replace(told, gaps=())
