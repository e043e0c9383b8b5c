"""Another tool's failures: under its own ids, on our resources, and not twice what ours say."""

from __future__ import annotations

import datetime

import msgspec
import pytest

from mlsec.core.assessment import StatusCounts
from mlsec.core.enums import Category, Concern, Severity, Status
from mlsec.core.external_finding import ExternalReport, ExternalResult, ExternalRun
from mlsec.core.finding import Finding, Subject
from mlsec.core.resource import Origin, Resource
from mlsec.core.waiver_note import WaiverNote
from mlsec.engine.assessment.external_findings import (
    DEFAULT_SEVERITY,
    Merged,
    external_rules,
    merge_external,
)
from mlsec.engine.waivers.comment_waivers import comment_waivers
from mlsec.engine.waivers.waivers import apply_waivers
from tests.shipped import shipped_rules

RULES = shipped_rules()
EQUAL = next(
    (rule, each.removeprefix("checkov:"))
    for rule in RULES.rules
    for each in rule.equivalents
    if each.startswith("checkov:")
)
RULE, CHECK = EQUAL
NOTEBOOK = Resource(
    id="code/.#aws_x.y", type="a.b", provider="aws", scope="code/.", name="y",
    origin=Origin(kind="iac", file="main.tf", line=3),
)  # fmt: skip


def result(check: str = "CKV_X_1", **more: object) -> ExternalResult:
    made = ExternalResult(check=check, title="Ensure x", file="main.tf", line=3, resource="aws_x.y")
    return msgspec.structs.replace(made, **more)


def run(*failed: ExternalResult, **more: object) -> ExternalReport:
    made = ExternalRun(tool="checkov", version="3.3.30", failed=failed, given=1, passed=7)
    return ExternalReport(scope="code/.", run=msgspec.structs.replace(made, **more))


def ours(status: Status = Status.FAIL) -> Finding:
    return Finding(
        fingerprint="f", rule=RULE.id, status=status, severity=Severity.HIGH, message="m",
        category=Category.ACCESS, concern=Concern.SECURITY,
        resource=Subject(id=NOTEBOOK.id, type="a.b", provider="aws", scope="code/.",
                         file="main.tf", line=3),
    )  # fmt: skip


def merged(
    *failed: ExternalResult,
    findings: tuple[Finding, ...] = (),
    passed: tuple[str, ...] = (),
    resources: tuple[Resource, ...] = (NOTEBOOK,),
) -> Merged:
    return merge_external([run(*failed)], resources, RULES, findings, {RULE.id: passed})


def test_failure_stands_on_our_resource_under_the_tools_own_id() -> None:
    (found,) = merged(result()).findings
    assert (found.rule, found.status, found.severity) == (
        "checkov:CKV_X_1",
        Status.FAIL,
        DEFAULT_SEVERITY,
    )
    assert found.resource.id == NOTEBOOK.id
    assert found.evidence[0].source == "main.tf:3"


def test_failure_on_what_we_do_not_know_stands_on_its_line() -> None:
    (found,) = merged(result(file="other.tf", line=9)).findings
    assert (found.resource.file, found.resource.line) == ("other.tf", 9)
    assert found.resource.id == "code/.#other.tf#aws_x.y"


def test_resource_of_another_target_or_line_is_not_meant() -> None:
    far = msgspec.structs.replace(NOTEBOOK, scope="code/other")
    named = msgspec.structs.replace(NOTEBOOK, id="code/.#aws_x.z")
    for one, line in ((far, 3), (named, 4)):
        (found,) = merged(result(line=line), resources=(one,)).findings
        assert found.resource.id == "code/.#main.tf#aws_x.y"


@pytest.mark.parametrize(
    ("findings", "passed", "left"),
    [
        ((ours(),), (), "1 are omitted because an equivalent mlsec rule fails there too"),
        ((), (NOTEBOOK.id,), "1 because it passes there"),
    ],
    ids=["ours fails too", "ours passes"],
)
def test_ours_wins_and_the_report_says_so(
    findings: tuple[Finding, ...], passed: tuple[str, ...], left: str
) -> None:
    made = merged(result(CHECK), result("CKV_X_1"), findings=findings, passed=passed)
    assert [one.rule for one in made.findings] == ["checkov:CKV_X_1"]
    assert left in made.notices[0]
    assert "1 of its 2 failures are in this report" in made.notices[0]


def test_where_ours_could_not_decide_theirs_stays() -> None:
    made = merged(result(CHECK), findings=(ours(Status.NOT_ASSESSED),))
    assert [one.rule for one in made.findings] == [f"checkov:{CHECK}"]


def test_it_is_as_severe_as_the_rule_it_equals_and_medium_where_none_does() -> None:
    made = merged(result(CHECK), result())
    severities = {one.rule: one.severity for one in made.findings}
    assert severities == {f"checkov:{CHECK}": RULE.severity, "checkov:CKV_X_1": DEFAULT_SEVERITY}
    counts = dict.fromkeys(severities, StatusCounts(failed=1))
    rules = {one.id: one for one in external_rules([run(result(CHECK), result())], RULES, counts)}
    assert {name: one.severity for name, one in rules.items()} == severities
    assert "medium is assumed" in rules["checkov:CKV_X_1"].why


def test_two_of_one_check_on_one_resource_are_two_and_keep_their_identity_when_lines_move() -> None:
    def prints(shift: int) -> list[str]:
        one = msgspec.structs.replace(NOTEBOOK, origin=Origin(kind="iac", file="main.tf", line=3))
        made = merged(result(line=3 + shift), result(line=9 + shift), resources=(one,))
        return [each.fingerprint for each in made.findings]

    assert len({*prints(0)}) == 2
    assert prints(0) == prints(20)


def test_waiver_in_the_code_holds_for_it_too() -> None:
    (found,) = merged(result()).findings
    note = WaiverNote(
        scope="code/.", file="main.tf", line=2, heads=(3,),
        words=" checkov:CKV_X_1 until=2027-01-31 reason=x",
    )  # fmt: skip
    waivers, _ = comment_waivers([note])
    now = datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)
    (marked,), _ = apply_waivers([found], waivers, now, RULES)
    assert marked.waiver is not None


def test_run_that_did_not_end_and_comments_of_its_own_are_told() -> None:
    silent = merge_external([run(version="")], (), RULES, (), {})
    assert "did not finish" in silent.notices[0]
    skipping = merge_external([run(skipped=("CKV_S of aws_x.y",))], (), RULES, (), {})
    assert "without an expiry date suppress: CKV_S of aws_x.y" in skipping.notices[0]
