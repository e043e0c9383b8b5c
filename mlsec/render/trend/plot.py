"""Small plots of counts over time as SVG: only geometry, so that a page scales them freely."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import msgspec

WIDTH, HEIGHT = 600, 120
# Above the highest count, so that its line is drawn whole.
_HEADROOM = 1.08
_TICKS_SHOWN = 60


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """One line over time: ``line`` and ``area`` are paths in a box of WIDTH by HEIGHT.

    ``most`` is the highest count of all that share the scale, ``latest`` the last count, ``said``
    the same for who cannot see it. ``ticks`` are the places of the scans from the left; none where
    there are too many to tell apart.
    """

    name: str
    line: str
    area: str
    most: int
    latest: int
    said: str
    ticks: tuple[float, ...]


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """What one scan added above a middle line and ended below it; all in the units of the box."""

    x: float
    width: float
    up: float
    down: float


def places(times: Sequence[str]) -> tuple[float, ...]:
    """Place scans from left to right by their times; evenly where one has no time."""
    try:
        moments = [datetime.datetime.fromisoformat(time).timestamp() for time in times]
    except ValueError:
        moments = [float(place) for place in range(len(times))]
    first, last = min(moments), max(moments)
    if first == last:
        return tuple(WIDTH * (place + 1) / (len(times) + 1) for place in range(len(times)))
    return tuple(round(WIDTH * (moment - first) / (last - first), 1) for moment in moments)


def plot(name: str, counts: Sequence[int], times: Sequence[str], most: int) -> Plot:
    """Draw counts as a line with the area below it; ``most`` is the top of the scale."""
    ticks = places(times)
    top = max(most, 1) * _HEADROOM
    heights = [round(HEIGHT * (1 - count / top), 1) for count in counts]
    points = [f"{x:g} {y:g}" for x, y in zip(ticks, heights, strict=True)]
    if len(points) == 1:
        points = [f"0 {heights[0]:g}", f"{WIDTH} {heights[0]:g}"]
    line = "M" + " L".join(points)
    start, end = (0.0, float(WIDTH)) if len(counts) == 1 else (ticks[0], ticks[-1])
    numbers = ", ".join(f"{count:,}" for count in counts[-12:])
    of_all = f"the last 12 of {len(counts):,} scans" if len(counts) > 12 else "scan by scan"
    return Plot(
        name=name,
        line=line,
        area=f"{line} L{end:g} {HEIGHT} L{start:g} {HEIGHT} Z",
        most=most,
        latest=counts[-1],
        said=f"{name}: {numbers} ({of_all})",
        ticks=ticks if len(ticks) <= _TICKS_SHOWN else (),
    )


def bars(ups: Sequence[int], downs: Sequence[int], times: Sequence[str]) -> tuple[Bar, ...]:
    """Draw two counts for each scan, one above a middle line and one below it."""
    top = max([1, *ups, *downs])
    width = max(2.0, min(24.0, WIDTH / (2 * len(times))))
    half = HEIGHT / 2
    return tuple(
        Bar(
            x=round(min(max(x - width / 2, 0), WIDTH - width), 1),
            width=round(width, 1),
            up=round(half * up / top, 1),
            down=round(half * down / top, 1),
        )
        for x, up, down in zip(places(times), ups, downs, strict=True)
    )
