"""Which regular expressions a rule may use: those whose cost on any text stays small."""

from __future__ import annotations

import re

# The parser behind re.compile; its tree is the only reliable way to see what a pattern does.
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MAX_PATTERN_CHARS = 400
MAX_BOUNDED_REPEAT = 256
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_REFUSED = {
    "ASSERT": "lookahead and lookbehind are not allowed",
    "ASSERT_NOT": "lookahead and lookbehind are not allowed",
    "GROUPREF": "backreferences are not allowed",
    "GROUPREF_EXISTS": "backreferences are not allowed",
    "GROUPREF_IGNORE": "backreferences are not allowed",
}
_OTHER = 256
_ALL = frozenset(range(_OTHER + 1))
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S", "CATEGORY_WORD": r"\w", "CATEGORY_NOT_WORD": r"\W",
}  # fmt: skip


def why_refused(pattern: str) -> str:
    """Say why a pattern is not allowed, or "" when it is.

    A repeat may hold no repeat and no alternative, and there may be no look-around and no
    backreference. An open repeat (``*``, ``+``) is free where it cannot match the character that
    must follow it; of the others one is allowed, or two when the pattern starts with ``^``.
    """
    if len(pattern) > MAX_PATTERN_CHARS:
        return f"the pattern is longer than {MAX_PATTERN_CHARS} characters"
    try:
        is_multiline = bool(re.compile(pattern).flags & re.MULTILINE)
        tree = list(parser.parse(pattern))
    except (re.error, RecursionError, OverflowError) as error:
        return f"not a regular expression: {error}"
    refused = _refuse(tree, inside_repeat=False)
    if refused:
        return refused
    allowed = 2 if _is_anchored(tree) and not is_multiline else 1
    if _degree(_opens(tree, ())) > allowed:
        return (
            "too many open repeats (such as .*) that can match what follows them; "
            "start with ^, or say more exactly what they match"
        )
    return ""


def _refuse(tree: Any, *, inside_repeat: bool) -> str:
    for code, argument in tree:
        name = str(code)
        if name in _REFUSED:
            return _REFUSED[name]
        if name in _REPEATS:
            reason = _refuse_repeat(argument, inside_repeat=inside_repeat)
        elif name == "BRANCH" and inside_repeat:
            reason = "an alternative inside a repeat is not allowed"
        else:
            inner = (_refuse(part, inside_repeat=inside_repeat) for part in _parts(name, argument))
            reason = next((why for why in inner if why), "")
        if reason:
            return reason
    return ""


def _refuse_repeat(argument: Any, *, inside_repeat: bool) -> str:
    least, most, body = argument
    is_optional = (least, most) == (0, 1)
    if inside_repeat:
        return "a repeat inside a repeat is not allowed"
    if most is not codes.MAXREPEAT and most > MAX_BOUNDED_REPEAT:
        return f"a repeat of more than {MAX_BOUNDED_REPEAT} is not allowed"
    return _refuse(body, inside_repeat=not is_optional)


def _parts(name: str, argument: Any) -> list[Any]:
    if name == "BRANCH":
        return list(argument[1])
    if name == "SUBPATTERN":
        return [argument[-1]]
    return [argument] if name == "ATOMIC_GROUP" else []


def _is_anchored(tree: Any) -> bool:
    for code, argument in tree:
        name = str(code)
        if name == "AT":
            return str(argument) in ("AT_BEGINNING", "AT_BEGINNING_STRING")
        parts = _parts(name, argument)
        return bool(parts) and all(_is_anchored(part) for part in parts)
    return False


def _opens(tree: Any, after: tuple[Any, ...]) -> list[bool]:
    """Every open repeat in order: True when it can match what must follow it ("wild").

    ``after`` follows the tree; alternatives count one after the other, to be on the safe side.
    """
    items = list(tree)
    result: list[bool] = []
    for n, (code, argument) in enumerate(items):
        rest = (*items[n + 1 :], *after)
        name = str(code)
        if name in _REPEATS:
            _, most, body = argument
            is_open = most is codes.MAXREPEAT
            result += [bool(_first(body) & _next(rest))] if is_open else _opens(body, rest)
        else:
            for part in _parts(name, argument):
                result += _opens(part, rest)
    return result


def _degree(opens: list[bool]) -> int:
    """To which power of the text's length one starting place can cost."""
    if True not in opens:
        return 1
    scans_after = False in opens[opens.index(True) :]
    return sum(opens) + int(scans_after)


def _next(rest: tuple[Any, ...]) -> frozenset[int]:
    """The characters that can come next; empty at the end, where nothing has to follow."""
    result: frozenset[int] = frozenset()
    for item in rest:
        result |= _first([item])
        if not _can_be_empty(item):
            return result
    return result


def _first(tree: Any) -> frozenset[int]:
    result: frozenset[int] = frozenset()
    for code, argument in tree:
        name = str(code)
        if name in _REPEATS:
            result |= _first(argument[2])
        elif parts := _parts(name, argument):
            result |= frozenset().union(*(_first(part) for part in parts))
        elif name != "AT":
            result |= _characters(name, argument)
        if not _can_be_empty((code, argument)):
            break
    return result


def _can_be_empty(item: Any) -> bool:
    code, argument = item
    name = str(code)
    if name in _REPEATS:
        return argument[0] == 0 or all(_can_be_empty(inner) for inner in argument[2])
    parts = _parts(name, argument)
    if parts:
        return any(all(_can_be_empty(inner) for inner in part) for part in parts)
    return name == "AT"


def _characters(name: str, argument: Any) -> frozenset[int]:
    if name == "LITERAL":
        return _both_cases(argument)
    if name == "NOT_LITERAL":
        return _ALL - {min(argument, _OTHER)} | {_OTHER}
    if name != "IN":
        return _ALL
    result: frozenset[int] = frozenset()
    for code, inner in argument:
        kind = str(code)
        if kind == "LITERAL":
            result |= _both_cases(inner)
        elif kind == "RANGE":
            result |= frozenset().union(*map(_both_cases, range(inner[0], min(inner[1], 300) + 1)))
            result |= {_OTHER} if inner[1] > 255 else frozenset()
        elif kind == "CATEGORY":
            shape = re.compile(_CATEGORIES.get(str(inner), r"[\s\S]"))
            result |= {n for n in range(_OTHER) if shape.match(chr(n))} | {_OTHER}
    is_negated = bool(argument) and str(argument[0][0]) == "NEGATE"
    return (_ALL - result) | {_OTHER} if is_negated else result


def _both_cases(number: int) -> frozenset[int]:
    text = chr(number)
    return frozenset(min(ord(c), _OTHER) for c in (text.lower()[0], text.upper()[0], text))
