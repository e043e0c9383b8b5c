"""The plain functions of ARM templates: known arguments in, a value out."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from mlsec.collect.code.budget import OverLimitError
from mlsec.collect.located.located import UnknownValue

MAX_RANGE = 10_000
MAX_CHARS = 1_000_000
_ARITHMETIC = ("add", "div", "mod", "mul", "sub")
_LARGEST = 1 << 63
# Each is compared with each.
_MOST_COMPARED = 2_000
FORMAT_HOLE = re.compile(r"\{(\d+)(?::[^{}]*)?\}")


def check(name: str, values: list[Any]) -> None:
    """Refuse to make far more than is given, before it is made.

    Raises:
        TypeError: arithmetic with what is no number.
        OverLimitError: a text, list or number beyond what a template may hold.
    """
    if name in _ARITHMETIC:
        if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
            raise TypeError(name)
        if any(abs(value) > _LARGEST for value in values):
            raise OverLimitError("a number too large")
    elif name == "replace" and all(isinstance(value, str) for value in values):
        text_, old, new = values
        if len(text_) + text_.count(old or text_) * len(new) > MAX_CHARS:
            raise OverLimitError(f"text of more than {MAX_CHARS:,} characters")
    elif name == "format" and values and isinstance(values[0], str):
        most = max((len(value) for value in values[1:] if isinstance(value, str)), default=0)
        if values[0].count("{") * most > MAX_CHARS:
            raise OverLimitError(f"text of more than {MAX_CHARS:,} characters")
    elif name == "join" and len(values) == 2 and isinstance(values[0], list):
        if len(values[0]) * len(str(values[1])) > MAX_CHARS:
            raise OverLimitError(f"text of more than {MAX_CHARS:,} characters")
    elif name in ("union", "intersection") and sum(map(_length, values)) > _MOST_COMPARED:
        raise OverLimitError("too many values to compare")


def weigh(value: Any, most: int = 1_000_000) -> int:
    """Count the values in a value, and a text by its length; no further than ``most``."""
    count, waiting = 0, [value]
    while waiting and count < most:
        item = waiting.pop()
        count += 1 + (len(item) // 32 if isinstance(item, str) else 0)
        if isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)
    return count


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list | Mapping) else 0


def unique(*parts: Any) -> str:
    """Stand for the 13 letters that the same parts always give."""
    digest = hashlib.sha256("\x00".join(map(str, parts)).encode()).hexdigest()
    return "".join(chr(ord("a") + int(item, 16)) for item in digest[:13])


def guid(*parts: Any) -> str:
    """Stand for the id that the same parts always give."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "\x00".join(map(str, parts))))


def contains(where: Any, what: Any) -> bool:
    """Whether a list, text or object holds something."""
    if isinstance(where, Mapping):
        return any(str(key).lower() == str(what).lower() for key in where)
    return what in where


def empty(value: Any) -> bool:
    """Whether there is nothing in it."""
    return value is None or (not isinstance(value, bool | int | float) and len(value) == 0)


def equals(first: Any, second: Any) -> bool:
    """Whether two values are the same; texts are compared with their case."""
    return type(first) is type(second) and bool(first == second)


def split(text: str, delimiters: Any) -> list[str]:
    """Cut a text at one delimiter or several."""
    several = [delimiters] if isinstance(delimiters, str) else list(delimiters)
    return re.split("|".join(re.escape(item) for item in several), text) if several else [text]


def take(value: Any, count: int) -> Any:
    """Give what stands at the beginning."""
    return value[: max(0, count)]


def skip(value: Any, count: int) -> Any:
    """Give what follows."""
    return value[max(0, count) :]


def create_object(*values: Any) -> Any:
    """Make an object of keys and values; a key that is not known goes by its words."""
    keys = [key.text if isinstance(key, UnknownValue) else key for key in values[::2]]
    hidden = next((key for key in values[::2] if isinstance(key, UnknownValue)), None)
    if hidden is not None and not all(keys):
        return hidden.worded()
    return dict(zip(keys, values[1::2], strict=True))


def union(*values: Any) -> Any:
    """Put objects or lists together; of one that is not known all keys may be in it."""
    hidden = next((entry for entry in values if isinstance(entry, UnknownValue)), None)
    if hidden is not None:
        return hidden.worded(is_given=any(entry for entry in values if entry is not hidden))
    if all(isinstance(entry, Mapping) for entry in values):
        result: dict[str, Any] = {}
        for entry in values:
            for key, value in entry.items():
                both = isinstance(result.get(key), Mapping) and isinstance(value, Mapping)
                result[key] = union(result[key], value) if both else value
        return result
    together: list[Any] = []
    for entry in values:
        together += [item for item in entry if item not in together]
    return together


def intersection(*values: Any) -> Any:
    """Give what all of them have."""
    first, *others = values
    if isinstance(first, Mapping):
        return {k: v for k, v in first.items() if all(item.get(k) == v for item in others)}
    return [item for item in first if all(item in other for other in others)]


def concat(*parts: Any) -> Any:
    """Join texts, or lists."""
    if parts and isinstance(parts[0], list):
        return [item for part in parts for item in part]
    return "".join(text(part) for part in parts)


def text(value: Any) -> str:
    """Give a value as text."""
    if isinstance(value, bool):
        return "True" if value else "False"
    return value if isinstance(value, str) else json.dumps(value) if value is not None else ""


def filled(form: str, *values: Any) -> str:
    """Fill ``{0}`` and the like."""

    def value_of(hole: re.Match[str]) -> str:
        at = int(hole.group(1))
        return text(values[at]) if at < len(values) else hole.group()

    return FORMAT_HOLE.sub(value_of, form)


def decoded(value: str) -> str:
    """Read base64."""
    try:
        return base64.b64decode(value, validate=True).decode("utf-8", "replace")
    except binascii.Error as error:
        raise ValueError("not base64") from error


def number_range(start: int, count: int) -> list[int]:
    """Give so many numbers from one on."""
    if count > MAX_RANGE:
        raise ValueError("a range without end")
    return list(range(start, start + count))


def first_given(*values: Any) -> Any:
    """Give the first that is not null."""
    return next((value for value in values if value is not None), None)


def reached(value: Any, *path: Any) -> Any:
    """Follow keys and indexes; null when the path leads nowhere."""
    for key in path:
        if isinstance(value, UnknownValue) or isinstance(key, UnknownValue):
            return value if isinstance(value, UnknownValue) else key
        if isinstance(value, Mapping):
            folded = {str(name).lower(): inner for name, inner in value.items()}
            value = folded.get(str(key).lower())
        elif isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
            value = value[key]
        else:
            return None
    return value


def shallow_merge(values: list[Any]) -> Any:
    """Put objects over each other; one that is not known hides them all."""
    hidden = next((item for item in values if isinstance(item, UnknownValue)), None)
    return hidden or {key: value for item in values for key, value in (item or {}).items()}


def items(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give an object as a list of key and value."""
    return [{"key": key, "value": value[key]} for key in sorted(value)]


PLAIN: Mapping[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "and": lambda *values: all(values),
    "array": lambda value: value if isinstance(value, list) else [value],
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64tostring": decoded,
    "bool": lambda value: value if isinstance(value, bool) else str(value).lower() in ("true", "1"),
    "coalesce": first_given,
    "concat": concat,
    "contains": contains,
    "createarray": lambda *values: list(values),
    "createobject": create_object,
    "div": lambda a, b: a // b,
    "empty": empty,
    "endswith": lambda value, end: value.lower().endswith(end.lower()),
    "equals": equals,
    "false": lambda: False,
    "first": lambda value: value[0] if value else None,
    "flatten": lambda value: [inner for entry in value for inner in entry],
    "format": filled,
    "greater": lambda a, b: a > b,
    "greaterorequals": lambda a, b: a >= b,
    "guid": guid,
    "indexof": lambda value, what: value.lower().find(what.lower()),
    "int": int,
    "intersection": intersection,
    "items": items,
    "join": lambda value, between: between.join(text(entry) for entry in value),
    "json": json.loads,
    "last": lambda value: value[-1] if value else None,
    "length": len,
    "less": lambda a, b: a < b,
    "lessorequals": lambda a, b: a <= b,
    "max": lambda *values: max(values[0] if len(values) == 1 else values),
    "min": lambda *values: min(values[0] if len(values) == 1 else values),
    "mod": lambda a, b: a % b,
    "mul": lambda a, b: a * b,
    "not": lambda value: not value,
    "null": lambda: None,
    "objectkeys": sorted,
    "or": lambda *values: any(values),
    "padleft": lambda value, width, fill=" ": text(value).rjust(min(width, 1000), fill),
    "range": number_range,
    "replace": lambda value, old, new: value.replace(old, new),
    "skip": skip,
    "split": split,
    "startswith": lambda value, start: value.lower().startswith(start.lower()),
    "shallowmerge": shallow_merge,
    "string": text,
    "sub": lambda a, b: a - b,
    "substring": lambda value, at, count=None: value[at : None if count is None else at + count],
    "take": take,
    "tolower": lambda value: value.lower(),
    "toupper": lambda value: value.upper(),
    "trim": lambda value: value.strip(),
    "true": lambda: True,
    "tryget": reached,
    "union": union,
    "uniquestring": unique,
    "uri": lambda base, rest: base.rstrip("/") + "/" + rest.lstrip("/"),
    "uricomponent": lambda value: value,
}
# Functions through which an unknown text goes without losing what is known of it.
WORDED: Mapping[str, Callable[[str], str]] = {
    "tolower": lambda words: words.lower(),
    "toupper": lambda words: words,
    "trim": lambda words: words.strip(),
    "take": lambda words: words,
    "string": lambda words: words,
}


def hidden_in(value: Any) -> UnknownValue | None:
    """Give the first thing inside a value that is not known."""
    if isinstance(value, UnknownValue):
        return value
    inside = value.values() if isinstance(value, Mapping) else value
    if isinstance(inside, str) or not hasattr(inside, "__iter__"):
        return None
    return next((item for item in map(hidden_in, inside) if item is not None), None)
