"""Patterns with ``*`` and ``?`` that others wrote, matched in time that grows with the text alone.

As a regular expression each ``*`` becomes ``.*``, and Python's engine tries every way to share a
text out among them: a pattern of thirteen stars never ends.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import msgspec

from mlsec.core.regex import regex

# Longer than any pattern that a cloud takes: one with ``?`` in it then matches nothing. One of
# texts and ``*`` alone may have any length.
MAX_CHARS = 8192
_SIGNS = regex(r"\*+|\?")
_KEPT_STEPS = 256


class Run(msgspec.Struct, frozen=True):
    """Any number of characters, but none of ``excluded``."""

    excluded: str = ""


class One(msgspec.Struct, frozen=True):
    """One character."""


Part = str | Run | One
Matcher = Callable[[str], bool]
_ANY, _ONE = Run(), One()


def matches(pattern: str, text: str) -> bool:
    """Whether ``*`` (any run) and ``?`` (one character) match the whole text; case counts."""
    return matcher(pattern)(text)


def matches_stars(pattern: str, text: str) -> bool:
    """Whether ``*`` (any run) matches the whole text; ``?`` stands for itself."""
    return _stars(pattern)(text)


@functools.lru_cache(maxsize=16384)
def _stars(pattern: str) -> Matcher:
    pieces = pattern.split("*")
    return compiled([part for piece in pieces for part in (piece, _ANY)][:-1])


@functools.lru_cache(maxsize=16384)
def matcher(pattern: str) -> Matcher:
    """Give what matches a whole text against a pattern of ``*`` and ``?``."""
    return compiled(parts_of(pattern))


def parts_of(pattern: str) -> tuple[Part, ...]:
    """Take a pattern of ``*`` and ``?`` apart."""
    parts: list[Part] = []
    at = 0
    for sign in _SIGNS.finditer(pattern):
        parts += [pattern[at : sign.start()], _ONE if sign.group() == "?" else _ANY]
        at = sign.end()
    return (*parts, pattern[at:])


def compiled(parts: Sequence[Part]) -> Matcher:
    """Give what matches a whole text against parts that follow each other."""
    joined = _joined(parts)
    if all(isinstance(part, str) or part == _ANY for part in joined):
        return _by_pieces(joined)
    length = sum(len(part) if isinstance(part, str) else 1 for part in joined)
    return _Places(joined).matches if length <= MAX_CHARS else lambda _: False


def _joined(parts: Sequence[Part]) -> list[Part]:
    """Leave out empty texts and runs of runs; texts that follow each other become one."""
    result: list[Part] = []
    for part in parts:
        if part == "" or (isinstance(part, Run) and result and result[-1] == part):
            continue
        if isinstance(part, str) and result and isinstance(result[-1], str):
            result[-1] += part
        else:
            result.append(part)
    return result


def _by_pieces(parts: Sequence[Part]) -> Matcher:
    """Look for the texts between runs in their order, each where it stands first."""
    pieces = [part for part in parts if isinstance(part, str)]
    if len(pieces) == len(parts):
        whole = "".join(pieces)
        return lambda text: text == whole
    first = pieces.pop(0) if isinstance(parts[0], str) else ""
    last = pieces.pop() if pieces and isinstance(parts[-1], str) else ""
    if not pieces and not last:
        return lambda text: text.startswith(first)

    def find(text: str) -> bool:
        at, end = len(first), len(text) - len(last)
        if at > end or not (text.startswith(first) and text.endswith(last)):
            return False
        for piece in pieces:
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    return find


class _Places:
    """The places of a pattern as bits: bit n stands for n of its characters matched."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.count = 0
        # Which places a character leads on from; at a run it is also kept.
        self._takes: dict[str, int] = {}
        self._takes_any = 0
        self._stays: dict[str, int] = {}
        self._steps: dict[str, tuple[int, int]] = {}
        for part in parts:
            here = 1 << self.count
            match part:
                case str():
                    for at, character in enumerate(part):
                        self._takes[character] = self._takes.get(character, 0) | here << at
                    self.count += len(part)
                case One():
                    self._takes_any |= here
                    self.count += 1
                case Run(excluded=excluded):
                    self._stays[excluded] = self._stays.get(excluded, 0) | here

    def matches(self, text: str) -> bool:
        """Whether the whole text leads from the first place to the last."""
        reached = 1
        for character in text:
            takes, stays = self._steps.get(character) or self._step(character)
            reached = (reached & takes) << 1 | reached & stays
            if not reached:
                return False
        return bool(reached >> self.count & 1)

    def _step(self, character: str) -> tuple[int, int]:
        stays = 0
        for excluded, places in self._stays.items():
            stays |= 0 if character in excluded else places
        step = self._takes.get(character, 0) | self._takes_any, stays
        if len(self._steps) < _KEPT_STEPS:
            self._steps[character] = step
        return step
