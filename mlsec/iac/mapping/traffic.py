"""Rules of traffic in code, where addresses or ports of some are not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue

# What lets in the most in the place of what is not known: every address, and every port.
_MOST: Mapping[str, Node] = {
    "IpProtocol": Node("-1"),
    "FromPort": Node(0),
    "ToPort": Node(65535),
    "CidrIp": Node("0.0.0.0/0"),
    "CidrIpv6": Node("::/0"),
    "IpRanges": Node((Node({"CidrIp": Node("0.0.0.0/0")}),)),
    "Ipv6Ranges": Node((Node({"CidrIpv6": Node("::/0")}),)),
    "PrefixListIds": Node(()),
    "UserIdGroupPairs": Node(()),
}
_ANYTHING = {"IpProtocol": _MOST["IpProtocol"], "IpRanges": _MOST["IpRanges"]}


def least_and_most(rules: Node) -> tuple[Node, Node]:
    """Give a list of rules without those that are not known, and with what they let in at most.

    Groups and lists of addresses that are not known are not taken for the internet.
    """
    if not isinstance(rules.value, tuple):
        return Node(()), Node((Node(_ANYTHING),))
    least = tuple(item for item in rules.value if not _is_open(item))
    return Node(least), _most(rules)


def _is_open(node: Node) -> bool:
    value = node.value
    if isinstance(value, tuple):
        return any(map(_is_open, value))
    if isinstance(value, Mapping):
        return any(map(_is_open, value.values()))
    return isinstance(value, UnknownValue)


def _most(node: Node, key: str = "") -> Node:
    value: Any = node.value
    if isinstance(value, UnknownValue):
        return _MOST.get(key, Node(""))
    if isinstance(value, tuple):
        return Node(tuple(part for item in value for part in _most_of_one(item, key)))
    if isinstance(value, Mapping):
        value = {name: _most(item, name) for name, item in value.items()}
    return Node(value, node.line, node.column)


def _most_of_one(item: Node, key: str) -> tuple[Node, ...]:
    """Give one of a list; one that is not known may be as much as the list can hold."""
    if not isinstance(item.value, UnknownValue):
        return (_most(item, key),)
    whole = _MOST[key].value if key in _MOST else (Node(_ANYTHING),)
    return whole if isinstance(whole, tuple) else (Node(whole),)
