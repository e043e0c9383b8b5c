"""Does a scan pass its gate: no bad finding, and enough of it was seen?"""

from __future__ import annotations

import enum

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Severity, Status
from mlsec.core.finding import Finding
from mlsec.core.resource import is_of_code


class Gate(enum.Enum):
    """What the gate says; findings outrank incompleteness."""

    CLEAN = "clean"
    FINDINGS = "findings"
    INCOMPLETE = "incomplete"


def gate(assessment: Assessment, fail_on: str, min_coverage_percent: float) -> Gate:
    """Judge an assessment.

    Args:
        assessment: of a whole scan; failures that are unchanged since a baseline do not count.
        fail_on: the least severity that fails, or ``none``.
        min_coverage_percent: how much of what was wanted must have been assessed; 100 also asks
            that every listing was complete. An assessment that could not assess a single check is
            incomplete whatever is allowed, unless this is 0.
    """
    if fail_on != "none":
        worst = Severity(fail_on).rank
        if any(_counts(f) and f.severity.rank <= worst for f in assessment.findings):
            return Gate.FINDINGS
    if min_coverage_percent <= 0 or _is_untouched(assessment):
        return Gate.CLEAN
    if assessed_percent(assessment) < min_coverage_percent:
        return Gate.INCOMPLETE
    wants_all = min_coverage_percent >= 100
    if assessment.limit is not None:
        is_whole = assessment.limit.is_read
    else:
        is_whole = all(row.is_complete and not row.errored for row in assessment.coverage)
    return Gate.INCOMPLETE if wants_all and not is_whole else Gate.CLEAN


def assessed_percent(assessment: Assessment) -> float:
    """Give how many of the checks that could have been read were, in percent; 0 when there is none.

    A value in code that only an apply can know is not counted as unread.
    """
    unread = _unread(assessment)
    assessed = assessment.totals.passed + assessment.totals.failed
    wanted = assessed + unread
    return 100.0 * assessed / wanted if wanted else 0.0


def is_unread(finding: Finding, unread: frozenset[str] = frozenset()) -> bool:
    """Whether it is a check that the scan could not make.

    ``unread`` are the gaps of code that is there and was not read: no apply would mend them.
    """
    if finding.status is not Status.NOT_ASSESSED:
        return False
    return not finding.resource.is_in_code or not unread.isdisjoint(finding.gaps)


def _unread(assessment: Assessment) -> int:
    unread = frozenset(gap.id for gap in assessment.gaps if not is_of_code(gap))
    return sum(is_unread(finding, unread) for finding in assessment.findings)


def _is_untouched(assessment: Assessment) -> bool:
    """Whether it is limited to a change that touches nothing of what could be assessed.

    Values in code that only an apply can know do not count, as in a whole scan.
    """
    limit, totals = assessment.limit, assessment.totals
    if limit is None or not limit.is_read or totals.passed or totals.failed:
        return False
    is_any_elsewhere = bool(limit.passed or limit.failed or limit.waived)
    return is_any_elsewhere and not _unread(assessment)


def _counts(finding: Finding) -> bool:
    """An open failure that the baseline does not already know."""
    is_known = finding.change == "unchanged"
    return finding.status is Status.FAIL and finding.waiver is None and not is_known
