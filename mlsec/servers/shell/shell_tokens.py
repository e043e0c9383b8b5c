"""Command lines split as a shell splits them, each word with its place; nothing is run."""

# Why not tree-sitter-bash: its error recovery takes memory and time with the square of a text's
# length (measured with 0.25.1: "a|" 16,000 times, 32 KB, takes 2.2 GB and 4 s), and scripts are
# hostile here. bashlex knows neither arrays nor case nor [[, and stops at the first mistake. This
# takes one pass, and every word of a broken text is still seen.

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.servers.shell.expand import Lookup, expand_parts
from mlsec.servers.shell.flags import flag_nodes

Command = tuple[Node, ...]
# The words of an array of a shell, None where nothing of that name was seen.
Arrays = Callable[[str], tuple[Node, ...] | None]
_OPERATOR = re.compile(r"&&|\|\||;;|\|&|[;|&\n()]")
_BLANKS = re.compile(r"[ \t\r]+")
_BLANK_LINES = re.compile(r"[ \t\r\n]*\n")
# What neither ends a word nor begins anything in it.
_PLAIN = re.compile(r"[^ \t\r\n'\"\\`;|&()${}]+")
_WHITE = re.compile(r"[ \t\r\n]+")
_CARRIED = ("&&", "||", "|", ";;")
_ALL_OF = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\[[@*]\]\}")
_LITERAL = re.compile(r"([A-Za-z_][A-Za-z0-9_]*\+?=)\Z")


class _Word(msgspec.Struct):
    """A word while it is read: its parts in order, and where it began."""

    line: int
    column: int
    parts: list[str | UnknownValue] = msgspec.field(default_factory=list)
    is_quoted: bool = False
    array: tuple[Node, ...] | None = None


def no_arrays(name: str) -> tuple[Node, ...] | None:
    """Know no array."""
    del name
    return None


def split_commands(
    text: str, lookup: Lookup, *, line: int = 1, column: int = 1, is_one_place: bool = False
) -> Iterator[Command]:
    """Yield the simple commands of a text, in order.

    ``is_one_place``: the text stands folded in another format, so every word has that place.
    A word ``--flag=$UNKNOWN`` becomes two: the flag, and a value that is not known.
    """
    for _, command, _ in split_joined(
        text, lookup, no_arrays, line=line, column=column, is_one_place=is_one_place
    ):
        yield command


def split_joined(
    text: str,
    lookup: Lookup,
    arrays: Arrays,
    *,
    line: int = 1,
    column: int = 1,
    is_one_place: bool = False,
    alone: frozenset[str] = frozenset(),
) -> Iterator[tuple[str, Command, str]]:
    """Yield each simple command with the operators in front of it and behind it, "" for none.

    ``NAME=(a b)`` is one word: its node's tag is ``NAME=`` or ``NAME+=``, its value the words.
    A word of ``alone`` at the beginning is given by itself, before what follows is filled in.
    """
    words: list[Node] = []
    before = ""
    for item in _Splitter(text, lookup, arrays, (line, column), is_one_place=is_one_place).items():
        if isinstance(item, str):
            if words:
                yield before, tuple(words), item
            # A line may end behind an operator, and the command goes on.
            is_carried = item == "\n" and not words and before in _CARRIED
            words, before = [], before if is_carried else item
        elif not words and len(item) == 1 and item[0].value in alone:
            yield before, tuple(item), before
        else:
            words += item
    if words:
        yield before, tuple(words), ""


class _Splitter:
    def __init__(
        self,
        text: str,
        lookup: Lookup,
        arrays: Arrays,
        place: tuple[int, int],
        *,
        is_one_place: bool,
    ) -> None:
        self._text, self._lookup, self._is_one_place = text, lookup, is_one_place
        self._arrays = arrays
        self._is_in_array = False
        self._line, self._column = place
        self._at = 0
        self._word: _Word | None = None

    def items(self) -> Iterator[list[Node] | str]:
        """Yield words (as nodes), and the operator where a command ends."""
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
                blanks = _BLANKS.match(self._text, self._at)
                self._step(len(blanks[0]) if blanks is not None else 1)
            elif here == "(" and not self._is_in_array and (name := self._is_literal()):
                yield [self._array(name)]
            elif operator := self._operator():
                yield from self._end()
                self._step(len(operator))
                if operator == "\n" and (blank := _BLANK_LINES.match(self._text, self._at)):
                    self._step(len(blank[0]))
                yield operator
            else:
                yield from self._bare()
        yield from self._end()

    def _end(self) -> Iterator[list[Node]]:
        word, self._word = self._word, None
        if word is None:
            return
        if word.array is not None and not word.parts:
            yield list(word.array)
            return
        if word.array is not None:
            word.parts.append(UnknownValue("an array in the middle of a word"))
        parts: list[str | UnknownValue] = []
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
        if quote == '"' and self._takes_array(word, inner):
            self._step(end + 1 - self._at)
            return
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
        self._open().parts.append(UnknownValue("what a command gives"))
        self._step(end - self._at)

    def _is_literal(self) -> str:
        """Give ``NAME=`` when an array of that name begins here, "" when none does."""
        word = self._word
        if word is None or word.is_quoted or len(word.parts) != 1:
            return ""
        result = _LITERAL.match(word.parts[0]) if isinstance(word.parts[0], str) else None
        return result[1] if result is not None else ""

    def _array(self, name: str) -> Node:
        """Read the words up to the closing bracket as one node."""
        word, self._word = self._word, None
        line, column = (word.line, word.column) if word is not None else (0, 0)
        self._step()
        words: list[Node] = []
        # A shell has no arrays in arrays.
        self._is_in_array = True
        for item in self.items():
            if item == ")":
                break
            words += item if not isinstance(item, str) else ()
        self._is_in_array = False
        return Node(tuple(words), line, column, name)

    def _takes_array(self, word: _Word, text: str) -> bool:
        """Whether a text stands for all words of an array, which the word then is."""
        match = _ALL_OF.fullmatch(text)
        result = self._arrays(match[1]) if match is not None else None
        if result is None or word.array is not None:
            return False
        word.array = result
        return True

    def _bare(self) -> Iterator[list[Node]]:
        end = self._at
        depth = 0
        while end < len(self._text):
            if plain := _PLAIN.match(self._text, end):
                end = plain.end()
                continue
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
        text = self._text[self._at : end]
        if not self._takes_array(self._open(), text):
            yield from self._filled(expand_parts(text, self._lookup))
        self._step(end - self._at)

    def _filled(self, parts: tuple[str | UnknownValue, ...]) -> Iterator[list[Node]]:
        """Take a word without quotes: white space in what is filled in ends it."""
        for part in parts:
            pieces = _WHITE.split(part) if isinstance(part, str) else [part]
            for number, piece in enumerate(pieces):
                if number:
                    yield from self._end()
                if piece != "":
                    self._open().parts.append(piece)

    def _operator(self) -> str:
        match = _OPERATOR.match(self._text, self._at)
        return match[0] if match is not None else ""

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
