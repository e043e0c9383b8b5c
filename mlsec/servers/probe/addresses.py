"""Which address a name means, whether it may be asked, and that it is asked for only once."""

from __future__ import annotations

import enum
import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence

import msgspec

from mlsec.collect.walk.call_failure import CallFailure
from mlsec.core.enums import GapReason
from mlsec.core.sanitize import visible
from mlsec.servers.probe.target import ProbeTarget

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]

# Where clouds give credentials to whoever asks from inside. Sources: the clouds' pages on their
# instance metadata services (AWS also for tasks, Azure's wire server, Alibaba, Oracle).
_METADATA = frozenset(
    {
        "169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23",
        "168.63.129.16", "100.100.100.200", "192.0.0.192",
    }
)  # fmt: skip
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressKind(enum.Enum):
    """What kind of place an address is in."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link_local"
    METADATA = "metadata"
    SPECIAL = "special"


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """What a name meant when it was asked for, once. ``allowed`` are in the order to try."""

    addresses: tuple[str, ...]
    allowed: tuple[str, ...] = ()


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the system.

    Raises:
        OSError: there is no such name.
    """
    result = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in result]


def reach_of(text: str) -> AddressKind:
    """Say what kind of place an address is in; one that is wrapped in IPv6 counts as itself."""
    try:
        address = _unwrapped(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return AddressKind.SPECIAL
    if str(address) in _METADATA:
        return AddressKind.METADATA
    if address.is_loopback:
        return AddressKind.LOOPBACK
    if address.is_link_local:
        return AddressKind.LINK_LOCAL
    if address.is_multicast or address.is_unspecified:
        return AddressKind.SPECIAL
    if address.is_global:
        return AddressKind.PUBLIC
    # Shared space of carriers (100.64/10) and networks for documents are not on the internet.
    return AddressKind.PRIVATE


def resolve(
    target: ProbeTarget, resolver: Resolver, timeout_s: float, *, is_private_allowed: bool
) -> Resolved | CallFailure:
    """Find the addresses that may be asked; a name is asked for here and never again."""
    if target.is_address:
        return Resolved(addresses=(target.host,), allowed=(target.host,))
    result = _in_time(resolver, target, timeout_s)
    if isinstance(result, CallFailure):
        return result
    names = tuple(dict.fromkeys(result))
    allowed = tuple(
        name for name in names if _is_allowed(target, name, is_private_allowed=is_private_allowed)
    )
    return Resolved(addresses=names, allowed=allowed)


def refusal(resolved: Resolved) -> CallFailure:
    """Say why none of the addresses is asked."""
    first = resolved.addresses[0] if resolved.addresses else ""
    reach = reach_of(first) if first else AddressKind.SPECIAL
    how = "by writing that address itself as the target"
    if reach in (AddressKind.PRIVATE, AddressKind.LOOPBACK):
        how = f"with --probe-private, or {how}"
    kind = reach.value.replace("_", "-")
    return CallFailure(
        reason=GapReason.DENIED,
        code=f"{reach.value}_address",
        detail=f"the name means the {kind} address {visible(first, 60)}, which is probed only {how}"
        if first
        else "the name means no address",
    )


def _is_allowed(target: ProbeTarget, address: str, *, is_private_allowed: bool) -> bool:
    reach = reach_of(address)
    if reach is AddressKind.PUBLIC:
        return True
    if reach is AddressKind.LOOPBACK and target.host.rstrip(".") == "localhost":
        return True  # this name means nothing else (RFC 6761)
    return is_private_allowed and reach in (AddressKind.PRIVATE, AddressKind.LOOPBACK)


def _unwrapped(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inner if inner is not None else address


def _in_time(
    resolver: Resolver, target: ProbeTarget, timeout_s: float
) -> Sequence[str] | CallFailure:
    """Ask the resolver in a thread: a call of the system's that hangs cannot be interrupted."""
    ends: list[Sequence[str] | CallFailure] = []

    def ask() -> None:
        try:
            ends.append(resolver(target.host, target.port))
        except (OSError, UnicodeError) as error:
            ends.append(
                CallFailure(
                    reason=GapReason.UNRESOLVED,
                    code="no_such_host",
                    detail=f"the name could not be resolved: {visible(str(error), 120)}",
                )
            )

    asking = threading.Thread(target=ask, name="probe-resolve", daemon=True)
    asking.start()
    asking.join(timeout_s)
    if not ends:
        return CallFailure(
            reason=GapReason.TIMEOUT,
            code="resolve",
            detail=f"the name was not resolved within {timeout_s:g} s",
        )
    return ends[0]
