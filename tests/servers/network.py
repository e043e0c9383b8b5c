"""A network of the test's own: nothing but loopback, so an open server is open to nobody else.

The ports that products use by themselves are free in it, and what listens in it is all the
server's. Only Linux has it, and only root may make one.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import ipaddress
import os
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

_NETWORK = 0x40000000  # CLONE_NEWNET
_SET_FLAGS, _UP = 0x8914, 0x1  # SIOCSIFFLAGS, IFF_UP
_LISTENS = "0A"
CAN_BE_MADE = sys.platform == "linux" and os.geteuid() == 0


@contextlib.contextmanager
def own_network() -> Iterator[None]:
    """Move this thread, and whatever it starts meanwhile, into a network that has loopback only."""
    system = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if system.unshare(_NETWORK):
            raise OSError(ctypes.get_errno(), "no network of its own can be made")
        with socket.socket() as any_socket:
            fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))
        yield
    finally:
        system.setns(home, _NETWORK)
        os.close(home)


def listening() -> frozenset[tuple[str, int]]:
    """Give the addresses and ports that somebody listens on in this thread's network."""
    found = set()
    for table in ("tcp", "tcp6"):
        lines = Path(f"/proc/thread-self/net/{table}").read_text().splitlines()[1:]
        for line in lines:
            local, _, state = line.split()[1:4]
            if state == _LISTENS:
                address, _, port = local.partition(":")
                found.add((_address(address), int(port, 16)))
    return frozenset(found)


def is_wide(port: int) -> bool:
    """Whether a port is open on every address and not only on one of loopback."""
    addresses = {address for address, each in listening() if each == port}
    if not addresses:
        raise AssertionError(f"nobody listens on {port}, but on {sorted(listening())}")
    return any(not ipaddress.ip_address(each).is_loopback for each in addresses)


def _address(text: str) -> str:
    """Read an address as the kernel writes it: words of four bytes in this machine's order."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    packed = b"".join(struct.pack("=I", word) for word in words)
    found = ipaddress.ip_address(packed)
    inner = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(inner or found)
