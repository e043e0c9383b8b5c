"""Decodes JSON as lenient loaders do, and notes where two of them would read different things."""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity
from mlsec.core.regex import regex

# Longest JSON text that is parsed whole; a Python object costs about ten times its text.
MOST_BYTES = 48 << 20
# Up to 3.13 Python's parser stops at its own limit; since then it goes as deep as the C stack does.
_HAS_NO_LIMIT = sys.version_info >= (3, 14)
MOST_DEPTH = 900
# Python makes no number of more digits, by its own limit.
PLAIN_DIGITS, MOST_DIGITS = 30, 4300
# An earlier value of a key that comes twice is kept under the key with this behind it.
SHADOWED = "\0shadowed"
_NODES = 4_000_000
# So many names with nothing but whole numbers are a vocabulary; so few, if numbered through.
MANY_WORDS, FEW_WORDS = 256, 16
# A brace or bracket as one wide character, then another character below 256 that JSON allows.
_NEXT = rb"[ \t\r\n\"{\[\]}\d-]"
_WIDE = regex(
    rb"[{\[]\0"
    + _NEXT
    + rb"\0|\0[{\[]\0"
    + _NEXT
    + rb"|[{\[]\0{3}"
    + _NEXT
    + rb"\0{3}|\0{3}[{\[]\0{3}"
    + _NEXT
)


def read_json(data: bytes, record: Recorder, *, offset: int = -1) -> Any:
    """The value of a JSON text in UTF-8, UTF-16 or UTF-32, with or without byte order mark.

    Of a key that comes twice, the last value counts, as in most readers; the others are kept
    beside it, so that a walk over the value sees them too.

    Raises:
        ArtifactError: no JSON.
        OverLimitError: too long, or nested deeper than the interpreter can follow.
    """
    if len(data) > MOST_BYTES:
        raise OverLimitError(f"{len(data)} bytes of JSON are more than {MOST_BYTES}")
    text = decode_text(data, record, offset=offset)
    twice: dict[str, bool] = {}
    numbers = _Integers()
    try:
        value = json.loads(
            text, strict=False, parse_int=numbers.build, object_pairs_hook=_Pairs(twice).build
        )
        if _HAS_NO_LIMIT and _is_deep(value):
            raise RecursionError  # noqa: TRY301 - as the parser itself did before
    except RecursionError as error:
        record.fact(FactKind.BOMB, "JSON", "nested deeper than can be followed", offset=offset)
        raise OverLimitError("JSON is nested deeper than can be followed") from error
    except ValueError as error:
        raise ArtifactError(f"no JSON: {error}") from error
    if numbers.most > MOST_DIGITS:
        detail = f"a number of {numbers.most} digits: readers refuse it, or take long to make it"
        record.fact(FactKind.BOMB, "JSON", detail, offset=offset, danger=Severity.MEDIUM)
    for key, is_word in sorted(twice.items(), key=lambda item: item[1])[:20]:
        detail = "this key comes twice in one object, and readers differ on which one counts"
        danger = Severity.LOW if is_word else None
        record.fact(FactKind.TWO_READINGS, key, detail, offset=offset, danger=danger)
    return value


def _is_deep(value: Any) -> bool:
    """Whether lists and mappings are nested deeper than what walks over them can follow."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MOST_DEPTH):
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True


def decode_text(data: bytes, record: Recorder, *, offset: int = -1) -> str:
    """A text in the encoding that its first bytes say, as Python's json does it.

    Raises:
        ArtifactError: bytes that this encoding does not have.
    """
    encoding = json.detect_encoding(data)
    if encoding not in {"utf-8", "utf-8-sig"}:
        detail = f"is {encoding}: a reader that expects UTF-8 sees something else"
        record.fact(FactKind.TWO_READINGS, encoding, detail, offset=offset, danger=Severity.MEDIUM)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ArtifactError(f"the text is no {encoding}: {error.reason}") from error


def has_wide_text(head: bytes) -> bool:
    """Whether a file starts as UTF-16 or UTF-32 text does."""
    if head.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF32_BE)):
        return b"<" not in head[:8]
    return bool(_WIDE.match(head))


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every object, list and text in a JSON value with its path, without recursion.

    Raises:
        OverLimitError: more than four million of them.
    """
    left = [(path, value)]
    for _ in range(_NODES):
        if not left:
            return
        where, current = left.pop()
        yield where, current
        if isinstance(current, Mapping):
            left.extend((f"{where}.{key}"[-300:], inner) for key, inner in current.items())
        elif isinstance(current, list):
            left.extend((f"{where}[]"[-300:], inner) for inner in current if _holds(inner))
    raise OverLimitError(f"more than {_NODES} values in JSON")


def _holds(value: Any) -> bool:
    return isinstance(value, str | list | Mapping)


def plain_key(key: str) -> str:
    """A key without the mark of a shadowed one."""
    return key.split(SHADOWED, 1)[0]


class _Integers:
    """Builds whole numbers, and remembers how many digits the longest one had."""

    def __init__(self) -> None:
        self.most = 0

    def build(self, text: str) -> int | float:
        # Digits without end cost quadratic time; no model needs more than 64 bits.
        if len(text) <= PLAIN_DIGITS:
            return int(text)
        self.most = max(self.most, len(text))
        return float("inf")


class _Pairs:
    """Builds objects, and remembers the keys that came twice, and whether only as words.

    In a vocabulary two tokens may be written alike: what differs is the number of one word.
    """

    def __init__(self, twice: dict[str, bool]) -> None:
        self.twice = twice

    def build(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built = dict(pairs)
        if len(built) == len(pairs):
            return built
        is_vocabulary = _are_words([value for _, value in pairs])
        seen: set[str] = set()
        for index, (key, value) in enumerate(reversed(pairs)):
            if key in seen:
                self.twice[key] = self.twice.get(key, True) and is_vocabulary
                built[f"{key}{SHADOWED}{index}"] = value
            seen.add(key)
        return built


def _are_words(values: list[Any]) -> bool:
    """Whether these are the numbers of words: each has one of its own, and hardly any is left out.

    Settings are never numbered through.
    """
    if len(values) < FEW_WORDS or any(type(value) is not int for value in values):
        return False
    numbers = set(values)
    is_through = (
        len(numbers) == len(values) and min(numbers) >= 0 and max(numbers) < 2 * len(values)
    )
    return is_through or len(values) >= MANY_WORDS
