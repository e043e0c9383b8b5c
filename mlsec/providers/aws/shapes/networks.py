"""Networks and hosts: security group rules, routes, endpoint services, accelerator hosts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

WORLD = ("0.0.0.0/0", "::/0")
# Ports that model servers, their tools, vector stores, databases and remote administration listen
# on by default; a rule asks about some of them. Taken from the servers' own documentation.
KNOWN_PORTS = (
    22, 3389,  # remote administration
    8000, 8001, 8002, 8080, 8081, 8082, 8500, 8501, 11434, 30000,  # model servers
    8888, 6006, 7860, 8265, 10001, 5000, 8786, 8787,  # notebooks, dashboards, trackers
    6333, 6334, 19530, 9091, 9200, 5432,  # vector stores
    1433, 1521, 3306, 5439, 6379, 27017,  # databases
)  # fmt: skip
_ACCELERATED = re.compile(r"(?:p\d|g\d|gr\d|trn\d|inf\d|dl\d)[a-z0-9-]*\.")


def traffic_rules(raw: Any) -> list[dict[str, Any]] | None:
    """Flatten IpPermissions: one rule per protocol, port range and other side.

    All traffic is protocol ``all``, ports 0 to 65535. For ICMP the ports are type and code.
    """
    return None if raw is None else [rule for item in raw for rule in _rules(item)]


def public_sensitive_ports(raw: Any) -> list[str] | None:
    """Give the known TCP ports that the whole internet may reach, in ascending order."""
    rules = traffic_rules(raw)
    if rules is None:
        return None
    is_open = [
        (rule["from_port"], rule["to_port"])
        for rule in rules
        if rule["is_internet"] and rule["protocol"] in ("tcp", "all")
    ]
    return [str(p) for p in sorted(KNOWN_PORTS) if any(low <= p <= high for low, high in is_open)]


def associated_subnets(raw: Any) -> list[str] | None:
    """Give the subnets that a route table is explicitly associated with."""
    return None if raw is None else [item["SubnetId"] for item in raw if "SubnetId" in item]


def is_main_table(raw: Any) -> bool | None:
    """Say whether a route table is the main one of its VPC."""
    return None if raw is None else any(item.get("Main") is True for item in raw)


def reaches_internet(raw: Any) -> bool | None:
    """Say whether an active route to everywhere leads to an internet gateway."""
    return None if raw is None else any(_is_internet_route(route) for route in raw)


def endpoint_service(raw: Any) -> str | None:
    """Give the service of an endpoint without prefix and region: ``sagemaker.runtime``.

    ``aws.sagemaker.REGION.notebook`` and the names of other owners' services stay as they are.
    """
    if raw is None:
        return None
    head, _, rest = str(raw).partition(".amazonaws.")
    if head not in ("com", "cn.com") or not rest:
        return str(raw)
    region, _, service = rest.partition(".")
    return service if service and re.fullmatch(r"[a-z]{2,3}(-[a-z]+)+-\d+", region) else rest


def group_ids(raw: Any) -> list[str] | None:
    """Give the ids of a list of security groups."""
    return None if raw is None else [item["GroupId"] for item in raw]


def has_accelerator(raw: Any) -> bool | None:
    """Say whether an instance type carries GPUs or other chips made for machine learning."""
    return None if raw is None else bool(_ACCELERATED.match(str(raw)))


def _prefixed(prefix: str) -> Callable[[Any], str | None]:
    def shaped(raw: Any) -> str | None:
        return str(raw) if raw and str(raw).startswith(prefix) else None

    return shaped


def _rules(item: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    protocol = "all" if item["IpProtocol"] == "-1" else item["IpProtocol"]
    low, high = item.get("FromPort"), item.get("ToPort")
    if protocol == "all" or low is None or high is None:
        low, high = 0, 65535
    for source in _sources(item):
        yield {
            "protocol": protocol,
            "from_port": 0 if low == -1 else low,
            "to_port": 65535 if high == -1 else high,
            "source": source,
            "is_internet": source in WORLD,
        }


def _sources(item: Mapping[str, Any]) -> Iterator[str]:
    for name, key in (
        ("IpRanges", "CidrIp"),
        ("Ipv6Ranges", "CidrIpv6"),
        ("PrefixListIds", "PrefixListId"),
        ("UserIdGroupPairs", "GroupId"),
    ):
        for source in item.get(name) or ():
            yield str(source.get(key, ""))


def _is_internet_route(route: Mapping[str, Any]) -> bool:
    to = (route.get("DestinationCidrBlock"), route.get("DestinationIpv6CidrBlock"))
    gateway = str(route.get("GatewayId") or "")
    is_active = route.get("State", "active") == "active"
    return (
        is_active and gateway.startswith("igw-") and any(destination in WORLD for destination in to)
    )


NETWORK_SHAPES: Mapping[str, Callable[[Any], Any]] = {
    "associated_subnets": associated_subnets,
    "endpoint_service": endpoint_service,
    "group_ids": group_ids,
    "has_accelerator": has_accelerator,
    "is_main_table": is_main_table,
    "reaches_internet": reaches_internet,
    "subnet_id": _prefixed("subnet-"),
    "traffic_rules": traffic_rules,
    "vpc_id": _prefixed("vpc-"),
    "public_sensitive_ports": public_sensitive_ports,
}
