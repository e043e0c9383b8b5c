"""One listing that holds several types is divided, and nothing falls between them unseen."""

from __future__ import annotations

from mlsec.collect.walk.client import Request
from mlsec.collect.walk.listing import ListingResult, of_this_type
from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.core.enums import GapReason

LISTING = Operation(service="toy", name="ListMachines", items="Machines")
REQUEST = Request(scope="toy/1", region="", operation=LISTING)
DESKS = TypePlan(type="toy.desk", listing=LISTING, only={"kind": ("Desk",)})
REST = TypePlan(type="toy.machine", listing=LISTING, but={"kind": ("Desk",)})
ENTRIES = ({"id": "a", "kind": "Desk"}, {"id": "b", "kind": "Cluster"}, {"id": "c", "kind": "New"})


def ids(plan: TypePlan, *entries: object) -> list[str]:
    found = of_this_type(REQUEST, ListingResult(entries=entries), plan)
    return [entry["id"] for entry in found.entries]


def test_each_entry_is_of_one_type_and_a_new_kind_is_of_the_rest() -> None:
    assert ids(DESKS, *ENTRIES) == ["a"]
    assert ids(REST, *ENTRIES) == ["b", "c"]
    assert of_this_type(REQUEST, ListingResult(entries=ENTRIES), DESKS).gap is None


def test_an_entry_that_does_not_say_its_kind_is_a_gap_of_every_type() -> None:
    for plan in (DESKS, REST):
        found = of_this_type(REQUEST, ListingResult(entries=(*ENTRIES, {"id": "d"})), plan)
        assert "d" not in [entry["id"] for entry in found.entries]
        assert found.gap is not None
        assert found.gap.reason is GapReason.MALFORMED


def test_a_plan_without_kinds_takes_all() -> None:
    assert ids(TypePlan(type="toy.any", listing=LISTING), *ENTRIES) == ["a", "b", "c"]
