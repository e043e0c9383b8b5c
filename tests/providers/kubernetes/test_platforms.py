"""What KServe, ModelMesh and Knative add to an object, and what that leaves to ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.providers.kubernetes.manifests import graph_of, of_type, verdicts

READINESS = "k8s-pod/server-without-readiness-probe"
EXPOSED = "k8s-serving/endpoint-without-authentication"
CONTAINER = '{name: %s, image: "nvcr.io/nvidia/tritonserver:24.05-py3"}'
RUNTIME = """\
apiVersion: serving.kserve.io/v1alpha1
kind: ServingRuntime
metadata: {name: triton, annotations: {enable-route: "%s"}}
spec: {multiModel: %s, containers: [%s]}
"""
SERVED = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: digits, annotations: {serving.kserve.io/deploymentMode: %s}}
spec: {predictor: {model: {modelFormat: {name: onnx}, runtime: triton, storageUri: "s3://m/d"}}}
"""
KNATIVE = """\
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: digits}
spec: {template: {spec: {containers: [%s]}}}
"""
DEPLOYED = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: digits}
spec: {template: {metadata: {labels: {app: d}}, spec: {containers: [%s]}}}
"""


@pytest.mark.parametrize(
    "text",
    [
        RUNTIME % ("false", "true", CONTAINER % "triton"),
        RUNTIME % ("false", "false", CONTAINER % "kserve-container"),
        KNATIVE % (CONTAINER % "server"),
    ],
    ids=["ModelMesh", "KServe", "Knative"],
)
def test_container_whose_controller_adds_a_readiness_probe_is_not_asked_for_one(
    text: str, tmp_path: Path
) -> None:
    graph = graph_of(tmp_path, {"x.yaml": text})
    assert of_type(graph, "container")
    assert not any(rule == READINESS for found in verdicts(graph).values() for rule, _ in found)


@pytest.mark.parametrize(
    "text",
    [DEPLOYED % (CONTAINER % "t"), RUNTIME % ("false", "false", CONTAINER % "helper")],
    ids=["Deployment", "sidecar of a runtime"],
)
def test_container_that_gets_no_readiness_probe_is_asked_for_one(text: str, tmp_path: Path) -> None:
    found = verdicts(graph_of(tmp_path, {"x.yaml": text}))
    assert [name for rule, name in found["fail"] if rule == READINESS]


def test_model_of_model_mesh_has_no_address_outside_the_cluster(tmp_path: Path) -> None:
    found = verdicts(graph_of(tmp_path, {"x.yaml": SERVED % "ModelMesh"}))
    assert (EXPOSED, "digits") in found["pass"]
    found = verdicts(graph_of(tmp_path, {"x.yaml": SERVED % "Standard"}))
    assert (EXPOSED, "digits") in found["fail"]


def test_model_of_a_runtime_with_a_route_is_not_called_closed(tmp_path: Path) -> None:
    runtime = RUNTIME % ("true", "true", CONTAINER % "triton")
    found = verdicts(graph_of(tmp_path, {"x.yaml": f"{runtime}---\n{SERVED % 'ModelMesh'}"}))
    assert (EXPOSED, "digits") in found["not_assessed"]


def test_who_reaches_a_runtime_of_model_mesh_is_left_to_its_installation(tmp_path: Path) -> None:
    container = (CONTAINER % "triton").replace("}", ", command: [tritonserver]}")
    runtime = RUNTIME % ("false", "%s", container)
    (meshed,) = graph_of(tmp_path, {"x.yaml": runtime % "true"}).of_type("server")
    (plain,) = graph_of(tmp_path, {"x.yaml": runtime % "false"}).of_type("server")
    assert "exposure.reach" in meshed.unread
    assert plain.properties["exposure.reach"] == "cluster"


def test_build_that_pushes_an_image_named_like_a_service_is_no_way_to_it(tmp_path: Path) -> None:
    text = """\
apiVersion: v1
kind: Service
metadata: {name: studio}
spec: {selector: {app: studio}, ports: [{port: 80}]}
---
apiVersion: build.openshift.io/v1
kind: BuildConfig
metadata: {name: studio}
spec: {output: {to: {kind: ImageStreamTag, name: "studio:latest"}}}
"""
    assert not of_type(graph_of(tmp_path, {"x.yaml": text}), "ingress")


def test_account_that_others_use_in_their_namespace_is_not_that_of_a_model(tmp_path: Path) -> None:
    other = DEPLOYED % "{name: m, image: a/m}"
    texts = {
        "apps/first/x.yaml": other,
        "apps/mail/x.yaml": other.replace("name: digits", "name: mail, namespace: mail"),
        "apps/models/x.yaml": DEPLOYED % (CONTAINER % "t"),
    }
    graph = graph_of(tmp_path, texts)
    accounts = [each for each in graph.of_type("kubernetes.service_account") if not each.is_stub]
    runs = {each.properties["namespace"]: each.properties["runs_ml"] for each in accounts}
    assert runs == {"": True, "mail": False}


ROOT = "k8s-pod/container-root-allowed"
ROUTE = """\
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: r}
spec: {to: {kind: Service, name: s}}
"""
ANYUID = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b}
roleRef: {kind: ClusterRole, name: "system:openshift:scc:anyuid"}
subjects: [{kind: ServiceAccount, name: default}]
"""
AS_ROOT = (CONTAINER % "t").replace("}", ", securityContext: {runAsUser: 0}}")


@pytest.mark.parametrize(
    ("container", "beside", "status"),
    [
        (CONTAINER % "t", {"a/r.yaml": ROUTE}, ""),
        (CONTAINER % "t", {"b/r.yaml": ROUTE}, "fail"),
        (CONTAINER % "t", {"a/r.yaml": ROUTE, "a/c/b.yaml": ANYUID}, "fail"),
        (CONTAINER % "t", {"a/r.yaml": ROUTE, "c/b.yaml": ANYUID}, ""),
        (CONTAINER % "t", {f"{name}/r.yaml": ROUTE for name in "bcd"}, ""),
        (AS_ROOT, {"a/r.yaml": ROUTE}, "fail"),
    ],
    ids=[
        "on OpenShift",
        "OpenShift elsewhere",
        "anyuid bound",
        "bound to another part's",
        "a tree for OpenShift",
        "root asked for",
    ],
)
def test_root_is_left_to_the_default_constraint_of_openshift(
    container: str, beside: dict[str, str], status: str, tmp_path: Path
) -> None:
    found = verdicts(graph_of(tmp_path, {"a/x.yaml": DEPLOYED % container, **beside}))
    said = [name for name, rows in found.items() if (ROOT, "digits:t") in rows]
    assert said == ([status] if status else [])


WAY = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: %s, namespace: front}
spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: %s, port: 80}]}]}
"""


@pytest.mark.parametrize("rule", ["route-without-authentication", "route-exposes-code-execution"])
def test_route_of_which_nothing_shows_a_model_is_not_asked_about_models(
    rule: str, tmp_path: Path
) -> None:
    texts = {"a/mail.yaml": WAY % ("mail", "mail"), "a/search.yaml": WAY % ("search", "qdrant")}
    found = verdicts(graph_of(tmp_path, texts))
    asked = {name for each in found.values() for of, name in each if of == f"k8s-network/{rule}"}
    assert asked == {"search"}


def test_route_beside_a_model_is_asked_about_models(tmp_path: Path) -> None:
    texts = {"a/mail.yaml": WAY % ("mail", "mail"), "a/x.yaml": DEPLOYED % (CONTAINER % "t")}
    found = verdicts(graph_of(tmp_path, texts))
    assert ("k8s-network/route-without-authentication", "mail") in found["not_assessed"]


def test_optional_config_map_that_no_file_declares_leaves_the_environment_known(
    tmp_path: Path,
) -> None:
    command = '{name: t, image: "vllm/vllm-openai:v1", args: [--model, a/b], envFrom: [%s]}'
    for optional, hidden in (("true", False), ("false", True)):
        source = f"{{configMapRef: {{name: extra, optional: {optional}}}}}"
        text = DEPLOYED % (command % source)
        (server,) = graph_of(tmp_path, {"x.yaml": text}).of_type("server")
        assert ("access.authenticated" in server.unread) is hidden
