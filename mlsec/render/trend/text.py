"""The trend of a history for a terminal: each scan, what was open by kind, what fixing took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlsec.core.changes import day_of
from mlsec.core.trend import FixTime, OpenFailure, Trend, TrendLine
from mlsec.render.display import plural, shown, shown_id
from mlsec.render.tally import scope_name
from mlsec.render.trend.page import sentence

_COLUMNS = (
    ("new", "new"),
    ("regressed", "regressed"),
    ("fixed", "fixed"),
    ("unchanged", "unchanged"),
    ("no_longer_seen", "gone"),
    ("not_assessed_now", "not assessed"),
    ("rule_gone", "rule gone"),
    ("waived", "waived"),
)
_ALWAYS = ("new", "fixed")
_ROWS_SHOWN = 20
_SCANS_SHOWN = 8
_LINES_SHOWN = 12


def trend_lines(trend: Trend) -> Iterator[str]:
    """Say what the scans of one series came to, and how that went on."""
    yield shown(", ".join(trend.targets), 600) or "no targets"
    yield from _scans(trend)
    for name, lines in trend.lines.items():
        if lines:
            yield ""
            yield from _lines(name, lines, trend)
    yield ""
    yield from _fix_times(trend.fix_times)
    yield ""
    yield f"  {sentence(trend)}"


def open_line(failure: OpenFailure) -> str:
    """Say which failure is open, since when and where, in one line."""
    finding, subject = failure.finding, failure.finding.resource
    since = f"open {plural(failure.age_days, 'day')}, since {day_of(failure.open_since)}"
    unread = f", not assessed since {day_of(failure.last_seen)}" if failure.is_unread else ""
    place = f"{shown(scope_name(subject.scope), 120)} {shown(subject.region, 40)}".strip()
    file = f", {shown(subject.file, 200)}:{subject.line}" if subject.is_in_code else ""
    head = f"{finding.severity.value}[{shown(finding.rule, 120)}]"
    return f"{head} {since}{unread}: {shown_id(subject.id)} ({place}{file})"


def _scans(trend: Trend) -> Iterator[str]:
    """Give a row for each of the last scans; a column that is 0 in all is left out."""
    points = trend.points[-_ROWS_SHOWN:]
    columns = [
        (name, word)
        for name, word in _COLUMNS
        if name in _ALWAYS or any(point.changes.get(name) for point in points)
    ]
    rows = [("scan", "finished", "open", "passed", "unread", *(word for _, word in columns))]
    for point in points:
        counts = (f"{point.changes.get(name, 0)}" for name, _ in columns)
        rows.append(
            (f"{point.scan}", shown(point.finished_at, 25), f"{point.open}", f"{point.passed}",
             f"{point.unread}", *counts)
        )  # fmt: skip
    yield from _table(rows)
    if len(points) < len(trend.points):
        earlier = plural(len(trend.points) - len(points), "earlier scan")
        yield f"  and {earlier}: -f json has all"


def _lines(name: str, lines: Sequence[TrendLine], trend: Trend) -> Iterator[str]:
    """Give what was open by one kind, for the last scans."""
    days = [shown(point.finished_at[:10]) for point in trend.points[-_SCANS_SHOWN:]]
    rows = [(f"open by {name}", *days)]
    for line in lines[:_LINES_SHOWN]:
        counts = (f"{count}" for count in line.open[-_SCANS_SHOWN:])
        rows.append((shown(scope_name(line.name), 60) or "none", *counts))
    yield from _table(rows, is_first_left=True)
    if len(lines) > _LINES_SHOWN:
        yield f"  and {len(lines) - _LINES_SHOWN:,} more: -f json has all"


def _fix_times(times: Sequence[FixTime]) -> Iterator[str]:
    """Say for each severity how long fixing took, and how old is what is open."""
    rows = [("time to fix", "fixed", "median days", "open now", "median age in days")]
    for row in times:
        taken, age = row.median_days, row.median_open_days
        if row.fixed or row.open:
            rows.append(
                (row.severity.value, f"{row.fixed}", "-" if taken is None else f"{taken:g}",
                 f"{row.open}", "-" if age is None else f"{age:g}")
            )  # fmt: skip
    if len(rows) > 1:
        yield from _table(rows, is_first_left=True)


def _table(rows: Sequence[Sequence[str]], *, is_first_left: bool = False) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [text.rjust(width) for text, width in zip(row, widths, strict=True)]
        if is_first_left:
            cells[0] = row[0].ljust(widths[0])
        yield "  " + "  ".join(cells).rstrip()
