"""Readers of network policies and of selectors."""

from __future__ import annotations

from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.providers.kubernetes.network_policies.connections import (
    INTERNET,
    METADATA,
    UNRELATED_POD,
    PeerKind,
    Pod,
    allows,
    names_in,
    sample_ports,
)
from mlsec.providers.kubernetes.network_policies.policy import LAST_PORT, Policy, read_rules
from mlsec.providers.kubernetes.objects.located_mapping import (
    Shapes,
    UnknownValueError,
    refuse_placeholders,
)
from mlsec.providers.kubernetes.objects.objects import texts

_ENDS = {"ingress": "from", "egress": "to"}


def label_selector(selector: Node) -> list[dict[str, Any]]:
    """Give a label selector as requirements; an empty list selects everything."""
    requirements: list[dict[str, Any]] = [
        {"key": key, "operator": "In", "values": [value]}
        for key, value in texts(selector, "matchLabels").items()
    ]
    if len(requirements) != len(selector.pairs("matchLabels")):
        raise UnknownValueError("a label that it wants is filled in elsewhere")
    for text in texts(selector, "matchLabels").values():
        refuse_placeholders(text)
    requirements += [
        {
            "key": item.text("key"),
            "operator": item.text("operator"),
            "values": [str(_known(value)) for value in item.items("values")],
        }
        for item in selector.items("matchExpressions")
    ]
    return requirements


def policy_rules(spec: Node) -> list[dict[str, Any]]:
    """Give the rules of a policy, of the directions that it restricts."""
    rows = [
        {
            "direction": direction,
            "peers": _listed(rule, end, _peer),
            "ports": _listed(rule, "ports", _port),
        }
        for direction, end in _ENDS.items()
        if _governs(spec, direction)
        for rule in spec.items(direction)
    ]
    for direction in _ENDS:
        read_rules(rows, direction)  # raises for what is no block of addresses
    return rows


def governs_ingress(spec: Node) -> bool:
    """Whether a policy governs ingress to its pods."""
    return _governs(spec, "ingress")


def governs_egress(spec: Node) -> bool:
    """Whether a policy governs egress of its pods."""
    return _governs(spec, "egress")


def allows_all_ingress(spec: Node) -> bool:
    """Whether a rule of the policy allows ingress from every pod, or from the internet."""
    return governs_ingress(spec) and _is_open(spec, "ingress")


def allows_all_egress(spec: Node) -> bool:
    """Whether a rule of the policy allows egress to the internet."""
    return governs_egress(spec) and _is_open(spec, "egress")


def policy_reaches_metadata(spec: Node) -> bool:
    """Whether a rule of the policy allows egress to the cloud's metadata service."""
    alone, pod = _alone(spec)
    return governs_egress(spec) and allows(alone, pod, "egress", METADATA, ("TCP", 80))


def _is_open(spec: Node, direction: str) -> bool:
    alone, pod = _alone(spec)
    peers: tuple[PeerKind, ...] = (
        (INTERNET, UNRELATED_POD) if direction == "ingress" else (INTERNET,)
    )
    return any(
        allows(alone, pod, direction, peer, port)
        for port in sample_ports(alone, pod, direction)
        for peer in peers
    )


def _alone(spec: Node) -> tuple[tuple[Policy, ...], Pod]:
    """Give the policy by itself, and a pod that it applies to with a port of every name it uses."""
    rows = policy_rules(spec)
    policy = Policy(
        namespace="",
        selector=(),
        ingress=read_rules(rows, "ingress") if governs_ingress(spec) else None,
        egress=read_rules(rows, "egress") if governs_egress(spec) else None,
    )
    return (policy,), Pod(namespace="", names=names_in((policy,)))


def _governs(spec: Node, direction: str) -> bool:
    """Whether it governs a direction: as it says, else ingress, and egress where it has rules."""
    types = [_known(item) for item in spec.items("policyTypes")]
    if types:
        return direction.capitalize() in types
    return direction == "ingress" or bool(spec.items(direction))


def _listed(rule: Node, key: str, read: Any) -> list[dict[str, Any]] | None:
    """Give the elements of a list; None when there are none, which means everything."""
    node = rule.get(key)
    if node is not None:
        _known(node)
    return [read(item) for item in rule.items(key)] or None


def _peer(node: Node) -> dict[str, Any]:
    block = node.get("ipBlock")
    if block is not None and _known(block) is not None:
        return {
            "cidr": str(_known(block.get("cidr"))),
            "without": [str(_known(item)) for item in block.items("except")],
        }
    selectors = {
        name: node.get(key)
        for name, key in (("pods", "podSelector"), ("namespaces", "namespaceSelector"))
    }
    if all(selector is None or selector.value is None for selector in selectors.values()):
        raise ValueError("a peer of a policy names neither pods nor namespaces nor addresses")
    return {
        name: None if selector is None or _known(selector) is None else label_selector(selector)
        for name, selector in selectors.items()
    }


def _port(node: Node) -> dict[str, Any]:
    protocol, port, last = (_known(node.get(key)) for key in ("protocol", "port", "endPort"))
    row: dict[str, Any] = {"protocol": protocol or "TCP"}
    if isinstance(port, str) and not port.isdecimal():
        return {**row, "name": port}
    if port is None:
        return row
    first = int(port)
    end = int(last) if last is not None else first
    if not 1 <= first <= end <= LAST_PORT:
        raise ValueError(f"{first} to {end} are no ports")
    return {**row, "first": first, "last": end}


def _known(node: Node | None) -> Any:
    """Give the value of a node; None without one.

    Raises:
        UnknownValueError: the text does not say it.
    """
    if node is not None and isinstance(node.value, UnknownValue):
        raise UnknownValueError(node.value.why)
    if node is not None and isinstance(node.value, str):
        refuse_placeholders(node.value)
    return None if node is None else node.value


NETPOL_SHAPES: Shapes = {
    "label_selector": label_selector,
    "policy_rules": policy_rules,
    "governs_ingress": governs_ingress,
    "governs_egress": governs_egress,
    "allows_all_ingress": allows_all_ingress,
    "allows_all_egress": allows_all_egress,
    "policy_reaches_metadata": policy_reaches_metadata,
}
