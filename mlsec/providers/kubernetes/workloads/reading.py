"""Objects of one scope into resources, whether a folder or a cluster gave them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mlsec.collect.code.launch import Launch
from mlsec.providers.kubernetes.objects.objects import KubeObject
from mlsec.providers.kubernetes.shapes.table import as_node
from mlsec.providers.kubernetes.workloads.endpoints import (
    ENDPOINT,
    partial_container,
    read_endpoint,
    read_notebook,
    read_ray,
    read_served,
)
from mlsec.providers.kubernetes.workloads.kinds import BY_KIND, ReadAs
from mlsec.providers.kubernetes.workloads.launches import launches_of, partial_launch
from mlsec.providers.kubernetes.workloads.proxy_routes import (
    read_pool,
    read_proxy_route,
    read_unknown,
)
from mlsec.providers.kubernetes.workloads.resource_builder import ResourceBuilder
from mlsec.providers.kubernetes.workloads.service_accounts import read_account, read_implied
from mlsec.providers.kubernetes.workloads.workloads import Ran, read_workloads

# Kinds whose containers are patterns or records, not what runs.
_NO_PODS = (ReadAs.ADMISSION, ReadAs.ASIDE, ReadAs.CONFIG, ReadAs.ROLE, ReadAs.BINDING)
# Kinds of which the vocabulary alone says how they are read.
PLAIN: Mapping[ReadAs, str] = {
    ReadAs.SERVICE: "kubernetes.service",
    ReadAs.INGRESS: "kubernetes.ingress",
    ReadAs.ROUTE: "kubernetes.route",
    ReadAs.GATEWAY: "kubernetes.gateway",
    ReadAs.MESH_POLICY: "kubernetes.mesh_policy",
    ReadAs.NETWORK_POLICY: "kubernetes.network_policy",
    ReadAs.ROLE: "kubernetes.role",
    ReadAs.BINDING: "kubernetes.binding",
    ReadAs.NAMESPACE: "kubernetes.namespace",
    ReadAs.ADMISSION: "kubernetes.admission",
    ReadAs.VOLUME: "kubernetes.volume",
}


def read_objects(things: Iterable[KubeObject], seat: ResourceBuilder) -> tuple[Launch, ...]:
    """Make resources of all objects, and give how each of their containers is started."""
    kept = tuple(things)
    ran: list[Ran] = []
    launches: list[Launch] = []
    configs = {(t.namespace, t.name): t for t in kept if t.group == "" and t.kind == "ConfigMap"}
    services = frozenset(t.name for t in kept if t.group == "" and t.kind == "Service")
    for thing in kept:
        kind = BY_KIND.get((thing.group, thing.kind))
        own: tuple[Ran, ...] = ()
        if kind is None or kind.read_as not in _NO_PODS:
            own = read_workloads(thing, seat)
            launches += [launch for each in own for launch in launches_of(each, configs)]
            ran += own
        if kind is not None:
            _read_kind(kind.read_as, thing, own, seat)
        else:
            read_unknown(thing, services, seat)
        partial = partial_container(thing)
        if partial is not None and not own:
            launches.append(partial_launch(thing, partial))
        for each in own:
            _read_purpose(
                each, seat, is_endpoint=kind is not None and kind.read_as is ReadAs.ENDPOINT
            )
    endpoints = [resource for resource in seat.resources if resource.type == ENDPOINT]
    read_implied(kept, ran, endpoints, seat)
    return tuple(launches)


def _read_kind(
    read_as: ReadAs, thing: KubeObject, own: tuple[Ran, ...], seat: ResourceBuilder
) -> None:
    match read_as:
        case ReadAs.ACCOUNT:
            read_account(thing, seat)
        case ReadAs.ENDPOINT:
            read_endpoint(thing, own, seat)
        case ReadAs.RAY:
            read_ray(thing, own, seat)
        case ReadAs.PROXY_ROUTE:
            read_proxy_route(thing, seat)
        case ReadAs.POOL:
            read_pool(thing, seat)
        case _ if read_as in PLAIN:
            seat.add(
                PLAIN[read_as], thing, {"Object": thing.node, "Seen": as_node({"id": thing.id})}
            )
        case _:
            pass


def _read_purpose(ran: Ran, seat: ResourceBuilder, *, is_endpoint: bool) -> None:
    """What a workload is besides: an endpoint, when no object of its own is one, or a notebook."""
    is_runtime = ran.thing.kind.endswith(("Runtime", "ServerConfig", "ServiceConfig", "Server"))
    if ran.runs == "serving" and not is_endpoint and not is_runtime:
        read_served(ran, seat)
    if ran.runs == "notebook":
        read_notebook(ran, seat)
