"""Kafka: which of its listeners ask who connects."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.servers.network_reach import ConnectionSource, reach_of
from mlsec.servers.products.product import ANYWHERE, NamedSettings
from mlsec.servers.settings import NO, Settings, SettingValue, known, no, unknown

_ANONYMOUS = ("PLAINTEXT", "")
_ASKS = ("SASL_PLAINTEXT", "SASL_SSL")


def read_kafka(s: Settings) -> NamedSettings:
    """https://kafka.apache.org/documentation/#listener_configuration: PLAINTEXT asks nobody."""
    listeners = _given(s, "LISTENERS")
    if not listeners.is_set:
        listeners = _given(s, "ADVERTISED_LISTENERS")
    protocols = _protocols(_given(s, "LISTENER_SECURITY_PROTOCOL_MAP"))
    by_port = _ports(listeners)
    ports = tuple(by_port) or ("9092",)
    yield "bind", known(ANYWHERE)
    yield "port", listeners.mapped(lambda _: ports)
    yield "access.authenticated", _asks(s, listeners, by_port, protocols)
    yield "access.default_credentials", NO
    yield (
        "encryption.in_transit",
        listeners.mapped(
            lambda _: (
                bool(by_port)
                and all(
                    protocols.get(name, name) in ("SSL", "SASL_SSL") for name in by_port.values()
                )
            )
        ),
    )


def _given(s: Settings, name: str) -> SettingValue:
    return s.find(env=(f"KAFKA_{name}", f"KAFKA_CFG_{name}"), default="")


def _asks(
    s: Settings, listeners: SettingValue, by_port: Mapping[str, str], protocols: Mapping[str, str]
) -> SettingValue:
    """Answer for the listeners that other machines reach."""
    if not listeners.is_known:
        return listeners
    if not by_port:
        return no(listeners)
    reached = [
        protocols.get(name, name)
        for port, name in by_port.items()
        if reach_of(s.launch, known(ANYWHERE), known(port)).value == ConnectionSource.NETWORK.value
    ] or [protocols.get(name, name) for name in by_port.values()]
    if any(protocol in _ANONYMOUS for protocol in reached):
        return no(listeners)
    if all(protocol in _ASKS for protocol in reached):
        return known(value=True, like=listeners)
    return unknown("whether its listeners ask for certificates is not known", listeners)


def _protocols(answer: SettingValue) -> Mapping[str, str]:
    pairs = (item.partition(":") for item in str(answer.value or "").split(","))
    return {name.strip(): protocol.strip() for name, colon, protocol in pairs if colon}


def _ports(answer: SettingValue) -> Mapping[str, str]:
    """Give the listener's name by its port; a controller speaks to controllers only."""
    result: dict[str, str] = {}
    for item in str(answer.value or "").split(","):
        name, _, address = item.strip().partition("://")
        port = address.rpartition(":")[2]
        if port.isdecimal() and name != "CONTROLLER":
            result[port] = name
    return result
