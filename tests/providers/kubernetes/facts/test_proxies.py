"""Doors that other kinds than a Service or an Ingress make, and servers that ask for themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.core.resource import Resource
from mlsec.providers.kubernetes.workloads.kinds import BY_KIND, ReadAs
from mlsec.providers.kubernetes.workloads.proxy_routes import PROXY_KINDS, may_lead
from tests.providers.kubernetes.manifests import graph_of, of_type, verdicts

# One object of each kind that leads to the service "s"; what follows {} is its spec.
SPECS = {
    "traefik.io": "{routes: [{match: PathPrefix(`/`), services: [{name: s, port: 80}]}]}",
    "traefik.containo.us": "{routes: [{services: [{name: s, namespace: models}]}]}",
    "projectcontour.io": "{virtualhost: {fqdn: a.example}, routes: [{services: [{name: s}]}]}",
    "apisix.apache.org": "{http: [{match: {hosts: [a.example]}, backends: [{serviceName: s}]}]}",
    "getambassador.io": '{prefix: /, service: "http://s.models:80"}',
    "k8s.nginx.org": "{host: a.example, upstreams: [{name: u, service: s, port: 80}]}",
    "zalando.org": "{backends: [{name: b, type: service, serviceName: s, servicePort: 80}]}",
    "elbv2.k8s.aws": "{serviceRef: {name: s, port: 80}}",
}
SERVED = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: llm, namespace: models}}
spec:
  template:
    metadata: {{labels: {{app: llm}}}}
    spec:
      containers:
        - name: server
          image: "vllm/vllm-openai:v0.10.0"
          args: [{args}]
          ports: [{{containerPort: 8000}}]
---
apiVersion: v1
kind: Service
metadata: {{name: s, namespace: models}}
spec: {{type: {kind}, selector: {{app: llm}}, ports: [{{port: 80, targetPort: 8000}}]}}
"""


def an(group: str, kind: str, spec: str) -> str:
    head = f"apiVersion: {group}/v1\nkind: {kind}\nmetadata: {{name: r, namespace: models}}\n"
    return f"{head}spec: {spec}\n"


def judged(scratch: Path, *more: str, kind: str = "ClusterIP", args: str = "--port, '8000'") -> (
    tuple[dict[str, Resource], dict[str, set[tuple[str, str]]]]
):  # fmt: skip
    text = "---\n".join([SERVED.format(kind=kind, args=args), *more])
    graph = graph_of(scratch, {"x.yaml": text})
    return of_type(graph, "ingress"), verdicts(graph)


@pytest.mark.parametrize(("group", "kind"), PROXY_KINDS)
def test_route_of_a_proxy_is_a_door_that_nothing_calls_closed(
    group: str, kind: str, tmp_path: Path
) -> None:
    found, said = judged(tmp_path, an(group, kind, SPECS[group]))
    assert found["r"].properties["leads_to_ml"] is True
    assert ("k8s-network/ingress-public", "r") in said["not_assessed"]
    assert not {rule for rule, name in said["pass"] if name == "r" and "ingress-without" in rule}


def test_every_group_of_proxies_is_tried() -> None:
    assert set(SPECS) == {group for group, _ in PROXY_KINDS}
    assert all(BY_KIND[each].read_as is ReadAs.PROXY_ROUTE for each in PROXY_KINDS)


def test_what_a_route_of_a_proxy_says_is_judged(tmp_path: Path) -> None:
    spec = "{tls: {secretName: t}, routes: [{services: [{name: s}]}]}"
    found, said = judged(tmp_path, an("traefik.io", "IngressRoute", spec))
    assert found["r"].properties["has_tls"] is True
    assert ("k8s-network/ingress-without-authentication", "r") in said["fail"]
    guarded = spec.replace("services", "middlewares: [{name: m}], services")
    found, said = judged(tmp_path, an("traefik.io", "IngressRoute", guarded))
    assert ("k8s-network/ingress-without-authentication", "r") in said["not_assessed"]


def test_kind_that_nothing_reads_and_that_names_a_service_may_lead_to_it(tmp_path: Path) -> None:
    odd = an("example.dev", "Exposed", "{backend: {name: s}, size: 3}")
    found, said = judged(tmp_path, odd)
    assert found["r"].unread.keys() >= {"has_tls", "auth", "scheme"}
    assert ("k8s-network/ingress-public", "r") in said["not_assessed"]
    near, _ = judged(tmp_path, odd.replace("name: s}", "name: other}"))
    assert not near


def test_pool_of_pods_is_what_stands_between_a_route_and_its_pods(tmp_path: Path) -> None:
    pool = an(
        "inference.networking.k8s.io", "InferencePool",
        "{selector: {matchLabels: {app: llm}}, targetPorts: [{number: 8000}]}",
    )  # fmt: skip
    route = an(
        "gateway.networking.k8s.io", "HTTPRoute",
        "{parentRefs: [{name: g}], rules: [{backendRefs: [{kind: InferencePool, name: r}]}]}",
    )  # fmt: skip
    graph = graph_of(
        tmp_path, {"x.yaml": "---\n".join([SERVED.format(kind="ClusterIP", args=""), pool, route])}
    )
    assert of_type(graph, "route")["r"].properties["leads_to_ml"] is True
    assert of_type(graph, "service")["r"].properties["exposed_products"] == [
        {"product": "vllm", "port": 8000, "what": "models"}
    ]


@pytest.mark.parametrize(
    ("args", "status"),
    [("--port, '8000'", "fail"), ("--port, '8000', --api-key, $(KEY)", "not_applicable")],
)
def test_server_that_asks_for_itself_is_no_open_door(
    args: str, status: str, tmp_path: Path
) -> None:
    _, said = judged(tmp_path, kind="LoadBalancer", args=args)
    rule = ("k8s-network/service-public", "s")
    assert (rule in said["fail"]) is (status == "fail")
    assert rule not in said["not_assessed"]


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("KongRoute.x.io", True), ("TunnelBinding.y", True), ("RouteTable.z", False), ("Pod", False)],
)
def test_kinds_that_may_lead_somewhere_are_told_by_name(kind: str, wanted: bool) -> None:
    assert may_lead(kind) is wanted


def test_manifest_that_is_cut_short_may_have_been_a_door(tmp_path: Path) -> None:
    whole = {"x.yaml": SERVED.format(kind="ClusterIP", args="")}
    cut = {**whole, "y.yaml": "apiVersion: v1\nkind: Service\nspec: {selector: {"}
    for files, is_known in ((whole, True), (cut, False)):
        graph = graph_of(tmp_path, files)
        (found,) = of_type(graph, "endpoint").values()
        assert (not graph.targets(found, "entry_points").gaps) is is_known


WAY = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: h, namespace: models}
spec:
  parentRefs: [{name: g}]
  rules:
    - backendRefs: [{name: s, port: 80}]
      filters:
        - type: ExtensionRef
          extensionRef: {group: gateway.nginx.org, kind: SnippetsFilter, name: f}
    OTHER
---
apiVersion: gateway.nginx.org/v1alpha1
kind: SnippetsFilter
metadata: {name: f, namespace: models}
spec: {snippets: [{context: http.server.location, value: "DOES;"}]}
"""
TRAEFIK = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: h
  namespace: models
  annotations: {traefik.ingress.kubernetes.io/router.middlewares: models-f@kubernetescrd}
spec: {defaultBackend: {service: {name: s, port: {number: 80}}}}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: NAME, namespace: models}
spec: {DOES: {address: "http://sso.internal/check"}}
"""


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        (WAY.replace("DOES", "auth_request /check").replace("OTHER", ""), True),
        (WAY.replace("DOES", "auth_request off").replace("OTHER", ""), False),
        (
            WAY.replace("DOES", "auth_request /check").replace(
                "OTHER", "- backendRefs: [{name: s, port: 80}]"
            ),
            False,
        ),
        (TRAEFIK.replace("NAME", "f").replace("DOES", "forwardAuth"), True),
        (TRAEFIK.replace("NAME", "f").replace("DOES", "retry"), False),
        (TRAEFIK.replace("NAME", "other").replace("DOES", "forwardAuth"), None),
    ],
    ids=["snippet", "snippet that turns it off", "rule beside it", "middleware",
         "middleware of another use", "middleware that is not declared"],
)  # fmt: skip
def test_filter_that_all_requests_go_through_asks_for_a_sign_in(
    text: str, asks: bool | None, tmp_path: Path
) -> None:
    graph = graph_of(tmp_path, {"x.yaml": text})
    found = {**of_type(graph, "route"), **of_type(graph, "ingress")}["h"]
    assert found.properties.get("requires_auth") is asks
    assert ("requires_auth" in found.unread) is (asks is None)
