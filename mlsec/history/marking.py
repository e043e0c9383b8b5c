"""Writes into an assessment what changed since an earlier scan: in each failure, and in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.changes import Change, Changes, EarlierFailure, OpenCount
from mlsec.core.enums import Status
from mlsec.core.finding import Finding


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What is written into one failure; ``was_open``: it failed before, under no waiver."""

    change: Change
    first_seen: str
    open_since: str
    was_open: bool = False


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """With what an assessment is compared; the fields are those of ``Changes``."""

    source: str
    since: str
    has_other_rules: bool = False
    has_ages: bool = False
    trend: tuple[OpenCount, ...] = ()


def mark(
    assessment: Assessment,
    marks: Mapping[str, Mark],
    absent: Iterable[EarlierFailure],
    earlier: Earlier,
) -> Assessment:
    """Give the assessment with its changes.

    Args:
        assessment: what a scan came to.
        marks: by fingerprint, one for each of its failures.
        absent: what was open before and is not among its failures; not used where it is limited to
            what changed in code, since it does not show the rest.
        earlier: with what it was compared.
    """
    failures = [finding for finding in assessment.findings if finding.status is Status.FAIL]
    opened = Counter(marks[f.fingerprint].change for f in failures if f.waiver is None)
    gone = () if assessment.limit is not None else tuple(sorted(absent, key=_order))
    counted = opened + Counter(failure.change for failure in gone)
    changes = Changes(
        source=earlier.source,
        since=earlier.since,
        until=assessment.scan.finished_at,
        newly_waived=sum(f.waiver is not None and marks[f.fingerprint].was_open for f in failures),
        has_other_rules=earlier.has_other_rules,
        has_ages=earlier.has_ages,
        trend=earlier.trend,
        absent=gone,
        **{change.value: counted[change] for change in Change},
    )
    findings = tuple(
        _marked(finding, marks[finding.fingerprint]) if finding.status is Status.FAIL else finding
        for finding in assessment.findings
    )
    return msgspec.structs.replace(assessment, findings=findings, changes=changes)


def earlier_failure(
    finding: Finding, change: Change, first_seen: str, open_since: str
) -> EarlierFailure:
    """Give what is kept of a failure that is gone."""
    return EarlierFailure(
        fingerprint=finding.fingerprint,
        rule=finding.rule,
        severity=finding.severity,
        category=finding.category,
        concern=finding.concern,
        message=finding.message,
        resource=finding.resource,
        change=change,
        first_seen=first_seen,
        open_since=open_since,
    )


def take_over(recorded: Assessment, again: Assessment) -> Assessment:
    """Give a judgement made again with what a history said when it was made first.

    It decides nothing: no failure is added, left out or excused by it.
    """
    changes = recorded.changes
    is_all = changes is not None and changes.source == "history"
    if changes is None or not changes.has_ages or not (is_all or again.changes):
        return again
    said = {finding.fingerprint: finding for finding in recorded.findings}
    findings = tuple(
        msgspec.structs.replace(
            finding,
            change=said[finding.fingerprint].change if is_all else finding.change,
            first_seen=said[finding.fingerprint].first_seen,
            open_since=said[finding.fingerprint].open_since,
        )
        if finding.status is Status.FAIL and finding.fingerprint in said
        else finding
        for finding in again.findings
    )
    kept = changes if is_all or again.changes is None else again.changes
    with_ages = msgspec.structs.replace(kept, has_ages=True)
    return msgspec.structs.replace(again, findings=findings, changes=with_ages)


def _marked(finding: Finding, made: Mark) -> Finding:
    return msgspec.structs.replace(
        finding,
        change=made.change.value,
        first_seen=made.first_seen or msgspec.UNSET,
        open_since=made.open_since or msgspec.UNSET,
    )


def _order(failure: EarlierFailure) -> tuple[int, str, str, str]:
    return failure.severity.rank, failure.rule, failure.resource.id, failure.fingerprint
