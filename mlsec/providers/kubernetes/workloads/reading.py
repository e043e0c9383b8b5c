"""Read the objects of one scope, a folder or a cluster, into resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlsec.collect.code.launch import Launch
from mlsec.providers.kubernetes.objects.objects import KubeObject, texts
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
from mlsec.providers.kubernetes.workloads.kserve import routed_runtimes
from mlsec.providers.kubernetes.workloads.launches import Configs, launches_of, partial_launch
from mlsec.providers.kubernetes.workloads.openshift import OpenShift, openshift_of
from mlsec.providers.kubernetes.workloads.proxy_routes import (
    read_pool,
    read_proxy_route,
    read_unknown,
)
from mlsec.providers.kubernetes.workloads.resource_builder import ResourceBuilder
from mlsec.providers.kubernetes.workloads.service_accounts import read_account, read_implied
from mlsec.providers.kubernetes.workloads.workloads import ReadWorkload, read_workloads

# Kinds whose containers are patterns or records and do not run.
_NO_PODS = (ReadAs.ADMISSION, ReadAs.ASIDE, ReadAs.CONFIG, ReadAs.ROLE, ReadAs.BINDING)
# Kinds that are mapped by the vocabulary alone.
PLAIN: Mapping[ReadAs, str] = {
    ReadAs.SERVICE: "kubernetes.service",
    ReadAs.INGRESS: "kubernetes.ingress",
    ReadAs.ROUTE: "kubernetes.route",
    ReadAs.GATEWAY: "kubernetes.gateway",
    ReadAs.MESH_POLICY: "kubernetes.mesh_policy",
    ReadAs.NETWORK_POLICY: "kubernetes.network_policy",
    ReadAs.OTHER_POLICY: "kubernetes.other_network_policy",
    ReadAs.ROLE: "kubernetes.role",
    ReadAs.BINDING: "kubernetes.binding",
    ReadAs.NAMESPACE: "kubernetes.namespace",
    ReadAs.ADMISSION: "kubernetes.admission",
    ReadAs.VOLUME: "kubernetes.volume",
}


def read_objects(things: Iterable[KubeObject], builder: ResourceBuilder) -> tuple[Launch, ...]:
    """Add the resources of all objects, and give the launches of their containers."""
    kept = tuple(things)
    ran: list[ReadWorkload] = []
    launches: list[Launch] = []
    configs = _configs(kept)
    services = frozenset(t.name for t in kept if t.group == "" and t.kind == "Service")
    routed, openshift = routed_runtimes(kept), openshift_of(kept)
    for thing in kept:
        kind = BY_KIND.get((thing.group, thing.kind))
        own: tuple[ReadWorkload, ...] = ()
        if kind is None or kind.read_as not in _NO_PODS:
            own = read_workloads(thing, builder, openshift)
            beside = configs.get(thing.stack, configs[""])
            launches += [launch for workload in own for launch in launches_of(workload, beside)]
            ran += own
        if kind is not None:
            _read_kind(kind.read_as, thing, own, routed, openshift, builder)
        else:
            read_unknown(thing, services, builder)
        partial = partial_container(thing)
        if partial is not None and not own:
            launches.append(partial_launch(thing, partial))
        for workload in own:
            _read_purpose(
                workload, builder, is_endpoint=kind is not None and kind.read_as is ReadAs.ENDPOINT
            )
    endpoints = [resource for resource in builder.resources if resource.type == ENDPOINT]
    read_implied(kept, ran, endpoints, builder)
    return tuple(launches)


def _configs(things: Iterable[KubeObject]) -> dict[str, Configs]:
    """Give the config maps and secrets by kind, namespace and name.

    Those of each rendering stand with those that stand alone.
    """
    configs: dict[str, dict[tuple[str, str, str], tuple[KubeObject, ...]]] = {"": {}}
    for thing in things:
        if thing.group == "" and thing.kind in ("ConfigMap", "Secret"):
            own = configs.setdefault(thing.stack, {})
            name = thing.kind, thing.namespace, thing.name
            own[name] = (*own.get(name, ()), thing)
    return {stack: {**configs[""], **own} for stack, own in configs.items()}


def _read_kind(
    read_as: ReadAs, thing: KubeObject, own: tuple[ReadWorkload, ...], routed: frozenset[str],
    openshift: OpenShift, builder: ResourceBuilder,
) -> None:  # fmt: skip
    match read_as:
        case ReadAs.ACCOUNT:
            read_account(thing, builder)
        case ReadAs.ENDPOINT:
            read_endpoint(thing, own, builder, routed)
        case ReadAs.RAY:
            read_ray(thing, own, builder)
        case ReadAs.PROXY_ROUTE:
            read_proxy_route(thing, builder)
        case ReadAs.POOL:
            read_pool(thing, builder)
        case _ if read_as in PLAIN:
            builder.add(
                PLAIN[read_as],
                thing,
                {"Object": thing.node, "Seen": as_node(_seen(thing, openshift))},
            )
        case _:
            pass


def _seen(thing: KubeObject, openshift: OpenShift) -> dict[str, Any]:
    """Give what is known of an object beside its text.

    A namespace with an annotation of OpenShift is a project there. A webhook takes the API server
    of the cluster, which has no certificate of the mesh.
    """
    is_project = any(key.startswith("openshift.io/") for key in thing.annotations)
    selected = texts(thing.node, "spec", "selector", "matchLabels").values()
    is_webhook = any("webhook" in label for label in selected)
    ports = thing.node.pairs("spec", "portLevelMtls").values()
    modes = [mode for port in ports if (mode := port.get("mode")) is not None]
    return {
        "id": thing.id,
        "on_openshift": openshift.holds(thing) or (thing.file is not None and is_project),
        "port_modes": [] if is_webhook else modes,
    }


def _read_purpose(ran: ReadWorkload, builder: ResourceBuilder, *, is_endpoint: bool) -> None:
    """Add the endpoint or notebook that a workload is, unless its object is an endpoint."""
    is_runtime = ran.thing.kind.endswith(("Runtime", "ServerConfig", "ServiceConfig", "Server"))
    if ran.runs == "serving" and not is_endpoint and not is_runtime:
        read_served(ran, builder)
    if ran.runs == "notebook":
        read_notebook(ran, builder)
