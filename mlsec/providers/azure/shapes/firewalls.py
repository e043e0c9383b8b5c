"""Rules of network security groups: ports open to the internet, and unrestricted egress."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlsec.providers.azure.shapes.neighbours import Shape, lower

_WORLD = frozenset({"*", "internet", "any", "0.0.0.0/0", "::/0", "0.0.0.0"})  # noqa: S104
_LAST_PORT = 65535
_Range = tuple[int, int]
# Ports of remote administration, model servers, notebooks and dashboards, vector stores.
_KNOWN_PORTS = (
    22, 3389, 8000, 8001, 8002, 8080, 8081, 8082, 8500, 8501, 11434, 30000, 8888, 6006, 7860, 8265,
    10001, 5000, 8786, 8787, 6333, 6334, 19530, 9091, 9200, 5432,
)  # fmt: skip


def public_port_ranges(raw: Any) -> list[dict[str, Any]]:
    """Give the ranges that the whole internet may reach, in the order of the rules.

    A deny for the whole internet takes its ports from the rules that come after it; one for some
    addresses only takes nothing, because the others still get in.
    """
    public: list[dict[str, Any]] = []
    closed: dict[str, list[_Range]] = {}
    for rule in _ordered(raw, "Inbound"):
        properties = rule["properties"]
        protocol = _protocol(properties)
        is_internet = bool(_WORLD & set(_addresses(properties, "source")))
        if not is_internet:
            continue
        ranges = _ports(properties)
        if lower(properties["access"]) == "deny":
            if not (_WORLD - {"internet"}).isdisjoint(_addresses(properties, "destination")):
                closed.setdefault(protocol, []).extend(ranges)
            continue
        shut = closed.get(protocol, []) + (closed.get("all", []) if protocol != "all" else [])
        for start, end in _less(ranges, shut):
            entry = {"rule": str(rule["name"]), "protocol": protocol}
            public.append({**entry, "from_port": start, "to_port": end})
    return public


def public_sensitive_ports(raw: Any) -> list[str]:
    """Give the known TCP ports that the whole internet may reach, in ascending order."""
    opened = [
        (range_["from_port"], range_["to_port"])
        for range_ in public_port_ranges(raw)
        if range_["protocol"] in ("tcp", "all")
    ]
    return [str(p) for p in sorted(_KNOWN_PORTS) if any(low <= p <= high for low, high in opened)]


def allows_all_egress(raw: Any) -> bool:
    """Whether no rule denies the internet before the built-in rule that allows it."""
    for rule in _ordered(raw, "Outbound"):
        properties = rule["properties"]
        is_internet = bool(_WORLD & set(_addresses(properties, "destination")))
        is_whole = _protocol(properties) == "all" and (0, _LAST_PORT) in _ports(properties)
        is_from_all = bool({"*", "any"} & set(_addresses(properties, "source")))
        is_allow = lower(properties["access"]) == "allow"
        # An allow for some sources leaves the others to the rules that follow; a deny for some
        # is a deliberate limit.
        if is_internet and is_whole and (is_from_all or not is_allow):
            return is_allow
    return True


def _ordered(raw: Iterable[Any], direction: str) -> list[Any]:
    mine = [r for r in raw if lower(r["properties"]["direction"]) == direction.lower()]
    return sorted(mine, key=lambda rule: int(rule["properties"]["priority"]))


def _protocol(properties: Mapping[str, Any]) -> str:
    protocol = lower(properties["protocol"])
    return "all" if protocol == "*" else protocol


def _addresses(properties: Mapping[str, Any], side: str) -> list[str]:
    prop = properties.get(f"{side}AddressPrefix")
    many = properties.get(f"{side}AddressPrefixes") or ()
    return [lower(address) for address in (*many, *((prop,) if prop else ()))]


def _ports(properties: Mapping[str, Any]) -> list[_Range]:
    prop = properties.get("destinationPortRange")
    many = properties.get("destinationPortRanges") or ()
    return [_range(port) for port in (*many, *((prop,) if prop else ()))]


def _range(text: str) -> _Range:
    if text == "*":
        return 0, _LAST_PORT
    start, _, end = text.partition("-")
    return int(start), int(end or start)


def _less(ranges: Iterable[_Range], shut: Iterable[_Range]) -> list[_Range]:
    left = list(ranges)
    for low, high in shut:
        left = [
            piece
            for start, end in left
            for piece in ((start, min(end, low - 1)), (max(start, high + 1), end))
            if piece[0] <= piece[1]
        ]
    return left


FIREWALL_SHAPES: Mapping[str, Shape] = {
    "public_port_ranges": public_port_ranges,
    "public_sensitive_ports": public_sensitive_ports,
    "allows_all_egress": allows_all_egress,
}
