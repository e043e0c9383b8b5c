"""What stands behind an entry point and is not known by name is unknown, and not harmless."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.providers.kubernetes.manifests import graph_of, of_type, verdicts

RULE = "k8s-network/ingress-exposes-code-execution"
OWN = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: own, namespace: models}
spec:
  template:
    metadata: {labels: {app: own}}
    spec:
      containers: [
        {name: server, image: "registry.example/our/thing:1", ports: [{containerPort: 8080}]}
      ]
---
apiVersion: v1
kind: Service
metadata: {name: own, namespace: models}
spec: {selector: {app: own}, ports: [{port: 80, targetPort: 8080}]}
"""
RAY = """\
apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: r, namespace: models}
spec:
  headGroupSpec:
    template: {spec: {containers: [{name: head, image: "registry.example/our/thing:1"}]}}
"""
HEAD_SERVICE = "    headService: {metadata: {name: front}, spec: {type: NodePort}}\n"


def door(service: str, port: int = 80, name: str = "i") -> str:
    return (
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\n"
        f"metadata: {{name: {name}, namespace: models}}\n"
        f"spec: {{defaultBackend: {{service: {{name: {service}, port: {{number: {port}}}}}}}}}\n"
    )


def test_server_in_an_image_of_ones_own_behind_an_ingress_does_not_pass(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, {"x.yaml": OWN + door("own")})
    found = of_type(graph, "ingress")["i"]
    assert found.properties["exposed_products"] == [{"port": 8080}]
    assert (RULE, "i") in verdicts(graph)["not_assessed"]
    (gap,) = found.unread["exposed_products[]"]
    assert "registry.example/our/thing:1" in graph.gaps[gap].detail


def test_known_server_behind_an_ingress_passes(tmp_path: Path) -> None:
    known = OWN.replace("registry.example/our/thing:1", "vllm/vllm-openai:v1")
    assert (RULE, "i") in verdicts(graph_of(tmp_path, {"x.yaml": known + door("own")}))["pass"]


def test_known_server_that_runs_code_fails_beside_an_unknown_one(tmp_path: Path) -> None:
    both = OWN.replace("registry.example/our/thing:1", "jupyter/minimal-notebook:1").replace(
        "containers: [", "containers: [{name: x, image: own/x, ports: [{containerPort: 80}]}, "
    )
    both = both.replace("targetPort: 8080}", "targetPort: 8080}, {port: 81, targetPort: 80}")
    assert (RULE, "i") in verdicts(graph_of(tmp_path, {"x.yaml": both + door("own")}))["fail"]


@pytest.mark.parametrize(
    ("ray", "service"),
    [(RAY, "r-head-svc"), (RAY + HEAD_SERVICE, "front")],
    ids=["made by KubeRay", "named by headService"],
)
def test_head_of_a_ray_cluster_is_ray_whatever_its_image(
    ray: str, service: str, tmp_path: Path
) -> None:
    graph = graph_of(tmp_path, {"x.yaml": ray + door(service, 8265)})
    exposed = of_type(graph, "ingress")["i"].properties["exposed_products"]
    assert {"product": "ray", "port": 8265, "what": "code"} in exposed
    assert (RULE, "i") in verdicts(graph)["fail"]


def test_head_service_of_ray_is_offered_outside_as_it_says(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, {"x.yaml": RAY + HEAD_SERVICE})
    assert of_type(graph, "service")["front"].properties["is_exposed"] is True
    assert ("k8s-ray/head-exposed", "r") in verdicts(graph)["fail"]


def test_node_port_to_an_unknown_server_does_not_pass(tmp_path: Path) -> None:
    text = OWN.replace("spec: {selector", "spec: {type: NodePort, selector")
    unknown = verdicts(graph_of(tmp_path, {"x.yaml": text}))["not_assessed"]
    assert ("k8s-network/service-exposes-code-execution", "own") in unknown


def test_route_to_an_unknown_server_does_not_pass_and_to_ray_fails(tmp_path: Path) -> None:
    route = (
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n"
        "metadata: {name: h, namespace: models}\n"
        "spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: NAME, port: 80}]}]}\n"
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n"
        "metadata: {name: g, namespace: models}\n"
        "spec: {gatewayClassName: c, listeners: [{name: a, port: 80, protocol: HTTP}]}\n"
    )
    rule = ("k8s-network/route-exposes-code-execution", "h")
    unknown = graph_of(tmp_path, {"x.yaml": OWN + route.replace("NAME", "own")})
    assert rule in verdicts(unknown)["not_assessed"]
    to_ray = route.replace("NAME, port: 80", "r-head-svc, port: 8265")
    known = graph_of(tmp_path, {"x.yaml": RAY + to_ray})
    assert rule in verdicts(known)["fail"]


@pytest.mark.parametrize(("name", "status"), [("$KSA_NAME", "not_assessed"), ("llm", "pass")])
def test_name_that_a_shell_fills_in_is_not_known(name: str, status: str, tmp_path: Path) -> None:
    text = OWN.replace("thing:1", "vllm-openai:v1").replace(
        "    spec:\n", f"    spec:\n      serviceAccountName: {name}\n"
    )
    found = verdicts(graph_of(tmp_path, {"x.yaml": text}))
    assert ("k8s-workload/default-service-account", "own") in found[status]


def test_tool_that_measures_a_server_is_no_server(tmp_path: Path) -> None:
    text = OWN.replace("thing:1", "llm-d-benchmark:v1")
    assert of_type(graph_of(tmp_path, {"x.yaml": text}), "workload")["own"].properties["is_ml"] is (
        False
    )
