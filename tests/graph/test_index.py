"""Relations say what they could not see: a listing that failed never looks empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Inventory, Resource
from mlsec.graph.build import build_graph
from mlsec.graph.graph import Graph
from mlsec.targets.facts import FACTS
from mlsec.vocabulary.load import load_vocabulary
from mlsec.vocabulary.types import Vocabulary

WORDS = """
aws.door:
  title: Door
  id: {api: "ListDoors:Arn"}
  properties:
    house: {type: string, from: {api: "ListDoors:House"}}
  relations:
    leads_to: {to: aws.house, by: house, match: name, within: region}
aws.house:
  title: House
  id: {api: "ListHouses:Arn"}
  properties:
    rooms:
      type: list
      from: {api: "ListHouses:Rooms"}
      items: {key: {type: string, from: {api: Key}}}
  relations:
    doors: {to: aws.door, reverse: leads_to}
    keys: {to: aws.key, by: "rooms[].key"}
    neighbours: {to: aws.house, every: true, within: region}
    far_keys: {to: aws.key, path: neighbours.keys}
aws.key:
  title: Key
  id: {api: "ListKeys:Arn"}
"""
DENIED = make_gap(
    scope="aws/1", subject="r", wanted="s:ListDoors", reason=GapReason.DENIED, missing_right="s:L"
)


@pytest.fixture(name="words", scope="module")
def _words(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    folder: Path = tmp_path_factory.mktemp("vocabulary")
    (folder / "v.yaml").write_text(WORDS)
    return load_vocabulary(folder)


def thing(kind: str, name: str, region: str = "r", **properties: object) -> Resource:
    return Resource(
        id=f"{kind}:{name}", type=f"aws.{kind}", provider="aws", scope="aws/1", region=region,
        name=name, properties=properties,
    )  # fmt: skip


def seen(kind: str, region: str = "r", *, is_complete: bool = True) -> TypeCoverage:
    return TypeCoverage(
        type=f"aws.{kind}", scope="aws/1", region=region, is_complete=is_complete,
        gaps=() if is_complete else (DENIED.id,),
    )  # fmt: skip


ALL = (seen("door"), seen("house"), seen("key"))


def graph(words: Vocabulary, *things: Resource, coverage: tuple[TypeCoverage, ...] = ALL) -> Graph:
    return build_graph(
        words, Inventory(resources=things, gaps=(DENIED,), coverage=coverage_of(coverage)), FACTS
    )


def names(found: tuple[Resource, ...]) -> list[str]:
    return sorted(each.name for each in found)


def test_a_reference_by_name_is_looked_up_in_its_own_region(words: Vocabulary) -> None:
    near, far = thing("house", "h"), thing("house", "h", region="q")
    far = Resource(**{**{f: getattr(far, f) for f in far.__struct_fields__}, "id": "house:far"})
    door = thing("door", "d", house="h")
    joined = graph(words, near, far, door)
    assert [t.id for t in joined.targets(door, "leads_to").resources] == ["house:h"]


def test_a_reference_out_of_the_snapshot_is_a_named_stub_that_nothing_is_known_of(
    words: Vocabulary,
) -> None:
    door = thing("door", "d", house="elsewhere")
    target = graph(words, door).targets(door, "leads_to").resources[0]
    assert (target.name, target.is_stub, list(target.unread)) == ("elsewhere", True, ["*"])


def test_a_reverse_relation_over_a_denied_listing_names_the_gap(words: Vocabulary) -> None:
    house = thing("house", "h")
    blind = graph(words, house, coverage=(seen("door", is_complete=False), *ALL[1:]))
    assert blind.targets(house, "doors").gaps == (DENIED.id,)
    assert graph(words, house).targets(house, "doors").gaps == ()


def test_a_reverse_relation_over_a_type_that_nobody_listed_is_not_empty_but_unknown(
    words: Vocabulary,
) -> None:
    house = thing("house", "h")
    joined = graph(words, house, coverage=ALL[1:])
    (gap,) = joined.targets(house, "doors").gaps
    assert joined.gaps[gap].reason is GapReason.NOT_COLLECTED


def test_a_source_whose_reference_was_not_read_may_lead_to_anything(words: Vocabulary) -> None:
    house = thing("house", "h")
    door = Resource(
        id="door:d", type="aws.door", provider="aws", scope="aws/1", region="r", name="d",
        unread={"house": (DENIED.id,)},
    )  # fmt: skip
    assert graph(words, house, door).targets(house, "doors").gaps == (DENIED.id,)


def test_references_inside_list_items_lead_to_each_target_once(words: Vocabulary) -> None:
    key = thing("key", "k")
    house = thing("house", "h", rooms=[{"key": key.id}, {"key": key.id}, {"key": None}])
    assert names(graph(words, house, key).targets(house, "keys").resources) == ["k"]


def test_a_list_item_without_the_field_makes_the_relation_unknown(words: Vocabulary) -> None:
    house = thing("house", "h", rooms=[{}])
    reached = graph(words, house).targets(house, "keys")
    assert reached.resources == ()
    assert reached.gaps


def test_a_path_carries_the_gaps_of_each_step(words: Vocabulary) -> None:
    house = thing("house", "h", rooms=[])
    blind = graph(words, house, coverage=(*ALL[:1], seen("house", is_complete=False), ALL[2]))
    assert blind.targets(house, "far_keys").gaps == (DENIED.id,)


def test_every_stays_in_the_region(words: Vocabulary) -> None:
    here, there = thing("house", "a"), thing("house", "b", region="q")
    joined = graph(words, here, there)
    assert names(joined.targets(here, "neighbours").resources) == ["a"]


TWO_CLOUDS = """
lodger:
  concept: true
  title: Lodger
aws.house:
  title: House
  id: {api: "ListHouses:Arn"}
  relations:
    lodgers: {to: lodger, reverse: house}
aws.lodger:
  is: lodger
  title: Lodger
  id: {api: "ListLodgers:Arn"}
  properties:
    house_id: {type: string, from: {api: "ListLodgers:House"}}
  relations:
    house: {to: aws.house, by: house_id}
azure.house:
  title: House there
  id: {api: "Houses_List:id"}
azure.lodger:
  is: lodger
  title: Lodger there
  id: {api: "Lodgers_List:id"}
  properties:
    house_id: {type: string, from: {api: "Lodgers_List:house"}}
  relations:
    house: {to: azure.house, by: house_id}
"""


def test_what_another_cloud_did_not_tell_hides_nothing_here(tmp_path: Path) -> None:
    (tmp_path / "v.yaml").write_text(TWO_CLOUDS)
    house, lodger = thing("house", "h"), thing("lodger", "l", house_id="house:h")
    denied = TypeCoverage(
        type="azure.lodger", scope="azure/1", region="", is_complete=False, gaps=(DENIED.id,)
    )
    joined = graph(
        load_vocabulary(tmp_path), house, lodger, coverage=(seen("house"), seen("lodger"), denied)
    )
    reached = joined.targets(house, "lodgers")
    assert (names(reached.resources), reached.gaps) == (["l"], ())
