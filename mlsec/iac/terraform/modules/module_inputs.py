"""Which declared things a module is given: those alone it can give back, but for its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.values import Encoded, Joined, Space, Symbol, Value, is_small, walk


def given_in(values: Iterable[Value]) -> tuple[str, ...] | None:
    """Give the addresses and names of what may be in values; None where it may be anything."""
    result: set[str] = set()
    for value in values:
        if not is_small(value):
            return None
        for part in _parts(value):
            if isinstance(part, Symbol):
                result.add(part.address)
            elif isinstance(part, str):
                result.add(part)
            elif isinstance(part, UnknownValue) and part.among is not None:
                result.update(part.among)
            elif isinstance(part, (UnknownValue, Space)):
                return None
    return tuple(sorted(result))


def _parts(value: Value) -> Iterator[Value]:
    for item in walk(value):
        if isinstance(item, Joined):
            yield from item.parts
        elif isinstance(item, Encoded):
            yield from _parts(item.value)
        else:
            yield item
