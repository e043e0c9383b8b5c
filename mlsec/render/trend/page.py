"""trend.html: what was open from scan to scan, as one self-contained page without a script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from markupsafe import Markup

from mlsec.core.changes import day_of
from mlsec.core.content_paths import content_folder
from mlsec.core.trend import OpenFailure, Trend, TrendLine
from mlsec.render.display import masked, plural, shown_id
from mlsec.render.page_environment import page_environment, source_hash
from mlsec.render.tally import scope_name
from mlsec.render.trend.plot import HEIGHT, WIDTH, Bar, Plot, bars, plot

_LINES_SHOWN = 24
_OPEN_SHOWN = 200
_ROWS_SHOWN = 60
_TITLES = {
    "severity": "By severity",
    "provider": "By provider",
    "account": "By account",
    "concern": "By concern",
}
_CHANGES = (
    ("new", "new"),
    ("regressed", "regressed"),
    ("fixed", "fixed"),
    ("no_longer_seen", "no longer seen"),
    ("rule_gone", "rule gone"),
)


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The plots of one dimension, all on one scale, and the counts behind them as a table."""

    id: str
    title: str
    plots: tuple[Plot, ...]
    lines: tuple[TrendLine, ...]
    more: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One scan in the tables: its place among all scans, and its counts."""

    place: int
    time: str
    counts: tuple[int, ...]


class SeriesView(msgspec.Struct, frozen=True, kw_only=True):
    """One series as the page shows it."""

    trend: Trend
    sentence: str
    days: tuple[str, ...]
    whole: Plot
    unread: Plot
    changes: tuple[Bar, ...]
    rows: tuple[Row, ...]
    earlier: int
    groups: tuple[Group, ...]
    open: tuple[OpenFailure, ...]
    more: int


def render_trend(trends: Sequence[Trend]) -> bytes:
    """Write the page; its style is allowed by its digest, everything else is refused."""
    folder = content_folder("reports") / "style"
    style = "\n".join((folder / f"{name}.css").read_text("utf-8") for name in ("base", "trend"))
    environment = page_environment()
    environment.globals.update(plural=plural, day_of=day_of, shown_id=shown_id)
    environment.filters["scope"] = scope_name
    text = environment.get_template("trend.html.j2").render(
        **trend_context(trends),
        style=Markup(style),  # noqa: S704 - our own file
        style_hash=source_hash(style),
    )
    return masked(text.encode("utf-8", "backslashreplace"))


def trend_context(trends: Sequence[Trend]) -> dict[str, Any]:
    """Give what the template of the plots fills in."""
    return {
        "views": [_view(trend) for trend in trends],
        "change_words": [words for _, words in _CHANGES],
        "width": WIDTH,
        "height": HEIGHT,
    }


def sentence(trend: Trend) -> str:
    """Say how it stands at the last scan, and since the first one."""
    last, first = trend.points[-1], trend.points[0]
    unread = f", {last.not_assessed:,} of them not assessed now" if last.not_assessed else ""
    whole = f"{plural(last.open, 'open failure')}{unread}"
    unasked = ""
    if trend.unasked:
        unasked = (
            f"; {plural(trend.unasked, 'more is', 'more are')} of rules that no longer run, and"
            " not seen to be fixed"
        )
    if len(trend.points) == 1:
        return f"{whole} in the only scan, of {day_of(last.finished_at)}"
    step = last.open - first.open
    direction = f"{abs(step):,} {'more' if step > 0 else 'fewer'} than" if step else "as many as"
    since = day_of(first.finished_at, last.finished_at)
    return f"{whole}, {direction} in the first of {len(trend.points):,} scans, of {since}{unasked}"


def _view(trend: Trend) -> SeriesView:
    times = [point.finished_at for point in trend.points]
    counts = [point.open for point in trend.points]
    most = max(counts)
    changes = [point.changes for point in trend.points]
    ups = [counted.get("new", 0) + counted.get("regressed", 0) for counted in changes]
    ups[0] = 0  # in the first scan all is new, and would dwarf the rest
    return SeriesView(
        trend=trend,
        sentence=sentence(trend),
        days=tuple(day_of(time) for time in times),
        whole=plot("open failures", counts, times, most),
        unread=plot(
            "not assessed now", [point.not_assessed for point in trend.points], times, most
        ),
        changes=bars(ups, [counted.get("fixed", 0) for counted in changes], times),
        rows=tuple(_rows(trend))[:_ROWS_SHOWN],
        earlier=max(0, len(times) - _ROWS_SHOWN),
        groups=tuple(_group(name, title, trend, times) for name, title in _TITLES.items()),
        open=trend.open[:_OPEN_SHOWN],
        more=max(0, len(trend.open) - _OPEN_SHOWN),
    )


def _rows(trend: Trend) -> Iterator[Row]:
    """Give a row for each scan, the newest first."""
    for place, point in reversed(tuple(enumerate(trend.points))):
        changed = (point.changes.get(name, 0) for name, _ in _CHANGES)
        counts = (point.open, point.failing, point.not_assessed, point.waived, *changed)
        yield Row(place=place, time=point.finished_at, counts=counts)


def _group(name: str, title: str, trend: Trend, times: Sequence[str]) -> Group:
    lines = trend.lines[name][:_LINES_SHOWN]
    most = max((max(line.open) for line in lines), default=1)
    return Group(
        id=name,
        title=title,
        plots=tuple(plot(line.name, line.open, times, most) for line in lines),
        lines=lines,
        more=len(trend.lines[name]) - len(lines),
    )
