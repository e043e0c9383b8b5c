"""What a function of Terraform takes, and how much it may make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from mlsec.collect.code.budget import OverLimitError
from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.values import MAX_CHARS, MAX_ITEMS, Value, kind_of, number_of


class Function(msgspec.Struct, frozen=True):
    """One function; ``symbols``: it only moves its arguments, so that they need not be known.

    ``unknown``: it looks itself at arguments that are not known at all.
    ``steps``: what a call costs by its arguments, beyond reading them.
    """

    run: Callable[..., Value]
    symbols: bool = False
    unknown: bool = False
    steps: Callable[..., int] | None = None


def text(value: Value) -> str:
    """Take a text argument; numbers and bools are converted as Terraform does."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, str):
        raise TypeError(f"{kind_of(value)} where text is expected")
    return value


def number(value: Value) -> Any:
    """Take a number argument."""
    result = number_of(value)
    if isinstance(result, UnknownValue):
        raise TypeError(result.why)
    return result


def whole(value: Value) -> int:
    """Take an argument that is a whole number."""
    result = number(value)
    if result != int(result):
        raise TypeError("a number with a fraction where a whole one is expected")
    return int(result)


def items(value: Value) -> list[Value]:
    """Take a list or set argument."""
    if not isinstance(value, list):
        raise TypeError(f"{kind_of(value)} where a list is expected")
    return value


def mapping(value: Value) -> dict[str, Value]:
    """Take a map or object argument."""
    if not isinstance(value, dict):
        raise TypeError(f"{kind_of(value)} where a map is expected")
    return value


def room(chars: int = 0, elements: int = 0) -> None:
    """Refuse to make more than may be held.

    Raises:
        OverLimitError: it is more.
    """
    if chars > MAX_CHARS:
        raise OverLimitError(f"text of more than {MAX_CHARS:,} characters")
    if elements > MAX_ITEMS:
        raise OverLimitError(f"more than {MAX_ITEMS:,} elements")


def key_of(value: Value) -> Any:
    """Give what distinguishes a value from others in a set; equal values have equal keys."""
    if isinstance(value, list):
        return ("list", tuple(key_of(item) for item in value))
    if isinstance(value, dict):
        return ("map", tuple(sorted((name, key_of(entry)) for name, entry in value.items())))
    if isinstance(value, (bool, int, float, str)) or value is None:
        return (type(value).__name__ if isinstance(value, bool) else "", value)
    return ("id", repr(value))


def unique(values: list[Value]) -> list[Value]:
    """Give the values without repetition, in order."""
    return list({key_of(value): value for value in reversed(values)}.values())[::-1]
