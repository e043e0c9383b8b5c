"""Readers of network policies and of selectors."""

from __future__ import annotations

import ipaddress
from typing import Any

from mlsec.collect.located.located import Node, plain
from mlsec.providers.kubernetes.objects.located_mapping import Shapes
from mlsec.providers.kubernetes.objects.objects import texts

_METADATA = ipaddress.ip_address("169.254.169.254")
_ANYWHERE = ("0.0.0.0/0", "::/0")


def label_selector(selector: Node) -> list[dict[str, Any]]:
    """Give a label selector as requirements; an empty list selects everything."""
    requirements: list[dict[str, Any]] = [
        {"key": key, "operator": "In", "values": [value]}
        for key, value in texts(selector, "matchLabels").items()
    ]
    for item in selector.items("matchExpressions"):
        values = item.get("values")
        requirements.append({
            "key": item.text("key"),
            "operator": item.text("operator"),
            "values": [str(v) for v in plain(values)] if values is not None else [],
        })  # fmt: skip
    return requirements


def governs_ingress(spec: Node) -> bool:
    """Whether a policy governs ingress to its pods."""
    types = spec.get("policyTypes")
    return types is None or "Ingress" in plain(types)


def governs_egress(spec: Node) -> bool:
    """Whether a policy governs egress of its pods."""
    types = spec.get("policyTypes")
    return "Egress" in plain(types) if types is not None else spec.get("egress") is not None


def allows_all_ingress(spec: Node) -> bool:
    """Whether a rule of the policy allows ingress from every address."""
    return governs_ingress(spec) and any(_is_open(rule, "from") for rule in spec.items("ingress"))


def allows_all_egress(spec: Node) -> bool:
    """Whether a rule of the policy allows egress to every address."""
    return governs_egress(spec) and any(_is_open(rule, "to") for rule in spec.items("egress"))


def policy_reaches_metadata(spec: Node) -> bool:
    """Whether a rule of the policy allows egress to the cloud's metadata service."""
    if not governs_egress(spec):
        return False
    for rule in spec.items("egress"):
        if not rule.items("to"):
            return True
        for peer in rule.items("to"):
            if peer.get("ipBlock") is not None and _covers_metadata(peer):
                return True
    return False


def _is_open(rule: Node, key: str) -> bool:
    peers = rule.items(key)
    if not peers:
        return True
    for peer in peers:
        block = peer.get("ipBlock")
        if block is not None and block.text("cidr") in _ANYWHERE and key == "from":
            return True
        if block is not None and block.text("cidr") in _ANYWHERE and not block.items("except"):
            return True
        if block is None and _selects_all(peer):
            return True
    return False


def _selects_all(peer: Node) -> bool:
    """Whether a peer selects all pods of all namespaces."""
    spaces, pods = peer.get("namespaceSelector"), peer.get("podSelector")
    return (
        spaces is not None
        and not label_selector(spaces)
        and (pods is None or not label_selector(pods))
    )


def _covers_metadata(peer: Node) -> bool:
    block = ipaddress.ip_network(peer.text("ipBlock", "cidr"), strict=False)
    without = [str(item.value) for item in peer.items("ipBlock", "except")]
    return _METADATA in block and not any(
        _METADATA in ipaddress.ip_network(excluded, strict=False) for excluded in without
    )


NETPOL_SHAPES: Shapes = {
    "label_selector": label_selector,
    "governs_ingress": governs_ingress,
    "governs_egress": governs_egress,
    "allows_all_ingress": allows_all_ingress,
    "allows_all_egress": allows_all_egress,
    "policy_reaches_metadata": policy_reaches_metadata,
}
