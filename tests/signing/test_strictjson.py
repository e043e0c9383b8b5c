"""Strict JSON and base64: what other parsers let through is refused with one error."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.signing.encodings.strict_json import JsonLimits, base64_bytes, base64url_bytes, loads
from mlsec.signing.errors import MalformedError, OverLimitError

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": 1, "\\u0061": 2}',
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e999",
        b'"\\ud800"',
        b'{"\\uDFFF": 1}',
        b'\xef\xbb\xbf{"a": 1}',
        b'"\xff"',
        b'{"a": 1}x',
        b"{'a': 1}",
        b'["a\nb"]',
        b'{"a": 1,}',
        b"",
        '{"a": 1}'.encode("utf-16"),
    ],
)
def test_json_that_parsers_disagree_on_is_malformed(text: bytes) -> None:
    with pytest.raises(MalformedError):
        loads(text)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_deep_nesting_is_over_the_limit_and_no_recursion_error(opening: bytes) -> None:
    with pytest.raises(OverLimitError):
        loads(opening * 100_000)
    with pytest.raises(OverLimitError):
        loads(b"[" * 33 + b"]" * 33)
    assert loads(b"[" * 31 + b"1" + b"]" * 31)


def test_size_values_and_digits_are_capped() -> None:
    with pytest.raises(OverLimitError):
        loads(b"[1,2,3]", limits=JsonLimits(size_bytes=6))
    with pytest.raises(OverLimitError):
        loads(b"[1,2,3]", limits=JsonLimits(values=3))
    with pytest.raises(OverLimitError):
        loads(b"1" * 5000)


@given(_JSON)
def test_every_json_value_survives(value: object) -> None:
    assert loads(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=2000))
def test_any_bytes_give_a_value_or_a_malformed_error(data: bytes) -> None:
    try:
        loads(data)
    except MalformedError:
        return
    json.loads(data)


@given(st.binary(max_size=60))
def test_base64_takes_exactly_one_spelling(data: bytes) -> None:
    assert base64_bytes(base64.b64encode(data).decode(), "x") == data
    bare = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    assert base64url_bytes(bare, "x") == data


@pytest.mark.parametrize("text", ["YQ", "YQ=", "YR==", "YQ==\n", " YQ==", "Y!Q=", "_-A=", "ä", "="])
def test_base64_in_another_spelling_is_malformed(text: str) -> None:
    with pytest.raises(MalformedError):
        base64_bytes(text, "x")


@pytest.mark.parametrize("text", ["YQ==", "YR", "Y", "Y Q", "+/A", "ä"])
def test_base64url_in_another_spelling_is_malformed(text: str) -> None:
    with pytest.raises(MalformedError):
        base64url_bytes(text, "x")
