"""Why a scan ended with exit code 10 or 11, in words: which findings, or what was missing."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.core.assessment import Assessment
from mlsec.core.changes import day_of
from mlsec.core.enums import GapReason
from mlsec.core.finding import Finding
from mlsec.core.gate_result import Gate, GateResult
from mlsec.render import tally
from mlsec.render.display import plural, shown, shown_id

_FINDINGS_SHOWN = 3
_GROUPS_SHOWN = 3
_SAYS_ITSELF = (GapReason.UNSUPPORTED, GapReason.MALFORMED, GapReason.OVER_LIMIT)
# What helps where no right is missing and the gap does not say it.
_WAYS = {
    GapReason.DENIED: "give the scan's identity access to it",
    GapReason.THROTTLED: "scan again with --resume, or with a smaller --max-rps",
    GapReason.TIMEOUT: "scan again with --resume, or with a longer --deadline",
    GapReason.UNSUPPORTED: "scan what it is rendered to, or leave it out with --exclude",
    GapReason.MALFORMED: "mend it, or leave it out with --exclude",
    GapReason.OVER_LIMIT: "scan its parts one by one, or leave it out with --exclude",
    GapReason.UNRESOLVED: "scan it together with what it refers to",
    GapReason.NOT_COLLECTED: "collect the evidence again",
    GapReason.NOT_STATED: "scan again when the service says it",
}
_NOT_UNCHANGED = ("new", "regressed")


def gate_lines(assessment: Assessment) -> list[str]:
    """Say why the gate failed: a sentence, and a line for each of the first things; [] if not."""
    gate = assessment.gate
    if gate is None or gate.result is Gate.CLEAN:
        return []
    is_bad = gate.result is Gate.FINDINGS
    return list(_of_findings(assessment, gate) if is_bad else _of_gaps(assessment, gate))


def _of_findings(assessment: Assessment, gate: GateResult) -> Iterator[str]:
    known = {finding.fingerprint: finding for finding in assessment.findings}
    failed = [known[item] for item in gate.findings if item in known]
    causes = f" of {plural(len(gate.causes), 'cause')}" if gate.causes else ""
    worst = f", the worst {failed[0].severity.value}" if failed else ""
    yield (
        f"failed (exit 10): {plural(len(gate.findings), _new(assessment, failed) + 'finding')}"
        f"{causes} at or above {shown(assessment.scan.fail_on, 20)}{worst}"
        f"{_compared(assessment, failed, gate.known)}"
    )
    is_first = assessment.changes is not None and assessment.changes.is_first
    for finding in failed[:_FINDINGS_SHOWN]:
        yield finding_line(finding, "" if is_first else finding.change)
    more = len(gate.findings) - _FINDINGS_SHOWN
    if more > 0:
        yield f"and {more:,} more"


def _new(assessment: Assessment, failed: list[Finding]) -> str:
    """Give the word before the number, where the gate asks only for what a baseline has not."""
    changes = assessment.changes
    if changes is None and assessment.limit is not None:
        return "new "
    if changes is None or changes.source != "baseline":
        return ""
    has_regressed = any(finding.change == "regressed" for finding in failed)
    return "new or regressed " if has_regressed else "new "


def _compared(assessment: Assessment, failed: list[Finding], known: int) -> str:
    """Say how they stand to the earlier scan."""
    changes = assessment.changes
    if changes is None and assessment.limit is not None:
        more = f"; {known:,} more at that severity stood there before" if known else ""
        return f", since {shown(assessment.limit.revision, 120)}{more}"
    if changes is None or changes.is_first:
        return ""
    since = day_of(changes.since, changes.until)
    if changes.source == "baseline":
        more = f"; {known:,} more at that severity, known to the baseline" if known else ""
        return f", since the baseline of {since}{more}"
    new = sum(finding.change in _NOT_UNCHANGED for finding in failed)
    return f"; {f'{new:,}' if new else 'none'} of them new or regressed since {since}"


def finding_line(finding: Finding, change: str) -> str:
    """Name a failure in one line: whether it is new, how bad, its rule, resource and place."""
    subject = finding.resource
    said = f"{change} " if change in _NOT_UNCHANGED else ""
    place = f" ({shown(subject.file, 200)}:{subject.line})" if subject.is_in_code else ""
    return f"{said}{finding.severity.value}[{shown(finding.rule)}] {shown_id(subject.id)}{place}"


def _of_gaps(assessment: Assessment, gate: GateResult) -> Iterator[str]:
    wanted = assessment.scan.min_coverage_percent
    asked = f"--min-coverage asks for {wanted:g}%"
    for target in gate.empty:
        yield f"{shown(target, 200)}: no file there, or only empty ones, so nothing to assess"
    enumerated = assessment.coverage.enumerated
    if enumerated and enumerated == sum(row.excluded for row in assessment.coverage.rows):
        yield (
            f"incomplete (exit 11): nothing to assess: of {enumerated:,} files there, none is a"
            " model file or a part of one; --min-coverage 0 accepts that"
        )
        return
    parts = [f"{gate.assessed_percent:g}% of the checks could be assessed"]
    if gate.unread:
        parts.append(f"{plural(gate.unread, 'check')} could not")
    if uncounted := tally.count(assessment).not_assessed - gate.unread:
        parts.append(f"{plural(uncounted, 'more waits', 'more wait')} for values that only an"
                     " apply can know and that the gate does not count")  # fmt: skip
    if gate.incomplete_listings:
        parts.append(f"{plural(gate.incomplete_listings, 'listing')} may hold more than was seen")
    if gate.empty:
        parts.append(f"{plural(len(gate.empty), 'target is', 'targets are')} empty")
    yield f"incomplete (exit 11): {', '.join(parts)}; {asked}"
    yield from _group_lines(assessment)


def _way_out(group: tally.GapGroup) -> str:
    """Say what to do about it: what the gap itself says, else what helps with its reason."""
    if group.missing_right:
        return f"; allow {shown(group.missing_right, 200)}"
    details = {gap.detail for gap in group.gaps}
    if group.reason in _SAYS_ITSELF and len(details) == 1:
        return f"; {shown(details.pop(), 240)}"
    return f"; {_WAYS[group.reason]}"


def _group_lines(assessment: Assessment) -> Iterator[str]:
    groups = [
        group
        for group in tally.gap_groups(assessment)
        if group.wanted != tally.VALUES_IN_CODE or not group.reasons
    ]
    for group in groups[:_GROUPS_SHOWN]:
        why = tally.REASON_WORDS[group.reason]
        way = _way_out(group)
        checks = f", which {plural(group.checks, 'check')} needed" if group.checks else ""
        subject = f" of {shown(group.gaps[0].subject, 150)}" if len(group.gaps) == 1 else ""
        yield (f"{shown(group.scope, 100)}: {shown(group.wanted, 120)}{subject} {why}{checks}{way}")
    if len(groups) > _GROUPS_SHOWN:
        yield f"and {len(groups) - _GROUPS_SHOWN:,} more"
