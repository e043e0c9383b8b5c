"""Whether policies let a peer connect with a pod: an answer for each peer, protocol and port.

Source: the Kubernetes page on network policies. Policies add up; a direction that no policy of a
pod restricts is open.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from mlsec.providers.kubernetes.network_policies.addresses import Address, Block, is_internet
from mlsec.providers.kubernetes.network_policies.policy import (
    LAST_PORT,
    PROTOCOLS,
    Peer,
    Policy,
    PortRange,
    Rule,
)
from mlsec.providers.kubernetes.network_policies.selector import meets

METADATA = ipaddress.ip_address("169.254.169.254")
_DNS = 53
_NAME = "kubernetes.io/metadata.name"
Port = tuple[str, int]


class Pod(msgspec.Struct, frozen=True, kw_only=True):
    """A pod, its namespace, and its named ports as (protocol, number) by name."""

    namespace: str
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    namespace_labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    names: Mapping[str, frozenset[Port]] = msgspec.field(default_factory=dict)

    @property
    def labels_of_namespace(self) -> Mapping[str, str]:
        """The labels of its namespace, with the one that every namespace is given."""
        return {**self.namespace_labels, _NAME: self.namespace}


class Internet(msgspec.Struct, frozen=True):
    """Whoever has some address of the internet."""


# Without labels, in a namespace that no policy names.
UNRELATED_POD = Pod(namespace="\0")
INTERNET = Internet()
PeerKind = Pod | Address | Internet


def governing(policies: Iterable[Policy], pod: Pod, direction: str) -> tuple[Policy, ...]:
    """Give the policies that restrict a direction of a pod."""
    return tuple(
        policy
        for policy in policies
        if policy.namespace == pod.namespace
        and meets(pod.labels, policy.selector)
        and _rules(policy, direction) is not None
    )


def allows(
    policies: Iterable[Policy], pod: Pod, direction: str, peer: PeerKind, port: Port
) -> bool:
    """Whether the policies of a pod allow connections of a direction with a peer on a port.

    ``port`` is the pod's own for ingress, the peer's for egress.
    """
    mine = governing(policies, pod, direction)
    if not mine:
        return True
    server = pod if direction == "ingress" else peer
    blocks: list[Block] = []
    for policy in mine:
        for rule in _rules(policy, direction) or ():
            if not _has_port(rule, port, server):
                continue
            if rule.peers is None:
                return True
            for allowed in rule.peers:
                if allowed.block is not None:
                    blocks.append(allowed.block)
                elif isinstance(peer, Pod) and _means(allowed, peer, policy.namespace):
                    return True
    match peer:
        case Internet():
            return is_internet(frozenset(blocks))
        case Pod():
            return False
        case _:
            return any(block.contains(peer) for block in blocks)


def sample_ports(policies: Iterable[Policy], pod: Pod, direction: str) -> Iterator[Port]:
    """Give ports of each kind that rules tell apart; what holds for these holds for all.

    Port 53, on which names are looked up, is left out.
    """
    numbers = {1, LAST_PORT}
    for policy in policies:
        for rule in _rules(policy, direction) or ():
            for entry in rule.ports or ():
                if entry.name:
                    numbers |= {number for _, number in pod.names.get(entry.name, ())}
                else:
                    numbers |= {entry.first, entry.last}
    around = {number + step for number in numbers for step in (-1, 0, 1)}
    for protocol in PROTOCOLS:
        for number in sorted(around):
            if 1 <= number <= LAST_PORT and number != _DNS:
                yield protocol, number


def names_in(policies: Iterable[Policy]) -> dict[str, frozenset[Port]]:
    """Give a port of its own to every name of a port that policies use."""
    named = {
        (entry.name, entry.protocol)
        for policy in policies
        for rule in (*(policy.ingress or ()), *(policy.egress or ()))
        for entry in rule.ports or ()
        if entry.name
    }
    ports: dict[str, set[Port]] = {}
    for number, (name, protocol) in enumerate(sorted(named), 2):
        ports.setdefault(name, set()).add((protocol, number))
    return {name: frozenset(given) for name, given in ports.items()}


def _rules(policy: Policy, direction: str) -> tuple[Rule, ...] | None:
    return policy.ingress if direction == "ingress" else policy.egress


def _has_port(rule: Rule, port: Port, server: PeerKind) -> bool:
    return rule.ports is None or any(_is_port(entry, port, server) for entry in rule.ports)


def _is_port(entry: PortRange, port: Port, server: PeerKind) -> bool:
    if entry.protocol != port[0]:
        return False
    if entry.name:
        # Addresses have no named ports.
        return isinstance(server, Pod) and port in server.names.get(entry.name, ())
    return entry.first <= port[1] <= entry.last


def _means(peer: Peer, pod: Pod, own_namespace: str) -> bool:
    if peer.namespaces is None:
        return pod.namespace == own_namespace and meets(pod.labels, peer.pods)
    return meets(pod.labels_of_namespace, peer.namespaces) and meets(pod.labels, peer.pods)
