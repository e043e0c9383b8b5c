"""Limited to a change: what stands on it anywhere is kept, the rest is counted and not shown."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from mlsec.core.assessment import Assessment, ChangeLimit, StatusCounts
from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.digest import make_gap
from mlsec.core.enums import Category, Concern, GapReason, Severity, Status
from mlsec.core.finding import AttackPath, Evidence, Finding, PathEdge, PathNode, Subject
from mlsec.engine.assessment.assess import Judgement
from mlsec.engine.assessment.change_filter import Before, Limiting, limit_judgement
from mlsec.engine.assessment.gate import Gate, gate

DECLARED = {"endpoint": "main.tf", "role": "iam.tf", "topic": "other.tf"}
ROLE = PathNode(id="role", type="t", name="role")
ENDPOINT = PathNode(id="endpoint", type="t", name="endpoint")


class Files:
    """A change of these files."""

    revision, commit = "main", "c" * 40
    resolved, resolved_commit = "refs/heads/main", "d" * 40

    def __init__(self, *files: str) -> None:
        self.files = files

    def is_changed(self, path: str) -> bool:
        return path in self.files

    def has_other_bytes(self, path: str) -> bool:
        return path in self.files

    def touches(self, resource_id: str, file: str) -> bool:
        return file in self.files

    def touches_subject(self, subject: str) -> bool:
        return subject in self.files


def finding(name: str = "endpoint", status: Status = Status.FAIL, **more: object) -> Finding:
    """A finding of one of the declared resources."""
    made = Finding(
        fingerprint=f"{name}/print", rule="a/b", status=status, severity=Severity.HIGH,
        category=Category.ACCESS, concern=Concern.SECURITY, message="m",
        resource=Subject(
            id=name, type="t", provider="p", scope="code/.", file=DECLARED[name], line=3
        ),
    )  # fmt: skip
    return msgspec.structs.replace(made, **more)


def clause(resource: str, source: str = "") -> Evidence:
    return Evidence(path="p", operator="eq", expected=1, resource=resource, source=source)


def keeps(one: Finding, *changed: str, known: bool = True) -> bool:
    """Whether the finding is shown, when it was there before (or not)."""
    verdicts = frozenset({(one.fingerprint, one.status)} if known else ())
    before = Before(verdicts=verdicts, gaps=frozenset())
    return Limiting(change=Files(*changed), before=before, declared=DECLARED).keeps(one)


JOINED = AttackPath(nodes=(ENDPOINT, ROLE), edges=(PathEdge(source=0, target=1, relation="role"),))


@pytest.mark.parametrize(
    ("one", "changed", "expected"),
    [
        (finding(), "other.tf", False),
        (finding(), "main.tf", True),
        (finding(evidence=(clause("role"),)), "iam.tf", True),
        (finding(evidence=(clause("endpoint", "vars.tf:3:1"),)), "vars.tf", True),
        (finding(evidence=(clause("endpoint", "vars.tf:3"),)), "vars.tf", True),
        (finding(evidence=(clause("endpoint", "DescribeX:vars.tf"),)), "DescribeX", False),
        (finding(path=JOINED), "iam.tf", True),
        (finding(path=JOINED), "other.tf", False),
    ],
    ids=[
        "elsewhere", "own file", "evidence on a changed resource", "a changed file of variables",
        "without a column", "a source that is none", "path over a changed resource",
        "path elsewhere",
    ],
)  # fmt: skip
def test_finding_is_kept_where_its_evidence_or_path_stands_on_a_changed_file(
    one: Finding, changed: str, expected: bool
) -> None:
    assert keeps(one, changed) is expected


def test_finding_that_was_not_there_before_is_kept_wherever_it_stands() -> None:
    assert keeps(finding(), known=False)


def test_verdict_that_became_another_is_kept() -> None:
    before = Before(verdicts=frozenset({("endpoint/print", Status.NOT_ASSESSED)}), gaps=frozenset())
    limiting = Limiting(change=Files(), before=before, declared=DECLARED)
    assert limiting.keeps(finding())


def limited(
    findings: tuple[Finding, ...],
    *changed: str,
    passed: Mapping[str, tuple[str, ...]] | None = None,
    is_known: bool = True,
) -> Assessment:
    """An assessment of findings, limited to some files; all were there before, or none was."""
    ids = passed or {}
    counts = StatusCounts(
        passed=sum(map(len, ids.values())),
        failed=sum(1 for one in findings if one.status is Status.FAIL),
        not_assessed=sum(1 for one in findings if one.status is Status.NOT_ASSESSED),
    )
    judgement = Judgement(findings=findings, passed=ids, counts={"a/b": counts}, totals=counts)
    old = make_gap(scope="code/.", subject="old.tf", wanted="w", reason=GapReason.MALFORMED)
    row = TypeCoverage(
        type="code.file", scope="code/.", region="", enumerated=1, errored=1, gaps=(old.id,)
    )
    before = Before(
        verdicts=frozenset((one.fingerprint, one.status) for one in findings if is_known),
        gaps=frozenset({old.id}),
    )
    limiting = Limiting(change=Files(*changed), before=before, declared=DECLARED)
    kept, gaps, limit = limit_judgement(judgement, limiting, (old,), coverage_of([row]))
    return Assessment(
        findings=kept.findings, totals=kept.totals, passed=kept.passed, gaps=gaps,
        coverage=coverage_of([row]),        limit=limit,
    )  # fmt: skip


def test_what_is_not_shown_is_counted_and_nothing_is_lost() -> None:
    hidden = (finding("topic"), finding("role", Status.NOT_ASSESSED))
    made = limited((finding(), *hidden), "main.tf", passed={"a/b": ("endpoint", "topic")})
    assert [one.resource.id for one in made.findings] == ["endpoint"]
    assert made.passed == {"a/b": ("endpoint",)}
    assert made.totals == StatusCounts(passed=1, failed=1)
    assert made.limit == ChangeLimit(
        revision="main", commit="c" * 40, is_read=True, failed=1, not_assessed=1, passed=1, gaps=1,
        resolved="refs/heads/main", resolved_commit="d" * 40, known=1,
    )  # fmt: skip
    assert "2 other findings not shown (1 fail, 1 not assessed)" in made.limit.summary


def test_not_assessed_of_a_touched_file_stays() -> None:
    made = limited((finding("role", Status.NOT_ASSESSED),), "iam.tf")
    assert [one.status for one in made.findings] == [Status.NOT_ASSESSED]


@pytest.mark.parametrize(
    ("changed", "is_known", "expected"),
    [
        ("main.tf", False, Gate.FINDINGS),
        ("main.tf", True, Gate.CLEAN),
        ("other.tf", True, Gate.CLEAN),
        ("old.tf", True, Gate.INCOMPLETE),
    ],
    ids=[
        "a finding that is new", "one that stood in the changed file", "a file that passes",
        "a file that cannot be read",
    ],
)  # fmt: skip
def test_gate_asks_only_what_the_change_brings(
    changed: str, is_known: bool, expected: Gate
) -> None:
    made = limited((finding(),), changed, passed={"a/b": ("topic",)}, is_known=is_known)
    assert gate(made, "high", 100.0) is expected


def test_change_that_touches_nothing_assessed_is_clean_only_where_something_was() -> None:
    assert gate(limited((finding(),), "README.md"), "high", 100.0) is Gate.CLEAN
    assert gate(limited((), "README.md"), "high", 100.0) is Gate.INCOMPLETE


def test_list_that_was_cut_short_may_hide_what_the_change_adds() -> None:
    row = TypeCoverage(type="t", scope="code/.", region="", is_complete=False)
    limiting = Limiting(
        change=Files(), before=Before(verdicts=frozenset(), gaps=frozenset()), declared={}
    )
    _, _, limit = limit_judgement(Judgement(), limiting, (), coverage_of([row]))
    assert not limit.is_read
