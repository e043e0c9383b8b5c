"""Foreign YAML and JSON keep their places, and cannot explode."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlsec.collect.located import json as marked_json
from mlsec.collect.located.located import Node, UnknownValue, plain
from mlsec.collect.located.yaml import parse_documents
from mlsec.core.errors import MlsecError

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


def test_a_value_stands_where_its_key_stands() -> None:
    (node,) = parse_documents("a:\n  b:\n    - x\n    - y: 1\n")
    found = node.get("a", "b", 1, "y")
    assert found == Node(1, 4, 7)


def test_every_document_of_a_stream_is_read_with_its_own_lines() -> None:
    first, second = parse_documents("a: 1\n---\n---\nb: 2\n")
    assert (plain(first), plain(second), second.pairs()["b"].line) == ({"a": 1}, {"b": 2}, 4)


def test_a_key_that_stands_twice_is_not_known() -> None:
    (node,) = parse_documents("a: 1\na: 2\n")
    assert isinstance(node.pairs()["a"].value, UnknownValue)
    assert isinstance(marked_json.parse('{"a": 1, "a": 2}').pairs()["a"].value, UnknownValue)


def test_merged_keys_yield_to_those_that_stand_there() -> None:
    (node,) = parse_documents("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\n")
    assert plain(node)["y"] == {"a": 1, "b": 3}


def test_aliases_that_explode_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(MlsecError, match="once its aliases are followed"):
        list(parse_documents("\n".join(lines)))


def test_an_alias_that_holds_itself_is_refused() -> None:
    with pytest.raises(MlsecError, match="alias"):
        list(parse_documents("a: &a [*a]\n"))


@pytest.mark.parametrize("text", ["[" * 5000, '{"a":' * 5000])
def test_deep_json_is_refused_and_does_not_crash(text: str) -> None:
    with pytest.raises(MlsecError, match="too deep"):
        marked_json.parse(text)


@pytest.mark.parametrize("text", ["{", '{"a" 1}', "[1 2]", '"\\x"', "nul", "{} {}", "\t{\n\x01}"])
def test_what_is_not_json_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(MlsecError) as refused:
        marked_json.parse(text)
    assert refused.value.location.partition(":")[0].isdigit()


@settings(deadline=None)
@given(values)
def test_json_is_read_as_the_standard_library_reads_it(value: object) -> None:
    for text in (json.dumps(value), json.dumps(value, indent=2, ensure_ascii=False)):
        assert plain(marked_json.parse(text)) == json.loads(text)
