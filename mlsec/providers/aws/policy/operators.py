"""The operators of conditions with AWS's documented semantics, on concrete values."""

from __future__ import annotations

import base64
import binascii
import datetime
import functools
import ipaddress
import re
from collections.abc import Callable, Mapping

from mlsec.providers.aws.policy.patterns import literal, matches

# Each compares one value of the policy with one of the request.
Comparison = Callable[[str, str], bool]
_ARN_PARTS = 6
# Four digits are a year.
_SECONDS = re.compile(r"[0-9]{1,3}|[0-9]{5,}")
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _equals(wanted: str, given: str) -> bool:
    return literal(wanted) == given


def _equals_any_case(wanted: str, given: str) -> bool:
    return literal(wanted).lower() == given.lower()


def _arn_like(wanted: str, given: str) -> bool:
    """The six parts of an ARN are compared one by one: ``*`` does not reach over a colon."""
    patterns, parts = wanted.split(":", 5), given.split(":", 5)
    if len(patterns) != _ARN_PARTS:
        return wanted == "*" and len(parts) == _ARN_PARTS
    if len(parts) != _ARN_PARTS:
        return False
    return all(matches(pattern, part) for pattern, part in zip(patterns, parts, strict=True))


def _bool(wanted: str, given: str) -> bool:
    return wanted.lower() == given.lower() and given.lower() in ("true", "false")


def _binary(wanted: str, given: str) -> bool:
    expected, actual = _bytes(wanted), _bytes(given)
    return expected is not None and expected == actual


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _address(wanted: str, given: str) -> bool:
    network, address = as_network(wanted), as_network(given)
    if network is None or address is None or network.version != address.version:
        return False
    return bool(
        int(network.network_address) <= int(address.network_address)
        and int(address.broadcast_address) <= int(network.broadcast_address)
    )


@functools.lru_cache(maxsize=16384)
def as_network(text: str) -> _Network | None:
    """Read an address or a block of addresses; None when it is neither."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def as_number(text: str) -> float | None:
    """Read a number; None for any other text."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number == number and abs(number) != float("inf") else None  # noqa: PLR0124 - NaN


@functools.lru_cache(maxsize=16384)
def as_time(text: str) -> float | None:
    """Read a date (ISO 8601, or seconds since 1970) as seconds since 1970; None for other text."""
    number = as_number(text)
    if number is not None and _SECONDS.fullmatch(text.strip()):
        return number
    try:
        moment = datetime.datetime.fromisoformat(_whole_date(text))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()


def _whole_date(text: str) -> str:
    """A year or a month alone is its first day."""
    missing = {4: "-01-01", 7: "-01"}.get(len(text), "")
    return text.replace("Z", "+00:00") if not missing else text + missing


def _compared(
    read: Callable[[str], float | None], holds: Callable[[float, float], bool]
) -> Comparison:
    def compare(wanted: str, given: str) -> bool:
        limit, value = read(wanted), read(given)
        return limit is not None and value is not None and holds(value, limit)

    return compare


def _ordered(name: str, read: Callable[[str], float | None]) -> dict[str, Comparison]:
    return {
        f"{name}equals": _compared(read, lambda value, limit: value == limit),
        f"{name}lessthan": _compared(read, lambda value, limit: value < limit),
        f"{name}lessthanequals": _compared(read, lambda value, limit: value <= limit),
        f"{name}greaterthan": _compared(read, lambda value, limit: value > limit),
        f"{name}greaterthanequals": _compared(read, lambda value, limit: value >= limit),
    }


# What each operator asks of one value, without its negation.
COMPARISONS: Mapping[str, Comparison] = {
    "stringequals": _equals,
    "stringequalsignorecase": _equals_any_case,
    "stringlike": matches,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
    "bool": _bool,
    "binaryequals": _binary,
    "ipaddress": _address,
    **_ordered("numeric", as_number),
    **_ordered("date", as_time),
}
# The operators that hold where no value of the policy is met, and what they negate.
NEGATIONS: Mapping[str, str] = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
}
# What a value of the request must be, for operators whose type it can miss.
_TYPES: Mapping[str, Callable[[str], object | None]] = {
    "numericequals": as_number,
    "dateequals": as_time,
    "ipaddress": as_network,
    "arnequals": lambda text: text if text.count(":") >= _ARN_PARTS - 1 else None,
    "arnlike": lambda text: text if text.count(":") >= _ARN_PARTS - 1 else None,
}


def is_known(operator: str) -> bool:
    """Whether AWS has the operator (lower case, without quantifier and IfExists)."""
    return operator in COMPARISONS or operator in NEGATIONS or operator == "null"


def one_holds(operator: str, wanted: tuple[str, ...], given: str) -> bool:
    """Whether an operator holds between the values of a policy and one value of a request.

    A value of the wrong type meets nothing, and a negation no more than the rest.
    """
    negated = NEGATIONS.get(operator)
    if negated is None:
        compare = COMPARISONS[operator]
        return any(compare(value, given) for value in wanted)
    read = _TYPES.get(negated)
    if read is not None and (read(given) is None or any(read(value) is None for value in wanted)):
        return False
    compare = COMPARISONS[negated]
    return not any(compare(value, given) for value in wanted)
