"""An entry point is judged for the port that it leads to, and not for the others of the service."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.providers.kubernetes.manifests import graph_of, of_type, verdicts

RULE = "k8s-network/ingress-exposes-code-execution"
ROUTE = "k8s-network/route-exposes-code-execution"
RAY = """\
apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: r, namespace: models}
spec:
  headGroupSpec:
    template: {spec: {containers: [{name: head, image: "rayproject/ray:2.40"PORTS}]}}
"""
SERVE = """\
apiVersion: ray.io/v1
kind: RayService
metadata: {name: s, namespace: models}
spec:
  serveConfigV2: |
    applications: [{name: a, import_path: PATH}]
  rayClusterConfig:
    headGroupSpec:
      template: {spec: {containers: [{name: head, image: "rayproject/ray:2.40"}]}}
"""
GATEWAY = """\
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: g, namespace: models}
spec: {gatewayClassName: c, listeners: [{name: a, port: 80, protocol: HTTP}]}
"""
TWO = """\
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: models, labels: {app: p}}
spec:
  containers:
    - {name: lab, image: "rayproject/ray:2.40", ports: [{name: lab, containerPort: 8265}]}
    - {name: llm, image: "vllm/vllm-openai:v1", ports: [{name: api, containerPort: 8000}]}
---
apiVersion: v1
kind: Service
metadata: {name: p, namespace: models}
spec:
  selector: {app: p}
  ports: [{name: lab, port: 80, targetPort: lab}, {name: api, port: 81, targetPort: api}]
"""


def door(service: str, port: str) -> str:
    """Give an Ingress; the port is a number or a name."""
    key = "number" if port.isdecimal() else "name"
    return (
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i,"
        " namespace: models}\nspec: {defaultBackend: {service: {name: "
        f"{service}, port: {{{key}: {port}}}}}}}}}\n"
    )


def said(scratch: Path, rule: str, text: str) -> str:
    found = verdicts(graph_of(scratch, {"x.yaml": text}))
    return next((status for status, each in found.items() if (rule, "i") in each), "none")


@pytest.mark.parametrize(
    ("port", "status"),
    [
        ("8265", "fail"),
        ("6379", "fail"),
        ("10001", "fail"),
        ("dashboard", "fail"),
        ("8000", "not_assessed"),
        ("serve", "not_assessed"),
        ("9999", "not_assessed"),
        ("8080", "pass"),
    ],
)
def test_ports_of_ray_are_judged_each_for_what_it_opens(
    port: str, status: str, tmp_path: Path
) -> None:
    ray = RAY.replace("PORTS", "")
    assert said(tmp_path, RULE, ray + door("r-head-svc", port)) == status
    route = (
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: i,"
        " namespace: models}\nspec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name:"
        f" r-head-svc, port: {port}}}]}}]}}\n"
    )
    if port.isdecimal():
        assert said(tmp_path, ROUTE, ray + route + GATEWAY) == status


@pytest.mark.parametrize(
    ("ports", "port", "status"),
    [
        (", ports: [{name: dashboard, containerPort: 9000}]", "9000", "fail"),
        (", ports: [{name: serve, containerPort: 9000}]", "9000", "not_assessed"),
        (", ports: [{name: dashboard, containerPort: 8265}]", "8265", "fail"),
        (", ports: [{name: serve, containerPort: 8000}]", "8265", "not_assessed"),
    ],
    ids=["named dashboard", "named serve", "declared", "a port that its service has not"],
)
def test_named_port_of_ray_is_what_its_operator_calls_it(
    ports: str, port: str, status: str, tmp_path: Path
) -> None:
    assert said(tmp_path, RULE, RAY.replace("PORTS", ports) + door("r-head-svc", port)) == status


@pytest.mark.parametrize(
    ("path", "status"),
    [("ray.serve.llm:build_openai_app", "pass"), ("shop.agent:app", "not_assessed")],
)
def test_application_of_ray_serve_is_unknown_but_for_that_of_ray_itself(
    path: str, status: str, tmp_path: Path
) -> None:
    text = SERVE.replace("PATH", path)
    assert said(tmp_path, RULE, text + door("s-serve-svc", "8000")) == status
    assert said(tmp_path, RULE, text + door("s-head-svc", "8265")) == "fail"


@pytest.mark.parametrize(
    ("port", "status"),
    [("80", "fail"), ("lab", "fail"), ("81", "pass"), ("api", "pass"), ("82", "not_assessed")],
)
def test_ingress_is_judged_for_the_container_that_answers_its_port(
    port: str, status: str, tmp_path: Path
) -> None:
    assert said(tmp_path, RULE, TWO + door("p", port)) == status


def test_named_port_that_no_container_has_is_unknown(tmp_path: Path) -> None:
    text = TWO.replace("targetPort: api", "targetPort: web") + door("p", "api")
    graph = graph_of(tmp_path, {"x.yaml": text})
    assert (RULE, "i") in verdicts(graph)["not_assessed"]
    (gap,) = of_type(graph, "ingress")["i"].unread["exposed_products"]
    assert graph.gaps[gap].detail == "no container of it has a port web"


def test_port_that_nobody_declares_is_answered_by_one_of_the_containers(tmp_path: Path) -> None:
    text = TWO.replace("targetPort: api", "targetPort: 8265") + door("p", "api")
    assert said(tmp_path, RULE, text) == "fail"
    near = TWO.replace("targetPort: api", "targetPort: 8000") + door("p", "api")
    assert said(tmp_path, RULE, near) == "pass"


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ("{routes: [{services: [{name: p, port: 80}]}]}", "fail"),
        ("{routes: [{services: [{name: p, port: 81}]}]}", "pass"),
        ("{routes: [{services: [{name: p, port: api}]}]}", "pass"),
    ],
)
def test_route_of_a_proxy_is_judged_for_its_port(rules: str, status: str, tmp_path: Path) -> None:
    route = (
        "---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\n"
        f"metadata: {{name: i, namespace: models}}\nspec: {rules}\n"
    )
    assert said(tmp_path, RULE, TWO + route) == status


PROXIED = """\
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: models, labels: {app: p}}
spec:
  containers:
    - {name: lab, image: "rayproject/ray:2.40", ports: [{containerPort: 8265}]}
    - {name: door, image: "quay.io/oauth2-proxy/oauth2-proxy:v7", ports: [{containerPort: 4180}]}
---
apiVersion: v1
kind: Service
metadata: {name: p, namespace: models}
spec:
  selector: {app: p}
  ports: [{name: a, port: 80, targetPort: 4180}, {name: b, port: 81, targetPort: 8265}]
"""


@pytest.mark.parametrize(("port", "asks"), [("80", True), ("81", False)])
def test_proxy_asks_who_is_there_on_its_own_port_only(
    port: str, asks: bool, tmp_path: Path
) -> None:
    graph = graph_of(tmp_path, {"x.yaml": PROXIED + door("p", port)})
    assert of_type(graph, "ingress")["i"].properties["requires_auth"] is asks
    assert of_type(graph, "service")["p"].properties["requires_auth"] is False
