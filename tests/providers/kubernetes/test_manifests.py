"""Manifests become typed resources with the line of each property, and nothing is dropped."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.providers.kubernetes.workloads.kinds import BY_KIND, KINDS, ReadAs
from mlsec.providers.kubernetes.workloads.model_addresses import source_of
from tests.providers.kubernetes.manifests import graph_of, inventory_of, of_type, verdicts

SERVER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: llm, namespace: models}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: llm}}
    spec:
      securityContext:
        runAsNonRoot: true
      containers:
        - name: server
          image: vllm/vllm-openai:v0.11.0
          args: ["--model", "s3://weights/llama"]
          securityContext:
            privileged: true
          env:
            - {name: LOG_LEVEL, value: debug}
"""


def test_container_takes_from_its_pod_what_it_does_not_say_itself(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, {"llm.yaml": SERVER})
    container = of_type(graph, "container")["llm:server"]
    assert container.properties["non_root"] is True
    assert container.properties["privileged"] is True
    assert container.properties["can_escalate"] is True
    assert container.properties["product"] == "vllm"
    assert container.properties["env"][0]["value"] == "debug"
    assert (container.origin.file, container.origin.line) == ("llm.yaml", 12)
    assert container.places["privileged"] == "llm.yaml:16:13"
    assert container.places["non_root"] == "llm.yaml:10:9"
    assert container.places["env[0].value"].startswith("llm.yaml:18:")


def test_workload_of_a_known_server_is_an_endpoint_with_its_store(tmp_path: Path) -> None:
    endpoint = of_type(graph_of(tmp_path, {"llm.yaml": SERVER}), "endpoint")["llm"]
    assert [each["store"] for each in endpoint.properties["sources"]] == ["s3://weights"]


VLLM = "containers: [{name: a, image: 'vllm/vllm-openai:v0.9.0'}]"
BATCH = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: n}\nspec: {template: {spec: {" + VLLM
ARGO = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: n}\nspec: {templates: ["
STEP = "container: {image: 'vllm/vllm-openai:v0.9.0'}}]}\n"


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        (BATCH + "}}}\n", "other"),
        (ARGO + "{name: score, " + STEP, "other"),
        (ARGO + "{name: serve, daemon: true, " + STEP, "serving"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: n}\nspec: {" + VLLM + "}\n", "serving"),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: n}\nspec: {restartPolicy: Never, "
            + VLLM
            + "}\n",
            "other",
        ),
    ],
)
def test_work_that_ends_serves_nobody(text: str, runs: str, tmp_path: Path) -> None:
    graph = graph_of(tmp_path, {"x.yaml": text})
    (workload,) = graph.of_type("kubernetes.workload")
    assert (workload.properties["runs"], workload.properties["is_ml"]) == (runs, True)
    assert len(list(graph.of_type("kubernetes.endpoint"))) == (runs == "serving")


def test_form_that_a_program_fills_in_is_no_object(tmp_path: Path) -> None:
    text = "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: NAME}\n"
    inventory = inventory_of(tmp_path, {"x.yaml": text.replace("NAME", "{name}")})
    assert {each.type for each in inventory.resources} == {"code.file"}
    assert any("a program fills in" in gap.detail for gap in inventory.gaps)


POD = "containers: [{name: a, image: x/y}]"
HOLDERS = {
    "RayCluster.ray.io": "{headGroupSpec: {template: {spec: {POD}}}, workerGroupSpecs:"
    " [{groupName: gpu, template: {spec: {POD}}}]}",
    "CronJob.batch": "{jobTemplate: {spec: {template: {spec: {POD}}}}}",
    "PyTorchJob.kubeflow.org": "{pytorchReplicaSpecs: {Master: {template: {spec: {POD}}},"
    " Worker: {template: {spec: {POD}}}}}",
    "InferenceService.serving.kserve.io": "{predictor: {POD}}",
    "ClusterServingRuntime.serving.kserve.io": "{POD}",
    "Workflow.argoproj.io": "{templates: [{name: train, container: {image: x/y}}]}",
    "JobSet.jobset.x-k8s.io": "{replicatedJobs: [{name: w, template: {spec: {template: {spec:"
    " {POD}}}}}]}",
    "Unheard.example.com": "{deeply: {nested: {spec: {POD}}}}",
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_pods_are_found_in_whatever_holds_them(holder: str, tmp_path: Path) -> None:
    kind, _, group = holder.partition(".")
    spec = HOLDERS[holder].replace("{POD}", "{" + POD + "}")
    text = f"apiVersion: {group}/v1\nkind: {kind}\nmetadata: {{name: n}}\nspec: {spec}\n"
    graph = graph_of(tmp_path, {"x.yaml": text})
    images = [each.properties["image"] for each in graph.of_type("kubernetes.container")]
    assert images == ["x/y"] * spec.count("x/y")


def test_kind_that_nobody_knows_is_told_with_its_line(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n---\napiVersion: a.b/v1\nkind: Odd\n"
    inventory = inventory_of(tmp_path, {"x.yaml": text})
    (file,) = [each for each in inventory.resources if each.type == "code.file"]
    (part,) = file.properties["unresolved_parts"]
    assert part["what"].startswith("line 5: nothing reads Odd.a.b")


def test_list_gives_each_of_its_items(tmp_path: Path) -> None:
    text = (
        '{"apiVersion": "v1", "kind": "List", "items": ['
        '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {}},'
        '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "b"}, "spec": {}}]}'
    )
    assert sorted(of_type(graph_of(tmp_path, {"x.json": text}), "service")) == ["a", "b"]


def test_template_is_not_understood_and_names_the_command_that_makes_it(tmp_path: Path) -> None:
    text = "{{- if .Values.x }}\napiVersion: v1\nkind: Service\nmetadata: {name: x}\n{{- end }}\n"
    inventory = inventory_of(tmp_path, {"chart/templates/service.yaml": text})
    (gap,) = inventory.gaps
    assert "helm template RELEASE chart" in gap.detail
    assert [row.errored for row in inventory.coverage.rows if row.type == "code.file"] == [1]


def test_base_of_a_kustomization_is_read_and_the_building_is_told(tmp_path: Path) -> None:
    files = {"base/llm.yaml": SERVER, "base/kustomization.yaml": "resources: [llm.yaml]\n"}
    inventory = inventory_of(tmp_path, files)
    assert any(each.type == "kubernetes.workload" for each in inventory.resources)
    assert any("kustomize build base" in gap.detail for gap in inventory.gaps)


def test_document_after_a_broken_one_does_not_hide_those_before_it(tmp_path: Path) -> None:
    inventory = inventory_of(tmp_path, {"x.yaml": SERVER + "---\na: [\n"})
    assert any(each.type == "kubernetes.workload" for each in inventory.resources)
    (file,) = [each for each in inventory.resources if each.type == "code.file"]
    assert "unresolved_parts" in file.unread


def test_value_that_another_tool_fills_in_is_unknown_and_not_a_text(tmp_path: Path) -> None:
    text = SERVER.replace("vllm/vllm-openai:v0.11.0", "vllm/vllm-openai:${TAG}")
    container = of_type(graph_of(tmp_path, {"x.yaml": text}), "container")["llm:server"]
    assert {"image", "image_tag", "image_digest"} <= container.unread.keys()


def test_wrong_kind_of_value_is_unread_and_not_a_default(tmp_path: Path) -> None:
    text = SERVER.replace("privileged: true", 'privileged: "true"')
    found = verdicts(graph_of(tmp_path, {"x.yaml": text}))
    assert ("k8s-pod/container-privileged", "llm:server") in found["not_assessed"]


def test_same_text_twice_in_a_folder_is_two_things(tmp_path: Path) -> None:
    files = {"a/llm.yaml": SERVER, "b/llm.yaml": SERVER + "---\n" + SERVER}
    graph = graph_of(tmp_path, files)
    assert len(graph.of_type("kubernetes.workload")) == 3


def test_no_kind_is_in_the_table_twice() -> None:
    assert len({(one.group, one.kind) for one in KINDS}) == len(KINDS)
    assert len(BY_KIND) > len(KINDS)


@pytest.mark.parametrize("kind", [k for k in KINDS if k.read_as is not ReadAs.ASIDE], ids=str)
def test_bare_object_of_every_kind_is_read_without_a_crash(kind: object, tmp_path: Path) -> None:
    group, name = kind.group, kind.kind  # type: ignore[attr-defined]
    version = f"{group}/v1" if group else "v1"
    text = f"apiVersion: {version}\nkind: {name}\n---\napiVersion: {version}\nkind: {name}\n"
    text += "metadata: {name: [x], namespace: 7, labels: text}\nspec: [1, {a: b}]\nrules: 5\n"
    inventory_of(tmp_path, {"x.yaml": text})


def test_patch_of_a_kustomization_is_told_and_not_judged_as_a_whole(tmp_path: Path) -> None:
    patch = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a}]}\n"
    files = {
        "base/llm.yaml": SERVER,
        "over/kustomization.yaml": "resources: [../base]\npatches: [{path: patch.yaml}]\n",
        "over/patch.yaml": patch,
        "over/gone.yaml": patch + "$patch: delete\n",
    }
    inventory = inventory_of(tmp_path, files)
    assert [r.name for r in inventory.resources if r.type == "kubernetes.workload"] == ["llm"]
    told = [gap.detail for gap in inventory.gaps]
    assert any("a patch, which over/kustomization.yaml applies" in each for each in told)


def test_launches_of_containers_become_servers_with_their_mounted_settings(
    tmp_path: Path,
) -> None:
    inventory = inventory_of(tmp_path, {"llm.yaml": SERVER})
    (server,) = [r for r in inventory.resources if r.type == "serving.vllm"]
    assert server.origin.file == "llm.yaml"


def test_what_a_pod_may_do_is_told_once_by_the_workload_and_not_by_its_server(
    tmp_path: Path,
) -> None:
    (server,) = [
        r for r in inventory_of(tmp_path, {"x.yaml": SERVER}).resources if r.type == "serving.vllm"
    ]
    names = ("access.root", "access.privileged", "access.host_socket", "supply.image_pinned")
    assert [server.properties[name] for name in names] == [None] * 4


@pytest.mark.parametrize(
    ("url", "leaves"),
    [
        ("http://sink.default/", False),
        ("http://sink.logs.svc.cluster.local", False),
        ("http://sink", False),
        ("https://example.com/in", True),
        ("https://in.example.cloud/x", True),
    ],
)
def test_logger_that_sends_requests_out_of_the_cluster_is_told_from_one_inside(
    url: str, leaves: bool, tmp_path: Path
) -> None:
    text = (
        "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: i}\n"
        f"spec: {{predictor: {{logger: {{mode: all, url: '{url}'}}, model: {{modelFormat: {{name:"
        " sklearn}, storageUri: 'gs://b/m'}}}\n"
    )
    found = of_type(graph_of(tmp_path, {"x.yaml": text}), "endpoint")["i"]
    assert found.properties["logger_is_external"] is leaves
    assert found.properties["runs_code"] is True


def test_store_that_is_not_amazons_is_named_by_its_host() -> None:
    assert (
        source_of("s3://https://minio.example:9000/weights/a")["store"] == "s3://minio.example:9000"
    )


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("OBJECTSTORE_SECRETKEY", "seaweedfsadmin", "fail"),
        ("MINIO_ROOT_PASSWORD", "minioadmin", "fail"),
        ("POSTGRES_PASSWORD", "'1234'", "fail"),
        ("POSTGRES_PASSWORD", "changeme", "not_assessed"),
        ("NGC_API_KEY", "nvidiaapikey", "not_assessed"),
        ("OPENAI_API_KEY", "EMPTY", "pass"),
    ],
)
def test_guessable_credential_of_a_pod_does_not_pass_and_a_stand_in_is_not_assessed(
    name: str, value: str, expected: str, tmp_path: Path
) -> None:
    text = SERVER.replace("LOG_LEVEL, value: debug", f"{name}, value: {value}")
    found = verdicts(graph_of(tmp_path, {"llm.yaml": text}))
    rules = {status: {rule for rule, _ in pairs} for status, pairs in found.items()}
    assert "k8s-pod/secret-in-environment" in rules[expected]


PROJECT = "  annotations: {openshift.io/display-name: Models}\n"
ROUTE = "---\napiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {name: r}\nspec: {}\n"


@pytest.mark.parametrize(("beside", "is_there"), [("", False), (ROUTE, True), (PROJECT, True)])
def test_namespace_beside_objects_of_openshift_is_there(
    beside: str, is_there: bool, tmp_path: Path
) -> None:
    text = f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: models\n{beside}"
    (namespace,) = graph_of(tmp_path, {"x.yaml": text}).of_type("kubernetes.namespace")
    assert namespace.properties["on_openshift"] is is_there


@pytest.mark.parametrize(("app", "modes"), [("llm", ["PERMISSIVE"]), ("net-webhook", [])])
def test_port_of_a_webhook_is_for_the_api_server(
    app: str, modes: list[str], tmp_path: Path
) -> None:
    text = (
        "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: p}\nspec:\n"
        f"  selector: {{matchLabels: {{app: {app}}}}}\n"
        "  portLevelMtls: {8443: {mode: PERMISSIVE}}\n"
    )
    (policy,) = graph_of(tmp_path, {"x.yaml": text}).of_type("kubernetes.mesh_policy")
    assert policy.properties["port_modes"] == modes
