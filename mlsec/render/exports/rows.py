"""One finding, or one thing that could not be read, as a flat row: for CSV and for a workbook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlsec.core.assessment import Assessment, RuleSummary
from mlsec.core.cause import Cause
from mlsec.core.enums import Status
from mlsec.core.finding import Finding
from mlsec.core.resource import Gap
from mlsec.render import tally
from mlsec.render.display import actual_text, shown, shown_id, telling

HEAD = (
    "Status", "Severity", "Rule", "Title", "Message", "Resource", "Resource type", "Resource id",
    "Scope", "Region", "Owner", "File", "Line", "Concern", "Observed", "Why not assessed", "Fix",
    "Change", "Cause", "Waived until", "Fingerprint",
)  # fmt: skip
_OBSERVED_SHOWN = 6


def status_word(finding: Finding) -> str:
    """Give the state of a finding in one word: ``fail``, ``waived`` or ``not assessed``."""
    if finding.status is Status.NOT_ASSESSED:
        return "not assessed"
    return "waived" if finding.waiver is not None else "fail"


def reasons_of(finding: Finding, gaps: Mapping[str, Gap]) -> str:
    """Say why a check could not be made: each reason once, sorted; "" for one that was made."""
    words = {tally.REASON_WORDS[gaps[item].reason] for item in finding.gaps if item in gaps}
    return ", ".join(sorted(words))


def rows(assessment: Assessment) -> Iterator[tuple[str, ...]]:
    """Give a row per finding, then one per gap that hides no check by name, in stable order.

    Passes have no rows: they are counted in the other reports. Cells are safe to show.
    """
    rules = {rule.id: rule for rule in assessment.rules}
    gaps = {gap.id: gap for gap in assessment.gaps}
    causes = {print_: cause for cause in assessment.causes for print_ in cause.findings}
    for finding in tally.findings_to_read(assessment):
        yield _row(finding, rules.get(finding.rule), causes.get(finding.fingerprint), gaps)
    hidden = {gap for finding in assessment.findings for gap in finding.gaps}
    for gap in sorted(assessment.gaps, key=lambda gap: (gap.scope, gap.subject, gap.id)):
        if gap.id not in hidden:
            yield _gap_row(gap)


def _row(
    finding: Finding, rule: RuleSummary | None, cause: Cause | None, gaps: Mapping[str, Gap]
) -> tuple[str, ...]:
    subject = finding.resource
    fix = shown(rule.fix.on(subject.provider).text) if rule else ""
    return (
        status_word(finding), finding.severity.value, shown(finding.rule),
        shown(rule.title) if rule else "", shown(finding.message, 500),
        shown(subject.name, 300), shown(subject.type), shown_id(subject.id), shown(subject.scope),
        shown(subject.region), shown(subject.owner), shown(subject.file),
        str(subject.line) if subject.file and subject.line else "", finding.concern.value,
        observed(finding), reasons_of(finding, gaps), fix, shown(finding.change),
        cause.id if cause else "", shown(finding.waiver.expires) if finding.waiver else "",
        shown(finding.fingerprint),
    )  # fmt: skip


def observed(finding: Finding) -> str:
    """Say what was observed: ``path = value``, the first few clauses that decided."""
    items = telling(finding.evidence)
    facts = [f"{shown(item.path, 120)} = {actual_text(item)}" for item in items[:_OBSERVED_SHOWN]]
    more = len(items) - len(facts)
    return "; ".join([*facts, f"and {more:,} more"] if more > 0 else facts)


def _gap_row(gap: Gap) -> tuple[str, ...]:
    why = f"{tally.REASON_WORDS[gap.reason]}{f': {shown(gap.detail, 300)}' if gap.detail else ''}"
    cells = {
        "Status": "not read",
        "Message": f"{shown(gap.wanted, 200)} could not be read",
        "Resource id": shown_id(gap.subject),
        "Scope": shown(gap.scope),
        "Why not assessed": why,
        "Fix": f"allow {shown(gap.missing_right, 200)}" if gap.missing_right else "",
    }
    return tuple(cells.get(name, "") for name in HEAD)
