"""The counts and groups that every report shows: one place, so that no two reports disagree."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from mlsec.core.assessment import Assessment, WaiverState
from mlsec.core.coverage import TypeCoverage
from mlsec.core.enums import GapReason, Severity, Status
from mlsec.core.finding import Finding
from mlsec.core.resource import Gap, is_of_code
from mlsec.render.display import shown

REASON_WORDS = {
    GapReason.DENIED: "denied",
    GapReason.THROTTLED: "throttled",
    GapReason.TIMEOUT: "timed out",
    GapReason.UNSUPPORTED: "not supported",
    GapReason.MALFORMED: "not understood",
    GapReason.OVER_LIMIT: "over a limit",
    GapReason.UNRESOLVED: "not resolved",
    GapReason.NOT_COLLECTED: "not collected",
    GapReason.NOT_STATED: "not stated",
}
_MODEL_FILE, _CODE_FILE = "files.artifact", "code.file"
_NAMED = 3
VALUES_IN_CODE = "values in code"
_RANK = {severity.value: severity.rank for severity in Severity}


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Checks by outcome. ``failed`` are open failures; ``waived`` are failures under a waiver."""

    failed: int
    waived: int
    passed: int
    not_assessed: int
    not_applicable: int
    by_severity: dict[Severity, int]
    by_reason: dict[GapReason, int]

    @property
    def checks(self) -> int:
        """All that applied: assessed or not."""
        return self.failed + self.waived + self.passed + self.not_assessed

    @property
    def percent(self) -> int:
        """Whole percent of the checks that were assessed, rounded down: 100 means all."""
        return 100 * (self.checks - self.not_assessed) // self.checks if self.checks else 0


class GapGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Gaps with the same operation, reason and missing right, in one scope.

    ``reasons`` says of values in code why they are not known, the commonest first.
    """

    scope: str
    wanted: str
    reason: GapReason
    missing_right: str
    gaps: tuple[Gap, ...]
    checks: int
    rules: tuple[str, ...]
    reasons: tuple[str, ...] = ()


def is_open(finding: Finding) -> bool:
    """Say whether the finding is a failure that no waiver covers, and is not folded."""
    is_failure = finding.status is Status.FAIL and finding.waiver is None
    return is_failure and not finding.is_folded


def path_length(finding: Finding) -> int:
    """How many resources decided together; 1 when the judged one alone did."""
    return len(finding.path.nodes) if finding.path else 1


def is_attack_path(finding: Finding) -> bool:
    """Whether it is open and severe, and two or more other resources had a part in it."""
    is_severe = finding.severity in {Severity.CRITICAL, Severity.HIGH}
    return is_severe and is_open(finding) and path_length(finding) > 2


def sorted_findings(assessment: Assessment) -> list[Finding]:
    """Give the findings by severity, rule, resource id, fingerprint: the order for machines."""
    return sorted(
        assessment.findings,
        key=lambda finding: (
            _RANK[finding.severity.value],
            finding.rule,
            finding.resource.id,
            finding.fingerprint,
        ),
    )


def state_of(finding: Finding) -> int:
    """Rank what asks for a person: 0 an open failure, 1 not assessed, 2 waived."""
    if finding.status is Status.NOT_ASSESSED:
        return 1
    return 0 if finding.waiver is None else 2


def findings_to_read(assessment: Assessment) -> list[Finding]:
    """Give the findings as people want them: what is open, what is not known, what is waived.

    Each by severity, rule and resource: a check that could not be made is no failure, however
    severe one would be, and must not hide those that are there.
    """
    return sorted(sorted_findings(assessment), key=state_of)


def by_place(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Group findings that say the same of one line of code: one rule, state and place.

    What is not declared in code is alone.
    """
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        subject = finding.resource
        place = (subject.scope, subject.file, subject.line) if subject.is_in_code else subject.id
        key = (finding.rule, finding.severity, finding.change, place)
        groups.setdefault(key, []).append(finding)
    return list(groups.values())


def has_repositories(assessment: Assessment) -> bool:
    """Whether findings are in the code of several targets: one path may mean two files."""
    scopes = {item.resource.scope for item in assessment.findings if item.resource.is_in_code}
    return len(scopes) > 1


def sorted_waivers(assessment: Assessment) -> list[WaiverState]:
    """Give the waivers by id."""
    return sorted(assessment.waivers, key=lambda waiver: (waiver.id, waiver.rule, waiver.resource))


def count(assessment: Assessment) -> Tally:
    """Count the checks; failures and unread ones from the findings, passes from the totals."""
    findings = assessment.findings
    reasons = {gap.id: gap.reason for gap in assessment.gaps}
    unread = [finding for finding in findings if finding.status is Status.NOT_ASSESSED]
    first_reasons = Counter(
        next((reasons[gap] for gap in item.gaps if gap in reasons), GapReason.UNRESOLVED)
        for item in unread
    )
    severities = Counter(finding.severity for finding in findings if is_open(finding))
    return Tally(
        failed=severities.total(),
        waived=sum(1 for finding in findings if finding.status is Status.FAIL and finding.waiver),
        passed=assessment.totals.passed or sum(map(len, assessment.passed.values())),
        not_assessed=len(unread),
        not_applicable=assessment.totals.not_applicable,
        by_severity={severity: severities[severity] for severity in Severity},
        by_reason={reason: first_reasons[reason] for reason in GapReason if first_reasons[reason]},
    )


def is_complete(assessment: Assessment, tally: Tally) -> bool:
    """Say whether something was assessed and nothing was left unread.

    Of an assessment that is limited to a change: nothing that the change touches.
    """
    if assessment.limit is not None:
        return assessment.limit.is_read and not tally.not_assessed and not assessment.gaps
    is_all = not tally.not_assessed and assessment.coverage.is_whole and not assessment.gaps
    return bool(tally.checks) and is_all


def summary_line(assessment: Assessment) -> str:
    """Count everything in one line, the unread too."""
    tally = count(assessment)
    reasons = ", ".join(f"{n:,} {REASON_WORDS[why]}" for why, n in tally.by_reason.items())
    unread = f"{tally.not_assessed:,} not assessed" + (f" ({reasons})" if reasons else "")
    line = f"{tally.failed:,} fail, {tally.passed:,} pass, {unread}, {tally.waived:,} waived"
    limit = f"; {shown(assessment.limit.summary)}" if assessment.limit is not None else ""
    if not tally.checks:
        nothing = (
            "nothing was assessed" if not limit else "the change affects nothing that is assessed"
        )
        return f"{line}; {nothing}{limit}"
    noun = "check" if tally.checks == 1 else "checks"
    return f"{line}; {tally.percent}% of {tally.checks:,} {noun} assessed{limit}"


def gap_groups(assessment: Assessment) -> list[GapGroup]:
    """Group the gaps for reading, those that hide most checks first.

    A check that several gaps of a group hide is one check.
    """
    rules_of: dict[str, set[str]] = defaultdict(set)
    checks_of: dict[str, set[str]] = defaultdict(set)
    for finding in assessment.findings:
        if finding.status is Status.NOT_ASSESSED:
            for gap_id in set(finding.gaps):
                rules_of[gap_id].add(finding.rule)
                checks_of[gap_id].add(finding.fingerprint)
    grouped: dict[tuple[str, str, str, str], list[Gap]] = defaultdict(list)
    for gap in sorted(assessment.gaps, key=lambda gap: (gap.scope, gap.subject, gap.id)):
        # Of code, each property of each thing has a gap of its own; why is what people ask.
        wanted = VALUES_IN_CODE if is_of_code(gap) else gap.wanted
        grouped[gap.scope, wanted, gap.reason.value, gap.missing_right].append(gap)
    groups = [
        GapGroup(
            scope=scope,
            wanted=wanted,
            reason=GapReason(reason),
            missing_right=right,
            gaps=tuple(gaps),
            checks=len(set().union(*(checks_of[gap.id] for gap in gaps))),
            rules=tuple(sorted(set().union(*(rules_of[gap.id] for gap in gaps)))),
            reasons=_reasons_in_code(gaps),
        )
        for (scope, wanted, reason, right), gaps in grouped.items()
    ]
    return sorted(
        groups, key=lambda group: (-group.checks, group.scope, group.wanted, group.reason.value)
    )


def _reasons_in_code(gaps: Iterable[Gap]) -> tuple[str, ...]:
    """Say why values in code are not known, the commonest first."""
    counted = Counter(gap.detail for gap in gaps if is_of_code(gap) and gap.detail)
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return tuple(f"{detail} ({number:,})" for detail, number in ranked)


def missing_rights(groups: Iterable[GapGroup]) -> list[str]:
    """List the actions to allow, sorted, each once."""
    return sorted({group.missing_right for group in groups if group.missing_right})


def scopes(assessment: Assessment) -> list[str]:
    """List every scope that the scan asked about, sorted."""
    parts: list[Iterable[str]] = [
        assessment.coverage.scopes,
        (finding.resource.scope for finding in assessment.findings),
        (gap.scope for gap in assessment.gaps),
    ]
    return sorted({scope for part in parts for scope in part})


def scope_names(assessment: Assessment) -> list[str]:
    """List the scopes as people write them.

    A folder that was read for its model files and for its code is one.
    """
    return list(dict.fromkeys(map(scope_name, scopes(assessment))))


def scope_name(scope: str) -> str:
    """Write a scope as people do: a folder or bucket without the word before it."""
    return re.sub(r"^(?:files|code)/", "", scope)


def files_accounted(assessment: Assessment) -> str:
    """Say what became of every model file and file of code; "" where none was asked for."""
    coverage, asked = assessment.coverage, assessment.coverage.types
    files, code = (
        [row for row in coverage.rows if row.type == kind] for kind in (_MODEL_FILE, _CODE_FILE)
    )
    result, read, left_out, not_read = (
        f"{sum(getattr(row, name) for row in files):,}"
        for name in ("enumerated", "assessed", "excluded", "errored")
    )
    assessed = "assessed as models" if _CODE_FILE in asked else "assessed"
    models = f"{result} files found = {read} {assessed} + {left_out} excluded + {not_read} not read"
    understood, refused = (sum(getattr(row, n) for row in code) for n in ("assessed", "errored"))
    of_code = (
        f"{understood + refused:,} code files = {understood:,} read + {refused:,} not wholly read"
    )
    said = ((models, _MODEL_FILE), (of_code, _CODE_FILE))
    return "; ".join(part for part, kind in said if kind in asked)


def left_out_names(rows: Iterable[TypeCoverage]) -> str:
    """Name the first files that were left out, and count the others; "" where none is named."""
    names = sorted({name for row in rows for part in row.named for name in part.names})
    listed = ", ".join(shown(name, 60) for name in names[:_NAMED])
    rest = len(names) - _NAMED
    return f"{listed} and {rest:,} more, all in assessment.json" if rest > 0 else listed


def unread_scopes(assessment: Assessment) -> list[str]:
    """List the scopes of which nothing at all could be read, sorted."""
    coverage = assessment.coverage
    read = {row.scope for row in coverage.rows if row.is_complete or row.assessed}
    read.update(scope for group in coverage.empty for scope, _ in group.places)
    read.update(f.resource.scope for f in assessment.findings if f.status is Status.FAIL)
    return [scope for scope in scopes(assessment) if scope not in read]
