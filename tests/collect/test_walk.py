"""The walk reads what is wanted, accounts for the rest and never takes a refusal for a default."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest

from mlsec.collect.walk.client import VANISHED
from mlsec.core.coverage import TypeCoverage
from mlsec.core.enums import GapReason
from mlsec.core.resource import Inventory, Resource
from tests.collect.small import SCOPE, WORLD, walk_small
from tests.coverage_rows import every_row


def _one(inventory: Inventory, resource_id: str) -> Resource:
    return next(each for each in inventory.resources if each.id == resource_id)


def _row(inventory: Inventory, kind: str) -> TypeCoverage:
    return next(each for each in every_row(inventory.coverage) if each.type == kind)


def test_properties_tags_children_and_neighbours_are_read(tmp_path: Path) -> None:
    inventory, _ = walk_small(tmp_path)
    assert [each.id for each in inventory.resources] == [
        "arn:toy:::wanted", "k:1", "m:a", "m:b", "v:a1",
    ]  # fmt: skip
    model = _one(inventory, "m:a")
    assert model.properties == {
        "bucket": "wanted", "isolated": True, "tags": {"Owner": "ada"},
        "parts": [{"image": "i", "count": 1}],
    }  # fmt: skip
    assert model.tags == {"Owner": "ada"}
    assert _one(inventory, "v:a1").properties == {"of": "a"}
    assert _one(inventory, "k:1").properties == {"rotates": True}


def test_missing_key_is_the_declared_default_or_unknown(tmp_path: Path) -> None:
    inventory, _ = walk_small(tmp_path)
    model = _one(inventory, "m:b")
    assert model.properties == {"bucket": None, "isolated": False, "tags": {}, "parts": []}
    assert "made" not in model.properties


def test_neighbours_nobody_refers_to_are_counted_and_not_read(tmp_path: Path) -> None:
    inventory, asker = walk_small(tmp_path)
    row = _row(inventory, "toy.bucket")
    assert (row.enumerated, row.assessed, row.excluded) == (2, 1, 1)
    assert row.excluded_because == "no ML resource refers to it"
    assert "GetPolicy other" not in asker.asked


# A team's models in one account, their weights in the data account of the organisation.
_APART = {
    "toy/2 ListModels": {"Models": []},
    "toy/2 Tags": {"All": []},
    "toy/1 ListBuckets": {"Buckets": [{"Name": "other"}]},
    "toy/1 ListKeys": {"Keys": []},
}
_TWO = tuple(msgspec.structs.replace(SCOPE, name=f"toy/{n}", account=str(n)) for n in (1, 2))


def test_neighbour_in_another_account_is_read_by_the_name_that_is_its_alone(tmp_path: Path) -> None:
    inventory, asker = walk_small(tmp_path, _APART, scopes=_TWO)
    bucket = _one(inventory, "arn:toy:::wanted")
    assert (bucket.scope, bucket.properties["policy"]) == ("toy/2", "p")
    assert _one(inventory, "k:1").scope == "toy/2"
    rows = {row.scope: row for row in every_row(inventory.coverage) if row.type == "toy.bucket"}
    assert [(rows[s].enumerated, rows[s].assessed) for s in sorted(rows)] == [(1, 0), (2, 1)]
    assert "GetPolicy other" not in asker.asked


def test_name_that_is_read_in_no_account_hides_what_it_may_mean_in_every_account(
    tmp_path: Path,
) -> None:
    refused = {**_APART, "DescribeModel b": GapReason.DENIED}
    inventory, _ = walk_small(tmp_path, refused, scopes=_TWO)
    rows = [row for row in every_row(inventory.coverage) if row.type == "toy.bucket"]
    (gap,) = {gap for row in rows for gap in row.gaps}
    assert [(row.scope, row.is_complete, row.gaps) for row in rows] == [
        ("toy/1", False, (gap,)), ("toy/2", False, (gap,)),
    ]  # fmt: skip


def test_denied_describe_leaves_properties_unread(tmp_path: Path) -> None:
    inventory, _ = walk_small(tmp_path, {"DescribeModel b": GapReason.DENIED})
    model = _one(inventory, "m:b")
    assert set(model.unread) == {"bucket", "isolated", "made", "parts"}
    assert model.properties == {"tags": {}}
    (gap,) = [gap for gap in inventory.gaps if gap.id in model.unread["isolated"]]
    assert (gap.subject, gap.missing_right) == ("m:b", "toy:DescribeModel")
    row = _row(inventory, "toy.model")
    assert (row.assessed, row.errored, row.is_complete) == (1, 1, True)


def test_denied_listing_is_incomplete_not_empty(tmp_path: Path) -> None:
    inventory, _ = walk_small(tmp_path, {"ListModels": GapReason.DENIED})
    row = _row(inventory, "toy.model")
    assert (row.enumerated, row.is_complete, len(row.gaps)) == (0, False, 1)


def test_answer_without_its_list_is_malformed_not_empty(tmp_path: Path) -> None:
    inventory, _ = walk_small(tmp_path, {"ListModels": {"Other": 1}})
    row = _row(inventory, "toy.model")
    assert not row.is_complete
    assert GapReason.MALFORMED in {gap.reason for gap in inventory.gaps}


def test_denied_tags_are_unread_not_none(tmp_path: Path) -> None:
    inventory, _ = walk_small(tmp_path, {"Tags": GapReason.DENIED})
    assert "tags" in _one(inventory, "m:a").unread
    assert _one(inventory, "m:a").tags == {}


def test_item_that_is_gone_stays_in_the_inventory_behind_a_gap(tmp_path: Path) -> None:
    inventory, _ = walk_small(tmp_path, {"DescribeModel b": "GONE"})
    assert "m:b" in {each.id for each in inventory.resources}
    row = _row(inventory, "toy.model")
    assert (row.enumerated, row.errored, row.excluded) == (2, 1, 0)
    assert VANISHED in {gap.detail for gap in inventory.gaps}


def test_search_spares_the_describe_call(tmp_path: Path) -> None:
    found = {"Results": [{"Arn": "m:a", "Bucket": "wanted"}]}
    inventory, asker = walk_small(tmp_path, {"Search": found})
    assert "DescribeModel a" not in asker.asked
    assert "DescribeModel b" in asker.asked
    assert _one(inventory, "m:a").properties["bucket"] == "wanted"


def test_refused_search_costs_describes_and_nothing_else(tmp_path: Path) -> None:
    inventory, asker = walk_small(tmp_path, {"Search": GapReason.DENIED})
    assert "DescribeModel a" in asker.asked
    assert inventory.gaps == ()


def test_value_of_the_wrong_kind_is_malformed(tmp_path: Path) -> None:
    inventory, _ = walk_small(tmp_path, {"DescribeModel b": {"Isolated": "yes", "Parts": {}}})
    model = _one(inventory, "m:b")
    assert set(model.unread) == {"isolated", "parts"}
    assert {gap.reason for gap in inventory.gaps} == {GapReason.MALFORMED}


def test_entry_without_an_id_is_counted_as_an_error(tmp_path: Path) -> None:
    models = {"Models": [{"Name": "a", "Arn": "m:a"}, {"Name": "b"}]}
    row = _row(walk_small(tmp_path, {"ListModels": models})[0], "toy.model")
    assert (row.enumerated, row.assessed, row.errored) == (2, 1, 1)


@pytest.mark.parametrize("seed", range(5))
def test_neither_order_nor_repetition_nor_threads_show(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - an order, not a secret
    changes = {}
    for label, document in WORLD.items():
        shuffled = {}
        for key, value in document.items():
            repeated = (
                [*value, *value[:1]] if isinstance(value, list) and "List" in label else value
            )
            shuffled[key] = rng.sample(repeated, len(repeated)) if isinstance(
                repeated, list) else repeated  # fmt: skip
        changes[label] = shuffled
    assert walk_small(tmp_path, changes, in_flight=8)[0] == walk_small(tmp_path)[0]


@pytest.mark.parametrize("label", sorted(WORLD))
@pytest.mark.parametrize("reason", [GapReason.DENIED, GapReason.TIMEOUT])
def test_a_refusal_takes_values_away_and_changes_none(
    tmp_path: Path, label: str, reason: GapReason
) -> None:
    whole = {each.id: each for each in walk_small(tmp_path)[0].resources}
    inventory, _ = walk_small(tmp_path, {label: reason})
    for resource in inventory.resources:
        for name, value in resource.properties.items():
            assert whole[resource.id].properties[name] == value
    for row in inventory.coverage.rows:
        assert row.enumerated == row.assessed + row.excluded + row.errored
