"""What changed since the last recorded scan of the same targets, read and not written."""

from __future__ import annotations

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.changes import Change, Changes
from mlsec.core.enums import Status
from mlsec.history.marking import Earlier, Mark, earlier_failure, mark
from mlsec.history.passed import unpack
from mlsec.history.queries import (
    FAILING,
    OPEN,
    WAIVED,
    Life,
    Rows,
    State,
    is_failing,
    lives,
    states,
)
from mlsec.history.series import find_series, is_judged_alike, scan_digest
from mlsec.history.transitions import Transition, transitions


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
    known = {life.state.finding.fingerprint: life for life in lives(rows, states(rows, series))}
    if recorded is None:
        [(passed,)] = rows("SELECT passed FROM series WHERE id = ?", series)
        steps = list(
            transitions(
                (life.state for life in known.values()),
                unpack(passed),
                assessment,
                has_same_rules=is_judged_alike(scans[-1].rules_digest, assessment),
            )
        )
        return _marked(assessment, steps, known, scans)
    if recorded is not scans[-1]:
        return assessment
    again = _recorded(assessment, known, recorded.id)
    return assessment if again is None else _marked(assessment, again, known, scans[:-1])


def mark_first(assessment: Assessment) -> Assessment:
    """Give an assessment with its changes as the first of its targets: every failure is new."""
    steps = list(transitions((), {}, assessment, has_same_rules=True))
    return _marked(assessment, steps, {}, [])


def _recorded(assessment: Assessment, known: dict[str, Life], scan: int) -> list[Transition] | None:
    """Give what the last scan changed, as it was recorded; None where an older mlsec did that."""
    steps = []
    now = {f.fingerprint: f for f in assessment.findings if f.status is Status.FAIL}
    for fingerprint, life in known.items():
        state = life.state
        if state.last_scan != scan:
            continue
        if not state.change:
            return None
        finding = now.pop(fingerprint, state.finding)
        before = _before(life, scan)
        steps.append(
            Transition(change=Change(state.change), state=state.state, finding=finding,
                       before=before)
        )  # fmt: skip
    return None if now else steps


def _before(life: Life, scan: int) -> State | None:
    """Give the state that a failure was in before a scan."""
    state = life.state
    if state.changed_scan < scan:
        return state
    if len(life.intervals) == 1:
        return None
    previous = life.intervals[-2]
    return msgspec.structs.replace(
        state,
        state=previous.state,
        changed_scan=previous.changed_scan,
        last_scan=previous.last_scan,
    )


def _marked(
    assessment: Assessment, steps: list[Transition], known: dict[str, Life], scans: list[_Scan]
) -> Assessment:
    """Write the transitions into the assessment; ``scans`` are those before it."""
    finished = {scan.id: scan.finished_at for scan in scans}
    now = assessment.scan.finished_at
    marks, absent = {}, []
    for step in steps:
        finding, before = step.finding, step.before
        life = known.get(finding.fingerprint)
        first_seen = finished.get(life.state.first_scan, now) if life else now
        is_lasting = before is not None and is_failing(before.state)
        open_since = finished.get(life.open_since, now) if life and is_lasting else now
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
        has_other_rules=bool(scans) and not is_judged_alike(scans[-1].rules_digest, assessment),
        has_ages=True,
    )
    return mark(assessment, marks, absent, earlier)


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
