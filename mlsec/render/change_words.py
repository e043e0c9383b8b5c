"""What changed since the earlier scan, as every report orders and words it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.changes import CHANGE_WORDS, Change, EarlierFailure, day_of, days_between
from mlsec.core.finding import Finding

_IS_NEW = (Change.NEW.value, Change.REGRESSED.value)


def is_compared(assessment: Assessment) -> bool:
    """Whether there was an earlier scan to compare with."""
    return assessment.changes is not None and not assessment.changes.is_first


def is_new(finding: Finding, assessment: Assessment) -> bool:
    """Whether it is new or regressed since the earlier scan, or since the revision of a change."""
    is_asked = is_compared(assessment) or assessment.limit is not None
    return is_asked and finding.change in _IS_NEW


def new_first(findings: Iterable[Finding], assessment: Assessment) -> list[Finding]:
    """Put what is new or regressed before the rest, each in the order it was in."""
    return sorted(findings, key=lambda finding: not is_new(finding, assessment))


def age_of(finding: Finding, assessment: Assessment) -> str:
    """Say since when a failure is open that was there before, "" of others."""
    changes = assessment.changes
    if changes is None or finding.open_since is msgspec.UNSET:
        return ""
    since, until = finding.open_since, changes.until
    days = days_between(since, until)
    if since == until or days is None:
        return ""
    at_least = "" if changes.has_ages else "at least "
    words = "1 day" if days == 1 else f"{days:,} days"
    return f"open since {at_least}{day_of(since, until)}" + (f" ({words})" if days else "")


def absent_by_change(assessment: Assessment) -> list[tuple[str, list[EarlierFailure]]]:
    """Group the failures that are gone by what became of them, in words, without empty groups."""
    if assessment.changes is None:
        return []
    groups = (
        (words, [failure for failure in assessment.changes.absent if failure.change is change])
        for change, words in CHANGE_WORDS.items()
    )
    return [(words, failures) for words, failures in groups if failures]
