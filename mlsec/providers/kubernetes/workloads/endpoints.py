"""Model endpoints: kinds that serve models, and workloads that run a well-known model server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlsec.collect.located.located import Node
from mlsec.providers.kubernetes.objects.located_paths import dig_node
from mlsec.providers.kubernetes.objects.objects import KubeObject
from mlsec.providers.kubernetes.shapes.table import as_node
from mlsec.providers.kubernetes.workloads.model_addresses import addresses_in, loads_models
from mlsec.providers.kubernetes.workloads.resource_builder import ResourceBuilder
from mlsec.providers.kubernetes.workloads.workloads import Ran

ENDPOINT, NOTEBOOK, RAY = "kubernetes.endpoint", "kubernetes.notebook", "kubernetes.ray"
# KServe's older way names the framework where the newer one has ``model``.
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


def read_endpoint(thing: KubeObject, ran: tuple[Ran, ...], seat: ResourceBuilder) -> None:
    """Make an endpoint of an object of a kind that serves models."""
    sources = [*addresses_in(thing), *(s for each in ran for s in _sources_of(each))]
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
    seat.add(
        ENDPOINT, thing, {"Object": thing.node, "Seen": as_node(seen)},
        id=seen["id"], name=thing.name,  # type: ignore[arg-type]
    )  # fmt: skip


def read_served(ran: Ran, seat: ResourceBuilder) -> None:
    """Make an endpoint of a plain workload that runs a well-known model server."""
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
    seat.add(
        ENDPOINT, thing, {"Object": thing.node, "Seen": as_node(seen)},
        id=endpoint_id, name=ran.resource.name,
    )  # fmt: skip


def read_notebook(ran: Ran, seat: ResourceBuilder) -> None:
    """Make a notebook of a workload in which people run code."""
    pod = ran.pod
    seen = {
        "id": f"{ran.resource.id}!notebook",
        "name": ran.resource.name,
        "labels": pod.labels,
        "account_name": _account(ran.thing, (ran,)),
        "may_be_root": any(_may_be_root(pod.spec, container) for container in pod.containers),
    }
    seat.add(
        NOTEBOOK, ran.thing, {"Object": ran.thing.node, "Seen": as_node(seen)},
        id=f"{ran.resource.id}!notebook", name=ran.resource.name,
    )  # fmt: skip


def read_ray(thing: KubeObject, ran: tuple[Ran, ...], seat: ResourceBuilder) -> None:
    """Make a Ray cluster of an object; a RayService is an endpoint as well."""
    cluster = dig_node(thing.node, _CLUSTERS[thing.kind])
    if cluster is not None:
        ray_id = f"{thing.id}!ray"
        views = {"Object": thing.node, "Cluster": cluster, "Seen": as_node({"id": ray_id})}
        seat.add(RAY, thing, views, id=ray_id)
        if thing.file is not None:
            _head_service(thing, cluster, seat)
    if thing.kind == "RayService":
        read_endpoint(thing, ran, seat)


def _head_service(thing: KubeObject, cluster: Node, seat: ResourceBuilder) -> None:
    """The service that KubeRay makes for the head, which ingresses name and no file declares."""
    ports = {6379: "gcs-server", 8265: "dashboard", 10001: "client", 8000: "serve"}
    kind = cluster.text("headGroupSpec", "serviceType") or "ClusterIP"
    made = {
        "metadata": {"name": f"{thing.name}-head-svc", "namespace": thing.namespace},
        "spec": {
            "type": kind,
            "selector": {"ray.io/cluster": thing.name, "ray.io/node-type": "head"},
            "ports": [{"port": port, "name": name} for port, name in ports.items()],
        },
    }
    seat.add(
        "kubernetes.service", thing, {"Object": as_node(made), "Seen": as_node({"id": ""})},
        id=f"{thing.id}!head-svc", name=f"{thing.name}-head-svc",
    )  # fmt: skip


def partial_container(thing: KubeObject) -> Node | None:
    """Give what an InferenceService says of a container that its runtime completes."""
    predictor = thing.node.get("spec", "predictor")
    if predictor is None or thing.kind != "InferenceService":
        return None
    for key in ("model", *_FRAMEWORKS):
        found = predictor.get(key)
        if found is not None and isinstance(found.value, Mapping):
            return found
    return None


def _sources_of(ran: Ran) -> Iterator[Node]:
    for each in ran.resource.properties.get("sources", ()):
        yield as_node(each)


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


def _pod_labels(thing: KubeObject, ran: tuple[Ran, ...]) -> Mapping[str, str]:
    """The labels that pods of the object will have, as far as they are known."""
    own = {k: v for each in ran for k, v in each.pod.labels.items()}
    by_kind = {
        "InferenceService": "serving.kserve.io/inferenceservice",
        "LLMInferenceService": "app.kubernetes.io/name",
        "SeldonDeployment": "seldon-deployment-id",
        "RayService": "ray.io/originated-from-cr-name",
        "NIMService": "app.kubernetes.io/name",
    }
    key = by_kind.get(thing.kind)
    return {**own, **({key: thing.name} if key else {})}


def _account(thing: KubeObject, ran: tuple[Ran, ...]) -> str:
    for each in ran:
        named = each.pod.spec.text("serviceAccountName") or each.pod.spec.text("serviceAccount")
        if named:
            return named
    for path in _ACCOUNTS:
        found = dig_node(thing.node, path)
        if found is not None and isinstance(found.value, tuple):
            found = found.value[0] if found.value else None
        if found is not None and isinstance(found.value, str):
            return found.value
    return "default"


def _may_be_root(spec: Node, container: Node) -> bool:
    for key in ("runAsNonRoot", "runAsUser"):
        for holder in (container, spec):
            found = holder.get("securityContext", key)
            if found is not None and found.value not in (None, False, 0):
                return False
    return True
