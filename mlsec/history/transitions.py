"""What becomes of the failures of a history when a scan is added to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.changes import Change
from mlsec.core.enums import Status
from mlsec.core.finding import Finding
from mlsec.history.diff import View
from mlsec.history.queries import FAILING, OPEN, WAIVED, Known


class Transition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One failure of a scan, or of the history: what became of it, and the state it is in now.

    ``finding`` is the newest that shows it, ``before`` what the history had; None for a first one.
    """

    change: Change
    state: str
    finding: Finding
    before: Known | None

    @property
    def counts_as(self) -> str:
        """By which word the scan counts it; "" where it was waived and is gone."""
        if self.state == WAIVED:
            return WAIVED
        was_waived = self.before is not None and self.before.state == WAIVED
        return "" if was_waived and self.state != FAILING else self.change._value_


_FIXED = Change.FIXED.value
Shown = Callable[[Iterable[Known]], Mapping[int, Finding]]
Look = Callable[[Collection[str]], Mapping[str, Known]]


def transitions(
    known: Mapping[str, Known],
    look: Look,
    shown: Shown,
    passed: Mapping[str, Collection[str]],
    assessment: Assessment,
    *,
    has_same_rules: bool,
) -> Iterator[Transition]:
    """Give every failure of a scan, and every one that was open before it.

    Args:
        known: the failures of these targets that were not seen to end, by fingerprint.
        look: gives those of some fingerprints that were.
        shown: gives what was found, by the id of the failure.
        passed: which resources passed which rule in the last scan.
        assessment: what the scan came to.
        has_same_rules: the last scan was judged by the same rules: what is more severe is worse.
    """
    failures = [finding for finding in assessment.findings if finding.status is Status.FAIL]
    now = {finding.fingerprint for finding in failures}
    ended = look([finding.fingerprint for finding in failures if finding.fingerprint not in known])
    passes = _Passes(passed)
    for finding in failures:
        before = known.get(finding.fingerprint) or ended.get(finding.fingerprint)
        state = FAILING if finding.waiver is None else WAIVED
        if before is None:
            change = Change.REGRESSED if passes.has(finding) else Change.NEW
        else:
            is_worse = has_same_rules and finding.severity.rank < before.severity
            change = _of_known(before.state, state, is_worse=is_worse)
        yield Transition(change=change, state=state, finding=finding, before=before)
    absent = [before for name, before in known.items() if name not in now]
    findings = shown(absent)
    view = View(assessment)
    for before in absent:
        yield _of_absent(before, findings[before.id], view.of_absent(findings[before.id]))


class _Passes:
    """Which resources passed which rule, looked up rule by rule."""

    def __init__(self, passed: Mapping[str, Collection[str]]) -> None:
        self._passed = passed
        self._sets: dict[str, frozenset[str]] = {}

    def has(self, finding: Finding) -> bool:
        if finding.rule not in self._passed:
            return False
        if finding.rule not in self._sets:
            self._sets[finding.rule] = frozenset(self._passed[finding.rule])
        return finding.resource.id in self._sets[finding.rule]


def _of_absent(before: Known, finding: Finding, change: Change) -> Transition:
    """Say what is of a failure that the scan does not have; what was waived and not read stays."""
    state = change.value
    if change is Change.UNCHANGED:
        state = before.state if before.state == WAIVED else FAILING
    elif change is Change.NOT_ASSESSED_NOW and before.state == WAIVED:
        state = WAIVED
    return Transition(change=change, state=state, finding=finding, before=before)


def _of_known(before: str, state: str, *, is_worse: bool) -> Change:
    """Say what a failure is that the history knows: what was not assessed was not mended."""
    if before == _FIXED or (before == WAIVED and state == FAILING):
        return Change.REGRESSED
    if before in OPEN or before == WAIVED:
        return Change.REGRESSED if is_worse else Change.UNCHANGED
    return Change.NEW
