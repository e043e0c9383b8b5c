"""Evidence that an older table of plans took still answers for what it has."""

from __future__ import annotations

from pathlib import Path

from mlsec.collect.walk.client import CallResult, Request, SnapshotClient
from mlsec.collect.walk.plan import Operation
from mlsec.core.enums import GapReason
from mlsec.core.resource import Gap
from mlsec.snapshot.records import Call, canonical
from mlsec.snapshot.seal import digest_of
from mlsec.snapshot.store import Snapshot

TAGS = Operation(service="tagging", name="GetResources", items="All")


def _ask(path: Path, taken: list[str], wanted: list[str]) -> CallResult | Gap:
    body = canonical({"All": [{"Arn": "a"}]})
    params = canonical({"Kinds": taken}).decode()
    call = Call(scope="s", region="r", service="tagging", operation="GetResources", params=params,
                payload=digest_of(body))  # fmt: skip
    with Snapshot.create(path / "a.mlsnap") as snapshot:
        snapshot.record(call, body)
        request = Request(scope="s", region="r", operation=TAGS, params={"Kinds": wanted},
                          filter_name="Kinds")  # fmt: skip
        return SnapshotClient(snapshot).ask(request)


def test_wider_listing_answers_a_narrower_question(tmp_path: Path) -> None:
    answer = _ask(tmp_path, ["x", "y"], ["x"])
    assert isinstance(answer, CallResult)
    assert answer.cut is None


def test_narrower_listing_answers_in_part_and_says_so(tmp_path: Path) -> None:
    answer = _ask(tmp_path, ["x"], ["x", "y"])
    assert isinstance(answer, CallResult)
    assert answer.cut is not None
    assert answer.cut.reason is GapReason.NOT_COLLECTED
