"""A mapping in a trust policy: read by type, refused with file, line, column and a suggestion."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

from mlsec.core.errors import MlsecError
from mlsec.core.strict_yaml import Document, Path
from mlsec.core.suggestions import did_you_mean

E = TypeVar("E", bound=enum.Enum)


class PolicyNode:
    """A mapping of the document; an absent one is an empty one that knows where it would be."""

    def __init__(self, document: Document, path: Path, value: Any) -> None:
        self._document = document
        self._path = path
        if value is not None and not isinstance(value, dict):
            raise MlsecError("expected keys and values here", location=document.where(*path))
        self._value: dict[str, Any] = value or {}

    def only(self, *known: str) -> None:
        """Refuse every key that is not listed."""
        for key in self._value:
            if key not in known:
                hint = self.suggestion(key, known) or f"known here: {', '.join(known)}"
                self.refuse(key, f'unknown key "{key}"', hint)

    def suggestion(self, word: str, known: Iterable[str]) -> str:
        """Return ``did you mean "..."?``, or "" when nothing is close."""
        return did_you_mean(word, known).removeprefix("; ")

    def refuse(self, key: str, message: str, hint: str = "") -> NoReturn:
        """Stop, with the place of ``key``."""
        raise MlsecError(message, hint=hint, location=self._document.where(*self._path, key))

    def names(self) -> tuple[str, ...]:
        """Return all keys, in order."""
        return tuple(self._value)

    def has(self, key: str) -> bool:
        """Whether the key is there with a value."""
        return self._value.get(key) is not None

    def get(self, key: str) -> Any:
        """Return the plain value, None when absent."""
        return self._value.get(key)

    def child(self, key: str) -> PolicyNode:
        """Return the mapping under ``key``, empty when absent."""
        return PolicyNode(self._document, (*self._path, key), self._value.get(key))

    def need(self, key: str) -> PolicyNode:
        """Return the mapping under ``key``, which must be there."""
        if not self._value.get(key):
            self.refuse(key, f'"{key}" is missing or empty')
        return self.child(key)

    def items(self, key: str) -> tuple[PolicyNode, ...]:
        """Return the mappings in the list under ``key``."""
        values = self._value.get(key) or []
        if not isinstance(values, list):
            self.refuse(key, f'"{key}" must be a list')
        return tuple(
            PolicyNode(self._document, (*self._path, key, number), value)
            for number, value in enumerate(values)
        )

    def text(self, key: str, absent: str | None = None) -> str:
        """Return the text under ``key``, ``absent`` without one; refused when that is None."""
        value = self._value.get(key, absent)
        if not isinstance(value, str) or (not value and absent is None):
            self.refuse(key, f'"{key}" must be text')
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts under ``key``: a list, or one alone."""
        value = self._value.get(key)
        listed = [value] if isinstance(value, str) else value or []
        if not isinstance(listed, list) or not all(
            isinstance(text, str) and text for text in listed
        ):
            self.refuse(key, f'"{key}" must be text or a list of texts')
        return tuple(listed)

    def number(self, key: str, least: int, most: int, absent: int) -> int:
        """Return the whole number under ``key``, within bounds."""
        value = self._value.get(key)
        if value is None:
            return absent
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.refuse(key, f'"{key}" must be a whole number from {least} to {most}')
        return value

    def flag(self, key: str, *, absent: bool) -> bool:
        """Return true or false under ``key``."""
        value = self._value.get(key, absent)
        if not isinstance(value, bool):
            self.refuse(key, f'"{key}" must be true or false')
        return value

    def choice(self, key: str, kind: type[E], absent: E) -> E:
        """Return the member of an enum that ``key`` names."""
        value = self._value.get(key)
        if value is None:
            return absent
        words = [member.value for member in kind]
        if value not in words:
            hint = self.suggestion(str(value), words) or f"one of {', '.join(words)}"
            self.refuse(key, f'unknown value "{value}" of "{key}"', hint)
        return kind(value)
