"""Model endpoints: kinds that serve models, and workloads that run a well-known model server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlsec.collect.located.located import Node
from mlsec.providers.kubernetes.objects.located_paths import dig_node
from mlsec.providers.kubernetes.objects.objects import KubeObject
from mlsec.providers.kubernetes.shapes.table import as_node
from mlsec.providers.kubernetes.workloads.kserve import hidden_reach
from mlsec.providers.kubernetes.workloads.model_addresses import addresses_in, loads_models
from mlsec.providers.kubernetes.workloads.resource_builder import ResourceBuilder
from mlsec.providers.kubernetes.workloads.workloads import ReadWorkload

ENDPOINT, NOTEBOOK, RAY = "kubernetes.endpoint", "kubernetes.notebook", "kubernetes.ray"
# Source: KubeAI's chart, modelServiceAccount.
_OF_KUBEAI = "kubeai-models"
# KServe's older format has the framework's name as key in place of ``model``.
_FRAMEWORKS = ("sklearn", "xgboost", "lightgbm", "tensorflow", "pytorch", "onnx", "triton", "pmml",
               "paddle", "mlflow", "huggingface")  # fmt: skip
_CODE_FORMATS = frozenset({
    "sklearn", "pytorch", "mlflow", "lightgbm", "keras", "custom", "mlserver", "python", "paddle",
    "SKLEARN_SERVER", "MLFLOW_SERVER", "XGBOOST_SERVER",
})  # fmt: skip
_DATA_FORMATS = frozenset(
    {"onnx", "xgboost", "pmml", "tensorflow", "TENSORFLOW_SERVER", "safetensors"}
)
_ACCOUNTS = (
    "spec.predictor.serviceAccountName", "spec.template.serviceAccountName",
    "spec.serviceAccountName", "spec.predictors[].componentSpecs[].spec.serviceAccountName",
    "spec.deploymentConfig.serviceAccountName",
)  # fmt: skip
# Ray's own cluster spec inside of each kind.
_CLUSTERS = {
    "RayCluster": "spec",
    "RayService": "spec.rayClusterConfig",
    "RayJob": "spec.rayClusterSpec",
}

_HEAD_PORTS: Mapping[str, int] = {
    "gcs-server": 6379, "dashboard": 8265, "client": 10001, "serve": 8000,
}  # fmt: skip


def read_endpoint(
    thing: KubeObject, ran: tuple[ReadWorkload, ...], builder: ResourceBuilder,
    routed: frozenset[str] = frozenset(),
) -> None:  # fmt: skip
    """Add the endpoint of an object of a kind that serves models."""
    sources = [*addresses_in(thing), *(s for workload in ran for s in _sources_of(workload))]
    formats = [t for f in _formats(thing) if (t := f)]
    seen = {
        "id": f"{thing.id}!endpoint",
        "name": thing.name,
        "tags": {**thing.labels},
        "is_custom": True,
        "labels": _pod_labels(thing, ran),
        "account_name": _account(thing, ran),
        "sources": sources,
        "runs_code": _runs_code(formats),
        "loads_models": loads_models(thing),
    }
    builder.add(
        ENDPOINT, thing, {"Object": thing.node, "Seen": as_node(seen)},
        id=seen["id"], name=thing.name,  # type: ignore[arg-type]
        hidden=hidden_reach(thing, routed),
    )  # fmt: skip


def read_served(ran: ReadWorkload, builder: ResourceBuilder) -> None:
    """Add the endpoint of a plain workload that runs a well-known model server."""
    thing = ran.thing
    endpoint_id = f"{ran.resource.id}!endpoint"
    seen = {
        "id": endpoint_id,
        "name": ran.resource.name,
        "tags": {**thing.labels},
        "is_custom": False,
        "labels": ran.pod.labels,
        "account_name": _account(thing, (ran,)),
        "sources": list(_sources_of(ran)),
    }
    builder.add(
        ENDPOINT, thing, {"Object": thing.node, "Seen": as_node(seen)},
        id=endpoint_id, name=ran.resource.name,
    )  # fmt: skip


def read_notebook(ran: ReadWorkload, builder: ResourceBuilder) -> None:
    """Add the notebook of a workload for interactive code."""
    pod = ran.pod
    seen = {
        "id": f"{ran.resource.id}!notebook",
        "name": ran.resource.name,
        "labels": pod.labels,
        "account_name": _account(ran.thing, (ran,)),
        "may_be_root": any(_may_be_root(pod.spec, container) for container in pod.containers),
    }
    builder.add(
        NOTEBOOK, ran.thing, {"Object": ran.thing.node, "Seen": as_node(seen)},
        id=f"{ran.resource.id}!notebook", name=ran.resource.name,
    )  # fmt: skip


def read_ray(thing: KubeObject, ran: tuple[ReadWorkload, ...], builder: ResourceBuilder) -> None:
    """Add the Ray cluster of an object, and the endpoint of a RayService."""
    cluster = dig_node(thing.node, _CLUSTERS[thing.kind])
    if cluster is not None:
        ray_id = f"{thing.id}!ray"
        views = {"Object": thing.node, "Cluster": cluster, "Seen": as_node({"id": ray_id})}
        builder.add(RAY, thing, views, id=ray_id)
        if thing.file is not None:
            _head_service(thing, cluster, builder)
    if thing.kind == "RayService":
        if thing.file is not None:
            _serve_service(thing, builder)
        read_endpoint(thing, ran, builder)


def _head_service(thing: KubeObject, cluster: Node, builder: ResourceBuilder) -> None:
    """Add the service that KubeRay makes for the head, which no file declares.

    Source: KubeRay, BuildServiceForHeadPod: what ``headService`` says, but for the selector.
    """
    given = cluster.get("headGroupSpec", "headService") or as_node({})
    own = given.text("metadata", "name") if thing.kind == "RayCluster" else ""
    kind = given.text("spec", "type") or cluster.text("headGroupSpec", "serviceType") or "ClusterIP"
    ports = {"metrics": 8080, **(_declared_ports(cluster) or _HEAD_PORTS)}
    selector = {"ray.io/cluster": thing.name, "ray.io/node-type": "head"}
    name = own or f"{thing.name}-head-svc"
    _made_service(thing, given, name, {"type": kind, "selector": selector}, ports, builder)


def _serve_service(thing: KubeObject, builder: ResourceBuilder) -> None:
    """Add the service that KubeRay makes for the applications of a RayService.

    Source: KubeRay, BuildServeService: what ``serveService`` says, but for the selector.
    """
    given = thing.node.get("spec", "serveService") or as_node({})
    name = given.text("metadata", "name") or f"{thing.name}-serve-svc"
    spec = {
        "type": given.text("spec", "type") or "ClusterIP",
        "selector": {"ray.io/cluster": thing.name},
    }
    _made_service(thing, given, name, spec, {"serve": _HEAD_PORTS["serve"]}, builder)


def _declared_ports(cluster: Node) -> Mapping[str, Node]:
    """Give the ports that the container of Ray in the head declares, by name."""
    for container in cluster.items("headGroupSpec", "template", "spec", "containers")[:1]:
        return {
            port.text("name"): number
            for port in container.items("ports")
            if (number := port.get("containerPort")) is not None
        }
    return {}


def _made_service(
    thing: KubeObject, given: Node, name: str, spec: Mapping[str, Any],
    ports: Mapping[str, Any], builder: ResourceBuilder,
) -> None:  # fmt: skip
    rows = [{"port": port, "name": name} for name, port in ports.items()]
    made = {
        "metadata": {
            **given.pairs("metadata"), "name": name,
            "namespace": given.text("metadata", "namespace") or thing.namespace,
        },
        "spec": {**given.pairs("spec"), **spec, "ports": [*given.items("spec", "ports"), *rows]},
    }  # fmt: skip
    suffix = "serve-svc" if name.endswith("-serve-svc") else "head-svc"
    builder.add(
        "kubernetes.service", thing, {"Object": as_node(made), "Seen": as_node({"id": ""})},
        id=f"{thing.id}!{suffix}", name=name,
    )  # fmt: skip


def partial_container(thing: KubeObject) -> Node | None:
    """Give the part of a container in an InferenceService that its runtime completes."""
    predictor = thing.node.get("spec", "predictor")
    if predictor is None or thing.kind != "InferenceService":
        return None
    for key in ("model", *_FRAMEWORKS):
        part = predictor.get(key)
        if part is not None and isinstance(part.value, Mapping):
            return part
    return None


def _sources_of(ran: ReadWorkload) -> Iterator[Node]:
    for source in ran.resource.properties.get("sources", ()):
        yield as_node(source)


def _formats(thing: KubeObject) -> Iterator[str]:
    name = thing.node.text("spec", "predictor", "model", "modelFormat", "name")
    yield name
    yield from (key for key in thing.node.pairs("spec", "predictor") if key in _FRAMEWORKS)
    for item in thing.node.items("spec", "predictors"):
        yield item.text("graph", "implementation")
    for item in thing.node.items("spec", "requirements"):
        yield str(item.value)


def _runs_code(formats: list[str]) -> bool | None:
    if any(format_ in _CODE_FORMATS for format_ in formats):
        return True
    return False if formats and all(format_ in _DATA_FORMATS for format_ in formats) else None


def _pod_labels(thing: KubeObject, ran: tuple[ReadWorkload, ...]) -> Mapping[str, str]:
    """Give the labels of the object's pods, as far as they are known."""
    own = {k: v for workload in ran for k, v in workload.pod.labels.items()}
    by_kind = {
        "InferenceService": "serving.kserve.io/inferenceservice",
        "LLMInferenceService": "app.kubernetes.io/name",
        "SeldonDeployment": "seldon-deployment-id",
        "RayService": "ray.io/originated-from-cr-name",
        "NIMService": "app.kubernetes.io/name",
    }
    key = by_kind.get(thing.kind)
    return {**own, **({key: thing.name} if key else {})}


def _account(thing: KubeObject, ran: tuple[ReadWorkload, ...]) -> str:
    for workload in ran:
        named = workload.pod.spec.text("serviceAccountName") or workload.pod.spec.text(
            "serviceAccount"
        )
        if named:
            return named
    for path in _ACCOUNTS:
        value = dig_node(thing.node, path)
        if value is not None and isinstance(value.value, tuple):
            value = value.value[0] if value.value else None
        if value is not None and isinstance(value.value, str):
            return value.value
    if thing.group == "kubeai.org":
        return _OF_KUBEAI
    return "default"


def _may_be_root(spec: Node, container: Node) -> bool:
    for key in ("runAsNonRoot", "runAsUser"):
        for holder in (container, spec):
            setting = holder.get("securityContext", key)
            if setting is not None and setting.value not in (None, False, 0):
                return False
    return True
