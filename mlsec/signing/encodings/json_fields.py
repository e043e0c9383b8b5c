"""Parsed JSON of which only some fields are read, each by the type that its format gives it.

Written by hand: Sigstore's and OCI's documents nest deeply and are read in a few places; msgspec
would need a class for each object, and takes base64 that is not canonical.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mlsec.signing.encodings.strict_json import DEFAULT_LIMITS, JsonLimits, base64_bytes, loads
from mlsec.signing.errors import MalformedError, OverLimitError

_NUMBER = re.compile(r"(0|[1-9][0-9]{0,18})\Z")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)\Z")
_MAX_INT64 = (1 << 63) - 1


class JsonFields:
    """One JSON object and its place in the document, for messages.

    Every reader raises MalformedError for a missing field or one of another type. As in
    protobuf's JSON, a field that is null is absent.
    """

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise MalformedError(f"{where} is not a JSON object")
        self._fields: Mapping[str, Any] = value
        self.where = where

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._fields.get(name) is not None

    def is_object(self, name: str) -> bool:
        """Whether the field is an object."""
        return isinstance(self._fields.get(name), dict)

    def is_text(self, name: str) -> bool:
        """Whether the field is a string that is not empty."""
        return isinstance(self._fields.get(name), str) and self._fields[name] != ""

    def names(self) -> frozenset[str]:
        """Return the names of all fields that are not null."""
        return frozenset(name for name in self._fields if self.has(name))

    def object(self, name: str) -> JsonFields:
        """Read an object."""
        return JsonFields(self._fields.get(name), f"{self.where}.{name}")

    def objects(self, name: str, at_most: int) -> tuple[JsonFields, ...]:
        """Read a list of objects, empty when absent."""
        return tuple(
            JsonFields(value, f"{self.where}.{name}[{number}]")
            for number, value in enumerate(self._list(name, at_most))
        )

    def texts(self, name: str, at_most: int) -> tuple[str, ...]:
        """Read a list of strings, empty when absent."""
        values = self._list(name, at_most)
        if not all(isinstance(value, str) for value in values):
            raise MalformedError(f"{self.where}.{name} holds a value that is not text")
        return tuple(values)

    def _list(self, name: str, at_most: int) -> list[Any]:
        value = self._fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise MalformedError(f"{self.where}.{name} is not a list")
        if len(value) > at_most:
            raise OverLimitError(f"{self.where}.{name} holds more than {at_most} entries")
        return value

    def text(self, name: str) -> str:
        """Read a string that is not empty."""
        value = self._fields.get(name)
        if not isinstance(value, str) or not value:
            raise MalformedError(f"{self.where}.{name} is missing or not text")
        return value

    def text_or(self, name: str, absent: str = "") -> str:
        """Read a string that may be absent or empty."""
        return self.text(name) if self._fields.get(name) else absent

    def number(self, name: str) -> int:
        """Read a count from 0 to 2^63 - 1, written as a number or, as protobuf does, as text."""
        value = self._fields.get(name)
        if isinstance(value, str) and _NUMBER.match(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_INT64:
            raise MalformedError(f"{self.where}.{name} is missing or not a count")
        return value

    def data(self, name: str) -> bytes:
        """Read base64 that is not empty."""
        return base64_bytes(self.text(name), f"{self.where}.{name}")

    def time(self, name: str) -> datetime:
        """Read an RFC 3339 time, in UTC."""
        text = self.text(name)
        try:
            if _TIME.match(text):
                return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise MalformedError(f"{self.where}.{name} is not a time such as 2026-01-31T12:00:00Z")


def read_json(data: bytes, what: str, limits: JsonLimits = DEFAULT_LIMITS) -> JsonFields:
    """Parse a document that is one JSON object; ``what`` it is, for messages.

    Raises:
        MalformedError: not strict JSON, or no object.
    """
    return JsonFields(loads(data, what, limits), what)
