"""Counting for coverage: enumerated = assessed + excluded + errored, per type, scope and region."""

from __future__ import annotations

import msgspec

from mlsec.collect.nothing_there import NothingThere, Said
from mlsec.core.coverage import Coverage, LeftOut, TypeCoverage, coverage_of
from mlsec.core.resource import Gap

Place = tuple[str, str, str]


class _Words(msgspec.Struct, kw_only=True):
    """What is said of a place besides its counts; of most places nothing is."""

    because: set[str] = msgspec.field(default_factory=set)
    gaps: set[str] = msgspec.field(default_factory=set)
    sources: set[str] = msgspec.field(default_factory=set)
    left_out: dict[str, list[str]] = msgspec.field(default_factory=dict)


_SILENCE = _Words()


class _Count(msgspec.Struct, kw_only=True):
    assessed: int = 0
    excluded: int = 0
    errored: int = 0
    is_complete: bool = True
    said: _Words | None = None

    @property
    def words(self) -> _Words:
        """What is said of the place, to be added to."""
        if self.said is None:
            self.said = _Words()
        return self.said


class Tally:
    """Every place that was looked at, what was found there and what hid the rest."""

    def __init__(self) -> None:
        self._counts: dict[Place, _Count] = {}
        self._nothing = NothingThere()
        self.gaps: dict[str, Gap] = {}

    def look(self, place: Place) -> None:
        """Note that a type was asked for here, even when nothing is found."""
        if place not in self._counts:
            self._nothing.note(place)

    def hide(self, place: Place, gap: Gap, *, is_listing: bool) -> None:
        """Note a gap; one in the listing means that more may exist than was counted."""
        count = self._count(place)
        count.words.gaps.add(gap.id)
        count.is_complete = count.is_complete and not is_listing
        self.gaps[gap.id] = gap

    def add(self, place: Place, *, assessed: int = 0, excluded: int = 0, errored: int = 0) -> None:
        """Count items."""
        count = self._count(place)
        count.assessed += assessed
        count.excluded += excluded
        count.errored += errored

    def exclude(self, place: Place, because: str) -> None:
        """Count one item that was left out on purpose."""
        self.add(place, excluded=1)
        self._counts[place].words.because.add(because)

    def leave_out(self, place: Place, because: str, names: list[str]) -> None:
        """Count and name items that were left out on purpose, for one reason."""
        self.add(place, excluded=len(names))
        self._counts[place].words.because.add(f"{because} ({len(names):,})")
        self._counts[place].words.left_out.setdefault(because, []).extend(names)

    def note(self, place: Place, because: str) -> None:
        """Say why there is nothing to count: the service is not there to be used."""
        if place in self._counts:
            self._counts[place].words.because.add(because)
        else:
            self._nothing.note(place, because=because)

    def credit(self, place: Place, source: str) -> None:
        """Name a bulk source that stood in the place of a listing."""
        if place in self._counts:
            self._counts[place].words.sources.add(source)
        else:
            self._nothing.note(place, source=source)

    def unlisted(self) -> dict[Place, tuple[str, ...]]:
        """Give the places whose listing is not the whole, with the gaps that hide the rest."""
        return {
            place: tuple(sorted((count.said or _SILENCE).gaps))
            for place, count in self._counts.items()
            if not count.is_complete
        }

    def coverage(self) -> Coverage:
        """Give what was counted as rows, and where nothing is in groups."""
        rows = (_row(place, count) for place, count in self._counts.items())
        return coverage_of(rows, self._nothing.groups())

    def _count(self, place: Place) -> _Count:
        count = self._counts.get(place)
        if count is None:
            count = self._counts[place] = _count_from(self._nothing.take(place))
        return count


def _count_from(said: Said | None) -> _Count:
    """Begin to count where nothing was so far, with what was said of that."""
    if said is None or not (said.because or said.sources):
        return _Count()
    return _Count(said=_Words(because=set(said.because), sources=set(said.sources)))


def _row(place: Place, count: _Count) -> TypeCoverage:
    said = count.said or _SILENCE
    return TypeCoverage(
        type=place[0],
        scope=place[1],
        region=place[2],
        enumerated=count.assessed + count.excluded + count.errored,
        assessed=count.assessed,
        excluded=count.excluded,
        errored=count.errored,
        is_complete=count.is_complete,
        excluded_because="; ".join(sorted(said.because)),
        gaps=tuple(sorted(said.gaps)),
        listed_by=tuple(sorted(said.sources)) or msgspec.UNSET,
        left_out=_named(said.left_out) or msgspec.UNSET,
    )


def _named(left_out: dict[str, list[str]]) -> tuple[LeftOut, ...]:
    return tuple(
        LeftOut(because=because, names=tuple(sorted(names)))
        for because, names in sorted(left_out.items())
    )
