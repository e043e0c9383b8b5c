"""Coverage as the page shows it: one row for each type, over all scopes and regions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.coverage import (
    Coverage,
    EmptyCoverage,
    LeftOut,
    Location,
    TypeCoverage,
)
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


def type_rows(assessment: Assessment) -> tuple[TypeRow, ...]:
    """Add up what was seen of each type, sorted by its name."""
    words = {gap.id: f"{gap.wanted} {tally.REASON_WORDS[gap.reason]}" for gap in assessment.gaps}
    rows: dict[str, list[TypeCoverage]] = defaultdict(list)
    for row in assessment.coverage.rows:
        rows[row.type].append(row)
    empty: dict[str, list[EmptyCoverage]] = defaultdict(list)
    for group in assessment.coverage.empty:
        for kind in group.types:
            empty[kind].append(group)
    kinds = sorted({*rows, *empty})
    return tuple(_type_row(kind, rows.get(kind, ()), empty.get(kind, ()), words) for kind in kinds)


def _type_row(
    kind: str,
    rows: Sequence[TypeCoverage],
    empty: Sequence[EmptyCoverage],
    words: Mapping[str, str],
) -> TypeRow:
    because = {row.excluded_because for row in rows} | {group.because for group in empty}
    sources = {source for row in rows for source in row.sources}
    sources.update(source for group in empty for source in group.listed_by)
    return TypeRow(
        type=kind,
        enumerated=sum(row.enumerated for row in rows),
        assessed=sum(row.assessed for row in rows),
        excluded=sum(row.excluded for row in rows),
        errored=sum(row.errored for row in rows),
        places=len(rows) + sum(len(group.places) for group in empty),
        incomplete=sum(1 for row in rows if not row.is_complete),
        reasons=tuple(
            sorted(
                {words[gap] for row in rows for gap in row.gaps if gap in words}
                | {why for why in because if why}
                | {f"listed by {source}" for source in sources}
                | {f"left out: {names}" for names in (tally.left_out_names(rows),) if names}
            )
        ),
    )


class EmptyPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """Types that were listed whole in the same places and not found there."""

    places: tuple[str, ...]
    types: tuple[str, ...]


def is_something(row: TypeCoverage) -> bool:
    """Whether there was anything in one place, or there may be more than was seen."""
    return bool(row.enumerated or row.errored or not row.is_complete)


def empty_places(coverage: Coverage) -> tuple[EmptyPlaces, ...]:
    """Group the places by what is not there, so that each combination of types is named once."""
    parts: dict[Location, set[tuple[str, ...]]] = defaultdict(set)
    for row in coverage.rows:
        if not is_something(row):
            parts[row.scope, row.region].add((row.type,))
    for group in coverage.empty:
        for place in group.places:
            parts[place].add(group.types)
    by_parts: dict[frozenset[tuple[str, ...]], list[str]] = defaultdict(list)
    for (scope, region), types in parts.items():
        by_parts[frozenset(types)].append(f"{scope} {region}".strip())
    by_types: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for alike, places in by_parts.items():
        by_types[tuple(sorted(set().union(*alike)))] += places
    groups = [EmptyPlaces(places=tuple(sorted(at)), types=kinds) for kinds, at in by_types.items()]
    return tuple(sorted(groups, key=lambda group: group.places))


def left_out_of(rows: Sequence[TypeCoverage]) -> tuple[LeftOut, ...]:
    """Give the names of what was left out, one group for each reason."""
    names: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        for part in row.named:
            names[part.because].extend(part.names)
    groups = ((because, tuple(sorted(of_it))) for because, of_it in sorted(names.items()) if of_it)
    return tuple(LeftOut(because=because, names=of_it) for because, of_it in groups)
