"""Texts that an expression may take long for, made from its own parse tree.

For every repeat: what leads to it, many of what it repeats, and an end that breaks the match.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import msgspec

REPEATS = frozenset((codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT))
# A repeat of fewer cannot grow with the text.
LEAST_OPEN = 64
ENDS = ("\x00", "!", "\n", "")
USUAL = "a0 \t\n-_./\\\"'({[=:,A+@<#%"
MOST_UNITS, MOST_PUMPS = 6, 60


class Pump(msgspec.Struct, frozen=True):
    """``prefix``, then ``unit`` as often as wanted, then ``end``."""

    prefix: str
    unit: str
    end: str

    def of(self, length: int) -> str:
        """A text of about so many characters."""
        return self.prefix + self.unit * max(1, length // len(self.unit)) + self.end


def pumps_of(pattern: str | bytes, flags: int) -> list[Pump]:
    """The texts for one expression."""
    tree = parser.parse(pattern, flags)
    usual = list(dict.fromkeys(_literals(tree) + USUAL))
    whole = _sample(tree, usual)
    found = dict.fromkeys(
        Pump(prefix, unit, end) for prefix, unit in _open_parts(tree, "", usual) for end in ENDS
    )
    # Every place where a match can begin, each of which may go on to the end of the text.
    starts = [prefix + unit for prefix, unit in _open_parts(tree, "", usual)]
    again = dict.fromkeys(Pump("", one, end) for one in (whole, *starts) if one for end in ENDS[:2])
    return [*list(found)[:MOST_PUMPS], *list(again)[:MOST_PUMPS]]


def _open_parts(tree: Any, before: str, usual: list[str]) -> Iterator[tuple[str, str]]:
    """What leads to each repeat, and each of a few things that it repeats."""
    for code, argument in tree:
        if code in REPEATS:
            least, most, body = argument
            yield from _open_parts(body, before, usual)
            if most is codes.MAXREPEAT or most >= LEAST_OPEN:
                for unit in _units(body, usual):
                    yield before, unit
            before += _sample(body, usual) * max(least, 1 if most else 0)
            continue
        for part in _parts(code, argument):
            yield from _open_parts(part, before, usual)
        before += _sample([(code, argument)], usual)


def _units(body: Any, usual: list[str]) -> list[str]:
    """What a repeat may repeat: any of the usual characters, or each of its alternatives."""
    if len(body) == 1 and body[0][0] in {codes.IN, codes.ANY, codes.NOT_LITERAL, codes.LITERAL}:
        fitting = [one for one in usual if _fits(body[0], one)]
        return fitting[:MOST_UNITS] or [_sample(body, usual)]
    found = [_sample(body, usual)]
    for code, argument in body:
        for part in _parts(code, argument):
            found += _units(part, usual)
    return [one for one in dict.fromkeys(found) if one][:MOST_UNITS]


def _parts(code: Any, argument: Any) -> list[Any]:
    if code is codes.BRANCH:
        return list(argument[1])
    if code is codes.SUBPATTERN:
        return [argument[-1]]
    if code in {codes.ASSERT, codes.ASSERT_NOT}:
        return [argument[1]]
    if code is codes.GROUPREF_EXISTS:
        return [part for part in argument[1:] if part]
    return [argument] if code is codes.ATOMIC_GROUP else []


def _sample(tree: Any, usual: list[str]) -> str:
    """A text that the tree matches, as far as one can tell without looking around."""
    found = ""
    for code, argument in tree:
        if code in REPEATS:
            least, most, body = argument
            found += _sample(body, usual) * min(max(least, 1 if most else 0), 64)
        elif code in {codes.AT, codes.ASSERT, codes.ASSERT_NOT, codes.GROUPREF}:
            continue
        elif parts := _parts(code, argument):
            found += _sample(parts[0], usual)
        elif code is codes.LITERAL:
            found += chr(argument)
        else:
            found += next((one for one in usual if _fits((code, argument), one)), "")
    return found


def _fits(item: Any, character: str) -> bool:
    code, argument = item
    number = ord(character)
    if code is codes.LITERAL:
        return bool(number == argument)
    if code is codes.NOT_LITERAL:
        return bool(number != argument)
    if code is codes.ANY:
        return number != 10
    if code is not codes.IN:
        return False
    is_in = any(_is_one(kind, value, character) for kind, value in argument)
    return is_in != (argument[0][0] is codes.NEGATE)


def _is_one(kind: Any, value: Any, character: str) -> bool:
    if kind is codes.LITERAL:
        return bool(ord(character) == value)
    if kind is codes.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    if kind is codes.CATEGORY:
        return re.match(_CATEGORIES[str(value)], character) is not None
    return False


_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S", "CATEGORY_WORD": r"\w", "CATEGORY_NOT_WORD": r"\W",
}  # fmt: skip


def _literals(tree: Any) -> str:
    """The characters that the expression names, the usual ones of classes too."""
    found = ""
    for code, argument in tree:
        if code in REPEATS:
            found += _literals(argument[2])
        elif code is codes.LITERAL:
            found += chr(argument)
        elif code is codes.IN:
            found += "".join(chr(value) for kind, value in argument if kind is codes.LITERAL)
        else:
            for part in _parts(code, argument):
                found += _literals(part)
    return found
