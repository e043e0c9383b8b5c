"""How many failures were open at each scan of a history, how old they are, what fixing took."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from mlsec.core.changes import Change
from mlsec.core.enums import Severity
from mlsec.core.trend import FixTime, OpenFailure, Trend, TrendLine, TrendPoint
from mlsec.history.queries import FAILING, OPEN, PastScan, Rows, State, past_scans, states
from mlsec.history.spells import Fixes, fixes
from mlsec.history.stored_text import as_it_was

_DAY_S = 86_400
_DIMENSIONS = {
    "severity": "severity",
    "provider": "provider",
    "account": "scope",
    "concern": "concern",
}
_SEVERITIES = tuple(severity.value for severity in Severity)
# What was open, by the value that a dimension has, and then by scan.
_Counts = Mapping[str, Mapping[int, int]]


def trends(rows: Rows) -> tuple[Trend, ...]:
    """Give the trend of each series, in the order of the scans.

    Raises:
        ValueError: a failure belongs to a scan that is not there, or a text is not a time.
    """
    counted = {name: _counts(rows, column) for name, column in _DIMENSIONS.items()}
    totals = {
        scan: counts
        for scan, *counts in rows(
            "SELECT scan, sum(failing), sum(not_assessed), sum(waived) FROM counted GROUP BY scan"
        )
    }
    fixed, gone = fixes(rows), _rule_gone(rows)
    return tuple(
        series.trend(totals, counted, fixed[series.id], gone[series.id])
        for series in _all_series(rows)
    )


def placed(scans: Sequence[PastScan], opened: Iterable[State]) -> list[OpenFailure]:
    """Give failures that are open with their times, in their order.

    Raises:
        ValueError: as ``trends``.
    """
    by_series = groupby(scans, key=lambda scan: scan.series)
    every = {number: _Series(number, list(group), ()) for number, group in by_series}
    failures = []
    for state in opened:
        if state.series not in every:
            raise ValueError("a failure belongs to a scan that is not there")
        failures.append(every[state.series].open_failure(state))
    return failures


def _all_series(rows: Rows) -> list[_Series]:
    of_series = defaultdict[int, list[State]](list)
    for state in states(rows, of=OPEN):
        of_series[state.series].append(state)
    by_series = groupby(past_scans(rows), key=lambda scan: scan.series)
    every = [_Series(series, list(group), of_series.pop(series, [])) for series, group in by_series]
    if of_series:
        raise ValueError("a failure belongs to a scan that is not there")
    return every


def _counts(rows: Rows, column: str) -> _Counts:
    """Give what was open by one dimension; a count belongs to the account that it was made in."""
    counts: dict[str, dict[int, int]] = defaultdict(dict)
    for name, scan, count in rows(
        f"SELECT {column}, scan, sum(failing + not_assessed) FROM counted"  # noqa: S608 - our names
        f" JOIN account ON account.id = counted.account GROUP BY {column}, scan"
    ):
        if count:
            shown = _SEVERITIES[name] if column == "severity" else as_it_was(name)
            counts[shown][scan] = int(count)
    return counts


def _rule_gone(rows: Rows) -> Mapping[int, int]:
    query = "SELECT series, count(*) FROM finding WHERE state = ? GROUP BY series"
    return Counter(dict(rows(query, Change.RULE_GONE.value)))


class _Series:
    """The scans of the same targets, and what is open in them."""

    def __init__(self, number: int, scans: Sequence[PastScan], opened: Sequence[State]) -> None:
        self.id = number
        self._scans = [scan for scan in scans if not scan.is_pruned]
        self._opened = opened
        self._all = {scan.id: place for place, scan in enumerate(scans)}
        self._times = [scan.finished_at for scan in scans]
        self._moments = [_moment(time) for time in self._times]

    def trend(
        self, totals: Mapping[int, Sequence[Any]], counted: Mapping[str, _Counts], fixed: Fixes,
        gone: int,
    ) -> Trend:  # fmt: skip
        points = tuple(
            _point(scan, *map(int, totals.get(scan.id, (0, 0, 0)))) for scan in self._scans
        )
        return Trend(
            targets=self._scans[-1].targets,
            points=points,
            lines={name: self._lines(counts) for name, counts in counted.items()},
            fix_times=tuple(self._fix_times(fixed)),
            open=tuple(sorted(self.open_failures(), key=_rank)),
            unasked=gone,
        )

    def open_failures(self) -> list[OpenFailure]:
        """Give what is open now, in no order."""
        return [self.open_failure(state) for state in self._opened]

    def _lines(self, counts: _Counts) -> tuple[TrendLine, ...]:
        """Give a line for each name, of what was open."""
        lines = []
        for name, of_scan in counts.items():
            line = TrendLine(name=name, open=tuple(of_scan.get(s.id, 0) for s in self._scans))
            if any(line.open):
                lines.append(line)
        ranks = {severity: rank for rank, severity in enumerate(_SEVERITIES)}
        return tuple(
            sorted(lines, key=lambda line: (ranks.get(line.name, 0), -line.open[-1], line.name))
        )

    def _fix_times(self, fixed: Fixes) -> Iterable[FixTime]:
        ages = Counter((s.finding.severity, s.opened_scan) for s in self._opened)
        last = self._scans[-1].id
        for severity in Severity:
            took = {
                (start, end): count
                for (rank, start, end), count in fixed.items()
                if rank == severity.rank
            }
            open_since = {(start, last): n for (of, start), n in ages.items() if of is severity}
            yield FixTime(
                severity=severity,
                fixed=sum(took.values()),
                median_days=self._median_days(took),
                open=sum(open_since.values()),
                median_open_days=self._median_days(open_since),
            )

    def _median_days(self, spans: Mapping[tuple[int, int], int]) -> float | None:
        """Give the median of spans from scan to scan, each of which there are several times."""
        days: list[tuple[float, int]] = sorted(
            (self._days(*span), count) for span, count in spans.items()
        )
        total = sum(count for _, count in days)
        if not total:
            return None
        middle = [_at(days, (total - 1) // 2), _at(days, total // 2)]
        return round(sum(middle) / 2, 1)

    def open_failure(self, state: State) -> OpenFailure:
        """Give one of them with its times."""
        is_unread = state.state != FAILING
        place = self._place_of(state.changed_scan)
        is_begun_so = state.opened_scan == state.changed_scan
        if is_unread:
            seen = place if is_begun_so else place - 1
        else:
            seen = self._place_of(state.last_scan)
        return OpenFailure(
            finding=state.finding,
            is_unread=is_unread,
            first_seen=self._times[self._place_of(state.first_scan)],
            open_since=self._times[self._place_of(state.opened_scan)],
            last_seen=self._times[max(0, seen)],
            age_days=int(self._days(state.opened_scan, self._scans[-1].id)),
        )

    def _days(self, start: int, end: int) -> float:
        first, last = self._moments[self._place_of(start)], self._moments[self._place_of(end)]
        return (last - first).total_seconds() / _DAY_S

    def _place_of(self, scan: int) -> int:
        if scan not in self._all:
            raise ValueError("a failure belongs to a scan that is not there")
        return self._all[scan]


def _point(scan: PastScan, failing: int, not_assessed: int, waived: int) -> TrendPoint:
    return TrendPoint(
        scan=scan.id,
        finished_at=scan.finished_at,
        failing=failing,
        not_assessed=not_assessed,
        waived=waived,
        passed=scan.passed,
        unread=scan.not_assessed,
        changes=scan.changes,
    )


def _at(days: Sequence[tuple[float, int]], place: int) -> float:
    for value, count in days:
        if place < count:
            return value
        place -= count
    raise IndexError(place)


def _moment(finished_at: str) -> datetime.datetime:
    """Read the time of a scan; evidence that was never finished has none."""
    if not finished_at:
        return datetime.datetime.min.replace(tzinfo=datetime.UTC)
    return datetime.datetime.fromisoformat(finished_at)


def _rank(failure: OpenFailure) -> tuple[int, str, str, str]:
    finding = failure.finding
    return finding.severity.rank, failure.open_since, finding.rule, finding.resource.id
