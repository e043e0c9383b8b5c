"""Whatever AWS answers ends as an answer or as a gap that says what it was."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlsec.collect.walk.client import VANISHED, CallResult, SnapshotClient
from mlsec.collect.walk.plan import Operation
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap
from mlsec.snapshot.store import Snapshot
from tests.collect.fake_aws import (
    BUCKETS,
    DESCRIBE,
    LIST,
    FakeAws,
    Reply,
    entry,
    live_asker,
    model,
    ok,
    refuse,
    request,
)


@pytest.fixture
def snapshot(tmp_path: Path) -> Iterator[Snapshot]:
    with Snapshot.create(tmp_path / "a.mlsnap") as begun:
        yield begun


def _ask(
    monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot, server: FakeAws, **settings: Any
) -> CallResult | Gap:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    return live_asker(server.url, snapshot, **settings).ask(request(DESCRIBE, ModelName="a"))


@pytest.mark.parametrize(
    ("reply", "reason", "right"),
    [
        (refuse("AccessDeniedException"), GapReason.DENIED, "sagemaker:DescribeModel"),
        (refuse("Whatever", 403), GapReason.DENIED, "sagemaker:DescribeModel"),
        (refuse("ThrottlingException"), GapReason.THROTTLED, ""),
        (refuse("SlowDown", 503), GapReason.THROTTLED, ""),
        (refuse("X", 429), GapReason.THROTTLED, ""),
        (refuse("ExpiredTokenException"), GapReason.DENIED, ""),
        (refuse("UnknownOperationException"), GapReason.UNSUPPORTED, ""),
        (refuse("UnrecognizedClientException"), GapReason.UNSUPPORTED, ""),
        (refuse("InternalFailure", 500), GapReason.UNSUPPORTED, ""),
        (Reply(body=b"<html>busy</html>"), GapReason.MALFORMED, ""),
        (Reply(body=b"{}"), GapReason.MALFORMED, ""),
        (Reply(body=b"[]"), GapReason.MALFORMED, ""),
        (Reply(body=b'{"Hello": 1}'), GapReason.MALFORMED, ""),
        (Reply(body=b'{"ModelName": "a", "Model'), GapReason.MALFORMED, ""),
    ],
)
def test_refusal_is_a_gap_of_its_kind(
    monkeypatch: pytest.MonkeyPatch,
    snapshot: Snapshot,
    reply: Reply,
    reason: GapReason,
    right: str,
) -> None:
    with FakeAws(lambda *_: reply) as server:
        gap = _ask(monkeypatch, snapshot, server)
    assert isinstance(gap, Gap)
    assert (gap.reason, gap.missing_right, gap.subject) == (reason, right, "it")
    assert SnapshotClient(snapshot).ask(request(DESCRIBE, ModelName="a")) == gap


def test_cut_body_is_no_answer(monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot) -> None:
    with FakeAws(lambda *_: Reply(body=b'{"ModelName": "a"', cut=50)) as server:
        gap = _ask(monkeypatch, snapshot, server)
    assert isinstance(gap, Gap)
    assert gap.reason in (GapReason.MALFORMED, GapReason.TIMEOUT)


@pytest.mark.parametrize("reply", [model("a"), refuse("ValidationException")])
def test_body_shorter_than_announced_is_no_answer_though_it_reads_well(
    reply: Reply, monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    short = msgspec.structs.replace(reply, cut=50)
    with FakeAws(lambda *_: short) as server:
        gap = _ask(monkeypatch, snapshot, server)
    assert isinstance(gap, Gap)
    assert gap.reason in (GapReason.MALFORMED, GapReason.TIMEOUT)


def test_no_server_is_a_timeout(monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    gap = live_asker("", snapshot, tries=2).ask(request(DESCRIBE, ModelName="a"))
    assert isinstance(gap, Gap)
    assert gap.reason is GapReason.TIMEOUT


def test_throttled_call_is_tried_again(monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot) -> None:
    def answer(_: str, __: dict[str, Any], before: int) -> Reply:
        return refuse("ThrottlingException") if before < 2 else model("a")

    with FakeAws(answer) as server:
        found = _ask(monkeypatch, snapshot, server)
    assert isinstance(found, CallResult)
    assert server.asked == {"DescribeModel": 3}


def test_retry_after_is_honoured(monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot) -> None:
    def answer(_: str, __: dict[str, Any], before: int) -> Reply:
        return refuse("SlowDown", 503, Retry_After="1") if before == 0 else model("a")

    began = time.monotonic()
    with FakeAws(answer) as server:
        assert isinstance(_ask(monkeypatch, snapshot, server), CallResult)
    assert time.monotonic() - began >= 0.95


def test_answer_is_stored_with_utc_times_and_without_secrets(
    monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    token = "hf_" + "aBcDeFgHiJ" * 3 + "abcd"
    reply = model("a", PrimaryContainer={"Image": "i", "Environment": {"HF_TOKEN": token}})
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        with FakeAws(lambda *_: reply) as server:
            found = _ask(monkeypatch, snapshot, server)
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert isinstance(found, CallResult)
    assert found.document["CreationTime"] == "2025-01-01T00:00:00.500000Z"
    (call,) = snapshot.calls()
    assert token.encode() not in snapshot.payload_bytes(call.payload)
    assert snapshot.payload(call.payload) == found.document


def test_gone_item_is_a_gap(monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot) -> None:
    with FakeAws(lambda *_: refuse("ValidationException")) as server:
        found = _ask(monkeypatch, snapshot, server)
    assert isinstance(found, Gap)
    assert found.detail == VANISHED


def test_expired_credentials_end_all_further_asking(
    monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    with FakeAws(lambda *_: refuse("ExpiredTokenException")) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        asker = live_asker(server.url, snapshot)
        gaps = [asker.ask(request(DESCRIBE, ModelName=name)) for name in "abc"]
    assert {gap.detail for gap in gaps if isinstance(gap, Gap)} == {"credentials expired"}
    assert server.asked.total() == 1


def test_resume_asks_again_only_what_may_pass(
    monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    first = {"a": model("a"), "b": refuse("AccessDeniedException"), "c": refuse("SlowDown", 503)}
    asked: list[str] = []

    def answer(_: str, body: dict[str, Any], __: int) -> Reply:
        asked.append(body["ModelName"])
        return first[body["ModelName"]]

    with FakeAws(answer) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        asker = live_asker(server.url, snapshot, tries=1)
        for name in "abc":
            asker.ask(request(DESCRIBE, ModelName=name))
        first["c"] = model("c")
        asked.clear()
        again = live_asker(server.url, snapshot, tries=1)
        found = [again.ask(request(DESCRIBE, ModelName=name)) for name in "abc"]
    assert asked == ["c"]
    assert [isinstance(each, CallResult) for each in found] == [True, False, True]


def test_deadline_ends_the_asking(monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot) -> None:
    with FakeAws(lambda *_: model("a")) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        asker = live_asker(server.url, snapshot, deadline_s=0.001)
        time.sleep(0.01)
        gap = asker.ask(request(DESCRIBE, ModelName="a"))
    assert isinstance(gap, Gap)
    assert gap.reason is GapReason.TIMEOUT
    assert server.asked.total() == 0


def _pages(
    monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot, server: FakeAws, **more: Any
) -> Any:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    return live_asker(server.url, snapshot, **more).ask(request(LIST))


def test_pages_are_merged_sorted_and_each_entry_kept_once(
    monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    pages = {
        None: ok(Models=[entry("c"), entry("a")], NextToken="t1"),
        "t1": ok(Models=[entry("a"), entry("b")]),
    }
    sizes: list[int] = []

    def answer(_: str, body: dict[str, Any], __: int) -> Reply:
        sizes.append(body["MaxResults"])
        return pages[body.get("NextToken")]

    with FakeAws(answer) as server:
        found = _pages(monkeypatch, snapshot, server)
    assert [each["ModelName"] for each in found.document["Models"]] == ["a", "b", "c"]
    assert "NextToken" not in found.document
    assert set(sizes) == {100}


def test_token_repeated_for_ever_is_malformed_and_ends(
    monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    with FakeAws(lambda *_: ok(Models=[entry("a")], NextToken="t")) as server:
        found = _pages(monkeypatch, snapshot, server)
    assert found.cut.reason is GapReason.MALFORMED
    assert server.asked.total() < 8


def test_expired_page_token_restarts_the_listing_once(
    monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    def answer(_: str, body: dict[str, Any], before: int) -> Reply:
        if "NextToken" not in body:
            return ok(Models=[entry("a")], NextToken="t")
        return refuse("InvalidNextTokenException") if before == 1 else ok(Models=[entry("b")])

    with FakeAws(answer) as server:
        found = _pages(monkeypatch, snapshot, server)
    assert found.cut is None
    assert len(found.document["Models"]) == 2


def test_too_many_pages_are_a_listing_cut_short(
    monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    def answer(_: str, __: dict[str, Any], before: int) -> Reply:
        return ok(Models=[entry(str(before))], NextToken=str(before))

    with FakeAws(answer) as server:
        found = _pages(monkeypatch, snapshot, server, max_pages=3)
    assert found.cut.reason is GapReason.OVER_LIMIT
    assert len(found.document["Models"]) == 3


def test_later_page_that_is_refused_keeps_the_earlier_ones(
    monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    def answer(_: str, body: dict[str, Any], __: int) -> Reply:
        more = "NextToken" in body
        return refuse("AccessDenied") if more else ok(Models=[entry("a")], NextToken="t")

    with FakeAws(answer) as server:
        found = _pages(monkeypatch, snapshot, server)
    assert (found.cut.reason, len(found.document["Models"])) == (GapReason.DENIED, 1)


def test_html_is_no_list_of_buckets(monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot) -> None:
    with FakeAws(lambda *_: Reply(body=b"<html><body>login</body></html>")) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        gap = live_asker(server.url, snapshot).ask(request(BUCKETS))
    assert isinstance(gap, Gap)
    assert gap.reason is GapReason.MALFORMED


def test_operation_outside_the_table_is_refused(snapshot: Snapshot) -> None:
    deletion = Operation(service="sagemaker", name="DeleteModel")
    with pytest.raises(MlsecError, match="not in the plans"):
        live_asker("", snapshot).ask(request(deletion, ModelName="a"))


def test_transport_itself_refuses_what_does_not_read(
    monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    with FakeAws(lambda *_: ok()) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        asker = live_asker(server.url, snapshot)
        client = asker.clients.client("aws/111122223333", "eu-west-1", "sagemaker")
        with pytest.raises(MlsecError, match="not in the table of reads"):
            client.delete_model(ModelName="a")
    assert server.asked.total() == 0
