"""Compare two assessments by fingerprint: new, worse, mended, gone, or not seen this time."""

from __future__ import annotations

import enum

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from mlsec.core.finding import Finding


class Change(enum.Enum):
    """What became of one failure between an old and a new assessment."""

    NEW = "new"
    REGRESSED = "regressed"
    UNCHANGED = "unchanged"
    FIXED = "fixed"
    NOT_ASSESSED_NOW = "not_assessed_now"
    NO_LONGER_SEEN = "no_longer_seen"
    RULE_GONE = "rule_gone"


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """One failure and what became of it; ``finding`` is the newest that shows it."""

    change: Change
    finding: Finding


def compare(old: Assessment, new: Assessment) -> tuple[Changed, ...]:
    """Give every failure of either assessment with its change, in the order of the findings.

    A failure whose resource or listing could not be read this time is NOT_ASSESSED_NOW, never
    FIXED; one whose resource is gone is NO_LONGER_SEEN.
    """
    before = {f.fingerprint: f for f in old.findings if f.status is Status.FAIL}
    once_passed = _passed(old)
    folded = {(f.rule, id_) for f in old.findings for id_ in f.stands_for}
    rated = {rule.id: rule.severity for rule in old.rules}
    same_rating = {rule.id for rule in new.rules if rated.get(rule.id) is rule.severity}
    changes = []
    now: set[str] = set()
    for finding in new.findings:
        if finding.status is Status.FAIL:
            now.add(finding.fingerprint)
            change = _of_present(finding, before, once_passed, same_rating)
            if finding.stands_for and (finding.rule, finding.resource.id) in folded:
                change = Change.UNCHANGED
            changes.append(Changed(change=change, finding=finding))
    view = View(new)
    for fingerprint, finding in before.items():
        if fingerprint not in now:
            changes.append(Changed(change=view.of_absent(finding), finding=finding))
    return tuple(changes)


def mark_changes(old: Assessment, new: Assessment) -> Assessment:
    """Write into every failure of ``new`` whether it is new, regressed or unchanged."""
    changes = {c.finding.fingerprint: c.change.value for c in compare(old, new)}
    findings = tuple(
        msgspec.structs.replace(f, change=changes[f.fingerprint]) if f.status is Status.FAIL else f
        for f in new.findings
    )
    return msgspec.structs.replace(new, findings=findings)


def _of_present(
    finding: Finding,
    before: dict[str, Finding],
    once_passed: set[tuple[str, str]],
    same_rating: set[str],
) -> Change:
    known = before.get(finding.fingerprint)
    if known is not None:
        # Something more severe was found in the same place; a rule that is rated anew finds no
        # more.
        is_more_severe = finding.severity.rank < known.severity.rank and finding.rule in same_rating
        return Change.REGRESSED if is_more_severe else Change.UNCHANGED
    if (finding.rule, finding.resource.id) in once_passed:
        return Change.REGRESSED
    return Change.NEW


class View:
    """What the new assessment can say of a failure that it does not have."""

    def __init__(self, new: Assessment) -> None:
        self._passed = _passed(new)
        self._rules = {rule.id for rule in new.rules}
        self._folded = {(f.rule, id_) for f in new.findings for id_ in f.stands_for}
        self._unread = {f.fingerprint for f in new.findings if f.status is Status.NOT_ASSESSED}
        self._blind = {
            (row.type, row.scope, row.region) for row in new.coverage if not row.is_complete
        }
        self._looked_at = {(row.type, row.scope) for row in new.coverage}

    def of_absent(self, finding: Finding) -> Change:
        """Say what became of an earlier failure that is not among the new ones."""
        subject = finding.resource
        if (finding.rule, subject.id) in self._passed:
            return Change.FIXED
        if (finding.rule, subject.id) in self._folded:
            return Change.UNCHANGED
        if finding.fingerprint in self._unread:
            return Change.NOT_ASSESSED_NOW
        if finding.rule not in self._rules:
            return Change.RULE_GONE
        is_blind = any(
            (subject.type, subject.scope, region) in self._blind for region in ("", subject.region)
        )
        if is_blind or (subject.type, subject.scope) not in self._looked_at:
            return Change.NOT_ASSESSED_NOW
        return Change.NO_LONGER_SEEN


def _passed(assessment: Assessment) -> set[tuple[str, str]]:
    return {(rule, id_) for rule, ids in assessment.passed.items() for id_ in ids}
