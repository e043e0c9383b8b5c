"""Does a scan pass its gate: no bad finding, and enough of it was seen?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from mlsec.artifacts.content.known_formats import OWN_EVIDENCE
from mlsec.core.assessment import Assessment
from mlsec.core.changes import Change
from mlsec.core.enums import Severity, Status
from mlsec.core.finding import Finding
from mlsec.core.gate_result import Gate, GateResult
from mlsec.core.resource import is_of_code

__all__ = ["Gate", "assessed_percent", "gate", "is_unread", "with_gate"]

_LEFT_UNREAD = ("excluded by you", OWN_EVIDENCE)


def with_gate(assessment: Assessment, empty: Sequence[str] = ()) -> Assessment:
    """Write into an assessment what the gate of its scan says, and because of what.

    Args:
        assessment: with its changes, where it was compared with a baseline.
        empty: targets in which there was no file.
    """
    scan = assessment.scan
    result = gate(assessment, scan.fail_on, scan.min_coverage_percent)
    if result is Gate.CLEAN and empty and scan.min_coverage_percent > 0:
        result = Gate.INCOMPLETE
    bad = sorted(_bad(assessment, scan.fail_on), key=_order)
    failed = [finding.fingerprint for finding in bad if not _is_known(finding, assessment)]
    among = frozenset(failed)
    causes = (cause.id for cause in assessment.causes if not among.isdisjoint(cause.findings))
    return msgspec.structs.replace(
        assessment,
        gate=GateResult(
            result=result,
            findings=tuple(failed),
            causes=tuple(causes),
            known=len(bad) - len(failed),
            assessed_percent=math.floor(assessed_percent(assessment) * 100) / 100,
            unread=_unread(assessment),
            incomplete_listings=sum(not row.is_whole for row in assessment.coverage.rows),
            empty=tuple(empty),
        ),
    )


def gate(assessment: Assessment, fail_on: str, min_coverage_percent: float) -> Gate:
    """Judge an assessment.

    Args:
        assessment: of a whole scan; failures that are unchanged since a baseline do not count.
        fail_on: the least severity that fails, or ``none``.
        min_coverage_percent: how much of what was wanted must have been assessed; 100 also asks
            that every listing was complete. An assessment that could not assess a single check is
            incomplete whatever is allowed, unless this is 0 or folders hold nothing to assess.
    """
    if any(not _is_known(finding, assessment) for finding in _bad(assessment, fail_on)):
        return Gate.FINDINGS
    if min_coverage_percent <= 0 or _is_untouched(assessment) or is_not_of_ml(assessment):
        return Gate.CLEAN
    if assessed_percent(assessment) < min_coverage_percent:
        return Gate.INCOMPLETE
    wants_all = min_coverage_percent >= 100
    if assessment.limit is not None:
        is_whole = assessment.limit.is_read
    else:
        is_whole = assessment.coverage.is_whole
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


def is_not_of_ml(assessment: Assessment) -> bool:
    """Whether every file of the targets, which are folders, was read and none asks for a check.

    Not where the user left files out, or where evidence of a scan lies that was meant to be judged:
    nothing is said of what is in those.
    """
    coverage, totals = assessment.coverage, assessment.totals
    return (
        assessment.limit is None
        and not (totals.passed or totals.failed or totals.not_assessed)
        and bool(coverage.enumerated)
        and coverage.is_whole
        and all(map(_is_folder, coverage.scopes))
        and not any(says in why for why in coverage.exclusions for says in _LEFT_UNREAD)
        and not assessment.gaps
    )


def _is_folder(scope: str) -> bool:
    kind, _, target = scope.partition("/")
    return kind in ("code", "files") and "://" not in target


def _bad(assessment: Assessment, fail_on: str) -> list[Finding]:
    """Give the open failures of this severity or a higher one."""
    if fail_on == "none":
        return []
    worst = Severity(fail_on).rank
    failures = (f for f in assessment.findings if f.status is Status.FAIL and f.waiver is None)
    return [finding for finding in failures if finding.severity.rank <= worst]


def _is_known(finding: Finding, assessment: Assessment) -> bool:
    """Whether a baseline excuses it; a history reports what changed, and excuses nothing."""
    changes = assessment.changes
    is_excusing = changes is None or changes.source == "baseline"
    return is_excusing and finding.change == Change.UNCHANGED.value


def _order(finding: Finding) -> tuple[int, bool, str, str, str]:
    is_known = finding.change == Change.UNCHANGED.value
    subject = finding.resource.id
    return finding.severity.rank, is_known, finding.rule, subject, finding.fingerprint
