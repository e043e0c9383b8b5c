"""Equal values are held once, and what only looks equal is not taken for the same."""

from __future__ import annotations

from mlsec.core.equal_values import EqualValues


def test_equal_lists_and_mappings_become_one() -> None:
    equal = EqualValues()
    first = equal.value({"Action": ["s3:GetObject"], "Effect": "Allow"})
    second = equal.value({"Action": ["s3:" + "GetObject"], "Effect": "Allow"})
    assert first is second
    assert equal.value(["s3:GetObject"]) is first["Action"]


def test_what_is_equal_to_python_and_not_in_json_stays_apart() -> None:
    equal = EqualValues()
    given = [[True], [1], [1.0], [0.0], [-0.0], [False], [None], [""], [[]], [{}]]
    assert [repr(equal.value(value)) for value in given] == [repr(value) for value in given]


def test_the_order_of_keys_is_kept() -> None:
    equal = EqualValues()
    equal.value({"a": 1, "b": 2})
    assert list(equal.value({"b": 2, "a": 1})) == ["b", "a"]


def test_what_is_nested_deeper_than_any_answer_is_left_as_it_is() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert EqualValues().value(deep)
