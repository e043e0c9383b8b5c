"""How a history stands now and what one failure was, read as of one moment, for a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec

from mlsec.core.finding import Finding
from mlsec.history.queries import (
    OPEN,
    WAIVED,
    Life,
    PastScan,
    Rows,
    lives,
    past_scans,
    states_of,
    states_where,
)


class LastScan(msgspec.Struct, frozen=True, kw_only=True):
    """The newest scan of the same targets; ``before`` is when the one before it finished, or ""."""

    scan: PastScan
    before: str


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


def last_scans(scans: Sequence[PastScan]) -> tuple[LastScan, ...]:
    """Give the newest scan of each series."""
    return tuple(_last_scans(scans))


def changed_by(rows: Rows, scan: PastScan, most: int) -> tuple[int, tuple[Ended, ...]]:
    """Count the failures that became what they are by a scan, and read the worst of them."""
    return _ended(rows, {scan.id: scan.finished_at}, "changed_scan = ?", scan.id, most=most)


def waived(rows: Rows, most: int) -> tuple[int, tuple[Ended, ...]]:
    """Count the failures that a waiver covers, and read the worst of them, with since when."""
    times = {scan.id: scan.finished_at for scan in past_scans(rows)}
    return _ended(rows, times, "state = ?", WAIVED, most=most)


def _ended(
    rows: Rows, times: Mapping[int, str], condition: str, value: Any, *, most: int
) -> tuple[int, tuple[Ended, ...]]:
    """Read some, what fails first and then the worst."""
    [(count,)] = rows(f"SELECT count(*) FROM finding WHERE {condition}", value)  # noqa: S608 - our words
    order = "CASE state WHEN 'fail' THEN 0 ELSE 1 END, severity, rule, resource, fingerprint"
    first = states_where(rows, f"{condition} ORDER BY {order} LIMIT ?", value, most)
    return count, tuple(
        Ended(finding=s.finding, state=s.state, since=_time(times, s.changed_scan)) for s in first
    )


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
        open_since=_time(times, state.opened_scan) if state.state in OPEN else "",
        scanned_at=series[-1].finished_at,
        periods=tuple(periods),
    )


def _last_scans(scans: Sequence[PastScan]) -> Iterator[LastScan]:
    for _, group in groupby(scans, key=lambda scan: scan.series):
        *earlier, last = group
        yield LastScan(scan=last, before=earlier[-1].finished_at if earlier else "")


def _time(times: Mapping[int, str], scan: int) -> str:
    if scan not in times:
        raise ValueError("a failure belongs to a scan that is not there")
    return times[scan]
