"""Functions and operators of IAM conditions on values: texts, numbers, lists and times."""

from __future__ import annotations

import datetime
import operator
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlsec.core.linear_regex import linear_regex
from mlsec.core.regex import regex
from mlsec.providers.gcp.conditions.errors import EvaluationError

_TEMPLATE = regex(r"^([^{}]*+)\{[^{}]*+\}([^{}]*+)$")
_TIME = regex(r"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$")
_DAY = regex(r"^\d{4}-\d\d-\d\d$")
_FRACTION = regex(r"\.(\d{1,6})\d*+")
_SPAN = regex(r"(?<!\d)(\d++(?:\.\d++)?)(ms|us|ns|h|m|s)")
_SPANS = regex(r"^-?(?:\d++(?:\.\d++)?(?:ms|us|ns|h|m|s)|(?!))++$")
_OFFSET = regex(r"^([+-])?(\d\d):(\d\d)$")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_COMPARES: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compare(sign: str, left: Any, right: Any) -> bool:
    """Compare two values of one kind; others cannot be compared."""
    if _kind(left) is not _kind(right) or left is None or isinstance(left, bool | list):
        if sign in ("==", "!=") and _kind(left) is _kind(right):
            return bool(_COMPARES[sign](left, right))
        raise EvaluationError(f"{sign} between {_kind(left)} and {_kind(right)}")
    return bool(_COMPARES[sign](left, right))


def arithmetic(sign: str, values: Sequence[Any]) -> Any:
    """Compute: numbers, texts put together, times and spans."""
    try:
        match sign:
            case "neg":
                return -values[0]
            case "+":
                return values[0] + values[1]
            case "-":
                return values[0] - values[1]
            case "*":
                return values[0] * values[1]
            case "[":
                return values[0][values[1]]
            case "/" if isinstance(values[0], int):
                return int(values[0] / values[1])
            case "/":
                return values[0] / values[1]
            case _:
                return values[0] - values[1] * int(values[0] / values[1])
    except (TypeError, ArithmeticError, LookupError) as error:
        raise EvaluationError(f"{sign}: {error}") from error


def _kind(value: Any) -> type:
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def extract(text: str, template: str) -> str:
    """Give what stands where the template's ``{}`` does, at its first occurrence; "" for none."""
    match = _TEMPLATE.match(template)
    if match is None:
        raise EvaluationError(f"extract: the template {template!r}")
    before, after = match.groups()
    start = text.find(before)
    if start < 0:
        return ""
    start += len(before)
    end = text.find(after, start) if after else len(text)
    return text[start:end] if end >= 0 else ""


def _timestamp(text: Any) -> datetime.datetime:
    if isinstance(text, datetime.datetime):
        return text
    if not _TIME.match(text):
        raise EvaluationError(f"timestamp: {text!r}")
    short = _FRACTION.sub(lambda m: "." + m.group(1).ljust(6, "0"), text.upper())
    return datetime.datetime.fromisoformat(short.replace("Z", "+00:00"))


def _date(text: str) -> datetime.datetime:
    if not _DAY.match(text):
        raise EvaluationError(f"date: {text!r}")
    return datetime.datetime.fromisoformat(f"{text}T00:00:00+00:00")


def _duration(text: str) -> datetime.timedelta:
    if not _SPANS.match(text):
        raise EvaluationError(f"duration: {text!r}")
    seconds = sum(float(count) * _SECONDS[unit] for count, unit in _SPAN.findall(text))
    return datetime.timedelta(seconds=-seconds if text.startswith("-") else seconds)


def _in_zone(time: datetime.datetime, zone: str = "UTC") -> datetime.datetime:
    if not isinstance(time, datetime.datetime):
        raise EvaluationError("not a time")
    match = _OFFSET.match(zone)
    if match:
        span = datetime.timedelta(hours=int(match.group(2)), minutes=int(match.group(3)))
        return time.astimezone(datetime.timezone(-span if match.group(1) == "-" else span))
    return time.astimezone(datetime.UTC if zone == "UTC" else zoneinfo.ZoneInfo(zone))


def _field(
    read: Callable[[datetime.datetime], int],
) -> Callable[..., int]:
    def method(time: datetime.datetime, *zone: str) -> int:
        return read(_in_zone(time, *zone))

    return method


def has_pattern(text: Any, pattern: Any) -> bool:
    """Whether a regular expression matches somewhere in a text."""
    try:
        return linear_regex(pattern).search(text) is not None
    except (TypeError, ValueError) as error:
        raise EvaluationError(f"matches: {error}") from error


def _has_only(values: list[Any], allowed: list[Any]) -> bool:
    return all(value in allowed for value in values)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "timestamp": _timestamp,
    "date": _date,
    "duration": _duration,
    "size": len,
    "int": int,
    "string": str,
}
METHODS: Mapping[str, Callable[..., Any]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": str.__contains__,
    "extract": extract,
    "lowerAscii": str.lower,
    "upperAscii": str.upper,
    "size": len,
    "hasOnly": _has_only,
    "getFullYear": _field(lambda t: t.year),
    "getMonth": _field(lambda t: t.month - 1),
    "getDate": _field(lambda t: t.day),
    "getDayOfMonth": _field(lambda t: t.day - 1),
    "getDayOfWeek": _field(lambda t: t.isoweekday() % 7),
    "getDayOfYear": _field(lambda t: t.timetuple().tm_yday - 1),
    "getHours": _field(lambda t: t.hour),
    "getMinutes": _field(lambda t: t.minute),
    "getSeconds": _field(lambda t: t.second),
    "getMilliseconds": _field(lambda t: t.microsecond // 1000),
}
