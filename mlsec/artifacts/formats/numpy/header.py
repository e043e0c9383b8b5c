"""The header of a .npy file: a Python literal, read by a parser that knows nothing else."""

# Why not numpy.lib.format: it hands the header to Python's own parser, and NumPy would be a
# dependency for a hundred bytes.

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.core.regex import regex

MAGIC = b"\x93NUMPY"
HEADER_BYTES = 64 << 10
DEPTH = 32
ELEMENTS = 1 << 62
TOKEN = regex(
    r"\s*(?:(?P<text>[bu]?'(?:[^'\\\n]|\\.)*'|[bu]?\"(?:[^\"\\\n]|\\.)*\")"
    r"|(?P<number>-?\d{1,20}L?)|(?P<word>True|False|None)|(?P<mark>[{}()\[\],:]))"
)
WORDS = {"True": True, "False": False, "None": None}
CLOSING = {"(": ")", "[": "]"}
# Bytes per element of the one-letter codes that carry no size of their own.
CODES = {
    "?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "l": 8, "L": 8, "q": 8, "Q": 8,
    "e": 2, "f": 4, "d": 8, "g": 16, "F": 8, "D": 16, "G": 32, "c": 1,
}  # fmt: skip
SIMPLE = regex(r"[<>=|!]?(?P<code>[a-zA-Z?])(?P<size>\d{0,10})(?:\[[\w/]{1,20}\])?\Z")


class ArrayHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a header says: where the data begin, and the elements (shape, bytes each).

    ``has_objects`` means that the data are a pickle; ``item_bytes`` is None where the type of the
    elements is not known.
    """

    data: int
    descr: Any
    shape: tuple[int, ...]
    item_bytes: int | None
    has_objects: bool


def read_header(window: Window) -> ArrayHeader:
    """The header of a .npy file.

    Raises:
        ArtifactError: another literal than numpy writes, or none.
        OverLimitError: longer than 64 KiB.
    """
    head = window.exactly(0, 12)
    width = 2 if head[6] == 1 else 4
    length, begin = int.from_bytes(head[8 : 8 + width], "little"), 8 + width
    if not 1 <= head[6] <= 3:
        raise ArtifactError(f"version {head[6]} of the numpy format is not known")
    if length > HEADER_BYTES:
        raise OverLimitError(f"the numpy header is longer than {HEADER_BYTES} bytes")
    text = window.exactly(begin, length).decode("utf-8", "replace")
    literal = parse_literal(text)
    if not isinstance(literal, dict) or not {"descr", "fortran_order", "shape"} <= set(literal):
        raise ArtifactError("the numpy header does not describe an array")
    shape = literal["shape"]
    if not isinstance(shape, tuple) or not all(_is_count(axis) for axis in shape):
        raise ArtifactError("the numpy header gives no shape that an array can have")
    descr = literal["descr"]
    return ArrayHeader(
        data=begin + length,
        descr=descr,
        shape=shape,
        item_bytes=item_bytes(descr, 0),
        has_objects=holds_objects(descr, 0),
    )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < ELEMENTS


def item_bytes(descr: Any, depth: int) -> int | None:
    """Bytes of one element, or None where the type is not known."""
    if depth > DEPTH:
        return None
    if isinstance(descr, str):
        match = SIMPLE.match(descr)
        if not match:
            return None
        code, size = match["code"], match["size"]
        if code == "U" and size:
            return 4 * int(size)
        return int(size) if size else CODES.get(code)
    total = 0
    for part, times in _fields(descr):
        size_bytes = item_bytes(part, depth + 1)
        if size_bytes is None:
            return None
        total += size_bytes * times
    return total if isinstance(descr, list) else None


def holds_objects(descr: Any, depth: int) -> bool:
    """Whether elements, or some field of theirs, are Python objects."""
    if depth > DEPTH:
        return True
    if isinstance(descr, str):
        return descr.lstrip("<>=|!")[:1] == "O" or descr == "object"
    return any(holds_objects(part, depth + 1) for part, _ in _fields(descr))


def _fields(descr: Any) -> Iterator[tuple[Any, int]]:
    """The types of the fields of a structured type, and how often each comes."""
    if isinstance(descr, tuple) and len(descr) == 2:
        descr = [("", *descr)]
    if not isinstance(descr, list):
        return
    for field in descr:
        if isinstance(field, tuple) and len(field) in {2, 3}:
            times = 1
            shape = field[2] if len(field) == 3 else ()
            for axis in shape if isinstance(shape, tuple) else (shape,):
                times *= axis if _is_count(axis) else 0
            yield field[1], times


def parse_literal(text: str) -> Any:
    """A Python literal of texts, whole numbers, True, False, None, tuples, lists and dicts.

    Raises:
        ArtifactError: anything else, or nested deeper than 32 levels.
    """
    tokens = list(_tokens(text))
    value, at = _value(tokens, 0, 0)
    if at != len(tokens):
        raise ArtifactError("more than one literal where one belongs")
    return value


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = TOKEN.match(text, at)
        if not match or not match.lastgroup:
            raise ArtifactError(f"{text[at : at + 20]!r} is not part of a numpy header")
        yield match.lastgroup, match[match.lastgroup]
        at = match.end()


def _value(tokens: Sequence[tuple[str, str]], at: int, depth: int) -> tuple[Any, int]:
    if at >= len(tokens) or depth > DEPTH:
        raise ArtifactError("the numpy header is cut off or nested too deep")
    kind, text = tokens[at]
    match kind:
        case "text":
            body = text.lstrip("bu")[1:-1]
            return re.sub(r"\\(.)", r"\1", body), at + 1
        case "number":
            return int(text.rstrip("L")), at + 1
        case "word":
            return WORDS[text], at + 1
        case _ if text == "{":
            return _mapping(tokens, at + 1, depth)
        case _ if text in CLOSING:
            return _sequence(tokens, at + 1, depth, text)
    raise ArtifactError(f"{text!r} where a value belongs")


def _sequence(
    tokens: Sequence[tuple[str, str]], at: int, depth: int, opening: str
) -> tuple[Any, int]:
    items, has_comma = list[Any](), False
    while at < len(tokens) and tokens[at][1] != CLOSING[opening]:
        value, at = _value(tokens, at, depth + 1)
        items.append(value)
        if at < len(tokens) and tokens[at] == ("mark", ","):
            has_comma, at = True, at + 1
        elif at < len(tokens) and tokens[at][1] != CLOSING[opening]:
            raise ArtifactError("two values without a comma between them")
    if at >= len(tokens):
        raise ArtifactError("the numpy header is cut off")
    if opening == "(" and len(items) == 1 and not has_comma:
        return items[0], at + 1
    return (tuple(items) if opening == "(" else items), at + 1


def _mapping(tokens: Sequence[tuple[str, str]], at: int, depth: int) -> tuple[Any, int]:
    result = dict[str, Any]()
    while at < len(tokens) and tokens[at] != ("mark", "}"):
        key, at = _value(tokens, at, depth + 1)
        if not isinstance(key, str) or tokens[at : at + 1] != [("mark", ":")]:
            raise ArtifactError("a key without a value in the numpy header")
        if key in result:
            raise ArtifactError(f"{key!r} comes twice in the numpy header")
        result[key], at = _value(tokens, at + 1, depth + 1)
        if tokens[at : at + 1] == [("mark", ",")]:
            at += 1
    if at >= len(tokens):
        raise ArtifactError("the numpy header is cut off")
    return result, at + 1
