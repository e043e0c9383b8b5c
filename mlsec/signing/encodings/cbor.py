"""A strict CBOR reader for the few kinds of value that COSE signatures hold (RFC 8949).

Written by hand: cbor2 takes repeated keys, indefinite and overlong lengths, and has no caps.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mlsec.signing.errors import MalformedError, OverLimitError

MAX_BYTES = 4 << 20
MAX_DEPTH = 16
MAX_ITEMS = 10_000


class Tagged(msgspec.Struct, frozen=True):
    """A value under a tag: 18 is COSE_Sign1, 1 a time in seconds since 1970."""

    tag: int
    value: Any


def loads(data: bytes, what: str) -> Any:
    """Read one value that fills ``data``: int, bytes, str, list, dict, bool, None or Tagged.

    Raises:
        MalformedError: not CBOR, bytes after it, an indefinite length, a length not in its
            shortest form, a key twice, a float, or text that is not UTF-8.
        OverLimitError: a cap was reached.
    """
    if len(data) > MAX_BYTES:
        raise OverLimitError(f"{what} is larger than {MAX_BYTES} bytes")
    reader = _Reader(data, what)
    value = reader.value(0)
    if reader.at != len(data):
        raise MalformedError(f"bytes after the end of {what}")
    return value


def head(major: int, argument: int) -> bytes:
    """Write the first bytes of an item, in their shortest form."""
    if argument < 24:
        return bytes([major << 5 | argument])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << (8 * size):
            return bytes([major << 5 | code]) + argument.to_bytes(size, "big")
    raise ValueError("too large for CBOR")


class _Reader:
    """Reads items one after the other."""

    def __init__(self, data: bytes, what: str) -> None:
        self._data = data
        self._what = what
        self._items = 0
        self.at = 0

    def value(self, depth: int) -> Any:
        self._items += 1
        if depth > MAX_DEPTH or self._items > MAX_ITEMS:
            raise OverLimitError(f"{self._what} holds too much, or is nested too deep")
        major, argument = self._head()
        match major:
            case 0:
                return argument
            case 1:
                return -1 - argument
            case 2:
                return self._take(argument)
            case 3:
                return self._text(argument)
            case 4:
                return [self.value(depth + 1) for _ in range(self._count(argument))]
            case 5:
                return self._map(self._count(argument), depth)
            case 6:
                return Tagged(argument, self.value(depth + 1))
            case _:
                return self._simple(argument)

    def _head(self) -> tuple[int, int]:
        first = self._take(1)[0]
        major, code = first >> 5, first & 0x1F
        if code < 24:
            return major, code
        if code > 27 or major == 7:
            raise MalformedError(f"{self._what} holds a float or an indefinite length")
        size = 1 << (code - 24)
        argument = int.from_bytes(self._take(size), "big")
        if argument < 24 or (size > 1 and argument < 1 << (4 * size)):
            raise MalformedError(f"{self._what} holds a number not in its shortest form")
        return major, argument

    def _take(self, size: int) -> bytes:
        if size > len(self._data) - self.at:
            raise MalformedError(f"{self._what} is cut short")
        self.at += size
        return self._data[self.at - size : self.at]

    def _count(self, count: int) -> int:
        # Every item takes at least a byte, so a larger count is a lie.
        if count > len(self._data) - self.at:
            raise MalformedError(f"{self._what} is cut short")
        return count

    def _text(self, size: int) -> str:
        try:
            return self._take(size).decode("utf-8")
        except UnicodeDecodeError:
            raise MalformedError(f"{self._what} holds text that is not UTF-8") from None

    def _map(self, count: int, depth: int) -> dict[Any, Any]:
        items: dict[Any, Any] = {}
        for _ in range(count):
            key = self.value(depth + 1)
            if not isinstance(key, int | str) or isinstance(key, bool) or key in items:
                raise MalformedError(f"{self._what} has a key twice, or one of another kind")
            items[key] = self.value(depth + 1)
        return items

    def _simple(self, argument: int) -> bool | None:
        known: dict[int, bool | None] = {20: False, 21: True, 22: None}
        if argument not in known:
            raise MalformedError(f"{self._what} holds a simple value that is not used")
        return known[argument]
