"""Counts what was open at each scan of a history, how old it is, and how long fixing took."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, chain, groupby
from statistics import median

from mlsec.core.changes import Change
from mlsec.core.enums import Severity
from mlsec.core.finding import Finding
from mlsec.core.trend import FixTime, OpenFailure, Trend, TrendLine, TrendPoint
from mlsec.history.queries import FAILING, OPEN, WAIVED, Life, PastScan

_DAY_S = 86_400
_DIMENSIONS: Mapping[str, Callable[[Finding], str]] = {
    "severity": lambda finding: finding.severity.value,
    "provider": lambda finding: finding.resource.provider,
    "account": lambda finding: finding.resource.scope,
    "concern": lambda finding: finding.concern.value,
}


def trends(scans: Sequence[PastScan], known: Iterable[Life]) -> tuple[Trend, ...]:
    """Give the trend of each series, in the order of the scans.

    Raises:
        ValueError: a failure belongs to a scan that is not there, or a text is not a time.
    """
    return tuple(series.trend() for series in _all_series(scans, known))


def open_failures(scans: Sequence[PastScan], known: Iterable[Life]) -> tuple[OpenFailure, ...]:
    """Give what is open in all series together, the worst first, and the longest open of those.

    Raises:
        ValueError: as ``trends``.
    """
    of_series = (series.open_failures() for series in _all_series(scans, known))
    return tuple(sorted(chain.from_iterable(of_series), key=_rank))


def _all_series(scans: Sequence[PastScan], known: Iterable[Life]) -> list[_Series]:
    of_series = defaultdict[int, list[Life]](list)
    for life in known:
        of_series[life.state.series].append(life)
    by_series = groupby(scans, key=lambda scan: scan.series)
    return [_Series(list(group), of_series.pop(series, [])) for series, group in by_series]


class _Series:
    """The scans of the same targets, and the failures that any of them found."""

    def __init__(self, scans: Sequence[PastScan], known: Sequence[Life]) -> None:
        self._scans = scans
        self._lives = known
        self._place = {scan.id: place for place, scan in enumerate(scans)}
        self._moments = [_moment(scan.finished_at) for scan in scans]

    def trend(self) -> Trend:
        states = self._counted(lambda _, state: state)
        none = [0] * len(self._scans)
        points = tuple(
            TrendPoint(
                scan=scan.id,
                finished_at=scan.finished_at,
                failing=states.get(FAILING, none)[place],
                not_assessed=states.get(Change.NOT_ASSESSED_NOW.value, none)[place],
                waived=states.get(WAIVED, none)[place],
                passed=scan.passed,
                unread=scan.not_assessed,
                changes=scan.changes,
            )
            for place, scan in enumerate(self._scans)
        )
        opened = self._opened()
        return Trend(
            targets=self._scans[0].targets,
            points=points,
            lines={name: self._lines(of) for name, of in _DIMENSIONS.items()},
            fix_times=tuple(self._fix_times(opened)),
            open=tuple(sorted(self.open_failures(), key=_rank)),
            unasked=sum(life.state.state == Change.RULE_GONE.value for life in self._lives),
        )

    def open_failures(self) -> list[OpenFailure]:
        """Give what is open now, in no order."""
        return [self._open_failure(life) for life in self._opened()]

    def _opened(self) -> list[Life]:
        return [life for life in self._lives if life.state.state in OPEN]

    def _lines(self, of: Callable[[Finding], str]) -> tuple[TrendLine, ...]:
        """Give a line for each name, of what was open."""
        counted = self._counted(
            lambda life, state: of(life.state.finding) if state in OPEN else None
        )
        ranks = {severity.value: severity.rank for severity in Severity}
        lines = [TrendLine(name=name, open=tuple(counts)) for name, counts in counted.items()]
        return tuple(
            sorted(lines, key=lambda line: (ranks.get(line.name, 0), -line.open[-1], line.name))
        )

    def _counted(self, name_of: Callable[[Life, str], str | None]) -> dict[str, list[int]]:
        """Count failures scan by scan under the name that each has in a state, None for no name."""
        steps: dict[str, list[int]] = {}
        for life in self._lives:
            for interval in life.intervals:
                name = name_of(life, interval.state)
                if name is not None:
                    counts = steps.setdefault(name, [0] * (len(self._scans) + 1))
                    counts[self._place_of(interval.changed_scan)] += 1
                    counts[self._place_of(interval.last_scan) + 1] -= 1
        return {name: list(accumulate(counts[:-1])) for name, counts in steps.items()}

    def _fix_times(self, opened: Sequence[Life]) -> Iterable[FixTime]:
        for severity in Severity:
            fixes = [
                self._days(start, end)
                for life in self._lives
                if life.state.finding.severity is severity
                for start, end in life.fixes
            ]
            ages = [
                self._days(life.open_since, self._scans[-1].id)
                for life in opened
                if life.state.finding.severity is severity
            ]
            yield FixTime(
                severity=severity,
                fixed=len(fixes),
                median_days=round(median(fixes), 1) if fixes else None,
                open=len(ages),
                median_open_days=round(median(ages), 1) if ages else None,
            )

    def _open_failure(self, life: Life) -> OpenFailure:
        state, previous = life.state, life.intervals[-2:-1]
        is_unread = state.state != FAILING
        seen = previous[0].last_scan if is_unread and previous else state.last_scan
        return OpenFailure(
            finding=state.finding,
            is_unread=is_unread,
            first_seen=self._time(state.first_scan),
            open_since=self._time(life.open_since),
            last_seen=self._time(seen),
            age_days=int(self._days(life.open_since, self._scans[-1].id)),
        )

    def _days(self, start: int, end: int) -> float:
        first, last = self._moments[self._place_of(start)], self._moments[self._place_of(end)]
        return (last - first).total_seconds() / _DAY_S

    def _time(self, scan: int) -> str:
        return self._scans[self._place_of(scan)].finished_at

    def _place_of(self, scan: int) -> int:
        if scan not in self._place:
            raise ValueError("a failure belongs to a scan that is not there")
        return self._place[scan]


def _moment(finished_at: str) -> datetime.datetime:
    """Read the time of a scan; evidence that was never finished has none."""
    if not finished_at:
        return datetime.datetime.min.replace(tzinfo=datetime.UTC)
    return datetime.datetime.fromisoformat(finished_at)


def _rank(failure: OpenFailure) -> tuple[int, str, str, str]:
    finding = failure.finding
    return finding.severity.rank, failure.open_since, finding.rule, finding.resource.id
