"""Where an endpoint of a cluster gets its models from: an address, its server, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown
from mlsec.providers.kubernetes.facts.lookups import known_value
from mlsec.providers.kubernetes.facts.selectors import note_unstated, sorted_targets
from mlsec.vocabulary.types import RelationKind

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_STORES: Mapping[str, RelationKind] = {
    "s3": RelationKind(name="artifact_buckets", to="aws.s3.bucket", match="name"),
    "gs": RelationKind(name="artifact_buckets", to="gcp.storage.bucket", match="name"),
    "az": RelationKind(name="artifact_buckets", to="azure.storage.container", match="address"),
}
_MODEL = "supply.model"
_PLACEHOLDERS = re.compile(r"[$<{]")
_FILLED_IN = "which store it loads its model from is filled in elsewhere"
_NOT_STATED = "neither the object nor what its containers start names a model"


def model_source(resource: Resource, graph: Graph) -> Known | Unknown:
    """Give what names the models of an endpoint: an address, its server, or nothing."""
    if "sources" in resource.unread:
        return Unknown(tuple(resource.unread["sources"]))
    if known_value(resource, "sources"):
        return Known("address")
    servers = _servers_of(resource, graph)
    hidden = _hidden(servers)
    if hidden:
        return Unknown(hidden)
    if any(known_value(server, _MODEL) for server in servers):
        return Known("server")
    if servers or known_value(resource, "loads_models") is False:
        return Known("none")
    return Unknown((note_unstated(graph, resource, "model_source", _NOT_STATED),))


def artifact_buckets(resource: Resource, graph: Graph) -> Targets:
    """Give the buckets and containers that an endpoint loads models from."""
    if "sources" in resource.unread:
        return Targets(gaps=tuple(resource.unread["sources"]))
    buckets: list[Resource] = []
    gaps = set(_more(resource, graph))
    for source in known_value(resource, "sources") or ():
        scheme, _, name = str(source.get("store") or "").partition("://")
        kind = _STORES.get(scheme)
        if "store" not in source or _PLACEHOLDERS.search(name):
            gaps.add(note_unstated(graph, resource, "artifact_buckets", _FILLED_IN))
        elif kind is not None and name:
            buckets += graph.look_up(resource, kind, name)
    return sorted_targets(buckets, gaps)


def artifacts(resource: Resource, graph: Graph) -> Targets:
    """Give the model files at the addresses that an endpoint loads, where they were scanned."""
    wanted = {str(item.get("uri")) for item in known_value(resource, "sources") or ()}

    def build() -> dict[str, list[Resource]]:
        index: dict[str, list[Resource]] = {}
        for item in graph.of_type("files.artifact"):
            for uri in known_value(item, "uris") or ():
                index.setdefault(uri.rstrip("/"), []).append(item)
        return index

    index: dict[str, list[Resource]] = graph.memo(("kubernetes uris", "files.artifact"), build)
    matches = [item for uri in wanted for item in index.get(uri.rstrip("/"), ())]
    return sorted_targets(matches, ())


def _more(resource: Resource, graph: Graph) -> tuple[str, ...]:
    """Give the gaps that hide further stores of an endpoint.

    Where nothing names a model no store is named either: that is asked once, as ``model_source``.
    """
    if "model_source" not in graph.vocabulary.types[resource.type].properties:
        return ()
    return _hidden(_servers_of(resource, graph))


def _hidden(servers: list[Resource]) -> tuple[str, ...]:
    hidden = (server.unread.get(_MODEL) or server.unread.get("*", ()) for server in servers)
    return tuple(sorted({gap for gaps in hidden for gap in gaps}))


def _servers_of(resource: Resource, graph: Graph) -> list[Resource]:
    """Give the servers that run in the pods of an endpoint."""
    base = resource.id.removesuffix("!endpoint")

    def build() -> dict[str, list[Resource]]:
        index: dict[str, list[Resource]] = {}
        for server in graph.of_type("server"):
            workload = str(known_value(server, "workload_id") or "").removesuffix("!endpoint")
            for key in {workload, workload.partition("#")[0]} - {""}:
                index.setdefault(key, []).append(server)
        return index

    index: dict[str, list[Resource]] = graph.memo(("kubernetes workload", "server"), build)
    return index.get(base, [])


KUBE_SOURCES: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "kubernetes.model_source": model_source,
}
KUBE_SOURCE_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "kubernetes.artifact_buckets": artifact_buckets,
    "kubernetes.artifacts": artifacts,
}
