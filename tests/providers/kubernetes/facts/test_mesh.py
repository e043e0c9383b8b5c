"""What stands before a route: policies of the mesh, proxies beside a server, pods of a gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.providers.kubernetes.workloads.products import product_of
from tests.providers.kubernetes.facts.test_cluster import WORKLOAD, service
from tests.providers.kubernetes.manifests import graph_of, of_type, verdicts

WHO = "from: [{source: {requestPrincipals: ['*']}}]"
NOBODY = "from: [{source: {notRequestPrincipals: ['*']}}]"
SOME = "to: [{operation: {paths: [/admin]}}]"


def policy(
    name: str, action: str, rules: str, where: str = "models", labels: str = "app: llm"
) -> str:
    selector = f"selector: {{matchLabels: {{{labels}}}}}, " if labels else ""
    return (
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
        f"metadata: {{name: {name}, namespace: {where}}}\n"
        f"spec: {{{selector}action: {action}, rules: {rules}}}\n"
    )


ASKED, ANYBODY = policy("a", "ALLOW", f"[{{{WHO}}}]"), policy("b", "ALLOW", "[{}]")
REST = policy("rest", "ALLOW", "[]", "istio-system", "")


@pytest.mark.parametrize(
    ("policies", "asks"),
    [
        ((ASKED,), True),
        ((ASKED, ANYBODY), False),
        ((REST,), True),
        ((REST, ANYBODY), False),
        ((REST, ASKED), True),
        ((ANYBODY, policy("d", "DENY", f"[{{{NOBODY}}}]")), True),
        ((policy("d", "DENY", f"[{{{NOBODY}, {SOME}}}]"),), None),
        ((policy("d", "DENY", f"[{{{SOME}}}]"),), False),
        ((policy("c", "CUSTOM", "[{}]"),), True),
        ((policy("c", "CUSTOM", f"[{{{SOME}}}]"),), None),
        ((policy("c", "CUSTOM", "[]"),), False),
    ],
)
def test_policies_of_the_mesh_ask_together_as_istio_joins_them(
    policies: tuple[str, ...], asks: bool | None, tmp_path: Path
) -> None:
    graph = graph_of(tmp_path, {"x.yaml": "---\n".join([WORKLOAD, service(), *policies])})
    found = of_type(graph, "service")["s"]
    assert found.properties.get("requires_auth") is asks
    assert found.properties.get("is_public") is (None if asks is None else not asks)


ROUTE = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gate, namespace: models}
spec: {selector: {istio: ingress}, servers: [{port: {number: 80, protocol: HTTP}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: way, namespace: models}
spec: {hosts: ['*'], gateways: [gate], http: [{route: [{destination: {host: s}}]}]}
"""
GATE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress, namespace: istio-system}
spec:
  template:
    metadata: {labels: {istio: ingress, app: gate}}
    spec: {containers: [{name: istio-proxy, image: "docker.io/istio/proxyv2:1"}]}
"""


@pytest.mark.parametrize(
    ("labels", "pods", "asks"),
    [
        ("istio: ingress", "", True),
        ("app: gate", GATE, True),
        ("app: other", GATE, False),
        ("istio: other", "", False),
    ],
)
def test_route_is_asked_by_what_holds_for_the_pods_of_its_gateway(
    labels: str, pods: str, asks: bool, tmp_path: Path
) -> None:
    guard = policy("guard", "CUSTOM", "[{}]", "istio-system", labels)
    parts = [WORKLOAD, service("ClusterIP"), ROUTE, guard, *([pods] if pods else [])]
    found = of_type(graph_of(tmp_path, {"x.yaml": "---\n".join(parts)}), "route")["way"]
    assert found.properties["requires_auth"] is asks


def test_proxy_beside_a_server_asks_only_on_ports_that_the_server_has_not(tmp_path: Path) -> None:
    proxy = "\n        - {name: p, image: 'quay.io/oauth2-proxy/oauth2-proxy:v7'}\n---"
    text = WORKLOAD.replace("\n---", proxy, 1)
    direct = graph_of(tmp_path, {"x.yaml": f"{text}---\n{service()}"})
    through = service().replace("targetPort: 8000", "targetPort: 4180")
    asked = graph_of(tmp_path, {"x.yaml": f"{text}---\n{through}"})
    told = [of_type(graph, "service")["s"].properties["requires_auth"] for graph in (direct, asked)]
    assert told == [False, True]


def test_plain_text_on_a_single_port_of_the_mesh_is_seen(tmp_path: Path) -> None:
    text = (
        "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: a}\n"
        "spec: {mtls: {mode: STRICT}, portLevelMtls: {8443: {mode: %s}}}\n"
    )
    rule = ("k8s-network/mesh-without-mtls", "a")
    assert rule in verdicts(graph_of(tmp_path, {"x.yaml": text % "PERMISSIVE"}))["fail"]
    assert rule in verdicts(graph_of(tmp_path, {"x.yaml": text % "STRICT"}))["pass"]


def test_image_that_only_ends_in_a_product_is_not_that_product() -> None:
    assert product_of("gcr.io/corp/hf-lc-ray:1") is None
    assert product_of("ghcr.io/kubeflow/kubeflow/jupyter-web-app:v1") is None
    assert [product_of(f"{name}:1") for name in ("rayproject/ray", "corp/ray", "ray-ml")] == [
        "ray"
    ] * 3
