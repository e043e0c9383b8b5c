"""Pods and services that show nothing of machine learning are not asked what models are asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.providers.kubernetes.manifests import graph_of, of_type, verdicts

DRIVER = """\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: storage-driver, namespace: storage}
spec:
  template:
    metadata: {labels: {app: driver}}
    spec:
      hostPID: true
      containers:
        - {name: driver, image: "registry.example/driver:1", securityContext: {privileged: true}}
"""
SERVER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: llm, namespace: serving}
spec:
  template:
    metadata: {labels: {app: llm}}
    spec: {containers: [{name: server, image: "vllm/vllm-openai:v0.9.0"}]}
"""
PRIVILEGED = ("k8s-pod/container-privileged", "storage-driver:driver")
HOST = ("k8s-workload/host-pid", "storage-driver")


@pytest.mark.parametrize(
    ("files", "is_asked"),
    [
        ({"infra/driver.yaml": DRIVER}, False),
        ({"infra/driver.yaml": DRIVER, "apps/llm.yaml": SERVER}, False),
        ({"all/driver.yaml": DRIVER, "all/llm.yaml": SERVER}, True),
        ({"infra/driver.yaml": DRIVER.replace("namespace: storage", "namespace: models")}, True),
        ({"k/driver.yaml": DRIVER, "k/v/llm.yaml": SERVER.replace("serving", "storage")}, True),
    ],
    ids=["alone", "models elsewhere", "models in its folder", "name", "models in its namespace"],
)
def test_power_over_the_node_is_asked_of_pods_that_models_run_beside(
    files: dict[str, str], is_asked: bool, tmp_path: Path
) -> None:
    failed = verdicts(graph_of(tmp_path, files))["fail"]
    assert {PRIVILEGED, HOST} & failed == ({PRIVILEGED, HOST} if is_asked else set())


SERVICE = """\
---
apiVersion: v1
kind: Service
metadata: {name: store, namespace: serving}
spec: {type: NodePort, selector: {app: store}, ports: [{port: 9000}]}
"""


def store(image: str) -> str:
    own = SERVER.replace("vllm/vllm-openai:v0.9.0", image)
    return own.replace("llm", "store") + SERVICE


@pytest.mark.parametrize(
    ("image", "is_open"),
    [
        ("quay.io/minio/minio:1", False),
        ("rhel9/postgresql-15:1", False),
        ("own/kafka-models", True),
    ],
)
def test_store_behind_a_service_runs_no_code_of_its_callers(
    image: str, is_open: bool, tmp_path: Path
) -> None:
    text = store(image) + "---\n" + SERVER
    unknown = verdicts(graph_of(tmp_path, {"a.yaml": text}))["not_assessed"]
    assert (("k8s-network/service-exposes-code-execution", "store") in unknown) is is_open


@pytest.mark.parametrize(
    ("kind", "is_route"),
    [
        ("external-secrets.io/v1/ExternalSecret", False),
        ("networking.gke.io/v1/GCPBackendPolicy", False),
        ("example.com/v1/Connector", True),
    ],
)
def test_kind_that_is_about_a_service_is_no_way_to_it(
    kind: str, is_route: bool, tmp_path: Path
) -> None:
    version, _, name = kind.rpartition("/")
    text = (
        f"---\napiVersion: {version}\nkind: {name}\nmetadata: {{name: x, namespace: serving}}\n"
        "spec: {targetRef: {name: store}}\n"
    )
    graph = graph_of(tmp_path, {"a.yaml": store("own/thing:1") + text})
    assert ("x" in of_type(graph, "ingress")) is is_route


def test_route_means_a_service_whose_namespace_is_set_where_it_is_applied(tmp_path: Path) -> None:
    route = (
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"
        "metadata: {name: v, namespace: serving}\n"
        "spec: {gateways: [g], http: [{route: [{destination: {host: HOST}}]}]}\n"
    ).replace("HOST", "store.serving.svc.cluster.local")
    bare = store("own/thing:1").replace(", namespace: serving", "")
    files = {"m/options/route.yaml": route, "m/base/store.yaml": bare}
    graph = graph_of(tmp_path, files)
    (service,) = graph.targets(of_type(graph, "route")["v"], "services").resources
    assert service.name == "store"


@pytest.mark.parametrize(
    ("selector", "is_found"),
    [("{matchLabels: {app: llm}}", True), ("{matchLabels: {app: store}}", False), ("{}", True)],
    ids=["models", "a store", "all pods of the namespace"],
)
def test_policy_that_allows_every_request_is_found_where_it_is_about_models(
    selector: str, is_found: bool, tmp_path: Path
) -> None:
    policy = (
        "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
        "metadata: {name: p, namespace: serving}\n"
        f"spec: {{selector: {selector}, rules: [{{}}]}}\n"
    )
    text = store("own/thing:1") + "---\n" + SERVER + policy
    failed = verdicts(graph_of(tmp_path, {"a.yaml": text}))["fail"]
    assert (("k8s-network/mesh-policy-allows-all", "p") in failed) is is_found
