"""To which ports of which services an entry point leads, and which containers answer there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from mlsec.core.resource import Resource
from mlsec.providers.kubernetes.facts.lookups import known_value
from mlsec.providers.kubernetes.facts.routing import SERVICE, services_named
from mlsec.providers.kubernetes.facts.selectors import containers_of, hidden_types, note_unstated

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

PortRow = Mapping[str, Any]


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A service, and those of its ports that an entry point leads to."""

    service: Resource
    ports: tuple[PortRow, ...]


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """All ways of an entry point, and the gaps that hide others."""

    ways: tuple[Way, ...] = ()
    gaps: frozenset[str] = frozenset()


class Answering(msgspec.Struct, frozen=True, kw_only=True):
    """The containers of a pod that may answer a port; none where it is not known which number."""

    containers: tuple[Resource, ...] = ()
    number: int = 0
    name: str = ""


def ways_of(resource: Resource, graph: Graph) -> Ways:
    """Give the services that an entry point leads to, each with the ports that it leads to."""
    return graph.memo(("kubernetes ways", resource.id), lambda: _ways(resource, graph))


def _ways(resource: Resource, graph: Graph) -> Ways:
    if resource.type == SERVICE:
        return Ways(ways=(Way(service=resource, ports=_ports(resource)),))
    rows = known_value(resource, "backend_ports")
    if rows is None:
        return Ways(gaps=frozenset(resource.unread.get("backend_ports", ())))
    gaps = hidden_types(graph, resource, SERVICE)
    services: dict[str, Resource] = {}
    ports: dict[str, list[PortRow]] = {}
    for row in rows:
        for service in services_named(resource, row["service"], graph):
            services[service.id] = service
            meant = _meant(service, row)
            if not meant:
                why = f"the service {service.name} has no port {row['port'] or ''}".rstrip()
                gaps.add(note_unstated(graph, resource, "backend_ports", why))
            known = ports.setdefault(service.id, [])
            known += [port for port in meant if port not in known]
    ways = (Way(service=services[key], ports=tuple(ports[key])) for key in sorted(services))
    return Ways(ways=tuple(ways), gaps=frozenset(gaps))


def answering(workload: Resource, port: PortRow, graph: Graph) -> Answering:
    """Give the containers of a workload that may answer a port of a service.

    A container that declares the port answers it; ports need not be declared, so else it is one
    of those that declare none, or any.
    """
    running = [c for c in containers_of(graph, workload) if not known_value(c, "is_init")]
    target = port.get("target") or str(port.get("number"))
    key = "number" if target.isdecimal() else "name"
    declared = [
        (container, row)
        for container in running
        for row in known_value(container, "ports") or ()
        if str(row.get(key)) == target
    ]
    if declared:
        return Answering(
            containers=tuple(container for container, _ in declared),
            number=int(declared[0][1].get("number") or 0),
            name=str(declared[0][1].get("name") or port.get("name") or ""),
        )
    if key == "name":
        return Answering()
    silent = [container for container in running if not known_value(container, "ports")]
    return Answering(
        containers=tuple(silent or running), number=int(target), name=str(port.get("name") or "")
    )


def _meant(service: Resource, row: PortRow) -> list[PortRow]:
    """Give the ports of a service that a backend means: by number or name, or all of them."""
    ports, wanted = _ports(service), row.get("port")
    if wanted is None:
        return list(ports)
    keys = ("target", "name", "number") if row.get("is_target") else ("name", "number")
    return [port for port in ports if wanted in {str(port.get(key)) for key in keys}]


def _ports(service: Resource) -> tuple[PortRow, ...]:
    return tuple(known_value(service, "ports") or ())
