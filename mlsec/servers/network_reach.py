"""Who can open a connection to a port: its bind address together with what its host passes on."""

from __future__ import annotations

import enum
import ipaddress

from mlsec.collect.code.launch import Launch, Publication
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.servers.settings import SettingValue, known, unknown


class ConnectionSource(enum.Enum):
    """The farthest that a connection can come from, as far as the text says."""

    HOST = "host"
    CONTAINERS = "containers"
    CLUSTER = "cluster"
    NETWORK = "network"


_ANY = ("0.0.0.0", "::", "", "*", "[::]", "0", "all")  # noqa: S104 - read, never bound


def is_loopback(address: str) -> bool | None:
    """Whether an address is only its own host's; None when it is a name that is not known."""
    text = address.strip().strip("[]").lower()
    if text in ("localhost", "localhost.localdomain"):
        return True
    if text in _ANY:
        return False
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return None


def _ports(port: SettingValue) -> tuple[str, ...]:
    """Give the ports of a server that works on one or on several."""
    several = port.value if isinstance(port.value, tuple) else (port.value,)
    return tuple(str(item) for item in several)


def reach_of(launch: Launch, bind: SettingValue, port: SettingValue) -> SettingValue:
    """Give the ``ConnectionSource`` of a port, if its address and what is passed on are known.

    A tuple as the value of the port stands for several: the farthest reach of them is given.
    A name as an address is taken to be the host's own name: others reach it.
    """
    if not bind.is_known:
        return _without_bind(launch, bind, port)
    if is_loopback(str(bind.value)):
        return known(ConnectionSource.HOST.value, bind)
    return _beyond_host(launch, bind, port)


def _without_bind(launch: Launch, bind: SettingValue, port: SettingValue) -> SettingValue:
    """Even when the address is not known, a container that passes nothing on is closed."""
    beyond = _beyond_host(launch, bind, port)
    is_closed = beyond.is_known and beyond.value == ConnectionSource.CONTAINERS.value
    return beyond if is_closed else unknown(bind.why, bind)


def _beyond_host(launch: Launch, bind: SettingValue, port: SettingValue) -> SettingValue:
    host_network, mesh = launch.traits.get("host_network"), launch.traits.get("mesh")
    if mesh is not None and isinstance(mesh.value, UnknownValue):
        return unknown(mesh.value.why, SettingValue(place=mesh))
    match launch.kind:
        case "compose" if host_network is None:
            return _through_compose(launch, bind, port)
        case "compose" | "dockerfile" | "shell" | "unit" | "procfile" | "config":
            return known(ConnectionSource.NETWORK.value, bind)
        case _:
            is_host = host_network is not None and host_network.value is True
            wide = [item for item in launch.published if not is_loopback(item.rpartition(":")[0])]
            is_passed_on = any(item.rpartition(":")[2] in _ports(port) for item in wide)
            reach = (
                ConnectionSource.NETWORK if is_host or is_passed_on else ConnectionSource.CLUSTER
            )
            return known(reach.value, bind)


def _through_compose(launch: Launch, bind: SettingValue, port: SettingValue) -> SettingValue:
    shared = launch.traits.get("shared_network")
    if shared is not None:
        return unknown(
            "the ports of its network are published elsewhere", SettingValue(place=shared)
        )
    passed = [item for item in launch.passed_on if _may_be(item, port)]
    if not passed:
        return _behind(launch.traits.get("front"), bind, port)
    if not port.is_known:
        return unknown(f"which of the published ports is the server's: {port.why}", _at(passed[0]))
    opened = [item for item in passed if isinstance(item.address, str)]
    wide = [item for item in opened if not is_loopback(str(item.address))]
    if wide and all(item.port for item in wide):
        return known(ConnectionSource.NETWORK.value, _at(wide[0]))
    doubtful = [item for item in passed if item not in opened or not item.port]
    if doubtful:
        address = doubtful[0].address
        why = address.why if isinstance(address, UnknownValue) else "a published port is not known"
        return unknown(why, _at(doubtful[0]))
    # What the host passes on from its own loopback address, its own programs reach.
    return known(ConnectionSource.HOST.value, _at(passed[0]))


def _behind(front: Node | None, bind: SettingValue, port: SettingValue) -> SettingValue:
    """What publishes nothing is reached by what stands beside it, or what that leads to it."""
    if front is None:
        return known(ConnectionSource.CONTAINERS.value, bind)
    if isinstance(front.value, UnknownValue):
        return unknown(front.value.why, SettingValue(place=front))
    if not port.is_known:
        return unknown(f"which of its ports is led to is not known: {port.why}", port)
    if not set(_ports(port)) & set(str(front.value).split()):
        return known(ConnectionSource.CONTAINERS.value, bind)
    return known(ConnectionSource.NETWORK.value, SettingValue(place=front))


def _may_be(publication: Publication, port: SettingValue) -> bool:
    return not publication.port or not port.is_known or str(publication.port) in _ports(port)


def _at(publication: Publication) -> SettingValue:
    return SettingValue(place=Node(None, publication.line, publication.column))
