"""Expressions of ARM templates, parsed: ``[concat('a', parameters('b').c[0])]``; nothing is run."""

# Why no library: none on PyPI evaluates these expressions; Azure's own are .NET.

from __future__ import annotations

import re
from typing import Any

import msgspec

MAX_LENGTH = 24_576
MAX_DEPTH = 60
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*(?=\())?)|(?P<sign>[().,\[\]?]))"
)


class Call(msgspec.Struct, frozen=True):
    """A function and its arguments."""

    name: str
    arguments: tuple[Any, ...]


class Step(msgspec.Struct, frozen=True):
    """One step into a value: ``key`` is a text, or an expression between brackets."""

    of: Any
    key: Any


class ExpressionError(Exception):
    """It is not an expression of the language."""


def is_expression(text: str) -> bool:
    """Whether a text of a template is worked out; ``[[`` stands for a plain bracket."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def parse(text: str) -> Any:
    """Parse what stands between the outer brackets: a literal, a Call or a Step.

    Raises:
        ExpressionError: it is not an expression, or too long or too deep for one.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"an expression of more than {MAX_LENGTH:,} characters")
    parser = _Parser(text[1:-1])
    expression = parser.expression(0)
    if parser.kind:
        raise ExpressionError("there is text after the end")
    return expression


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.kind = self._word = ""
        self._next()

    def _next(self) -> None:
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            if self._text[self._at :].strip():
                raise ExpressionError(f"what is {self._text[self._at : self._at + 20]!r}?")
            self.kind = self._word = ""
            return
        self._at = match.end()
        self.kind, self._word = str(match.lastgroup), str(match.group(str(match.lastgroup)))

    def _take(self, sign: str) -> bool:
        if self.kind == "sign" and self._word == sign:
            self._next()
            return True
        return False

    def _demand(self, sign: str) -> None:
        if not self._take(sign):
            raise ExpressionError(f"expected {sign}")

    def expression(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise ExpressionError("an expression inside of another without end")
        result = self._primary(depth)
        while self.kind == "sign" and self._word in ".[?":
            self._take("?")
            self._take(".")
            if self._take("["):
                self._take("?")
                result = Step(result, self.expression(depth + 1))
                self._demand("]")
            elif self.kind == "word":
                result = Step(result, self._word)
                self._next()
            else:
                raise ExpressionError("expected a name")
        return result

    def _primary(self, depth: int) -> Any:
        kind, word = self.kind, self._word
        if kind not in ("text", "number", "word"):
            raise ExpressionError("expected a value")
        self._next()
        if kind == "text":
            return word[1:-1].replace("''", "'")
        if kind == "number":
            return float(word) if "." in word else int(word)
        arguments = []
        self._demand("(")
        while not self._take(")"):
            arguments.append(self.expression(depth + 1))
            if not self._take(","):
                self._demand(")")
                break
        return Call(word.lower(), tuple(arguments))
