"""What changed since the last recorded scan of the same targets, read and not written."""

from __future__ import annotations

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.changes import Change, Changes, OpenCount
from mlsec.core.enums import Status
from mlsec.history.marking import Earlier, Mark, earlier_failure, mark
from mlsec.history.passed import unpack
from mlsec.history.queries import (
    FAILING,
    OPEN,
    WAIVED,
    Interval,
    Known,
    Life,
    Rows,
    State,
    ended_failures,
    is_failing,
    known_failures,
    lives,
    opened_since,
    shown_failures,
    states,
)
from mlsec.history.series import find_series, judged_by, scan_digest
from mlsec.history.transitions import Transition, transitions

_UNREAD = Change.NOT_ASSESSED_NOW.value
_SCANS_COUNTED = 60


class _Scan(msgspec.Struct, frozen=True):
    id: int
    digest: str
    finished_at: str
    rules_digest: str


def mark_since_last(rows: Rows, assessment: Assessment) -> Assessment:
    """Give an assessment with what changed since the last recorded scan of its targets.

    The changes of a baseline that it has stay, and the history only adds since when each failure is
    open. A scan that is recorded already, and is not the last one, is given as it is: what was
    before it is not kept.
    """
    series = find_series(rows, assessment)
    scans = [] if series is None else _scans(rows, series)
    digest = scan_digest(assessment)
    recorded = next((scan for scan in scans if scan.digest == digest), None)
    if series is None or not scans:
        return mark_first(assessment)
    if recorded is None:
        [(passed,)] = rows("SELECT passed FROM series WHERE id = ?", series)
        steps = list(
            transitions(
                known_failures(rows, series),
                lambda names: ended_failures(rows, series, names),
                lambda known: shown_failures(rows, series, known),
                unpack(passed),
                assessment,
                has_same_rules=scans[-1].rules_digest == judged_by(assessment),
            )
        )
        return _marked(assessment, steps, scans, _counts(rows, scans))
    if recorded is not scans[-1]:
        return assessment
    again = _recorded(rows, assessment, series, recorded.id)
    if again is None:
        return assessment
    return _marked(assessment, again, scans[:-1], _counts(rows, scans[:-1]))


def mark_first(assessment: Assessment) -> Assessment:
    """Give an assessment with its changes as the first of its targets: every failure is new."""
    steps = transitions({}, lambda _: {}, lambda _: {}, {}, assessment, has_same_rules=True)
    return _marked(assessment, list(steps), [], ())


def _recorded(
    rows: Rows, assessment: Assessment, series: int, scan: int
) -> list[Transition] | None:
    """Give what the last scan changed, as it was recorded; None where that is not all."""
    steps = []
    now = {f.fingerprint: f for f in assessment.findings if f.status is Status.FAIL}
    confirmed = [state for state in states(rows, series) if state.last_scan == scan]
    changed = [state for state in confirmed if state.changed_scan == scan]
    before: dict[int, Known | None] = {s.id: _known(s, s) for s in confirmed}
    before |= {life.state.id: _before(life) for life in lives(rows, changed)}
    for state in confirmed:
        finding = now.pop(state.finding.fingerprint, state.finding)
        steps.append(
            Transition(
                change=Change(state.change), state=state.state, finding=finding,
                before=before[state.id],
            )
        )  # fmt: skip
    return None if now else steps


def _before(life: Life) -> Known | None:
    """Give the state that a failure was in before the last scan, which changed it."""
    earlier = life.intervals[:-1]
    return _known(life.state, earlier[-1], opened_since(earlier)) if earlier else None


def _known(state: State, then: State | Interval, opened_scan: int | None = None) -> Known:
    return Known(
        id=state.id, state=then.state, severity=state.finding.severity.rank, digest=0,
        first_scan=state.first_scan, changed_scan=then.changed_scan, change="", noted_scan=0,
        opened_scan=state.opened_scan if opened_scan is None else opened_scan,
    )  # fmt: skip


def _marked(
    assessment: Assessment,
    steps: list[Transition],
    scans: list[_Scan],
    counts: tuple[OpenCount, ...],
) -> Assessment:
    """Write the transitions into the assessment; ``scans`` are those before it."""
    finished = {scan.id: scan.finished_at for scan in scans}
    now = assessment.scan.finished_at
    marks, absent = {}, []
    for step in steps:
        finding, before = step.finding, step.before
        first_seen = finished.get(before.first_scan, now) if before else now
        is_lasting = before is not None and is_failing(before.state)
        open_since = finished.get(before.opened_scan, now) if before and is_lasting else now
        if step.state in (FAILING, WAIVED) and step.change is not Change.NOT_ASSESSED_NOW:
            marks[finding.fingerprint] = Mark(
                change=step.change,
                first_seen=first_seen,
                open_since=open_since,
                was_open=before is not None and before.state in OPEN,
            )
        elif before is not None and before.state in OPEN:
            absent.append(earlier_failure(finding, step.change, first_seen, open_since))
    changes = assessment.changes
    if changes is not None and changes.source == "baseline":
        return _with_ages(assessment, changes, marks)
    earlier = Earlier(
        source="history",
        since=scans[-1].finished_at if scans else "",
        has_other_rules=bool(scans) and scans[-1].rules_digest != judged_by(assessment),
        has_ages=True,
        trend=_trend(assessment, steps, counts) if assessment.limit is None else (),
    )
    return mark(assessment, marks, absent, earlier)


def _trend(
    assessment: Assessment, steps: list[Transition], earlier: tuple[OpenCount, ...]
) -> tuple[OpenCount, ...]:
    """Count what is open now, after what was open at each of the last scans."""
    unread = sum(step.state == _UNREAD for step in steps)
    now = OpenCount(
        finished_at=assessment.scan.finished_at,
        open=unread + sum(step.state == FAILING for step in steps),
        unread=unread,
    )
    return (*earlier, now)


def _counts(rows: Rows, scans: list[_Scan]) -> tuple[OpenCount, ...]:
    """Give what was open at the last of some scans of a series."""
    shown = scans[1 - _SCANS_COUNTED :]
    counted = {scan.id: (0, 0) for scan in shown}
    if shown:
        query = (
            "SELECT scan, sum(failing), sum(counted.not_assessed) FROM counted JOIN scan"
            " ON scan.id = counted.scan WHERE series = (SELECT series FROM scan WHERE id = ?)"
            " AND scan.id >= ? GROUP BY scan"
        )
        for scan, failing, unread in rows(query, shown[0].id, shown[0].id):
            counted[scan] = (int(failing) + int(unread), int(unread))
    return tuple(
        OpenCount(finished_at=s.finished_at, open=counted[s.id][0], unread=counted[s.id][1])
        for s in shown
    )


def _with_ages(assessment: Assessment, changes: Changes, marks: dict[str, Mark]) -> Assessment:
    """Add since when each failure is open to what a baseline says of it."""
    findings = tuple(
        msgspec.structs.replace(
            finding,
            first_seen=marks[finding.fingerprint].first_seen,
            open_since=marks[finding.fingerprint].open_since,
        )
        if finding.status is Status.FAIL
        else finding
        for finding in assessment.findings
    )
    with_ages = msgspec.structs.replace(changes, has_ages=True)
    return msgspec.structs.replace(assessment, findings=findings, changes=with_ages)


def _scans(rows: Rows, series: int) -> list[_Scan]:
    """Give the scans of a series in the order they were recorded."""
    query = "SELECT id, digest, finished_at, rules_digest FROM scan WHERE series = ?"
    return [msgspec.convert(dict(zip(_Scan.__struct_fields__, row, strict=True)), _Scan)
            for row in sorted(rows(query, series))]  # fmt: skip
