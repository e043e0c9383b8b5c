"""A network policy as the evaluator takes it, read from the rows of its resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mlsec.providers.kubernetes.network_policies.addresses import Block, read_block

LAST_PORT = 65535
PROTOCOLS = ("TCP", "UDP", "SCTP")
Requirements = tuple[Mapping[str, Any], ...]


class PortRange(msgspec.Struct, frozen=True, kw_only=True):
    """Ports from ``first`` to ``last`` of a protocol, or the port of a pod that has this name."""

    protocol: str = "TCP"
    first: int = 1
    last: int = LAST_PORT
    name: str = ""


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """The other end of a rule: a block of addresses, or pods by their and their namespace's labels.

    Without ``namespaces`` the pods are those of the policy's own namespace.
    """

    block: Block | None = None
    pods: Requirements = ()
    namespaces: Requirements | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy allows in one direction; None is every peer, or every port."""

    peers: tuple[Peer, ...] | None = None
    ports: tuple[PortRange, ...] | None = None


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy; None for a direction that it does not restrict."""

    namespace: str
    selector: Requirements
    ingress: tuple[Rule, ...] | None = None
    egress: tuple[Rule, ...] | None = None


def read_rules(rows: Iterable[Mapping[str, Any]], direction: str) -> tuple[Rule, ...]:
    """Give the rules of one direction.

    Raises:
        ValueError: a block of addresses is malformed.
    """
    return tuple(
        Rule(
            peers=None if row["peers"] is None else tuple(map(_peer, row["peers"])),
            ports=None
            if row["ports"] is None
            else tuple(msgspec.convert(port, PortRange) for port in row["ports"]),
        )
        for row in rows
        if row["direction"] == direction
    )


def _peer(row: Mapping[str, Any]) -> Peer:
    if row.get("cidr") is not None:
        return Peer(block=read_block(row["cidr"], row.get("without", ())))
    spaces = row.get("namespaces")
    return Peer(
        pods=tuple(row.get("pods") or ()), namespaces=None if spaces is None else tuple(spaces)
    )
