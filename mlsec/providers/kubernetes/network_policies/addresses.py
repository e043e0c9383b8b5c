"""Blocks of IP addresses: what they contain, and whether that is much of the internet."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable, Iterator

import msgspec

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# As many addresses as a registry hands out at once: whoever wants one of them gets one.
_MUCH = {4: 1 << (32 - 8), 6: 1 << (128 - 12)}
# Source: IANA's registries of special-purpose addresses, and of multicast addresses.
_SPECIAL = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    )
)  # fmt: skip
_UNICAST = ipaddress.IPv6Network("2000::/3")
_Span = tuple[int, int]


class Block(msgspec.Struct, frozen=True):
    """Addresses of ``cidr`` but for those of ``without``."""

    cidr: Network
    without: tuple[Network, ...] = ()

    def contains(self, address: Address) -> bool:
        """Whether it contains an address."""
        return address in self.cidr and not any(address in part for part in self.without)


def read_block(cidr: str, without: Iterable[str]) -> Block:
    """Read the block of a policy.

    Raises:
        ValueError: something of it is no block of addresses.
    """
    return Block(
        ipaddress.ip_network(cidr, strict=False),
        tuple(ipaddress.ip_network(part, strict=False) for part in without),
    )


@functools.lru_cache(maxsize=4096)
def is_internet(blocks: frozenset[Block]) -> bool:
    """Whether blocks together contain so much of the internet that anybody has an address there."""
    for version, most in _MUCH.items():
        spans: list[_Span] = []
        for block in blocks:
            if block.cidr.version == version:
                special = _SPECIAL if version == 4 else ()
                holes = [_span(part) for part in (*block.without, *special)
                         if part.version == version]  # fmt: skip
                spans += _less(_public(block.cidr), holes)
        if sum(last - first + 1 for first, last in _joined(spans)) >= most:
            return True
    return False


def _public(cidr: Network) -> _Span:
    first, last = _span(cidr)
    if cidr.version == 6:
        first, last = max(first, _span(_UNICAST)[0]), min(last, _span(_UNICAST)[1])
    return first, last


def _span(network: Network) -> _Span:
    return int(network.network_address), int(network.broadcast_address)


def _less(span: _Span, holes: Iterable[_Span]) -> Iterator[_Span]:
    """Give what is left of a span without the holes."""
    start, end = span
    for first, last in _joined(holes):
        if last < start or first > end:
            continue
        if first > start:
            yield start, first - 1
        start = last + 1
    if start <= end:
        yield start, end


def _joined(spans: Iterable[_Span]) -> list[_Span]:
    """Give spans in order, those that touch as one."""
    joined: list[_Span] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
