"""Expressions that pass one value made as another one was: what a lesson showed, as a pattern."""

from __future__ import annotations

import re
from functools import cache

import msgspec

from mlsec.artifacts.pickle.calls_alike import Role
from mlsec.artifacts.pickle.lesson import LONGEST_TOKENS, Lesson
from mlsec.artifacts.pickle.nodes import Node, Token
from mlsec.artifacts.pickle.passes import index_of
from mlsec.artifacts.pickle.patterns import ZEROS, counted, short
from mlsec.artifacts.pickle.texts import (
    Style,
    harmless,
    harmless_line,
    plain,
    quiet,
    quiet_line,
    reads,
)
from mlsec.artifacts.pickle.whole_values import FRAMED, PUT, flat, free

_GETS = frozenset(b"hjg")
# After these a value is on top, which may be stored.
_MAKE = frozenset(b"NKMJGILFSVXTUBC)]}tldRco\x81\x85\x86\x87\x88\x89\x8a\x8c\x8f\x91\x92\x93")
LONGEST_PATTERN = 60_000
# As deep as the containers that are passed without being learned.
DEEPEST_CONTAINERS = 2
# An opcode, its length, and as many bytes as a short text has.
LONGEST_SHORT = 33
_NUMBERS = {
    Style.LINES: r"I(?:0[01]?|-?[1-9][0-9]{0,60}+)\n|L-?(?:0|[1-9][0-9]{0,60}+)L?\n"
    r"|F-?[0-9][0-9.e+-]{0,40}+\n|N",
    Style.LONG: rf"K.|J.{{4}}+|G.{{8}}+|M..|[N\x88\x89]|\x8a{short('')}",
    Style.SHORT: rf"K.|J.{{4}}+|G.{{8}}+|M..|[N\x88\x89]|\x8a{short('')}",
}
_SMALL_NUMBERS = {
    Style.LINES: r"I(?:0[01]?|-?[1-9][0-9]{0,8}+)\n|F-?[0-9][0-9.e+-]{0,40}+\n|N",
    Style.LONG: r"K.|J.{3}+[^\x80]|G.{8}+|M..|[N\x88\x89]",
    Style.SHORT: r"K.|J.{3}+[^\x80]|G.{8}+|M..|[N\x88\x89]",
}
_TEXTS, _BYTES, _OF_NUMBERS = (
    frozenset(b"VXUT\x8cS"),
    frozenset(b"CB"),
    frozenset(b"NKMJGILF\x88\x89\x8a"),
)


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """``pattern`` passes one value, which begins with the opcode ``start``."""

    pattern: str
    start: bytes


def templates(
    lesson: Lesson, style: Style, quiet: frozenset[int], texts: frozenset[int]
) -> list[Template]:
    """A template for each value of a lesson that calls made.

    ``quiet`` are the memo entries that may be given to any listed function, ``texts`` those of them
    that are no objects.
    """
    found, waiting = [], list(lesson.nodes)
    for node in waiting:  # it grows on the way
        if node.is_bad:
            continue
        is_container = node.kind in ("tuple", "box")
        if is_container:
            waiting += node.kids
        # Shallow containers of any values are passed as such.
        is_made = node.is_call and node.kind == "result"
        is_made = is_made or (is_container and _depth(node) > DEEPEST_CONTAINERS)
        if is_made and node.last - node.first < LONGEST_TOKENS:
            text = _Writer(lesson, style, quiet, texts).text(node)
            if len(text) < LONGEST_PATTERN:
                first = lesson.tokens[node.first]
                start = lesson.block[first.start : first.end]
                found.append(Template(pattern=text, start=start))
    return found


def _depth(node: Node) -> int:
    """How deep containers are nested in it, itself included; what a call made counts as a leaf."""
    deepest, waiting = 0, [(node, 1)]
    while waiting:
        one, depth = waiting.pop()
        deepest = max(deepest, depth)
        containers = [kid for kid in one.kids if kid.kind in ("tuple", "box") and kid.kids]
        waiting += [(kid, depth + 1) for kid in containers]
    return deepest


class _Writer:
    def __init__(
        self, lesson: Lesson, style: Style, quiet: frozenset[int], texts: frozenset[int]
    ) -> None:
        self.lesson = lesson
        self.style = style
        self.quiet = quiet
        self.texts = texts
        self.flat: dict[int, int] = {}
        self.begins: set[int] = set()

    def text(self, node: Node) -> str:
        self._find_flat(node)
        parts, place = [], node.first
        while place <= node.last:
            if place in self.begins:
                parts.append(FRAMED[self.style])
            if place in self.flat:
                parts.append(flat(self.style, self.texts))
                place = self.flat[place] + 1
                continue
            token = self.lesson.tokens[place]
            put = PUT[self.style] if token.code in _MAKE else ""
            parts.append(self._token(token) + put)
            place += 1
        return "".join(parts)

    def _find_flat(self, node: Node) -> None:
        """Containers of literals into which nobody looks: another one may be there instead."""
        is_free = node.role is Role.FREE and not node.is_kept
        if is_free and node.kind in ("tuple", "box") and all(map(self._is_free, node.kids)):
            self.flat[node.first] = node.last
            return
        for kid in node.kids:
            if kid.first != node.first:
                self.begins.add(kid.first)
            self._find_flat(kid)

    def _is_free(self, node: Node) -> bool:
        token = self.lesson.tokens[node.first]
        if node.kind == "get":
            index = index_of(self.lesson.block[token.start : token.end])
            return node.role is Role.FREE and index in self.texts
        return node.kind == "leaf" and node.role is Role.FREE

    def _token(self, token: Token) -> str:
        data = self.lesson.block[token.start : token.end]
        if token.code in _GETS:
            return self._read(token, data)
        pattern = "" if token.role is Role.FIXED else self._pattern(token)
        # A literal that is less free than others of its kind must be the same.
        return pattern if pattern and _matches(pattern, data) else written(data)

    def _read(self, token: Token, data: bytes) -> str:
        index = index_of(data)
        if token.role is Role.FREE and index in self.texts:
            return free(self.style, self.texts)
        is_quiet = index in self.quiet and Role.FREE < token.role < Role.SILENT
        return reads(self.quiet if is_quiet else frozenset((index,)))

    def _pattern(self, token: Token) -> str:
        is_long = token.end - token.start > LONGEST_SHORT
        if token.role is Role.FREE:
            return free(self.style, self.texts, is_long=is_long)
        if token.code in _TEXTS:
            return text_of(self.style, token.role, is_long=is_long)
        if token.code in _BYTES:
            return bytes_of(token.role, is_long=is_long)
        numbers = _SMALL_NUMBERS if token.has_small_numbers else _NUMBERS
        return rf"(?:{numbers[self.style]})" if token.code in _OF_NUMBERS else ""


@cache
def text_of(style: Style, role: Role, *, is_long: bool) -> str:
    """A text; "" where it must be the same."""
    start, zeros = ("X", ZEROS) if style is Style.LONG else (r"\x8c", "")
    is_line = style is Style.LINES
    match role:
        case Role.GIVEN if is_line:
            return r"V[^\n]*+\n"
        case Role.GIVEN:
            return start + (counted(zeros) if is_long else short(zeros))
        case Role.HARMLESS:
            return harmless_line() if is_line else start + harmless(zeros)
        case Role.PLAIN if is_line:
            return rf"(?:{quiet_line()}|V[-+.0-9eE]*+\n)"
        case Role.PLAIN:
            return start + plain(zeros)
        case Role.SILENT:
            return quiet_line() if is_line else start + quiet(zeros)
        case _:
            return ""


@cache
def bytes_of(role: Role, *, is_long: bool) -> str:
    """Bytes; "" where they must be the same."""
    match role:
        case Role.GIVEN:
            return rf"C{counted('') if is_long else short('')}"
        case Role.HARMLESS | Role.PLAIN:
            return rf"C{harmless('')}"
        case _:
            return ""


def _matches(pattern: str, data: bytes) -> bool:
    return bool(_compiled(pattern).fullmatch(data))


@cache
def _compiled(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode("ascii"), re.DOTALL)


def written(data: bytes) -> str:
    """These very bytes, as ASCII."""
    return "".join(rf"\x{byte:02x}" for byte in data)
