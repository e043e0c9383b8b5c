"""What a tally gives comes to a row for each type in each place that was looked at, and no more."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mlsec.collect.tally import Place, Tally
from mlsec.core.coverage import (
    Coverage,
    EmptyCoverage,
    EmptyListings,
    TypeCoverage,
    coverage_of,
    join_coverage,
)
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from tests.coverage_rows import every_row

_GAP = make_gap(scope="aws/1", subject="r", wanted="x:List", reason=GapReason.DENIED)
_PLACES = st.tuples(
    st.sampled_from(["aws.a", "aws.b", "aws.c"]),
    st.sampled_from(["aws/1", "aws/2"]),
    st.sampled_from(["", "r", "q"]),
)
_STEPS = st.tuples(
    st.sampled_from(["look", "credit", "note", "hide", "list", "add", "exclude", "name"]),
    _PLACES,
    st.sampled_from(["one", "two"]),
)


def taken(tally: Tally, verb: str, place: Place, word: str) -> None:
    match verb:
        case "look":
            tally.look(place)
        case "credit":
            tally.credit(place, word)
        case "note":
            tally.note(place, word)
        case "hide":
            tally.hide(place, _GAP, is_listing=False)
        case "list":
            tally.hide(place, _GAP, is_listing=True)
        case "add":
            tally.add(place, assessed=1, errored=2)
        case "exclude":
            tally.exclude(place, word)
        case _:
            tally.leave_out(place, word, ["a", "b"])


def expected(steps: list[tuple[str, Place, str]]) -> list[TypeCoverage]:
    """Count one place at a time, each with a tally of its own in which something is."""
    rows = []
    for place in sorted({place for _, place, _ in steps}):
        tally = Tally()
        tally.add(place, assessed=1)
        for verb, at, word in steps:
            if at == place:
                taken(tally, verb, place, word)
        ((row,), groups) = tally.coverage().rows, tally.coverage().empty
        assert groups == ()
        less = {"enumerated": row.enumerated - 1, "assessed": row.assessed - 1}
        rows.append(msgspec.structs.replace(row, **less))
    return rows


@given(st.lists(_STEPS, max_size=30))
def test_whatever_order_things_are_said_in_every_place_has_its_row(
    steps: list[tuple[str, Place, str]],
) -> None:
    tally = Tally()
    for verb, place, word in steps:
        taken(tally, verb, place, word)
    coverage = tally.coverage()
    assert every_row(coverage) == expected(steps)
    assert not any(row.is_empty for row in coverage.rows)


@given(st.lists(_STEPS, max_size=30), st.sets(st.sampled_from(["aws/1", "aws/2"])))
def test_groups_say_what_their_rows_would(
    steps: list[tuple[str, Place, str]], scopes: set[str]
) -> None:
    rows = expected(steps)
    grouped, plain = coverage_of(rows), Coverage(rows=tuple(rows))
    assert every_row(grouped) == rows
    for name in ("is_whole", "enumerated", "scopes", "regions", "types", "exclusions"):
        assert getattr(grouped, name) == getattr(plain, name)
    assert every_row(grouped.within(scopes)) == [row for row in rows if row.scope in scopes]
    parts = [grouped.within({scope}) for scope in ("aws/2", "aws/1")]
    assert join_coverage(parts) == grouped


def test_places_with_the_same_types_are_one_group() -> None:
    tally = Tally()
    for scope in ("aws/2", "aws/1"):
        for region in ("r", "q"):
            for kind in ("aws.b", "aws.a"):
                tally.look((kind, scope, region))
    tally.add(("aws.a", "aws/2", "r"), assessed=1)
    tally.note(("aws.b", "aws/1", "q"), "not offered there")
    assert tally.coverage().empty == (
        EmptyCoverage(types=("aws.a",), places=(("aws/1", "q"),)),
        EmptyCoverage(types=("aws.b",), places=(("aws/1", "q"),), because="not offered there"),
        EmptyCoverage(types=("aws.a", "aws.b"), places=(("aws/1", "r"), ("aws/2", "q"))),
        EmptyCoverage(types=("aws.b",), places=(("aws/2", "r"),)),
    )


def test_listing_of_all_regions_stands_for_each_of_them() -> None:
    listed = EmptyListings(
        [EmptyCoverage(types=("aws.a",), places=(("aws/1", ""), ("aws/2", "r")))]
    )
    assert listed.has("aws.a", "aws/1", "r")
    assert listed.has("aws.a", "aws/2")
    assert not listed.has("aws.a", "aws/2", "q")
    assert not listed.has("aws.a", "aws/3")
    assert not listed.has("aws.b", "aws/1")
