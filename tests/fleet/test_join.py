"""Joining shards: what is damaged, foreign or missing becomes a gap of its scope, never a pass."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlsec.collect.run_facts import note_end, note_identity, note_start
from mlsec.collect.walk.item import Scope
from mlsec.collect.walk.scopes import CollectedScopes, keep_scopes
from mlsec.core.enums import GapReason
from mlsec.core.resource import Inventory
from mlsec.fleet.join import Joined, join
from mlsec.fleet.pieces import Piece, Task
from mlsec.fleet.units import Kind, State
from mlsec.snapshot.records import Call, canonical
from mlsec.snapshot.seal import digest_of
from mlsec.snapshot.store import Snapshot
from mlsec.targets.reading import read_inventory
from tests.coverage_rows import every_row
from tests.shipped import shipped_vocabulary

OURS, THEIRS = "aws/111111111111", "aws/222222222222"
_BUCKETS = {"Buckets": []}


def _scope(name: str) -> Scope:
    return Scope(
        name=name, account=name.partition("/")[2], home="us-east-1", regions=("eu-west-1",)
    )


def _call(scope: str, answer: Any = _BUCKETS) -> tuple[Call, bytes]:
    body = canonical(answer)
    call = Call(
        scope=scope, region="us-east-1", service="s3", operation="ListBuckets",
        payload=digest_of(body),
    )  # fmt: skip
    return call, body


def shard(path: Path, scope: str, *calls: tuple[Call, bytes | None], places: str = "") -> Path:
    """Write what the unit of a scope leaves."""
    with Snapshot.create(path) as snapshot:
        note_start(snapshot)
        note_identity(snapshot, "aws", "arn:aws:iam::111111111111:user/scan", {"tries": "8"})
        keep_scopes(snapshot, "aws", CollectedScopes(scopes=(_scope(scope),)))
        if places:
            snapshot.set_meta("aws.places", places)
        snapshot.record_all(calls or (_call(scope),))
        note_end(snapshot)
        snapshot.finish()
    return path


def piece(number: int, scope: str, **more: Any) -> Piece:
    address = f"aws://{scope.partition('/')[2]}"
    task = Task(address=address, scope=scope)
    known = {"state": State.DONE, "shard": scope, **more}
    return Piece(unit=number, kind=Kind.COLLECT, pass_number=1, scope=scope, task=task, **known)


def joined(
    tmp_path: Path, files: dict[str, Path], *pieces: Piece
) -> tuple[Joined, Inventory, dict[str, str]]:
    """Join, and read what was joined."""

    @contextlib.contextmanager
    def fetch(wanted: Piece) -> Iterator[Path]:
        yield files[wanted.shard]

    path = tmp_path / "joined.mlsnap"
    vocabulary = shipped_vocabulary()
    result = join(pieces, fetch, path, ["aws"], vocabulary, organisation="acme", is_last=True)
    with Snapshot.open(path) as snapshot:
        inventory = read_inventory(snapshot, vocabulary)
        return result, inventory, snapshot.meta()


def hidden(inventory: Inventory, scope: str) -> set[tuple[GapReason, str]]:
    """Give why the types of a scope were not seen; every one of them is incomplete."""
    gaps = {gap.id: gap for gap in inventory.gaps}
    rows = [row for row in every_row(inventory.coverage) if row.scope == scope]
    assert len(rows) > 100
    assert not any(row.is_complete for row in rows)
    return {(gaps[gap].reason, gaps[gap].missing_right) for row in rows for gap in row.gaps}


def test_two_shards_are_one_collection(tmp_path: Path) -> None:
    files = {s: shard(tmp_path / s[4:], s) for s in (OURS, THEIRS)}
    result, inventory, meta = joined(tmp_path, files, piece(1, OURS), piece(2, THEIRS))
    assert (result.shards, result.refused) == (2, {})
    assert {row.scope for row in every_row(inventory.coverage) if row.is_complete} == {OURS, THEIRS}
    assert meta["targets"] == '["aws"]'


@pytest.mark.parametrize(
    ("state", "error_class", "reason"),
    [
        (State.GAP, "denied", GapReason.DENIED),
        (State.GAP, "throttled", GapReason.THROTTLED),
        (State.GAP, "unreachable", GapReason.TIMEOUT),
        (State.QUARANTINED, "crash", GapReason.NOT_COLLECTED),
        (State.CANCELLED, "cancelled", GapReason.NOT_COLLECTED),
    ],
)
def test_unit_without_shard_leaves_its_whole_scope_not_assessed(
    tmp_path: Path, state: State, error_class: str, reason: GapReason
) -> None:
    files = {OURS: shard(tmp_path / "ours", OURS)}
    right = "sts:AssumeRole" if error_class == "denied" else ""
    lost = piece(
        2, THEIRS, shard="", state=state, error_class=error_class, error="why",
        missing_right=right,
    )  # fmt: skip
    _, inventory, _ = joined(tmp_path, files, piece(1, OURS), lost)
    assert hidden(inventory, THEIRS) == {(reason, right)}


@pytest.mark.parametrize("damage", ["cut", "changed", "foreign calls", "foreign places", "text"])
def test_damaged_or_foreign_shard_is_refused_and_a_gap(tmp_path: Path, damage: str) -> None:
    files = {OURS: shard(tmp_path / "ours", OURS)}
    match damage:
        case "foreign calls":
            theirs = shard(tmp_path / "theirs", THEIRS, _call(OURS))
        case "foreign places":
            places = {"scopes": [{"name": OURS, "account": "1", "home": "x", "regions": ["x"]}]}
            theirs = shard(tmp_path / "theirs", THEIRS, places=json.dumps(places))
        case "text":
            body = b"not json"
            call, _ = _call(THEIRS)
            lying = Call(
                scope=call.scope, region=call.region, service="s3", operation="ListBuckets",
                payload=digest_of(body),
            )  # fmt: skip
            theirs = shard(tmp_path / "theirs", THEIRS, (lying, body))
        case _:
            theirs = shard(tmp_path / "theirs", THEIRS)
            raw = theirs.read_bytes()
            changed = raw.replace(b"eu-west-1", b"eu-west-2")
            theirs.write_bytes(raw[: len(raw) // 2] if damage == "cut" else changed)
    files[THEIRS] = theirs
    result, inventory, _ = joined(tmp_path, files, piece(1, OURS), piece(2, THEIRS))
    assert list(result.refused) == [2]
    assert hidden(inventory, THEIRS) == {(GapReason.NOT_COLLECTED, "")}
    assert {row.scope for row in every_row(inventory.coverage) if row.is_complete} == {OURS}


def test_order_in_which_units_ended_does_not_show(tmp_path: Path) -> None:
    files = {s: shard(tmp_path / s[4:], s) for s in (OURS, THEIRS)}
    pieces = [piece(1, OURS), piece(2, THEIRS)]
    seals = set()
    for order in (pieces, pieces[::-1]):
        place = tmp_path / str(len(seals))
        place.mkdir(exist_ok=True)
        seals.add(joined(place, files, *order)[2]["seal"])
    assert len(seals) == 1
