"""An assessment says what changed, since when each failure is open, and what failed its gate."""

from __future__ import annotations

import contextlib
import multiprocessing
import sqlite3
import time
from pathlib import Path

import msgspec
import pytest

from mlsec.core.assessment import Assessment, ChangeLimit, JudgedBy, RuleSummary, ScanFacts
from mlsec.core.catalogue import Fix
from mlsec.core.changes import Change
from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.digest import fingerprint
from mlsec.core.enums import Category, Concern, RuleStatus, Severity, Status
from mlsec.core.finding import AppliedWaiver, Finding, Subject
from mlsec.core.gate_result import Gate
from mlsec.core.resource import Gap, GapReason
from mlsec.engine.assessment.gate import with_gate
from mlsec.history.diff import mark_changes
from mlsec.history.store import History

RULE = RuleSummary(
    id="a/b", title="t", severity=Severity.HIGH, category=Category.ACCESS,
    concern=Concern.SECURITY, status=RuleStatus.STABLE, resource="aws.x", why="w",
    fix=Fix(text="f"),
)  # fmt: skip
WAIVER = AppliedWaiver(id="w", reason="r", owner="o", expires="2027-01-01")


def failure(name: str, waiver: AppliedWaiver | None = None) -> Finding:
    return Finding(
        fingerprint=fingerprint("a/b", name), rule="a/b", status=Status.FAIL, waiver=waiver,
        severity=Severity.HIGH, category=Category.ACCESS, concern=Concern.SECURITY, message="m",
        resource=Subject(id=name, type="aws.x", provider="aws", scope="aws/1", region="r"),
    )  # fmt: skip


def scan(day: int, *failures: Finding, passed: tuple[str, ...] = (), **more: object) -> Assessment:
    row = TypeCoverage(type="aws.x", scope="aws/1", region="r", enumerated=9, assessed=9)
    whole = Assessment(
        findings=failures, passed={"a/b": passed} if passed else {}, rules=(RULE,),
        coverage=coverage_of([row]),
        scan=ScanFacts(targets=("aws",), finished_at=f"2026-11-{day:02}T08:00:00Z",
                       snapshot_digest=f"{day}"),
    )  # fmt: skip
    return msgspec.structs.replace(whole, **more)


OLD = scan(22, failure("stays"), failure("fixed"), failure("gone"), failure("excused"),
           failure("ended", WAIVER), passed=("back",))  # fmt: skip
NOW = scan(29, failure("stays"), failure("new"), failure("back"), failure("excused", WAIVER),
           failure("ended"), failure("new and excused", WAIVER), passed=("fixed",))  # fmt: skip


def since_baseline(folder: Path) -> Assessment:
    del folder
    return mark_changes(OLD, NOW)


def since_history(folder: Path) -> Assessment:
    with History(folder / "h.db", is_new_allowed=True) as history:
        history.record(OLD)
        return history.marked(NOW)


@pytest.mark.parametrize("compared", [since_baseline, since_history])
def test_baseline_and_history_say_the_same_of_open_failures(compared, tmp_path: Path) -> None:
    marked = compared(tmp_path)
    assert marked.changes.summary == (
        "1 new, 2 regressed, 1 fixed, 1 no longer seen, 1 newly waived since 2026-11-22"
    )
    assert marked.changes.unchanged == 1
    assert {f.resource.id: f.change for f in marked.findings} == {
        "stays": "unchanged", "new": "new", "back": "regressed", "excused": "unchanged",
        "ended": "regressed", "new and excused": "new",
    }  # fmt: skip
    assert {f.resource.id: f.change for f in marked.changes.absent} == {
        "fixed": Change.FIXED, "gone": Change.NO_LONGER_SEEN,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("compared", "failed", "known"),
    [
        (since_baseline, {"new", "back", "ended"}, 1),
        (since_history, {"new", "back", "ended", "stays"}, 0),
    ],
)
def test_a_baseline_excuses_what_it_has_and_a_history_excuses_nothing(
    compared, failed: set[str], known: int, tmp_path: Path
) -> None:
    gate = with_gate(compared(tmp_path)).gate
    names = {fingerprint("a/b", name): name for name in failed}
    assert gate is not None
    assert (gate.result, gate.known) == (Gate.FINDINGS, known)
    assert {names.get(item, item) for item in gate.findings} == failed


def test_history_says_that_the_last_scan_was_judged_by_another_profile(tmp_path: Path) -> None:
    def judged(day: int, profile: str) -> Assessment:
        whole = scan(day, failure("x"))
        facts = msgspec.structs.replace(whole.scan, judged_by=JudgedBy(profile=profile))
        return msgspec.structs.replace(whole, scan=facts)

    with History(tmp_path / "h.db", is_new_allowed=True) as history:
        history.record(judged(1, "essential"))
        same, other = (history.marked(judged(2, name)) for name in ("essential", "strict"))
    assert same.changes.summary == "nothing changed since 2026-11-01"
    assert other.changes.summary.endswith(" (judged by other rules or settings then)")


def test_ages_go_from_baseline_to_baseline() -> None:
    second = mark_changes(scan(1, failure("x")), scan(8, failure("x")))
    third = mark_changes(second, scan(15, failure("x"), failure("y")))
    assert {f.resource.id: (f.first_seen, f.open_since) for f in third.findings} == {
        "x": ("2026-11-01T08:00:00Z",) * 2,
        "y": ("2026-11-15T08:00:00Z",) * 2,
    }


def test_what_a_limited_assessment_leaves_out_is_not_gone() -> None:
    limited = scan(29, limit=ChangeLimit(revision="main", commit="c", is_read=True))
    changes = mark_changes(OLD, limited).changes
    assert changes is not None
    assert (changes.absent, changes.fixed, changes.no_longer_seen) == ((), 0, 0)


@pytest.mark.parametrize(
    ("unread", "change"),
    [
        ("code/api/main.tf", Change.NOT_ASSESSED_NOW),
        ("code/api/variables.tf", Change.NOT_ASSESSED_NOW),
        ("code/worker/main.tf", Change.NO_LONGER_SEEN),
    ],
)
def test_failure_beside_a_file_that_was_not_read_is_not_assessed(
    unread: str, change: Change
) -> None:
    declared = Subject(
        id="code/api/main.tf#aws_x.y", type="aws.x", provider="aws", scope="code/code",
        file="api/main.tf", line=3,
    )  # fmt: skip
    row = TypeCoverage(type="aws.x", scope="code/code", region="", enumerated=1, assessed=1)
    gap = Gap(id="g", scope="code/code", subject=unread, wanted="content",
              reason=GapReason.TIMEOUT)  # fmt: skip
    old = scan(1, msgspec.structs.replace(failure("x"), resource=declared))
    changes = mark_changes(old, scan(2, coverage=coverage_of([row]), gaps=(gap,))).changes
    assert changes is not None
    assert [gone.change for gone in changes.absent] == [change]


def _record_many(path: str, day: int) -> None:
    failures = [failure(f"{day}-{number}") for number in range(2_000)]
    with History(Path(path)) as history:
        history.record(scan(day, *failures))


def test_a_scan_that_is_killed_while_it_is_recorded_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    with History(path, is_new_allowed=True) as history:
        history.record(scan(1, failure("x")))
    process = multiprocessing.get_context("fork")
    for day, delay_s in enumerate((0.02, 0.03, 0.04, 0.06, 0.09, 0.13), 2):
        writer = process.Process(target=_record_many, args=(str(path), day))
        writer.start()
        time.sleep(delay_s)
        writer.kill()
        writer.join()
        with History(path) as history:
            scans = history.scans()
            [trend] = history.trends()
        written = [past.id for past in scans if past.changes.get("new") == 2_000]
        assert len(scans) == 1 + len(written)
        assert trend.points[-1].open == scans[-1].changes.get("new", 0)
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
