"""Coverage as the page shows it: one row for each type, over all scopes and regions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.resource import LeftOut, TypeCoverage
from mlsec.render import tally


class TypeRow(msgspec.Struct, frozen=True, kw_only=True):
    """Coverage of one type over all scopes and regions."""

    type: str
    enumerated: int
    assessed: int
    excluded: int
    errored: int
    places: int
    incomplete: int
    reasons: tuple[str, ...]

    @property
    def is_worth_a_row(self) -> bool:
        """Whether there was anything, or there may be more than was seen."""
        return bool(self.enumerated or self.incomplete)


def type_rows(rows: Sequence[TypeCoverage], assessment: Assessment) -> tuple[TypeRow, ...]:
    """Add up the rows of each type, sorted by its name."""
    words = {gap.id: f"{gap.wanted} {tally.REASON_WORDS[gap.reason]}" for gap in assessment.gaps}
    by_type: dict[str, list[TypeCoverage]] = defaultdict(list)
    for row in rows:
        by_type[row.type].append(row)
    return tuple(
        TypeRow(
            type=kind,
            enumerated=sum(row.enumerated for row in group),
            assessed=sum(row.assessed for row in group),
            excluded=sum(row.excluded for row in group),
            errored=sum(row.errored for row in group),
            places=len(group),
            incomplete=sum(1 for row in group if not row.is_complete),
            reasons=tuple(
                sorted(
                    {words[gap] for row in group for gap in row.gaps if gap in words}
                    | {row.excluded_because for row in group if row.excluded_because}
                    | {f"listed by {source}" for row in group for source in row.sources}
                    | {f"left out: {names}" for names in (tally.left_out_names(group),) if names}
                )
            ),
        )
        for kind, group in sorted(by_type.items())
    )


class EmptyPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """Types that were listed whole in the same places and not found there."""

    places: tuple[str, ...]
    types: tuple[str, ...]


def is_something(row: TypeCoverage) -> bool:
    """Whether there was anything in one place, or there may be more than was seen."""
    return bool(row.enumerated or row.errored or not row.is_complete)


def empty_places(rows: Sequence[TypeCoverage]) -> tuple[EmptyPlaces, ...]:
    """Group the rows of nothing, so that each combination of types is named once."""
    by_place: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if not is_something(row):
            by_place[f"{row.scope} {row.region}".strip()].add(row.type)
    by_types: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for place, types in sorted(by_place.items()):
        by_types[tuple(sorted(types))].append(place)
    return tuple(EmptyPlaces(places=tuple(at), types=types) for types, at in by_types.items())


def left_out_of(rows: Sequence[TypeCoverage]) -> tuple[LeftOut, ...]:
    """Give the names of what was left out, one group for each reason."""
    names: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        for part in row.named:
            names[part.because].extend(part.names)
    groups = ((because, tuple(sorted(of_it))) for because, of_it in sorted(names.items()) if of_it)
    return tuple(LeftOut(because=because, names=of_it) for because, of_it in groups)
