"""The values of Terraform's language, with those that only the apply or another file can know."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec

from mlsec.collect.code.budget import OverLimitError
from mlsec.collect.located.located import UnknownValue
from mlsec.core.regex import regex

# Null, bool, int, float, str, list, dict with text keys, and the kinds below.
Value = Any

MAX_CHARS, MAX_ITEMS, MAX_WEIGHT = 1_000_000, 20_000, 200_000
_NUMBER = regex(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")


class InvalidValue(UnknownValue, frozen=True):
    """What Terraform itself refuses: ``try`` and ``can`` distinguish it from the unknown."""


class Symbol(msgspec.Struct, frozen=True):
    """An attribute of something declared that only the apply knows, so never null or empty.

    ``address`` is the declared resource's (``module.m.aws_iam_role.r["k"]``), or "own" for the
    account, region, project or subscription that the code will be applied to.
    """

    address: str
    path: tuple[str | int, ...]

    @property
    def shown(self) -> str:
        """The reference as somebody would write it."""
        return ".".join((self.address, *(str(step) for step in self.path)))


class SetOf(list[Value]):
    """A set: a list whose elements are their own keys in a loop."""


class Joined(msgspec.Struct, frozen=True):
    """Text around what is not known of it."""

    parts: tuple[str | Symbol | UnknownValue, ...]

    @property
    def unknown(self) -> UnknownValue:
        """Why it is not known."""
        for part in self.parts:
            if isinstance(part, UnknownValue):
                return part
        return UnknownValue(f"{_shown(self.parts)}, which only the apply knows")


class Encoded(msgspec.Struct, frozen=True):
    """The JSON text of a value that is not wholly known."""

    value: Value


def _shown(parts: tuple[str | Symbol | UnknownValue, ...]) -> str:
    return next((part.shown for part in parts if isinstance(part, Symbol)), "text")


class Space:
    """A name whose parts are looked up when asked for: ``var``, a resource, a module."""

    def get(self, name: str) -> Value:
        """Give a part by name."""
        raise NotImplementedError


def own(what: str) -> Symbol:
    """Give the symbol for the account, region, project ... that the code is applied to."""
    return Symbol("own", (what,))


def is_symbolic(value: Value) -> bool:
    """Whether a value is text (or more) that is known to be set but not what it says."""
    return isinstance(value, (Symbol, Joined, Encoded))


def why_hidden(value: Value) -> UnknownValue:
    """Say why a symbolic value is not known."""
    if isinstance(value, Joined):
        return value.unknown.worded()
    if isinstance(value, Symbol):
        return UnknownValue(f"{value.shown} is only known after the apply")
    return UnknownValue("JSON text that only the apply knows")


def walk(value: Value) -> Iterator[Value]:
    """Yield every value inside a value, itself first. A shared part is met each time."""
    waiting = [value]
    while waiting:
        here = waiting.pop()
        yield here
        if isinstance(here, list):
            waiting.extend(reversed(here))
        elif isinstance(here, dict):
            waiting.extend(here.values())


def weigh(value: Value, limit: int = MAX_WEIGHT) -> int:
    """Give how much there is to look at in a value, counted no further than ``limit``.

    Parts that stand in several places count each time: a few lines make trees of any size.
    """
    if isinstance(value, str):
        return 1 + len(value) // 64
    if not isinstance(value, (list, dict, Encoded, Joined)):
        return 1
    weight = 0
    waiting: list[Value] = [value]
    while waiting and weight < limit:
        item = waiting.pop()
        weight += 1
        if isinstance(item, str):
            weight += len(item) // 64
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, Encoded):
            waiting.append(item.value)
        elif isinstance(item, Joined):
            waiting.extend(item.parts)
    return weight


def is_small(value: Value) -> bool:
    """Whether a deep look at a value ends soon."""
    return weigh(value) < MAX_WEIGHT


def first_unknown(value: Value) -> UnknownValue | None:
    """Give the first part that is not known at all, or None."""
    for item in walk(value):
        for part in item.parts if isinstance(item, Joined) else (item,):
            if isinstance(part, UnknownValue):
                return part
    return None


def is_plain(value: Value) -> bool:
    """Whether all of a value is known: nothing unresolved, symbolic or looked up later."""
    return not any(
        isinstance(item, (UnknownValue, Symbol, Joined, Encoded, Space)) for item in walk(value)
    )


def text_of(value: Value) -> Value:
    """Give a value as text, as a template does: str, Joined, Encoded or UnknownValue."""
    if isinstance(value, (str, Joined, Encoded, UnknownValue)):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, Symbol):
        return Joined((value,))
    return InvalidValue(f"{kind_of(value)} where text is expected")


def number_text(number: float) -> str:
    """Write a number as Terraform does: no exponent for what is whole."""
    is_whole = isinstance(number, int) or (number.is_integer() and abs(number) < 1e18)
    return str(int(number)) if is_whole else repr(number)


def join_text(parts: list[Value]) -> Value:
    """Join texts: a str, Joined when some are not known, or UnknownValue.

    Raises:
        OverLimitError: more than ``MAX_CHARS``.
    """
    pieces: list[str | Symbol | UnknownValue] = []
    size = 0
    for part in parts:
        made = text_of(part)
        if isinstance(made, InvalidValue):
            return made
        if isinstance(made, Encoded):
            if len(parts) == 1:
                return made
            made = first_unknown(made.value) or UnknownValue("JSON text that only the apply knows")
        for piece in made.parts if isinstance(made, Joined) else (made,):
            size += len(piece) if isinstance(piece, str) else 1
            if isinstance(piece, str) and pieces and isinstance(pieces[-1], str):
                pieces[-1] += piece
            elif piece != "":
                pieces.append(piece)
        if size > MAX_CHARS:
            raise OverLimitError(f"text of more than {MAX_CHARS:,} characters")
    if not pieces:
        return ""
    is_one = len(pieces) == 1 and isinstance(pieces[0], (str, UnknownValue))
    return pieces[0] if is_one else Joined(tuple(pieces))


def number_of(value: Value) -> Value:
    """Give a value as a number, as arithmetic does: int, float or UnknownValue."""
    if isinstance(value, bool) or value is None or isinstance(value, (list, dict, Space)):
        return InvalidValue(f"{kind_of(value)} where a number is expected")
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return InvalidValue("text where a number is expected")
        number = int(value) if len(value) < 300 and value.lstrip("-").isdecimal() else float(value)
        if abs(number) == math.inf:
            raise OverLimitError("a number too large")
        return number
    if is_symbolic(value):
        return why_hidden(value)
    return value


def bool_of(value: Value) -> Value:
    """Give a value as a condition: bool or UnknownValue."""
    if isinstance(value, (bool, UnknownValue)):
        return value
    if value in ("true", "false"):
        return value == "true"
    if is_symbolic(value):
        return why_hidden(value)
    return InvalidValue(f"{kind_of(value)} where a condition is expected")


def kind_of(value: Value) -> str:
    """Name the kind of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a bool"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return "a list"
    return "a map" if isinstance(value, dict) else "what only the apply knows"


def equal(left: Value, right: Value) -> Value:
    """Compare as ``==`` does: bool, or UnknownValue when the unknown decides.

    Raises:
        OverLimitError: there is too much to compare.
    """
    if not (is_small(left) and is_small(right)):
        raise OverLimitError("a comparison of too many values")
    return _equal(left, right)


def _equal(left: Value, right: Value) -> Value:
    for side in (left, right):
        if isinstance(side, UnknownValue):
            return side
    if is_symbolic(left) or is_symbolic(right):
        return _equal_symbolic(left, right)
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return False
        return _all(_equal(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        if left.keys() != right.keys():
            return False
        return _all(_equal(left[key], right[key]) for key in left)
    if isinstance(left, Space) or isinstance(right, Space):
        if left is None or right is None:
            return False
        return True if left is right else UnknownValue("a comparison of resources")
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return bool(left == right)


def _equal_symbolic(left: Value, right: Value) -> Value:
    if left == right:
        return True
    for side in (left, right):
        if side is None or side == "" or isinstance(side, (bool, int, float, list, dict)):
            return False
    return why_hidden(left if is_symbolic(left) else right)


def _all(verdicts: Iterator[Value]) -> Value:
    unknown: Value = True
    for verdict in verdicts:
        if verdict is False:
            return False
        if isinstance(verdict, UnknownValue):
            unknown = verdict
    return unknown
