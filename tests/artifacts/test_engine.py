"""The engine: every byte and every member is accounted for, within the budget."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from mlsec.artifacts.archives.decoders import raw_deflate
from mlsec.artifacts.archives.inflate import inflated
from mlsec.artifacts.bytes.window import FileSource, MemorySource, Window
from mlsec.artifacts.content.unaccounted_bytes import FILLING_BYTES, GAPS, account
from mlsec.artifacts.errors import ArtifactError, ChangedError
from mlsec.artifacts.facts import FactKind, Format
from mlsec.artifacts.inspect.inspect import descend, inspect
from mlsec.artifacts.limits import Budget, Limits
from mlsec.artifacts.recorder import Ledger, Recorder
from mlsec.artifacts.spans import Spans
from mlsec.core.enums import GapReason, Severity
from tests.artifacts.builders import zips
from tests.artifacts.builders.compressed_files import gz, wrapped
from tests.artifacts.builders.payloads import EVIL_PICKLE_2, GOOD_PICKLE
from tests.artifacts.builders.zips import Entry, archive, deflate, torch_entries


def recorder(limits: Limits | None = None) -> Recorder:
    return Recorder(Budget(limits or Limits()), Ledger(), descend)


def test_gaps_are_what_no_span_covers() -> None:
    spans = Spans()
    for start, end in ((4, 6), (0, 2), (6, 8), (1, 3)):
        spans.add(start, end)
    assert list(spans.gaps(10)) == [(3, 4), (8, 10)]


def test_an_empty_file_is_told_as_empty() -> None:
    found = inspect(Window.of(b""))
    assert [gap.detail for gap in found.gaps] == ["the file is empty"]


def test_a_file_of_no_known_format_is_a_gap() -> None:
    found = inspect(Window.of(b"\x01\x02\xff\xfe" * 64))
    assert found.formats == (Format.UNKNOWN,)
    assert [gap.reason for gap in found.gaps] == [GapReason.UNSUPPORTED]


def test_a_pickle_buried_in_unknown_bytes_is_found() -> None:
    found = inspect(Window.of(b"\x01\x02\xff\xfe" * 64 + EVIL_PICKLE_2 + b"\xff" * 64))
    assert FactKind.DENIED_CALL in {fact.kind for fact in found.facts}


@pytest.mark.parametrize("change", [b"more", b""], ids=["grows", "shrinks"])
def test_a_file_that_changes_while_it_is_read_is_told(tmp_path: Path, change: bytes) -> None:
    path = tmp_path / "model.zip"
    path.write_bytes(archive(torch_entries()))
    descriptor = os.open(path, os.O_RDONLY)
    source = FileSource(descriptor)
    path.write_bytes(archive(torch_entries()) + change if change else b"PK\x03\x04")
    found = inspect(Window.over(source))
    os.close(descriptor)
    told = [fact for fact in found.facts if "changed while" in fact.detail]
    assert [fact.danger for fact in told] == [Severity.HIGH]


def test_a_file_that_the_system_does_not_give_is_a_gap_and_no_broken_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(archive(torch_entries()))
    descriptor = os.open(path, os.O_WRONLY)  # as if its disk were
    found = inspect(Window.over(FileSource(descriptor)))
    os.close(descriptor)
    assert [gap.reason for gap in found.gaps] == [GapReason.UNRESOLVED]
    assert not [fact for fact in found.facts if fact.kind is FactKind.BROKEN]


class Refused(MemorySource):
    """A store that gives the first bytes alone."""

    def read_at(self, offset: int, length: int) -> bytes:
        if offset + length > self.size_bytes // 2:
            raise ChangedError("not today")
        return super().read_at(offset, length)


@pytest.mark.parametrize(
    "data", [gz(bytes(range(256)) * 9000), gz(GOOD_PICKLE * 9)], ids=["long", "short"]
)
def test_a_packed_file_that_is_not_given_is_no_broken_one(data: bytes) -> None:
    found = inspect(Window.over(Refused(data)))
    assert GapReason.UNRESOLVED in [gap.reason for gap in found.gaps]
    assert not [fact for fact in found.facts if fact.kind is FactKind.BROKEN]


def accounted(data: bytes, *spans: tuple[int, int]) -> Recorder:
    record = recorder()
    for span in spans:
        record.understood(*span)
    account(Window.of(data), record, is_known=True)
    return record


def test_zeros_fill_up_a_little_and_no_more() -> None:
    around = ((0, 9), (-9, 0))
    for size_bytes, is_known in ((FILLING_BYTES, False), (FILLING_BYTES + 1, True)):
        data = b"x" * 9 + bytes(size_bytes) + b"x" * 9
        spans = [(start % len(data), end or len(data)) for start, end in around]
        kinds = {fact.kind for fact in accounted(data, *spans).ledger.facts}
        assert (FactKind.UNACCOUNTED_BYTES in kinds) is is_known


def test_more_gaps_than_are_looked_at_are_told() -> None:
    data = b"x" * 9 * 2 * (GAPS + 1)
    for count, is_known in ((GAPS, False), (GAPS + 1, True)):
        spans = [(18 * at, 18 * at + 9) for at in range(count)] + [(18 * count, len(data))]
        gaps = accounted(data, *spans).ledger.gaps
        assert (GapReason.OVER_LIMIT in {gap.reason for gap in gaps}) is is_known


def test_an_unknown_member_is_told_and_zeros_are_none() -> None:
    found = inspect(Window.of(archive([Entry(name=b"a.bin", data=bytes(range(1, 200)))])))
    assert [(fact.kind, fact.danger, fact.place) for fact in found.facts] == [
        (FactKind.NOT_FULLY_READ, Severity.LOW, "a.bin")
    ]
    found = inspect(Window.of(archive([Entry(name=b"a.bin", data=bytes(200))])))
    assert (found.facts, found.gaps) == ((), ())


def test_a_file_whose_end_is_not_given_is_not_told_as_of_another_format() -> None:
    """Whether this is a pickle shows only behind the first bytes; it looks like text before."""
    data = b"(lp0\n" + b"".join(b"S'a word'\np%d\na" % at for at in range(1, 2000)) + b"."
    assert inspect(Window.of(data)).formats == (Format.PICKLE,)
    found = inspect(Window.over(Refused(data)))
    assert found.formats == (Format.UNKNOWN,)
    assert {gap.reason for gap in found.gaps} == {GapReason.UNRESOLVED}


def test_members_are_counted_over_all_depths() -> None:
    inner = archive([Entry(name=b"%d.pkl" % at, data=GOOD_PICKLE) for at in range(4)])
    data = archive([Entry(name=b"%d.zip" % at, data=inner + bytes(at)) for at in range(3)])
    assert not inspect(Window.of(data), Limits(members=15)).gaps
    found = inspect(Window.of(data), Limits(members=9))
    assert GapReason.OVER_LIMIT in {gap.reason for gap in found.gaps}


def test_depth_is_limited_and_told() -> None:
    found = inspect(Window.of(wrapped(12)), Limits(depth=3))
    assert FactKind.BOMB in {fact.kind for fact in found.facts}
    assert found.members == 4


def test_a_flood_of_one_fact_keeps_no_other_out() -> None:
    record = recorder(Limits(facts=100))
    for number in range(500):
        record.fact(FactKind.LINK_MEMBER, str(number))
    record.fact(FactKind.DENIED_CALL, "os.system")
    kinds = [fact.kind for fact in record.ledger.facts]
    assert kinds.count(FactKind.LINK_MEMBER) == 100
    assert FactKind.DENIED_CALL in kinds
    assert [gap.reason for gap in record.ledger.gaps] == [GapReason.OVER_LIMIT]


def test_archives_of_equal_archives_are_read_once_each() -> None:
    found = inspect(Window.of(zips.forty_two(levels=4, width=16)))
    assert found.members == 4 * 16 + 1


@pytest.mark.parametrize("held_bytes", [1 << 30, 1 << 16], ids=["held", "streamed"])
def test_inflated_bytes_can_be_read_in_any_order(held_bytes: int) -> None:
    data = bytes(range(256)) * 20_000
    begin = lambda: raw_deflate(Window.of(deflate(data)))  # noqa: E731
    record = recorder(Limits(held_bytes=held_bytes))
    with inflated(begin, record) as found:
        for offset, length in (
            (0, 10),
            (5_000_000, 99),
            (70_000, 3),
            (5_119_990, 50),
            (1, 4_000_000),
        ):
            assert found.window.read(offset, length) == data[offset : offset + length]
    assert record.budget.held_bytes == held_bytes


def test_reading_back_and_forth_in_a_streamed_member_ends() -> None:
    data = bytes(range(256)) * 20_000
    begin = lambda: raw_deflate(Window.of(deflate(data)))  # noqa: E731
    record = recorder(Limits(held_bytes=1, inflated_bytes=6_000_000))
    with inflated(begin, record) as found, pytest.raises(ArtifactError, match="too often"):
        [found.window.read(offset, 9) for offset in (4_000_000, 0) * 50]


@pytest.mark.parametrize(
    "build", [lambda: gz(GOOD_PICKLE), lambda: archive(torch_entries())], ids=["gzip", "zip"]
)
def test_every_byte_changed_is_noticed_or_harmless(build: Callable[[], bytes]) -> None:
    """A flipped byte in an honest container never hides members without a fact or a gap."""
    data = build()
    whole = inspect(Window.of(data))
    for at in range(0, len(data), 7):
        changed = bytearray(data)
        changed[at] ^= 0x41
        found = inspect(Window.of(bytes(changed)))
        assert found.members >= whole.members or found.facts or found.gaps


def test_half_a_surrogate_in_a_name_does_not_lose_the_facts() -> None:
    record = recorder()
    record.fact(FactKind.DENIED_CALL, "os.\ud800system", "called with \udfff")
    record.inner("a\ud800").gap(GapReason.MALFORMED, "\ud800")
    record.property("producer", "\ud800")
    for held in (*record.ledger.facts, *record.ledger.gaps, record.ledger.properties):
        assert msgspec.msgpack.encode(held)
