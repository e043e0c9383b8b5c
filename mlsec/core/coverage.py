"""How much was seen: rows where something is, groups of what was listed whole and not found."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping

import msgspec

# A scope and a region in it, "" where the type has no regions.
Location = tuple[str, str]


class LeftOut(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Resources that were listed and not assessed on purpose: why, and the name of each."""

    because: str
    names: tuple[str, ...] = ()


class TypeCoverage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How much of one type was seen in one scope and region.

    enumerated = assessed + excluded + errored, always. ``is_complete`` is False when the listing
    itself failed or was cut short; then ``gaps`` says why and more may exist than was counted.
    ``listed_by`` names the bulk sources that stood in the place of the type's own listing.
    ``left_out`` names what ``excluded`` counts, where it is files.
    """

    type: str
    scope: str
    region: str
    enumerated: int = 0
    assessed: int = 0
    excluded: int = 0
    errored: int = 0
    is_complete: bool = True
    excluded_because: str = ""
    gaps: tuple[str, ...] = ()
    listed_by: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    left_out: tuple[LeftOut, ...] | msgspec.UnsetType = msgspec.UNSET

    @property
    def sources(self) -> tuple[str, ...]:
        """The bulk sources; none where the type was listed by its own service alone."""
        return () if isinstance(self.listed_by, msgspec.UnsetType) else self.listed_by

    @property
    def named(self) -> tuple[LeftOut, ...]:
        """What was left out, by name; none where it is only counted."""
        return () if isinstance(self.left_out, msgspec.UnsetType) else self.left_out

    @property
    def is_whole(self) -> bool:
        """Whether all that is there was listed and read."""
        return self.is_complete and not self.errored

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing, for certain, and nothing more to say of it than a group can."""
        return self.is_whole and not (self.enumerated or self.gaps or self.named)


class EmptyCoverage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Types that were listed whole in the same places, and of which nothing is in any of them.

    ``places`` are pairs of scope and region. ``because`` says why nothing can be there, "" where
    the listing said no more; ``listed_by`` names the bulk sources as in a row.
    """

    types: tuple[str, ...]
    places: tuple[Location, ...]
    because: str = ""
    listed_by: tuple[str, ...] = ()


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """All that was looked at: a type in a place has a row, or stands in one of the groups.

    There is no way to go through it as if the rows were all: who asks what was looked at needs
    both, and who asks what is there, or is not known, the rows alone.
    """

    rows: tuple[TypeCoverage, ...] = ()
    empty: tuple[EmptyCoverage, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether every listing was complete and all that is there was read."""
        return all(row.is_whole for row in self.rows)

    @property
    def enumerated(self) -> int:
        """How many resources are there."""
        return sum(row.enumerated for row in self.rows)

    @property
    def scopes(self) -> set[str]:
        """Where anything was looked for."""
        at = {scope for group in self.empty for scope, _ in group.places}
        return at | {row.scope for row in self.rows}

    @property
    def regions(self) -> set[str]:
        """In which regions anything was looked for."""
        at = {region for group in self.empty for _, region in group.places}
        return at | {row.region for row in self.rows}

    @property
    def types(self) -> set[str]:
        """What was looked for."""
        return {row.type for row in self.rows}.union(*(group.types for group in self.empty))

    @property
    def exclusions(self) -> Mapping[str, int]:
        """Count what was left out by why; 0 for why nothing can be there."""
        counts: Counter[str] = Counter()
        for row in self.rows:
            counts[row.excluded_because] += row.excluded
        counts.update({group.because: 0 for group in self.empty})
        return counts

    def within(self, scopes: Collection[str]) -> Coverage:
        """Give what of it lies in these scopes."""
        return Coverage(
            rows=tuple(row for row in self.rows if row.scope in scopes),
            empty=tuple(
                msgspec.structs.replace(group, places=kept)
                for group in self.empty
                if (kept := tuple(place for place in group.places if place[0] in scopes))
            ),
        )


class EmptyListings:
    """Looks up whether a type was listed whole where nothing of it is."""

    def __init__(self, groups: Iterable[EmptyCoverage]) -> None:
        self._types: dict[str, dict[str, list[frozenset[str]]]] = {}
        for group in groups:
            types = frozenset(group.types)
            for scope, region in group.places:
                self._types.setdefault(scope, {}).setdefault(region, []).append(types)

    def has(self, type_name: str, scope: str, region: str = "") -> bool:
        """Whether it stands in a group for this scope and region, "" for any of them."""
        by_region = self._types.get(scope, {})
        near = by_region if not region else ("", region)
        return any(type_name in types for at in near for types in by_region.get(at, ()))


def coverage_of(rows: Iterable[TypeCoverage], empty: Iterable[EmptyCoverage] = ()) -> Coverage:
    """Give rows and groups in their order, with a row of nothing in a group."""
    kept: list[TypeCoverage] = []
    types: dict[tuple[Location, str, tuple[str, ...]], set[str]] = defaultdict(set)
    for row in rows:
        if row.is_empty:
            types[(row.scope, row.region), row.excluded_because, row.sources].add(row.type)
        else:
            kept.append(row)
    fresh = (
        EmptyCoverage(types=tuple(sorted(names)), places=(at,), because=why, listed_by=by)
        for (at, why, by), names in types.items()
    )
    return Coverage(rows=tuple(sorted(kept, key=_order)), empty=joined_groups((*empty, *fresh)))


def join_coverage(parts: Iterable[Coverage]) -> Coverage:
    """Give all of them as one."""
    whole = tuple(parts)
    return coverage_of(
        (row for part in whole for row in part.rows),
        (group for part in whole for group in part.empty),
    )


def joined_groups(groups: Iterable[EmptyCoverage]) -> tuple[EmptyCoverage, ...]:
    """Put groups that say the same of the same types together, sorted."""
    places: dict[tuple[tuple[str, ...], str, tuple[str, ...]], set[Location]] = defaultdict(set)
    for group in groups:
        places[group.types, group.because, group.listed_by].update(group.places)
    joined = [
        EmptyCoverage(types=types, places=tuple(sorted(at)), because=why, listed_by=by)
        for (types, why, by), at in places.items()
    ]
    joined.sort(key=lambda group: (group.places[0], group.types, group.because, group.listed_by))
    return tuple(joined)


def _order(row: TypeCoverage) -> tuple[str, str, str]:
    return row.scope, row.region, row.type
