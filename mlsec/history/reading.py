"""How a history stands now and what one failure was, read as of one moment, for a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

import msgspec

from mlsec.core.finding import Finding
from mlsec.core.trend import OpenFailure
from mlsec.history.queries import (
    FAILING,
    OPEN,
    WAIVED,
    Life,
    PastScan,
    Rows,
    lives,
    past_scans,
    states,
    states_changed_in,
    states_of,
)
from mlsec.history.trend import open_failures


class LastScan(msgspec.Struct, frozen=True, kw_only=True):
    """The newest scan of the same targets; ``before`` is when the one before it finished, or ""."""

    scan: PastScan
    before: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What is open in all series, the worst first, and the last scan of each."""

    last: tuple[LastScan, ...]
    open: tuple[OpenFailure, ...]


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A failure and what became of it; ``state`` is as in an interval, ``since`` a time."""

    finding: Finding
    state: str
    since: str


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """What a failure was, from one scan (its time) to another; ``is_now`` to this day."""

    state: str
    start: str
    end: str
    is_now: bool


class FindingLife(msgspec.Struct, frozen=True, kw_only=True):
    """One failure in one series: what it was, the newest first, and since when it fails.

    ``open_since`` is "" where it is not open. ``scanned_at`` is the last scan of the series.
    """

    targets: tuple[str, ...]
    finding: Finding
    state: str
    first_seen: str
    open_since: str
    scanned_at: str
    periods: tuple[Period, ...]


def standing(rows: Rows) -> Standing:
    """Read what is open, and the last scan of each series."""
    scans = past_scans(rows)
    known = lives(rows, states(rows, of=OPEN))
    return Standing(last=tuple(_last_scans(scans)), open=open_failures(scans, known))


def changed_by(rows: Rows, scan: PastScan) -> tuple[Ended, ...]:
    """Read the failures that became what they are by a scan, the worst first."""
    changed = states_changed_in(rows, scan.id)
    entries = [Ended(finding=s.finding, state=s.state, since=scan.finished_at) for s in changed]
    return tuple(sorted(entries, key=_rank))


def waived(rows: Rows) -> tuple[Ended, ...]:
    """Read the failures that a waiver covers, the worst first, with since when."""
    times = {scan.id: scan.finished_at for scan in past_scans(rows)}
    entries = [
        Ended(finding=s.finding, state=s.state, since=_time(times, s.changed_scan))
        for s in states(rows, of=(WAIVED,))
    ]
    return tuple(sorted(entries, key=_rank))


def finding_lives(rows: Rows, fingerprint: str) -> tuple[FindingLife, ...]:
    """Read what one failure was, in each series that has it; none where no scan found it."""
    scans = past_scans(rows)
    return tuple(
        _life(life, scans) for s in states_of(rows, fingerprint) for life in lives(rows, [s])
    )


def _life(life: Life, scans: list[PastScan]) -> FindingLife:
    state = life.state
    series = [scan for scan in scans if scan.series == state.series]
    times = {scan.id: scan.finished_at for scan in series}
    newest = life.intervals[-1]
    periods = [
        Period(
            state=interval.state,
            start=_time(times, interval.changed_scan),
            end=_time(times, interval.last_scan),
            is_now=interval is newest,
        )
        for interval in reversed(life.intervals)
    ]
    return FindingLife(
        targets=series[-1].targets,
        finding=state.finding,
        state=state.state,
        first_seen=_time(times, state.first_scan),
        open_since=_time(times, life.open_since) if state.state in OPEN else "",
        scanned_at=series[-1].finished_at,
        periods=tuple(periods),
    )


def _last_scans(scans: list[PastScan]) -> Iterator[LastScan]:
    for _, group in groupby(scans, key=lambda scan: scan.series):
        *earlier, last = group
        yield LastScan(scan=last, before=earlier[-1].finished_at if earlier else "")


def _time(times: Mapping[int, str], scan: int) -> str:
    if scan not in times:
        raise ValueError("a failure belongs to a scan that is not there")
    return times[scan]


def _rank(entry: Ended) -> tuple[bool, int, str, str, str]:
    """Put what fails first, then the worst."""
    finding = entry.finding
    rank = finding.severity.rank
    return entry.state != FAILING, rank, finding.rule, finding.resource.id, finding.fingerprint
