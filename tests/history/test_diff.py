"""What changed between two assessments."""

from __future__ import annotations

import msgspec
import pytest

from mlsec.core.assessment import Assessment, RuleSummary
from mlsec.core.catalogue import Fix
from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.digest import fingerprint, make_gap
from mlsec.core.enums import Category, Concern, GapReason, RuleStatus, Severity, Status
from mlsec.core.finding import Finding, Subject
from mlsec.history.diff import Change, compare, mark_changes

RULE = RuleSummary(
    id="a/b", title="t", severity=Severity.HIGH, category=Category.ACCESS,
    concern=Concern.SECURITY, status=RuleStatus.STABLE, resource="aws.x", why="w",
    fix=Fix(text="f"),
)  # fmt: skip
SEEN = TypeCoverage(type="aws.x", scope="aws/1", region="r", enumerated=1, assessed=1)
BLIND = TypeCoverage(type="aws.x", scope="aws/1", region="r", is_complete=False, gaps=("g",))


def finding(status: Status = Status.FAIL, severity: Severity = Severity.HIGH) -> Finding:
    return Finding(
        fingerprint=fingerprint("a/b", "x1"), rule="a/b", status=status, severity=severity,
        category=Category.ACCESS, concern=Concern.SECURITY, message="m",
        resource=Subject(id="x1", type="aws.x", provider="aws", scope="aws/1", region="r"),
    )  # fmt: skip


def scan(*findings: Finding, passed=(), coverage=(SEEN,), rules=(RULE,)) -> Assessment:
    return Assessment(
        findings=findings,
        passed={"a/b": passed} if passed else {},
        coverage=coverage_of(coverage),
        rules=rules,
    )


FAILED = scan(finding())
FOLDED = scan(
    msgspec.structs.replace(
        finding(), fingerprint="0", stands_for=("x0", "x1"),
        resource=msgspec.structs.replace(finding().resource, id="x0"),
    )
)  # fmt: skip
GRAVER = scan(finding(severity=Severity.CRITICAL))
RATED_ANEW = msgspec.structs.replace(
    GRAVER, rules=(msgspec.structs.replace(RULE, severity=Severity.CRITICAL),)
)


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (scan(), FAILED, Change.NEW),
        (scan(passed=("x1",)), FAILED, Change.REGRESSED),
        (FAILED, FAILED, Change.UNCHANGED),
        (FAILED, GRAVER, Change.REGRESSED),
        (GRAVER, FAILED, Change.UNCHANGED),
        (FAILED, RATED_ANEW, Change.UNCHANGED),
        (FAILED, scan(passed=("x1",)), Change.FIXED),
        (FAILED, scan(finding(Status.NOT_ASSESSED)), Change.NOT_ASSESSED_NOW),
        (FAILED, scan(coverage=(BLIND,)), Change.NOT_ASSESSED_NOW),
        (FAILED, scan(coverage=()), Change.NOT_ASSESSED_NOW),
        (FAILED, scan(), Change.NO_LONGER_SEEN),
        (FAILED, scan(rules=()), Change.RULE_GONE),
    ],
)
def test_a_failure_is_fixed_only_when_it_was_seen_to_pass(
    old: Assessment, new: Assessment, change: Change
) -> None:
    assert [c.change for c in compare(old, new)] == [change]


@pytest.mark.parametrize(
    ("unread", "change"),
    [
        ("/r", Change.NOT_ASSESSED_NOW),
        ("/r/a", Change.NOT_ASSESSED_NOW),
        ("/r/a/b", Change.NOT_ASSESSED_NOW),
        ("/r/a/b/other", Change.NO_LONGER_SEEN),
        ("/r/aa", Change.NO_LONGER_SEEN),
    ],
)
def test_what_lies_in_a_folder_that_was_not_read_is_not_gone(unread: str, change: Change) -> None:
    file = Subject(id="/r/a/b/m.pkl", type="aws.x", provider="files", scope="files//r")
    code = Subject(
        id="aws_x.x", type="aws.x", provider="aws", scope="code//r", file="a/b/c/main.tf", line=3
    )
    for subject in (file, code):
        gap = make_gap(
            scope=subject.scope, subject=unread, wanted="content", reason=GapReason.DENIED
        )
        old = scan(msgspec.structs.replace(finding(), resource=subject))
        row = TypeCoverage(type="aws.x", scope=subject.scope, region="")
        new = msgspec.structs.replace(scan(coverage=(row,)), gaps=(gap,))
        assert [entry.change for entry in compare(old, new)] == [change], subject.id


def test_failure_that_another_one_stands_for_is_unchanged() -> None:
    [folded] = FOLDED.findings
    later = scan(msgspec.structs.replace(folded, resource=finding().resource, stands_for=("x1",)))
    assert [c.change for c in compare(FAILED, FOLDED)] == [Change.NEW, Change.UNCHANGED]
    assert [c.change for c in compare(FOLDED, later)] == [Change.UNCHANGED]


def test_marks_reach_the_findings_of_the_new_assessment() -> None:
    assert [f.change for f in mark_changes(scan(), FAILED).findings] == ["new"]
