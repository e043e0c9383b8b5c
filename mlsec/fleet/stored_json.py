"""JSON as the database can hold it, and back: it refuses NUL and lone surrogates in text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from mlsec.history.stored_text import as_it_was, as_stored


def to_json(value: Any) -> str:
    """Give a value, structs too, as JSON to store."""
    return msgspec.json.encode(_each(as_stored, msgspec.to_builtins(value))).decode()


def from_json(value: Any) -> Any:
    """Give what a column of JSON holds as it was before it was stored."""
    return _each(as_it_was, value)


def _each(change: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, dict):
        return {change(name): _each(change, item) for name, item in value.items()}
    if isinstance(value, list):
        return [_each(change, item) for item in value]
    return change(value)
