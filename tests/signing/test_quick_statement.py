"""The fast reading of a statement gives what the strict one gives, or nothing."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.signing.errors import SigningError
from mlsec.signing.manifests.manifest import manifest_of
from mlsec.signing.manifests.statement import strict_statement
from mlsec.signing.manifests.statement_decoder import decode_plain_statement
from mlsec.signing.manifests.statement_parts import Statement
from tests.signing.mutations import _bytes, _tree

_HEX = "ab" * 32


def payload(*names: str, **more: Any) -> bytes:
    resources = [{"name": one, "digest": _HEX, "algorithm": "sha256"} for one in names]
    how = {"method": "files", "hash_type": "sha256", "allow_symlinks": False}
    statement = {
        "_type": "t",
        "subject": [{"name": "m", "digest": {"sha256": "0"}}],
        "predicateType": "p",
        "predicate": {"resources": resources, "serialization": how | more},
    }
    return json.dumps(statement, ensure_ascii=False).encode()


def strict(data: bytes) -> Statement | None:
    try:
        return strict_statement(data)
    except SigningError:
        return None


def test_plain_statement_is_read_fast_and_the_same() -> None:
    for indent in (None, 2):
        data = json.dumps(json.loads(payload("a", "b/c", "\u6a21")), indent=indent)
        data_bytes = data.encode().decode("unicode_escape").encode()
        assert decode_plain_statement(data_bytes) == strict_statement(data_bytes)
        assert decode_plain_statement(data_bytes) is not None


@given(st.lists(st.text(max_size=6), max_size=4), st.dictionaries(st.text(), st.text()))
def test_any_names_are_read_the_same_or_left_alone(names: list[str], more: dict[str, str]) -> None:
    data = payload(*names, **more)
    found = decode_plain_statement(data)
    assert found is None or found == strict(data)


@pytest.mark.parametrize("seed", range(40))
def test_mutated_statement_is_read_the_same_or_left_alone(seed: int) -> None:
    source = random.Random(seed)  # noqa: S311 - to repeat a run
    good = payload("a", "b/c.bin", "d", ignore_paths=[".git"])
    for _ in range(100):
        data = source.choice((_bytes, _tree))(good, source)
        found = decode_plain_statement(data)
        assert found is None or found == strict(data)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"_type": "t"', b'"_type": "t", "_type": "t"'),
        (b'"name": "a"', b'"name": "b", "name": "a"'),
        (b'"name": "a"', b'"name": "a", "name": "a"'),
        (b'"method": "files"', b'"method": "shards", "method": "files"'),
        (b'"sha256": "0"', b'"sha256": "1", "sha256": "0"'),
        (b'"name": "a"', b'"name": "a\n"'),
        (b'"name": "a"', b'"name": "\\u0061"'),
        (b'"name": "a"', b'"name": "a", "more": 1'),
        (b'"allow_symlinks": false', b'"allow_symlinks": NaN'),
        (b"{", b"\xef\xbb\xbf{"),
        # An object of the fields of a manifest's line is one to the strict parser, anywhere.
        (b'"files"', b'{"name": "a", "digest": "b", "algorithm": "c"}'),
        (b'"files"', b'[{"name": "a", "digest": "b", "algorithm": "c"}]'),
        (
            b'{"method": "files", "hash_type": "sha256", "allow_symlinks": false}',
            b'{"name": "a", "digest": "b", "algorithm": "c"}',
        ),
        (b'{"sha256": "0"}', b'{"name": "a", "digest": "b", "algorithm": "c"}'),
    ],
)
def test_statement_with_a_doubt_is_left_to_the_strict_parser(old: bytes, new: bytes) -> None:
    data = payload("a", "b")
    assert old in data
    assert decode_plain_statement(data.replace(old, new, 1)) is None


def _digest_of(*names: str) -> list[str]:
    statement = strict_statement(payload(*names))
    return [one.path for one in manifest_of(statement.predicate).entries]


def test_manifest_in_either_order_is_read_whole() -> None:
    assert _digest_of("a", "b", "c") == ["a", "b", "c"]
    assert _digest_of("sub/x", "sub.txt") == ["sub/x", "sub.txt"]
