"""Reads a condition of a role assignment into a tree, by the documented format."""

from __future__ import annotations

import functools

import msgspec

from mlsec.core.regex import regex

MAX_CHARS = 16384
_MAX_DEPTH = 64
_TOKEN = regex(
    r"\s*(?:(?P<attribute>@[A-Za-z]+\[[^\]]*\])|(?P<text>'[^']*')|(?P<sign>&&|\|\||[(){},!])"
    r"|(?P<word>[^\s(){},!'@&|]+))"
)
_AND, _OR, _NOT = ("and", "&&"), ("or", "||"), ("not", "!")


class Attribute(msgspec.Struct, frozen=True):
    """An attribute, ``source`` and ``name`` in lower case; ``tags:Key`` keeps its capitals."""

    source: str
    name: str


class Comparison(msgspec.Struct, frozen=True):
    """An operator in lower case, between lists of attributes and texts."""

    left: tuple[Attribute | str, ...]
    operator: str
    right: tuple[Attribute | str, ...]


class ActionMatches(msgspec.Struct, frozen=True):
    """Whether the action fits a pattern in lower case."""

    pattern: str


class SubOperationMatches(msgspec.Struct, frozen=True):
    """Whether the suboperation is one, in lower case."""

    name: str


class Exists(msgspec.Struct, frozen=True):
    """Whether an attribute is there."""

    attribute: Attribute


class Not(msgspec.Struct, frozen=True):
    """The opposite of a part."""

    part: Condition


class Every(msgspec.Struct, frozen=True):
    """All parts must hold."""

    parts: tuple[Condition, ...]


class Some(msgspec.Struct, frozen=True):
    """One part must hold."""

    parts: tuple[Condition, ...]


Condition = Comparison | ActionMatches | SubOperationMatches | Exists | Not | Every | Some


class ConditionError(Exception):
    """The text is not in the documented format."""


@functools.lru_cache(maxsize=1024)
def parse(text: str) -> Condition:
    """Read a condition.

    Raises:
        ConditionError: not in the documented format, or of an order of evaluation that the
            documentation calls ambiguous.
    """
    if len(text) > MAX_CHARS:
        raise ConditionError(f"a condition of {len(text)} characters")
    reader = _Reader(_tokens(text))
    condition = reader.condition(0)
    if reader.next:
        raise ConditionError(f"{reader.next} after the end")
    return condition


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    end = len(text.rstrip())
    while at < end:
        token = _TOKEN.match(text, at)
        if token is None:
            raise ConditionError(f"{text[at : at + 20]!r} is no part of a condition")
        tokens.append(token.group().strip())
        at = token.end()
    return tokens


class _Reader:
    """Tokens from the left to the right; ``next`` is "" at the end."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, expected: str = "") -> str:
        token = self.next
        if not token or (expected and token != expected):
            raise ConditionError(f"{token or 'the end'} instead of {expected or 'a value'}")
        self._at += 1
        return token

    def condition(self, depth: int) -> Condition:
        """Read parts that one logical operator joins; two of them have no documented order."""
        if depth > _MAX_DEPTH:
            raise ConditionError("parentheses too deep")
        parts = [self._part(depth)]
        joined: set[bool] = set()
        while self.next.lower() in (*_AND, *_OR):
            joined.add(self._take().lower() in _AND)
            parts.append(self._part(depth))
        if len(joined) == 2:
            raise ConditionError("AND and OR without parentheses")
        if not joined:
            return parts[0]
        return Every(tuple(parts)) if joined == {True} else Some(tuple(parts))

    def _part(self, depth: int) -> Condition:
        word = self.next.lower()
        if depth > _MAX_DEPTH:
            raise ConditionError("negations too deep")
        if word in _NOT:
            self._take()
            return Not(self._part(depth + 1))
        if word == "(":
            self._take()
            inner = self.condition(depth + 1)
            self._take(")")
            return inner
        if word == "exists":
            self._take()
            return Exists(self._attribute(self._take()))
        if word in ("actionmatches", "suboperationmatches"):
            self._take()
            return self._function(word)
        return Comparison(self._values(), self._take().lower(), self._values())

    def _function(self, word: str) -> Condition:
        values = self._values()
        names = [value.lower() for value in values if isinstance(value, str)]
        kind = ActionMatches if word == "actionmatches" else SubOperationMatches
        if not names or len(names) < len(values):
            raise ConditionError(f"{word} of something else than texts")
        return kind(names[0]) if len(names) == 1 else Some(tuple(kind(name) for name in names))

    def _values(self) -> tuple[Attribute | str, ...]:
        if self.next != "{":
            return (self._value(self._take()),)
        self._take()
        values = [self._value(self._take())]
        while self.next == ",":
            self._take()
            values.append(self._value(self._take()))
        self._take("}")
        return tuple(values)

    def _value(self, token: str) -> Attribute | str:
        if token.startswith("@"):
            return self._attribute(token)
        if token in ("(", ")", "{", "}", ",", "!", "&&", "||"):
            raise ConditionError(f"{token} instead of a value")
        return token[1:-1] if token.startswith("'") else token

    def _attribute(self, token: str) -> Attribute:
        if not token.startswith("@"):
            raise ConditionError(f"{token} is no attribute")
        source, _, name = token[1:-1].partition("[")
        path, colon, last = name.partition(":")
        is_tag = last.lower().startswith(("tags:", "tags&")) or "tags" in path.lower().split("/")
        return Attribute(source.lower(), path.lower() + colon + (last if is_tag else last.lower()))
