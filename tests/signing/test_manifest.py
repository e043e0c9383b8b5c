"""Manifests: what is written is read again, and what could be read in two ways is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.signing.errors import MalformedError, SigningError
from mlsec.signing.manifests.manifest import (
    Entry,
    Manifest,
    in_order,
    manifest_of,
    predicate_of,
)
from mlsec.signing.manifests.paths import check_name, collision
from mlsec.signing.manifests.serialization import Method, Serialization
from mlsec.signing.manifests.statement import parse_statement

_PART = st.text(st.characters(codec="utf-8", exclude_characters="/\\"), min_size=1, max_size=8)
_NAMES = st.lists(_PART, min_size=1, max_size=3).map("/".join)


def is_plain(name: str) -> bool:
    try:
        check_name(name)
    except MalformedError:
        return False
    return True


def parsed(predicate: object) -> Manifest:
    statement = {
        "_type": "t", "predicateType": "p", "subject": [{"name": "m", "digest": {"sha256": "0"}}],
        "predicate": predicate,
    }  # fmt: skip
    return manifest_of(parse_statement(json.dumps(statement).encode()).predicate)


@given(st.dictionaries(_NAMES.filter(is_plain), st.binary(min_size=32, max_size=32), min_size=1))
def test_manifest_reads_back_as_written(files: dict[str, bytes]) -> None:
    entries = in_order(Entry(name, digest) for name, digest in files.items())
    how = Serialization(ignored=(".git",))
    manifest = Manifest(serialization=how, entries=entries, is_sorted=True)
    assert parsed(predicate_of(manifest)) == manifest


@given(
    st.dictionaries(_NAMES.filter(is_plain), st.integers(1, 300), min_size=1),
    st.integers(1, 100),
)
def test_manifest_in_parts_reads_back_as_written(files: dict[str, int], shard: int) -> None:
    entries = in_order(
        Entry(name, bytes(64), start, min(start + shard, size))
        for name, size in files.items()
        for start in range(0, size, shard)
    )
    how = Serialization(method=Method.SHARDS, hash_name="blake2b", shard_bytes=shard)
    manifest = Manifest(serialization=how, entries=entries, is_sorted=True)
    assert parsed(predicate_of(manifest)) == manifest


@given(st.text(max_size=30))
def test_any_name_is_plain_or_malformed_and_a_plain_one_stays_inside(name: str) -> None:
    if is_plain(name):
        parts = name.split("/")
        assert not name.startswith("/")
        assert all(part not in ("", ".", "..") for part in parts)
        assert "\\" not in name
        assert "\x00" not in name


def root_digest(entries: tuple[Entry, ...]) -> str:
    return Manifest(serialization=Serialization(), entries=entries, is_sorted=True).root_digest


def test_root_digest_is_over_the_raw_digests_in_order() -> None:
    # The two digests and the root of the standard's own vector for a key.
    digests = (
        "bc9a717db6064a32cbe9eae6fc40651dd6d36ef1757183f590eff2b1765d7ebc",
        "32dcb1f8e1ae52d5963e56a6ba06ab58b424c15ed2a6b70d2feca1d089370028",
    )
    entries = tuple(Entry(str(n), bytes.fromhex(digest)) for n, digest in enumerate(digests))
    expected = "sha256:92745110b1ab4368471cbe31664e10174e954b113a3df333db860317b2c6dec4"
    assert root_digest(entries) == expected
    assert root_digest(entries[::-1]) != expected


@pytest.mark.parametrize(
    ("spans", "is_good"),
    [
        ([(0, 64), (64, 128), (128, 130)], True),
        ([(0, 64)], True),
        ([(0, 10)], True),
        ([(0, 64), (64, 65), (65, 129)], False),
        ([(0, 64), (128, 192)], False),
        ([(64, 128)], False),
        ([(0, 65)], False),
        ([(0, 64), (63, 127)], False),
        ([(0, 10**18)], False),
    ],
)
def test_parts_of_a_file_must_follow_one_another(
    spans: list[tuple[int, int]], is_good: bool
) -> None:
    predicate = {
        "serialization": {
            "method": "shards", "hash_type": "sha256", "allow_symlinks": False, "shard_size": 64,
        },
        "resources": [
            {"name": f"a:{start}:{end}", "digest": "00" * 32, "algorithm": "sha256"}
            for start, end in spans
        ],
    }  # fmt: skip
    try:
        parsed(predicate)
    except SigningError:
        assert not is_good
    else:
        assert is_good


GOOD = {
    "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False},
    "resources": [{"name": "a", "digest": "00" * 32, "algorithm": "sha256"}],
}
BAD = [
    ("serialization", {}),
    ("serialization", None),
    ("serialization", {**GOOD["serialization"], "method": "tensors"}),  # type: ignore[dict-item]
    ("serialization", {**GOOD["serialization"], "shard_size": 1}),  # type: ignore[dict-item]
    ("serialization", {**GOOD["serialization"], "more": 1}),  # type: ignore[dict-item]
    ("serialization", {**GOOD["serialization"], "allow_symlinks": "no"}),  # type: ignore[dict-item]
    ("serialization", {**GOOD["serialization"], "ignore_paths": "x"}),  # type: ignore[dict-item]
    ("resources", []),
    ("resources", {}),
    ("resources", [7]),
    ("resources", [{"name": "a", "digest": 7, "algorithm": "sha256"}]),
    ("resources", [{"name": "a", "digest": "AA" * 32, "algorithm": "sha256"}]),
    ("resources", [{"name": "a", "digest": "00" * 31, "algorithm": "sha256"}]),
    ("resources", [{"name": "a", "algorithm": "sha256"}]),
    ("more", 1),
]


@pytest.mark.parametrize(("field", "value"), BAD)
def test_field_that_is_wrong_is_refused(field: str, value: object) -> None:
    parsed(GOOD)
    with pytest.raises(SigningError):
        parsed({**GOOD, field: value})


@pytest.mark.parametrize(
    ("names", "is_clear"),
    [
        (("a", "b"), True), (("a", "A"), False), (("stra\u00dfe", "STRASSE"), False),
        (("e\u0301", "\u00e9"), False), (("a/b", "a/c"), True), (("K", "\u212a"), False),
    ],
)  # fmt: skip
def test_names_that_are_one_on_some_systems_collide(names: tuple[str, ...], is_clear: bool) -> None:
    assert (collision(names) is None) == is_clear
