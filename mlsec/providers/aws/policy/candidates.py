"""The values worth trying for one key of a request: those that the policies name, and others.

Two values that meet the same conditions are the same to every policy, so one of each kind is kept.
"""

from __future__ import annotations

import datetime
import functools
import ipaddress
import itertools
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from mlsec.providers.aws.policy.keys import Domain
from mlsec.providers.aws.policy.operators import NEGATIONS, as_network, as_number, as_time
from mlsec.providers.aws.policy.patterns import (
    ANY,
    TooLongError,
    common_example,
    example_of,
    literal,
)
from mlsec.providers.aws.policy.statement import Condition

Given = tuple[str, ...] | None
_FRESH = (ANY, f"arn:{ANY}:{ANY}:{ANY}:{ANY}:{ANY}")
_FRESH_ADDRESSES = ("192.0.2.1", "2001:db8::1")
_MOST_PATTERNS = 24
_MOST_IN_LIST = 16
_PATTERNS = ("stringlike", "arnlike", "arnequals")


class Option(msgspec.Struct, frozen=True):
    """A value of a key, and which of the conditions on the key it meets (one bit for each)."""

    given: Given
    met: int


@functools.lru_cache(maxsize=4096)
def options(
    domain: Domain, conditions: tuple[tuple[int, Condition], ...], *, is_list: bool
) -> tuple[Option, ...]:
    """Give one value of each kind that the domain allows.

    Args:
        domain: what the key can be.
        conditions: the conditions on the key, each with its bit.
        is_list: whether the key has a list of values.
    """
    by_met: dict[int, Option] = {}
    for given in _given(domain, [condition for _, condition in conditions], is_list=is_list):
        met = 0
        for bit, condition in conditions:
            if condition.holds(given, is_list=is_list):
                met |= bit
        by_met.setdefault(met, Option(given, met))
    return tuple(by_met.values())


def _given(domain: Domain, conditions: Sequence[Condition], *, is_list: bool) -> Iterator[Given]:
    values = [*domain.values] if domain.values is not None else list(_free(domain, conditions))
    if domain.may_be_absent or not values:
        yield None
    for value in values:
        yield (value,)
    if is_list:
        few = values[:_MOST_IN_LIST]
        yield from itertools.combinations(few, 2)
        if len(few) > 2:
            yield tuple(few)


def _free(domain: Domain, conditions: Sequence[Condition]) -> Iterator[str]:
    seen: set[str] = set()
    for value in itertools.chain(
        _named(conditions), _met(conditions, domain.within), _FRESH, [example_of(domain.within)]
    ):
        if value not in seen and domain.takes(value):
            seen.add(value)
            yield value


def _named(conditions: Iterable[Condition]) -> Iterator[str]:
    """Give what the conditions name, and what stands just beside it."""
    for condition in conditions:
        operator = NEGATIONS.get(condition.operator, condition.operator)
        for value in condition.values:
            yield from _beside(operator, value)


def _beside(operator: str, value: str) -> Iterator[str]:
    if operator == "bool":
        yield from ("true", "false")
    elif operator.startswith("numeric"):
        number = as_number(value)
        yield from () if number is None else (f"{number + step:g}" for step in (-1, 0, 1))
    elif operator.startswith("date"):
        yield from _times(value)
    elif operator == "ipaddress":
        yield from _addresses(value)
    elif operator in _PATTERNS:
        yield example_of(value)
        if "*" in value:
            yield literal(value.replace("*", "")) if "${" not in value else example_of(value)
    else:
        yield literal(value)


def _times(value: str) -> Iterator[str]:
    seconds = as_time(value)
    if seconds is None:
        return
    for step in (-1, 0, 1):
        moment = datetime.datetime.fromtimestamp(seconds + step, datetime.UTC)
        yield moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _addresses(value: str) -> Iterator[str]:
    network = as_network(value)
    yield from _FRESH_ADDRESSES
    if network is None:
        return
    first, last = int(network.network_address), int(network.broadcast_address)
    kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    most = 2**network.max_prefixlen - 1
    for number in (first, last, first - 1, last + 1):
        if 0 <= number <= most:
            yield str(kind(number))


def _met(conditions: Sequence[Condition], within: str) -> Iterator[str]:
    """Give texts that two patterns have in common, the one of the domain among them."""
    patterns = {
        value
        for condition in conditions
        if NEGATIONS.get(condition.operator, condition.operator) in _PATTERNS
        for value in condition.values
    }
    few = [within, *sorted(patterns)[:_MOST_PATTERNS]]
    for first, other in itertools.combinations(few, 2):
        try:
            both = common_example(first, other)
        except TooLongError:
            continue
        if both is not None:
            yield both
