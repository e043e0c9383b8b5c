"""What becomes of the failures of a history when a scan is added to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.changes import Change
from mlsec.core.enums import Status
from mlsec.core.finding import Finding
from mlsec.history.diff import View
from mlsec.history.queries import FAILING, OPEN, WAIVED, State, is_failing


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One failure of a scan, or of the history: what became of it, and the state it is in now.

    ``finding`` is the newest that shows it, ``before`` what the history had; None for a first one.
    """

    change: Change
    state: str
    finding: Finding
    before: State | None

    @property
    def counts_as(self) -> str:
        """By which word the scan counts it; "" where it was waived and is gone."""
        if self.state == WAIVED:
            return WAIVED
        was_waived = self.before is not None and self.before.state == WAIVED
        return "" if was_waived and self.state != FAILING else self.change.value


def transitions(
    known: Iterable[State],
    passed: Mapping[str, Collection[str]],
    assessment: Assessment,
    *,
    has_same_rules: bool,
) -> Iterator[Transition]:
    """Give every failure of a scan, and every one that was open before it.

    Args:
        known: the failures that the history has of these targets.
        passed: which resources passed which rule in the last scan.
        assessment: what the scan came to.
        has_same_rules: the last scan was judged by the same rules: what is more severe is worse.
    """
    earlier = {state.finding.fingerprint: state for state in known}
    once_passed = {(rule, id_) for rule, ids in passed.items() for id_ in ids}
    for finding in assessment.findings:
        if finding.status is not Status.FAIL:
            continue
        before = earlier.pop(finding.fingerprint, None)
        state = FAILING if finding.waiver is None else WAIVED
        if before is None:
            has_passed = (finding.rule, finding.resource.id) in once_passed
            change = Change.REGRESSED if has_passed else Change.NEW
        else:
            is_worse = has_same_rules and finding.severity.rank < before.finding.severity.rank
            change = _of_known(before.state, state, is_worse=is_worse)
        yield Transition(change=change, state=state, finding=finding, before=before)
    view = View(assessment)
    for before in earlier.values():
        if is_failing(before.state):
            yield _of_absent(before, view.of_absent(before.finding))


def _of_absent(before: State, change: Change) -> Transition:
    """Say what is of a failure that the scan does not have; what was waived and not read stays."""
    state = change.value
    if change is Change.UNCHANGED:
        state = before.state if before.state == WAIVED else FAILING
    elif change is Change.NOT_ASSESSED_NOW and before.state == WAIVED:
        state = WAIVED
    return Transition(change=change, state=state, finding=before.finding, before=before)


def _of_known(before: str, state: str, *, is_worse: bool) -> Change:
    """Say what a failure is that the history knows: what was not assessed was not mended."""
    if before == Change.FIXED.value or (before == WAIVED and state == FAILING):
        return Change.REGRESSED
    if before in OPEN or before == WAIVED:
        return Change.REGRESSED if is_worse else Change.UNCHANGED
    return Change.NEW
