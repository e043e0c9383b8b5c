"""Functions on numbers and network ranges, and conversions of types."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable

from mlsec.collect.code.budget import OverLimitError
from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.functions.collections import to_set
from mlsec.iac.terraform.functions.spec import Function, items, number, room, text, whole
from mlsec.iac.terraform.values import (
    InvalidValue,
    Value,
    bool_of,
    kind_of,
    number_of,
    text_of,
)

Net = ipaddress.IPv4Network | ipaddress.IPv6Network


def _all(value: tuple[Value, ...]) -> list[float]:
    return [number(item) for item in value]


def _network(value: Value) -> Net:
    return ipaddress.ip_network(text(value), strict=False)


def _subnet(net: Net, bits: int, at: int) -> str:
    length = net.prefixlen + bits
    if not 0 < length <= net.max_prefixlen or not 0 <= at < 2**bits:
        raise ValueError("a subnet that does not fit")
    first = int(net.network_address) + at * 2 ** (net.max_prefixlen - length)
    kind = type(net.network_address)
    return f"{kind(first)}/{length}"


def _cidrsubnets(prefix: Value, *bits: Value) -> Value:
    net = _network(prefix)
    at = int(net.network_address)
    made = []
    for bit in bits:
        if not 0 <= whole(bit) <= net.max_prefixlen - net.prefixlen:
            raise ValueError("a subnet that does not fit")
        size = 2 ** (net.max_prefixlen - net.prefixlen - whole(bit))
        at = -(-at // size) * size
        made.append(_subnet(net, whole(bit), (at - int(net.network_address)) // size))
        at += size
    return made


def _cidrhost(prefix: Value, at: Value) -> Value:
    return str(_network(prefix)[whole(at)])


def _parseint(value: Value, base: Value) -> Value:
    room(chars=len(text(value)) * 3000)
    return int(text(value), whole(base))


def _log(value: Value, base: Value) -> Value:
    return math.log(number(value), number(base))


def _pow(value: Value, power: Value) -> Value:
    if abs(number(power)) > 1000 or abs(number(value)) > 1e15:
        raise OverLimitError("a number too large")
    result = number(value) ** number(power)
    if isinstance(result, complex):
        raise TypeError("not a number")
    if abs(result) > 1e300:
        raise OverLimitError("a number too large")
    return result


def _to_bool(value: Value) -> Value:
    return None if value is None else bool_of(value)


def _to_number(value: Value) -> Value:
    return None if value is None else number_of(value)


def _to_text(value: Value) -> Value:
    return None if value is None else text_of(value)


def _to_map(value: Value) -> Value:
    return value if isinstance(value, dict) or value is None else InvalidValue(_no("map", value))


def _to_list(value: Value) -> Value:
    return value if value is None else list(items(value))


def _to_set(value: Value) -> Value:
    if isinstance(value, list) and any(isinstance(item, UnknownValue) for item in value):
        return value
    return value if value is None else to_set(value)


def _no(wanted: str, value: Value) -> str:
    return f"{kind_of(value)} is no {wanted}"


def _first_good(*values: Value) -> Value:
    for value in values:
        if not isinstance(value, InvalidValue):
            return value
    return InvalidValue("no argument of try() has a value")


def _can(value: Value) -> Value:
    if isinstance(value, InvalidValue):
        return False
    return value if isinstance(value, UnknownValue) else True


def _moves(run: Callable[..., Value]) -> Function:
    return Function(run, symbols=True)


NUMBERS: dict[str, Function] = {
    "abs": Function(lambda n: abs(number(n))),
    "can": Function(_can, symbols=True, unknown=True),
    "ceil": Function(lambda n: math.ceil(number(n))),
    "cidrhost": Function(_cidrhost),
    "cidrnetmask": Function(lambda p: str(_network(p).netmask)),
    "cidrsubnet": Function(lambda p, b, n: _subnet(_network(p), whole(b), whole(n))),
    "cidrsubnets": Function(_cidrsubnets),
    "floor": Function(lambda n: math.floor(number(n))),
    "issensitive": _moves(lambda _: UnknownValue("issensitive()")),
    "log": Function(_log),
    "max": Function(lambda *n: max(_all(n))),
    "min": Function(lambda *n: min(_all(n))),
    "nonsensitive": _moves(lambda v: v),
    "parseint": Function(_parseint),
    "pow": Function(_pow),
    "sensitive": _moves(lambda v: v),
    "signum": Function(lambda n: (number(n) > 0) - (number(n) < 0)),
    "tobool": Function(_to_bool),
    "tolist": _moves(_to_list),
    "tomap": _moves(_to_map),
    "tonumber": Function(_to_number),
    "toset": _moves(_to_set),
    "tostring": _moves(_to_text),
    "try": Function(_first_good, symbols=True, unknown=True),
}
