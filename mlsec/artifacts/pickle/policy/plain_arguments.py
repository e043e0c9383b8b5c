"""Arguments of which nothing is to be said, as is seen at a glance: most calls have such.

A listed function needs no closer look where what it is given is no program, swells to nothing and
calls nothing. Whatever is not certainly so is looked at by the judgements themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlsec.artifacts.pickle.known_names import LISTED
from mlsec.artifacts.pickle.policy.evidence import is_plain
from mlsec.artifacts.pickle.vm.values import CallResult, Container, Global, Opaque, Value
from mlsec.core.regex import regex

_FLAT = frozenset((int, bool, type(None), Opaque))
# What stands in every text that is taken for a program: texts without these letters are none.
_NO_PROGRAM = regex(rb"[^(/_m]*\Z")
_NO_PROGRAM_TEXT = regex(r"[^(/_m]*\Z")
_DECIMAL = regex(r"[-+.0-9eE]{1,40}\Z")
_DIGITS = regex(r"-?[0-9]{1,18}(?:[./][0-9]{1,18})?\Z")
# Objects of these modules are values: they call nothing, whatever is done with them.
_OF_VALUES = frozenset(("datetime", "decimal"))
_DEEP = 3


def says_nothing(arguments: Value) -> bool:
    """Plain words and numbers, bytes that are no program, dates, listed names, and containers."""
    return type(arguments) is tuple and _say_nothing(arguments, _DEEP)


def has_any_text(arguments: Value) -> bool:
    """As ``says_nothing``, for what may be given any text."""
    if type(arguments) is not tuple:
        return False
    return _say_nothing([value for value in arguments if type(value) is not str], _DEEP)


def has_no_number(arguments: Value) -> bool:
    """As ``says_nothing``, for what makes as many bytes as a number says."""
    return says_nothing(arguments) and not any(type(value) is int for value in arguments)


def has_no_exponent(arguments: Value) -> bool:
    """Short numbers, for what writes out as many digits as an exponent says."""
    return type(arguments) is tuple and all(
        type(value) is int or (type(value) is str and _DIGITS.match(value)) for value in arguments
    )


def is_latin_text(arguments: Value) -> bool:
    """A text and the codec by which old protocols write bytes."""
    is_pair = type(arguments) is tuple and len(arguments) == 2
    return is_pair and type(arguments[0]) is str and arguments[1] == "latin1"


def are_plain_words(values: Value, depth: int = _DEEP) -> bool:
    """Plain words and numbers, also in containers: nothing that speaks for anything."""
    if type(values) not in (tuple, list):
        return False
    for value in values:
        if type(value) in _FLAT or is_plain((value,)):
            continue
        inner = value.items if type(value) is Container and not value.acting else value
        if not depth or not are_plain_words(inner, depth - 1):
            return False
    return True


def _say_nothing(values: Sequence[Value], depth: int) -> bool:
    for value in values:
        kind = type(value)
        if kind in _FLAT:
            continue
        if kind is str:
            if not (is_plain((value,)) or _DECIMAL.match(value)):
                return False
        elif kind is bytes:
            if value.isascii() and not _NO_PROGRAM.match(value):
                return False
        elif kind is Global:
            if depth < _DEEP or value.entry.standing not in LISTED:
                return False
        elif not depth or not _say_nothing_inside(value, depth - 1):
            return False
    return True


def _say_nothing_inside(value: Value, depth: int) -> bool:
    if type(value) is tuple:
        return _say_nothing(value, depth)
    if type(value) is Container:
        return not value.acting and _say_nothing(value.items, depth)
    if type(value) is not CallResult or type(value.function) is not Global or value.state:
        return False
    if value.function.entry.word == "codec":
        is_text = is_latin_text(value.arguments)
        return is_text and bool(_NO_PROGRAM_TEXT.match(value.arguments[0]))
    is_value = value.function.module in _OF_VALUES and value.function.entry.standing in LISTED
    return is_value and type(value.arguments) is tuple and _say_nothing(value.arguments, depth)
