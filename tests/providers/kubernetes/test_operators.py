"""What operators make of their own kinds: images named in parts, and what is left to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.collect.settings import CollectSettings
from mlsec.graph.build import build_graph
from mlsec.providers.kubernetes.collect import collector
from mlsec.repository.clusters import read_clusters
from mlsec.snapshot.store import Snapshot
from mlsec.targets.facts import FACTS
from tests.estate.kube_server import KubeWorld, RunningKube
from tests.providers.kubernetes.manifests import (
    VOCABULARY,
    graph_of,
    inventory_of,
    of_type,
    verdicts,
)

NIM = """\
apiVersion: apps.nvidia.com/v1alpha1
kind: NIMService
metadata: {name: chat, namespace: models}
spec:
  image: {repository: nvcr.io/nim/meta/llama, tag: %s, pullPolicy: IfNotPresent}
  authSecret: ngc
  resources: {limits: {nvidia.com/gpu: 1}}
  env: [{name: A, value: b}]
  expose: {service: {type: ClusterIP, port: 8000}}
"""
VLLM = """\
apiVersion: production-stack.vllm.ai/v1alpha1
kind: VLLMRuntime
metadata: {name: chat, namespace: models}
spec:
  model: {modelURL: owner/model}
  vllmConfig: {port: 8000, extraArgs: ["--trust-remote-code"]}
  deploymentConfig:
    replicas: 1
    image: {registry: docker.io, name: "lmcache/vllm-openai:latest"}
"""


@pytest.mark.parametrize(
    ("text", "image", "line"),
    [
        (NIM % '"1.3.3"', "nvcr.io/nim/meta/llama:1.3.3", 5),
        (VLLM, "docker.io/lmcache/vllm-openai:latest", 9),
    ],
)
def test_image_that_an_operator_takes_in_parts_is_read_at_its_line(
    text: str, image: str, line: int, tmp_path: Path
) -> None:
    (found,) = of_type(graph_of(tmp_path, {"x.yaml": text}), "container").values()
    assert found.properties["image"] == image
    assert found.places["image"].split(":")[1] == str(line)


def test_image_in_parts_is_judged_and_what_the_operator_decides_is_not(tmp_path: Path) -> None:
    said = verdicts(graph_of(tmp_path, {"x.yaml": NIM % "latest"}))
    near = verdicts(graph_of(tmp_path, {"x.yaml": NIM % "1.3.3"}))
    assert ("k8s-pod/image-latest", "chat:main") in said["fail"]
    assert ("k8s-pod/image-latest", "chat:main") in near["pass"]
    assert ("k8s-pod/container-can-escalate", "chat:main") in said["not_assessed"]


def test_settings_that_an_operator_adds_are_unread_and_its_own_are_known(tmp_path: Path) -> None:
    found = inventory_of(tmp_path, {"x.yaml": VLLM}).resources
    (server,) = [each for each in found if each.type == "serving.vllm"]
    assert server.properties["supply.remote_code"] is True
    assert {"access.authenticated", "supply.model"} <= server.unread.keys()


def test_name_of_a_hub_in_an_operators_own_key_is_an_address(tmp_path: Path) -> None:
    said = verdicts(graph_of(tmp_path, {"x.yaml": VLLM}))
    assert ("k8s-serving/model-unpinned", "chat") in said["fail"]


def test_values_of_a_chart_are_no_pods(tmp_path: Path) -> None:
    text = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a}\n"
        "spec: {values: {image: {repository: vllm/vllm-openai, tag: latest}}}\n"
    )
    assert not of_type(graph_of(tmp_path, {"x.yaml": text}), "container")


def pod(name: str, container: dict[str, object]) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "models"},
        "spec": {"containers": [{"name": "main", **container}]},
    }


def test_container_of_a_cluster_that_may_be_a_server_is_not_assessed_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = KubeWorld(
        [
            pod("script", {"image": "vllm/vllm-openai:v1", "command": ["/opt/start.sh"]}),
            pod("alike", {"image": "corp/my-ollama:1"}),
            pod("other", {"image": "nginx:1"}),
        ]
    )
    with RunningKube(world) as cluster:
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(tmp_path)))
        with Snapshot.create(tmp_path / "x.mlsnap") as snapshot:
            collector.collect("kubernetes", snapshot, CollectSettings(vocabulary=VOCABULARY))
            snapshot.finish()
    with Snapshot.open(tmp_path / "x.mlsnap") as snapshot:
        inventory = read_clusters(snapshot, VOCABULARY)
    found = {each.name: each for each in inventory.resources if each.type == "serving.server"}
    why = {gap.id: gap.detail for gap in inventory.gaps}
    told = {name: why[each.unread["*"][0]] for name, each in found.items()}
    assert set(told) == {"script:main", "alike:main"}
    assert "start.sh" in told["script:main"]
    assert "my-ollama" in told["alike:main"]
    (row,) = [each for each in inventory.coverage.rows if each.type == "serving.server"]
    assert (row.errored, row.excluded) == (2, 1)
    graph = build_graph(VOCABULARY, inventory, FACTS)
    said = verdicts(graph)
    assert ("k8s-serving/model-unpinned", "script") in said["not_assessed"]


KUBEAI = """\
apiVersion: kubeai.org/v1
kind: Model
metadata: {name: chat, namespace: models}
spec:
  url: hf://owner/model
  engine: VLLM
  args: [%s]
"""


@pytest.mark.parametrize(
    ("words", "status"),
    [("--max-model-len=8", "fail"), (f"--revision={'a' * 40}", "pass")],
)
def test_a_model_of_kubeai_is_pinned_by_an_argument_of_its_server(
    words: str, status: str, tmp_path: Path
) -> None:
    said = verdicts(graph_of(tmp_path, {"x.yaml": KUBEAI % words}))
    assert ("k8s-serving/model-unpinned", "chat") in said[status]
    assert ("k8s-serving/endpoint-default-service-account", "chat") in said["pass"]
