"""JSON of other people, read with positions and bounds."""

# Why not json or msgspec: neither gives lines and columns, and both keep the last of two equal
# keys without a word. Strings are left to json's own scanner.

from __future__ import annotations

import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.core.errors import LimitError, MlsecError

MAX_DEPTH = 100
MAX_NODES = 2_000_000

_SPACE = re.compile(r"[ \t\n\r]*")
_SPACE_OR_COMMENT = re.compile(r"(?:[ \t\n\r]|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,400})(\.\d{1,400})?([eE][-+]?\d{1,4})?")
_WORDS = {"true": True, "false": False, "null": None}


def parse(text: str, *, comments: bool = False) -> Node:
    """Parse one JSON document; with ``comments`` one as ARM and editors take it: ``//``, ``/* */``,
    texts over several lines, and a comma after the last value.

    Raises:
        LimitError: too deep or too many values.
        MlsecError: not JSON. ``location`` is ``line:column``.
    """
    reader = _Reader(text, is_loose=comments)
    node, end = reader.value(reader.skip(0), None, 0)
    if reader.skip(end) != len(text):
        raise reader.mistake(end, "there is text after the end")
    return node


class _Reader:
    def __init__(self, text: str, *, is_loose: bool) -> None:
        self._text = text
        self._is_strict = not is_loose
        self._space = _SPACE_OR_COMMENT if is_loose else _SPACE
        self._made = 0
        self._line, self._line_start, self._seen = 1, 0, 0

    def skip(self, at: int) -> int:
        match = self._space.match(self._text, at)
        return match.end() if match else at

    def mistake(self, at: int, what: str) -> MlsecError:
        line = self._text.count("\n", 0, at) + 1
        column = at - (self._text.rfind("\n", 0, at) + 1) + 1
        return MlsecError(f"not valid JSON: {what}", location=f"{line}:{column}")

    def _place(self, at: int) -> tuple[int, int]:
        """Positions only go forward, so that lines are counted once."""
        breaks = self._text.count("\n", self._seen, at)
        if breaks:
            self._line += breaks
            self._line_start = self._text.rfind("\n", self._seen, at) + 1
        self._seen = at
        return self._line, at - self._line_start + 1

    def value(self, at: int, place: tuple[int, int] | None, depth: int) -> tuple[Node, int]:
        line, column = place or self._place(at)
        self._made += 1
        if depth > MAX_DEPTH or self._made > MAX_NODES:
            deep = f"too deep: more than {MAX_DEPTH} levels" if depth > MAX_DEPTH else ""
            what = deep or f"too long: more than {MAX_NODES:,} values"
            raise LimitError(f"JSON {what}", location=self.mistake(at, "").location)
        first = self._text[at : at + 1]
        parsed: Any
        if first == "{":
            parsed, end = self._object(at, depth)
        elif first == "[":
            parsed, end = self._array(at, depth)
        elif first == '"':
            parsed, end = self._string(at)
        else:
            parsed, end = self._bare(at)
        return Node(parsed, line, column), end

    def _string(self, at: int) -> tuple[str, int]:
        try:
            text, end = scanstring(self._text, at + 1, self._is_strict)
        except ValueError as error:
            raise self.mistake(at, str(error).partition(":")[0].lower()) from None
        return str(text), int(end)

    def _bare(self, at: int) -> tuple[Any, int]:
        for word, meant in _WORDS.items():
            if self._text.startswith(word, at):
                return meant, at + len(word)
        match = _NUMBER.match(self._text, at)
        if match is None:
            raise self.mistake(at, "expected a value")
        is_whole = match.group(1) is None and match.group(2) is None
        return (int(match.group()) if is_whole else float(match.group())), match.end()

    def _array(self, at: int, depth: int) -> tuple[tuple[Node, ...], int]:
        items: list[Node] = []
        at = self.skip(at + 1)
        if self._text[at : at + 1] == "]":
            return (), at + 1
        while True:
            node, at = self.value(at, None, depth + 1)
            items.append(node)
            at = self.skip(at)
            mark = self._text[at : at + 1]
            if mark == "]":
                return tuple(items), at + 1
            if mark != ",":
                raise self.mistake(at, 'expected "," or "]"')
            at = self.skip(at + 1)
            if not self._is_strict and self._text[at : at + 1] == "]":
                return tuple(items), at + 1

    def _object(self, at: int, depth: int) -> tuple[dict[str, Node], int]:
        members: dict[str, Node] = {}
        at = self.skip(at + 1)
        if self._text[at : at + 1] == "}":
            return {}, at + 1
        while True:
            if self._text[at : at + 1] != '"':
                raise self.mistake(at, "expected a key")
            place = self._place(at)
            key, at = self._string(at)
            at = self.skip(at)
            if self._text[at : at + 1] != ":":
                raise self.mistake(at, 'expected ":"')
            node, at = self.value(self.skip(at + 1), place, depth + 1)
            if key in members:
                node = Node(UnknownValue(f'duplicate key "{key}"'), *place)
            members[key] = node
            at = self.skip(at)
            mark = self._text[at : at + 1]
            if mark == "}":
                return members, at + 1
            if mark != ",":
                raise self.mistake(at, 'expected "," or "}"')
            at = self.skip(at + 1)
            if not self._is_strict and self._text[at : at + 1] == "}":
                return members, at + 1
