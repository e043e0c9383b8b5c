"""TensorFlow checkpoints: an index explains its shards, and nothing else does."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind, Format, Inspection
from mlsec.artifacts.formats.tensorflow.shards import settled
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.model_folder import RepositoryFile, repository_facts
from mlsec.core.enums import GapReason, Severity
from tests.artifacts.builders.payloads import EVIL_PICKLE_2, elf
from tests.artifacts.builders.protobufs import message, number, text, varint
from tests.artifacts.builders.tensor_bundles import (
    BENIGN,
    HOSTILE,
    SHARD,
    TWO,
    block,
    entry,
    index,
    table,
    tarred,
)

FINGERPRINT = b"".join(number(field, 1 << 60) for field in range(1, 6)) + message(6, number(1, 4))
TECHNIQUES: Mapping[str, FactKind] = {
    "bundle/overlap": FactKind.TWO_READINGS,
    "bundle/same-bytes-twice": FactKind.TWO_READINGS,
    "bundle/same-key-twice": FactKind.BROKEN,
    "bundle/pickle-between-blocks": FactKind.DENIED_CALL,
    "bundle/pickle-in-footer": FactKind.UNACCOUNTED_BYTES,
    "bundle/pickle-in-restarts": FactKind.BROKEN,
    "bundle/unknown-field": FactKind.BROKEN,
    "bundle/in-tar-trailing": FactKind.UNACCOUNTED_BYTES,
    "bundle/in-tar-gap": FactKind.UNACCOUNTED_BYTES,
    "bundle/in-tar-truncated": FactKind.BROKEN,
    "bundle/in-tar-pickle": FactKind.DENIED_CALL,
    "bundle/in-tar-old-pickle": FactKind.DENIED_CALL,
    "bundle/in-tar-elf": FactKind.EMBEDDED_EXECUTABLE,
    "bundle/in-tar-import-later": FactKind.DENIED_CALL,
}


def together(files: Mapping[str, bytes]) -> dict[str, Inspection]:
    return settled({path: inspect(Window.of(data, path)) for path, data in files.items()})


def beside(shard: bytes, index_bytes: bytes = index(**TWO)) -> Inspection:
    return together({"m/v.index": index_bytes, f"m/{SHARD}": shard})[f"m/{SHARD}"]


@pytest.mark.parametrize("name", TECHNIQUES)
def test_a_technique_is_called_by_its_name(name: str) -> None:
    assert TECHNIQUES[name] in {fact.kind for fact in inspect(Window.of(HOSTILE[name]())).facts}


@pytest.mark.parametrize("name", BENIGN)
def test_an_honest_checkpoint_is_read_whole(name: str) -> None:
    assert inspect(Window.of(BENIGN[name](), "v.index")).gaps == ()


def test_an_index_lists_its_tensors() -> None:
    found = inspect(Window.of(index(**TWO), "m/v.index"))
    assert found.formats == (Format.TENSOR_BUNDLE,)
    assert found.properties["tensors"] == 2
    assert found.properties["shard_spans"] == [[0, 0, 24]]
    assert found.properties["weight_files"] == [SHARD]
    assert found.properties["tensor_list"][1] == {
        "name": "b", "dtype": "float32", "shape": [2], "shard": 0, "offset": 16, "size_bytes": 8,
    }  # fmt: skip


def test_a_shard_alone_stays_unread() -> None:
    found = inspect(Window.of(bytes(24), SHARD))
    assert found.formats == (Format.TENSOR_BUNDLE,)
    assert [gap.reason for gap in found.gaps] == [GapReason.UNRESOLVED]


def test_a_shard_beside_its_index_is_accounted_for() -> None:
    found = beside(b"\x3f" * 24)
    assert (found.facts, found.gaps) == ((), ())


@pytest.mark.parametrize(
    "files",
    [
        {"other/v.index": index(**TWO)},
        {"m/w.index": index(**TWO)},
        {"m/v.index": index(2, **TWO)},
        {"m/v.index": index(**TWO)[:-1]},
        {"m/v.index": index(a=entry(0, 24), b=entry(0, 16, shape=(3,)))},
    ],
    ids=["other folder", "other name", "other count", "cut", "broken entry"],
)
def test_a_shard_stays_unread_beside_an_index_that_is_not_its_own(
    files: Mapping[str, bytes],
) -> None:
    found = together({**files, f"m/{SHARD}": bytes(24)})[f"m/{SHARD}"]
    assert found.gaps


def test_bytes_behind_the_tensors_are_told() -> None:
    found = [(fact.kind, fact.danger, fact.offset) for fact in beside(bytes(30)).facts]
    assert found == [(FactKind.UNACCOUNTED_BYTES, Severity.MEDIUM, 24)]


def test_bytes_between_the_tensors_are_told() -> None:
    found = beside(bytes(40), index(a=entry(0, 16), b=entry(32, 8)))
    assert [(fact.kind, fact.offset) for fact in found.facts] == [(FactKind.UNACCOUNTED_BYTES, 16)]


def test_a_shard_cut_short_is_broken_and_unread() -> None:
    found = beside(bytes(20))
    assert [fact.kind for fact in found.facts] == [FactKind.BROKEN]
    assert [gap.reason for gap in found.gaps] == [GapReason.MALFORMED]


@pytest.mark.parametrize("content", [EVIL_PICKLE_2, elf(), bytes(24) + EVIL_PICKLE_2])
def test_an_index_does_not_excuse_what_can_be_loaded(content: bytes) -> None:
    found = beside(content, index(a=entry(0, len(content) // 4 * 4)))
    assert any(fact.danger.rank <= Severity.MEDIUM.rank for fact in found.facts)


def test_a_shard_that_is_not_there_is_told() -> None:
    read = inspect(Window.of(index(**TWO), "v.index"))
    facts = repository_facts([RepositoryFile(path="m/v.index", inspection=read)])
    assert [(fact.kind, fact.subject) for fact in facts] == [(FactKind.NOT_FULLY_READ, SHARD)]


def test_a_pointer_in_place_of_a_shard_is_a_pointer() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:%b\nsize 24\n" % (b"a" * 64)
    assert inspect(Window.of(pointer, SHARD)).formats == (Format.TEXT,)


def test_a_checkpoint_of_the_first_format_is_not_read() -> None:
    first = table(
        (b"a", block((b"", message(1, bytes(4))))), (b"b", block((b"b", message(2, bytes(9)))))
    )
    found = inspect(Window.of(first))
    assert [gap.reason for gap in found.gaps] == [GapReason.UNSUPPORTED]
    assert found.facts == ()


def test_a_compressed_block_is_one_gap() -> None:
    packed = block((b"", number(1, 1)))[:-5] + b"\1" + bytes(4)
    found = inspect(Window.of(table((b"a", packed), (b"b", block((b"b", entry(0, 4)))))))
    assert [gap.reason for gap in found.gaps] == [GapReason.UNSUPPORTED]
    assert found.facts == ()


def test_keys_that_share_nearly_all_are_no_way_to_fill_the_memory() -> None:
    restarts = bytes(4) + b"\1\0\0\0"
    start = block((b"", number(1, 1)), (b"k" * 60_000, b""), restarts=b"")[:-5]
    ends = (varint(60_000) + b"\2\0" + n.to_bytes(2, "big") for n in range(1_200))
    data = table((b"~", start + b"".join(ends) + restarts + bytes(5)))
    assert len(data) < 120_000
    found = inspect(Window.of(data))
    assert GapReason.OVER_LIMIT in {gap.reason for gap in found.gaps}


def test_a_data_type_that_is_not_known_leaves_its_tensor_unread() -> None:
    found = inspect(Window.of(index(a=entry(0, 16, dtype=99))))
    assert [gap.reason for gap in found.gaps] == [GapReason.UNSUPPORTED]
    assert [fact.kind for fact in found.facts] == [FactKind.NOT_FULLY_READ]


@pytest.mark.parametrize("data", [FINGERPRINT, FINGERPRINT + text(7, "8030"), number(1, 5)])
def test_a_fingerprint_is_read_whole(data: bytes) -> None:
    found = inspect(Window.of(data, "m/fingerprint.pb"))
    assert (found.formats, found.facts, found.gaps) == ((Format.SAVED_MODEL,), (), ())


@pytest.mark.parametrize(
    "data",
    [
        FINGERPRINT + message(8, b"more"),
        FINGERPRINT + text(7, "cos\nsystem\n"),
        FINGERPRINT + b"x",
        FINGERPRINT + text(7, "a" * 65),
    ],
)
def test_what_is_only_called_a_fingerprint_is_not_taken_for_one(data: bytes) -> None:
    assert inspect(Window.of(data, "fingerprint.pb")).gaps


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 8)), max_size=6), st.integers(0, 70))
def test_a_quiet_shard_has_every_byte_in_one_tensor(
    spans: list[tuple[int, int]], size_bytes: int
) -> None:
    tensors = {f"t{n}": entry(at, 4 * length) for n, (at, length) in enumerate(spans)}
    shard = b"\x3f" * size_bytes
    files = {"v.index": index(**tensors), SHARD: shard}
    read = together(files)
    is_quiet = not any(found.facts or found.gaps for found in read.values())
    owners = [byte for at, length in spans for byte in range(at, at + 4 * length)]
    if shard:
        assert is_quiet == (sorted(owners) == list(range(size_bytes)))
        in_tar = inspect(Window.of(tarred(shard, files["v.index"])))
        assert is_quiet == (not in_tar.facts and not in_tar.gaps)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(HOSTILE | BENIGN)), st.data())
def test_a_changed_index_is_read_to_an_answer(name: str, data: st.DataObject) -> None:
    content = bytearray((HOSTILE | BENIGN)[name]())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    found = inspect(Window.of(bytes(content), "v.index"))
    assert found.formats or found.gaps
