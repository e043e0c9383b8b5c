"""Command lines split as a shell splits them, each word with its place; nothing is run."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mlsec.collect.marked import Node, Unresolved
from mlsec.collect.serving.expand import Lookup, expand_parts

Command = tuple[Node, ...]
_OPERATORS = ("&&", "||", ";;", "|&", ";", "|", "&", "\n", "(", ")")
_MOST_WORDS = 5_000


class _Word(msgspec.Struct):
    """A word while it is read: its parts in order, and where it began."""

    line: int
    column: int
    parts: list[str | Unresolved] = msgspec.field(default_factory=list)
    is_quoted: bool = False


def split_commands(
    text: str, lookup: Lookup, *, line: int = 1, column: int = 1, is_one_place: bool = False
) -> Iterator[Command]:
    """Yield the simple commands of a text, in order.

    ``is_one_place``: the text stands folded in another format, so every word has that place.
    A word ``--flag=$UNKNOWN`` becomes two: the flag, and a value that is not known.
    """
    words: list[Node] = []
    for count, item in enumerate(
        _Splitter(text, lookup, line, column, is_one_place=is_one_place).items()
    ):
        if item is None or count > _MOST_WORDS:
            if words:
                yield tuple(words)
            words = []
            if count > _MOST_WORDS:
                return
        else:
            words += item
    if words:
        yield tuple(words)


def flag_nodes(parts: tuple[str | Unresolved, ...], line: int, column: int) -> list[Node]:
    """Give a word as one node, or flag and value where only the value is not known."""
    missing = [part for part in parts if isinstance(part, Unresolved)]
    if not missing:
        return [Node("".join(str(part) for part in parts), line, column)]
    first = parts[0]
    if isinstance(first, str) and first.startswith("-") and "=" in first:
        flag, _, _ = first.partition("=")
        return [Node(flag, line, column), Node(missing[0], line, column)]
    return [Node(missing[0], line, column)]


class _Splitter:
    def __init__(
        self, text: str, lookup: Lookup, line: int, column: int, *, is_one_place: bool
    ) -> None:
        self._text, self._lookup, self._is_one_place = text, lookup, is_one_place
        self._line, self._column = line, column
        self._at = 0
        self._word: _Word | None = None

    def items(self) -> Iterator[list[Node] | None]:
        """Yield words (as nodes), and None where a command ends."""
        while self._at < len(self._text):
            here = self._text[self._at]
            if here == "\\":
                self._escape()
            elif here == "#" and self._word is None:
                self._skip_to("\n")
            elif here in "'\"":
                self._quoted(here)
            elif here == "`":
                self._substitution("`")
            elif self._text.startswith("$(", self._at):
                self._substitution(")")
            elif here in " \t\r":
                yield from self._end()
                self._step()
            elif operator := self._operator():
                yield from self._end()
                self._step(len(operator))
                yield None
            else:
                self._bare()
        yield from self._end()

    def _end(self) -> Iterator[list[Node]]:
        word, self._word = self._word, None
        if word is None:
            return
        parts: list[str | Unresolved] = []
        for part in word.parts:
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] += part
            else:
                parts.append(part)
        text = "".join(part for part in parts if isinstance(part, str))
        if text or word.is_quoted or len(parts) > 0:
            yield flag_nodes(tuple(parts) or ("",), word.line, word.column)

    def _open(self) -> _Word:
        if self._word is None:
            self._word = _Word(line=self._line, column=self._column)
        return self._word

    def _escape(self) -> None:
        after = self._text[self._at + 1 : self._at + 2]
        if after in ("\n", "\r"):
            self._step(3 if self._text.startswith("\\\r\n", self._at) else 2)
            return
        self._open().parts.append(after)
        self._step(2)

    def _quoted(self, quote: str) -> None:
        word = self._open()
        word.is_quoted = True
        end = self._text.find(quote, self._at + 1)
        while quote == '"' and end > 0 and self._text[end - 1] == "\\":
            end = self._text.find(quote, end + 1)
        end = len(self._text) if end < 0 else end
        inner = self._text[self._at + 1 : end]
        if quote == "'":
            word.parts.append(inner)
        else:
            plain = inner.replace('\\"', '"').replace("\\\n", "")
            word.parts += expand_parts(plain, self._lookup) or ("",)
        self._step(end + 1 - self._at)

    def _substitution(self, closing: str) -> None:
        start = self._at + (1 if closing == "`" else 2)
        depth, end = 1, start
        while end < len(self._text) and depth:
            if closing == ")" and self._text[end] == "(":
                depth += 1
            elif self._text[end] == closing:
                depth -= 1
            end += 1
        self._open().parts.append(Unresolved("what a command gives"))
        self._step(end - self._at)

    def _bare(self) -> None:
        end = self._at
        depth = 0
        while end < len(self._text):
            if self._text.startswith("${", end):
                depth += 1
            elif self._text[end] == "}" and depth:
                depth -= 1
            elif not depth and (
                self._text[end] in " \t\r\n'\"\\`;|&()" or self._text.startswith("$(", end)
            ):
                is_redirection = self._text[end] == "&" and self._text[end - 1 : end] == ">"
                if not is_redirection:
                    break
            end += 1
        self._open().parts += expand_parts(self._text[self._at : end], self._lookup)
        self._step(end - self._at)

    def _operator(self) -> str:
        return next((each for each in _OPERATORS if self._text.startswith(each, self._at)), "")

    def _skip_to(self, character: str) -> None:
        end = self._text.find(character, self._at)
        self._step((len(self._text) if end < 0 else end) - self._at)

    def _step(self, count: int = 1) -> None:
        if not self._is_one_place:
            passed = self._text[self._at : self._at + count]
            lines = passed.count("\n")
            if lines:
                self._line += lines
                self._column = len(passed) - passed.rfind("\n")
            else:
                self._column += count
        self._at += count
