"""The loop over cases: it checks every one, names each that fails, and is never empty."""

from __future__ import annotations

import inspect

import pytest

from tests.loops import for_each


def test_every_case_that_fails_is_named_with_what_is_wrong() -> None:
    seen = []

    @for_each("number", lambda: range(5))
    def check(number: int, limit: int) -> None:
        seen.append(number)
        assert number < limit, f"{number} is too much"

    assert [*inspect.signature(check).parameters] == ["limit"]
    check(limit=5)
    with pytest.raises(AssertionError) as failed:
        check(limit=3)
    assert seen == [*range(5)] * 2
    lines = str(failed.value).splitlines()
    assert lines[0] == "2 of 5 do not hold"
    assert [line.partition("\n")[0] for line in lines if "too much" in line] == [
        "3: 3 is too much", "4: 4 is too much",
    ]  # fmt: skip


def test_several_values_and_any_error_count() -> None:
    @for_each(("a", "b"), [(1, 0), (1, 1)], called=lambda a, b: f"{a} by {b}")
    def divided(a: int, b: int) -> None:
        assert a / b

    @for_each("text", ["x", "1"])
    def refused(text: str) -> None:
        with pytest.raises(ValueError, match="invalid"):
            int(text)

    with pytest.raises(AssertionError, match="1 of 2 do not hold\n1 by 0: division by zero"):
        divided()
    with pytest.raises(AssertionError, match="1: DID NOT RAISE"):
        refused()


def test_nothing_to_check_is_a_failure() -> None:
    @for_each("case", [])
    def check(case: str) -> None:
        del case

    with pytest.raises(AssertionError, match="nothing to check"):
        check()
