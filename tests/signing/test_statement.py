"""in-toto statements: read as they are written, or refused."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.signing.errors import MalformedError, SigningError
from mlsec.signing.manifests.manifest import manifest_of
from mlsec.signing.manifests.statement import parse_statement
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


@given(st.lists(st.text(max_size=6), max_size=4), st.dictionaries(st.text(), st.text()))
def test_any_names_are_read_as_they_are_written(names: list[str], more: dict[str, str]) -> None:
    data = payload(*names, **more)
    found = parse_statement(data)
    assert [one.name for one in found.predicate["resources"]] == names


@pytest.mark.parametrize("seed", range(40))
def test_mutated_statement_is_read_or_refused(seed: int) -> None:
    source = random.Random(seed)  # noqa: S311 - to repeat a run
    good = payload("a", "b/c.bin", "d", ignore_paths=[".git"])
    for _ in range(100):
        data = source.choice((_bytes, _tree))(good, source)
        try:
            found = parse_statement(data)
        except SigningError:
            continue
        assert found.subjects
        assert all(one.name and one.digests for one in found.subjects)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"_type": "t"', b'"_type": "t", "_type": "t"'),
        (b'"_type": "t"', b'"_type": ""'),
        (b'"_type": "t"', b'"_type": "t", "more": 1'),
        (b'"name": "m"', b'"name": ""'),
        (b'"name": "a"', b'"name": "b", "name": "a"'),
        (b'"name": "a"', b'"name": "a", "name": "a"'),
        (b'"method": "files"', b'"method": "shards", "method": "files"'),
        (b'"sha256": "0"', b'"sha256": "1", "sha256": "0"'),
        (b'"sha256": "0"', b'"sha256": 0'),
        (b'"sha256": "0"', b""),
        (b'"name": "a"', b'"name": "a\n"'),
        (b'"allow_symlinks": false', b'"allow_symlinks": NaN'),
        (b"{", b"\xef\xbb\xbf{"),
        # An object of the fields of a manifest's line is one to the parser, anywhere.
        (b'{"sha256": "0"}', b'{"name": "a", "digest": "b", "algorithm": "c"}'),
    ],
)
def test_statement_that_breaks_a_rule_is_refused(old: bytes, new: bytes) -> None:
    data = payload("a", "b")
    assert old in data
    with pytest.raises(MalformedError):
        parse_statement(data.replace(old, new, 1))


def _digest_of(*names: str) -> list[str]:
    statement = parse_statement(payload(*names))
    return [one.path for one in manifest_of(statement.predicate).entries]


def test_manifest_in_either_order_is_read_whole() -> None:
    assert _digest_of("a", "b", "c") == ["a", "b", "c"]
    assert _digest_of("sub/x", "sub.txt") == ["sub/x", "sub.txt"]
