"""What KServe and Knative add to what an object says: probes, and the mesh in front of runtimes."""

from __future__ import annotations

from collections.abc import Iterable

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.providers.kubernetes.objects.located_mapping import Hidden
from mlsec.providers.kubernetes.objects.objects import KubeObject
from mlsec.providers.kubernetes.workloads.resource_builder import hidden_by

_KSERVE, _KNATIVE = "serving.kserve.io", "serving.knative.dev"
_RUNTIMES = ("ServingRuntime", "ClusterServingRuntime")
# The containers that KServe starts a server in. Source: KServe, constants.go.
_SERVERS = ("", "kserve-container", "transformer-container")
_MODE, _ROUTED = "serving.kserve.io/deploymentMode", "enable-route"
_BEHIND_MESH = (
    "callers reach ModelMesh's own ports, and the network policy that is installed with it decides"
    " who else reaches those of a runtime"
)
_BY_RUNTIME = "its runtime has enable-route, which gives models a route out of the cluster"


def is_mesh_runtime(thing: KubeObject) -> bool:
    """Whether ModelMesh runs the pods of a runtime. Source: ModelMesh Serving, runtimes."""
    flag = thing.node.get("spec", "multiModel")
    is_runtime = thing.group == _KSERVE and thing.kind in _RUNTIMES
    return is_runtime and flag is not None and flag.value is True


def behind_mesh(thing: KubeObject) -> Node | None:
    """Give why it is not known who reaches a server that ModelMesh runs; None for all others."""
    is_behind = is_mesh_runtime(thing) or thing.annotations.get(_MODE) == "ModelMesh"
    return Node(UnknownValue(_BEHIND_MESH), thing.node.line) if is_behind else None


def gets_readiness(thing: KubeObject, container: Node, count: int) -> bool:
    """Whether a controller gives a container a readiness probe where it has none.

    Source: KServe, default probe of raw deployments; Knative, default probe of revisions; ModelMesh
    refuses a probe of the runtime's own and sets one.
    """
    if is_mesh_runtime(thing):
        return True
    if (thing.group, thing.kind) == (_KNATIVE, "Service"):
        return count == 1
    return thing.group == _KSERVE and container.text("name") in _SERVERS


def routed_runtimes(things: Iterable[KubeObject]) -> frozenset[str]:
    """Give the names of runtimes whose models OpenShift AI gives a route out of the cluster."""
    return frozenset(
        thing.name
        for thing in things
        if is_mesh_runtime(thing) and thing.annotations.get(_ROUTED) == "true"
    )


def hidden_reach(thing: KubeObject, routed: frozenset[str]) -> dict[str, Hidden]:
    """Give why it is not known whether a model of ModelMesh is reached from outside."""
    if not routed or thing.annotations.get(_MODE) != "ModelMesh":
        return {}
    runtime = thing.node.text("spec", "predictor", "model", "runtime")
    return {} if runtime and runtime not in routed else {"is_cluster_local": hidden_by(_BY_RUNTIME)}
