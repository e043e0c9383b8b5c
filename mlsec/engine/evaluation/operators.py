"""The operators: each compares one known value with a constant and answers in three values."""

from __future__ import annotations

import functools
import ipaddress
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from mlsec.core.enums import Truth
from mlsec.core.linear_regex import linear_regex
from mlsec.core.regex import regex
from mlsec.engine.model.rule import Operator
from mlsec.vocabulary.types import Kind

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
MAX_MATCHED_CHARS = 4096

_DURATION = regex(r"([0-9]{1,6})([dhm])\Z")
_VERSION = regex(r"v?([0-9]{1,9}(?:\.[0-9]{1,9})*)\Z")
_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0}
_TEXT = (Kind.STRING, Kind.ENUM, Kind.DATE)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def has_kind(actual: Any, kind: Kind) -> bool:
    """Whether a known value (not None) has the shape the vocabulary declares."""
    if kind in _TEXT:
        return isinstance(actual, str)
    if kind is Kind.BOOL:
        return isinstance(actual, bool)
    if kind in (Kind.INT, Kind.FLOAT):
        is_number = isinstance(actual, int | float) and not isinstance(actual, bool)
        return is_number and not (isinstance(actual, float) and math.isnan(actual))
    if kind is Kind.MAP:
        return isinstance(actual, Mapping)
    return isinstance(actual, list | tuple)


def compare(operator: Operator, kind: Kind, actual: Any, expected: Any, now_s: float) -> Truth:
    """Compare a known value; None is "known to be absent". Never raises on foreign values.

    ``now_s`` is the scan's one clock value, in seconds since the epoch.
    """
    if operator is Operator.EXISTS:
        if actual is not None and not has_kind(actual, kind):
            return UNKNOWN
        is_there = actual is not None and not (is_sized(actual) and len(actual) == 0)
        return _truth(is_there == expected)
    if actual is None:
        return TRUE if operator in (Operator.NE, Operator.NOT_IN) else FALSE
    if not has_kind(actual, kind):
        return UNKNOWN
    return _TABLE[operator](actual, expected, now_s)


def is_sized(value: Any) -> bool:
    """Whether the value can be empty: text, list or map."""
    return isinstance(value, str | list | tuple | Mapping)


def duration_s(text: Any) -> float | None:
    """Read ``90d``, ``12h``, ``30m`` or a number of days as seconds; None if it is neither."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        return float(text) * 86400.0
    result = _DURATION.match(text) if isinstance(text, str) else None
    return int(result[1]) * _SECONDS[result[2]] if result else None


def moment_of(text: Any) -> datetime | None:
    """Read an ISO 8601 date or time (UTC when it names no zone); None when it is neither."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def instant_s(text: Any) -> float | None:
    """Read an ISO 8601 date or time as seconds since the epoch (UTC when it names no zone)."""
    moment = moment_of(text)
    return moment.timestamp() if moment is not None else None


def version_of(text: Any) -> tuple[int, ...] | None:
    """Read ``1.10.2`` or ``v1.10``; trailing zeros do not count; None when it is not numeric."""
    result = _VERSION.match(text) if isinstance(text, str) else None
    if not result:
        return None
    parts = [int(part) for part in result[1].split(".")]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


@functools.lru_cache(maxsize=4096)
def network_of(text: str) -> Network | None:
    """Read an address or a CIDR block (host bits allowed); None when it is neither."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def searcher(pattern: str) -> Callable[[str], object]:
    """Give what searches a text for a rule's pattern: None where it is not in it."""
    search = linear_regex(pattern).search
    # As bytes: a text may hold surrogates, which are no UTF-8.
    return lambda text: search(text.encode("utf-8", "surrogatepass"))


def _truth(holds: object) -> Truth:
    return TRUE if holds else FALSE


def _matches(actual: Any, expected: Any, _now_s: float) -> Truth:
    if len(actual) > MAX_MATCHED_CHARS:
        return UNKNOWN
    return _truth(searcher(expected)(actual))


def _starts_with(actual: Any, expected: Any, _now_s: float) -> Truth:
    return _truth(actual.startswith(expected if isinstance(expected, str) else tuple(expected)))


def _ends_with(actual: Any, expected: Any, _now_s: float) -> Truth:
    return _truth(actual.endswith(expected if isinstance(expected, str) else tuple(expected)))


def _contains_any(actual: Any, expected: Any, _now_s: float) -> Truth:
    if any(wanted in actual for wanted in expected):
        return TRUE
    if isinstance(actual, str) or all(isinstance(item, str) for item in actual):
        return FALSE
    return UNKNOWN


def _contains(actual: Any, expected: Any, now_s: float) -> Truth:
    return _contains_any(actual, (expected,), now_s)


def _age(actual: Any, expected: Any, now_s: float, *, is_older: bool) -> Truth:
    moment, span = instant_s(actual), duration_s(expected)
    if moment is None or span is None:
        return UNKNOWN
    return _truth(moment < now_s - span if is_older else moment > now_s - span)


def _older_than(actual: Any, expected: Any, now_s: float) -> Truth:
    return _age(actual, expected, now_s, is_older=True)


def _newer_than(actual: Any, expected: Any, now_s: float) -> Truth:
    return _age(actual, expected, now_s, is_older=False)


def _networks(expected: Any) -> list[Network]:
    texts = (expected,) if isinstance(expected, str) else expected
    return [item for item in map(network_of, texts) if item is not None]


def _in_cidr(actual: Any, expected: Any, _now_s: float) -> Truth:
    inner = network_of(actual)
    if inner is None:
        return UNKNOWN
    return _truth(any(_is_inside(inner, outer) for outer in _networks(expected)))


def _is_inside(inner: Network, outer: Network) -> bool:
    # subnet_of raises for mixed versions, so the version is compared first.
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def _overlaps_cidr(actual: Any, expected: Any, _now_s: float) -> Truth:
    block = network_of(actual)
    if block is None:
        return UNKNOWN
    others = [other for other in _networks(expected) if other.version == block.version]
    return _truth(any(block.overlaps(other) for other in others))


def _version_lt(actual: Any, expected: Any, _now_s: float) -> Truth:
    result, limit = version_of(actual), version_of(expected)
    return UNKNOWN if result is None or limit is None else _truth(result < limit)


_TABLE: Mapping[Operator, Callable[[Any, Any, float], Truth]] = {
    Operator.EQ: lambda actual, expected, _: _truth(actual == expected),
    Operator.NE: lambda actual, expected, _: _truth(actual != expected),
    Operator.IN: lambda actual, expected, _: _truth(actual in expected),
    Operator.NOT_IN: lambda actual, expected, _: _truth(actual not in expected),
    Operator.LT: lambda actual, expected, _: _truth(actual < expected),
    Operator.LTE: lambda actual, expected, _: _truth(actual <= expected),
    Operator.GT: lambda actual, expected, _: _truth(actual > expected),
    Operator.GTE: lambda actual, expected, _: _truth(actual >= expected),
    Operator.MATCHES: _matches,
    Operator.STARTS_WITH: _starts_with,
    Operator.ENDS_WITH: _ends_with,
    Operator.CONTAINS: _contains,
    Operator.CONTAINS_ANY: _contains_any,
    Operator.OLDER_THAN: _older_than,
    Operator.NEWER_THAN: _newer_than,
    Operator.IN_CIDR: _in_cidr,
    Operator.OVERLAPS_CIDR: _overlaps_cidr,
    Operator.VERSION_LT: _version_lt,
}
