"""What names an endpoint's models decides whether rules about them apply, pass or are not told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.providers.kubernetes.manifests import graph_of, of_type, verdicts

PINNED = "k8s-serving/model-unpinned"
WRITABLE = ("paths/weights-externally-writable", "paths/weights-writable-from-notebook")


def deployment(container: str, more: str = "") -> str:
    return (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: llm, namespace: models}\n"
        "spec:\n  template:\n    metadata: {labels: {app: llm}}\n    spec:\n"
        f"      containers: [{{name: main, {container}}}]\n{more}"
    )


def inference(model: str) -> str:
    return (
        "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\n"
        f"metadata: {{name: llm, namespace: models}}\nspec: {{predictor: {{model: {model}}}}}\n"
    )


def seldon(graph: str) -> str:
    return (
        "apiVersion: machinelearning.seldon.io/v1\nkind: SeldonDeployment\n"
        "metadata: {name: llm, namespace: models}\n"
        f"spec: {{predictors: [{{name: a, graph: {graph}}}]}}\n"
    )


GRAPH = """\
apiVersion: serving.kserve.io/v1alpha1
kind: InferenceGraph
metadata: {name: llm, namespace: models}
spec: {nodes: {root: {routerType: Sequence}}}
"""
VLLM = 'image: "vllm/vllm-openai:v0.11.0"'
NAMED = {
    "model of a server that its image decides": (
        inference("{modelFormat: {name: huggingface}}"),
        None,
    ),
    "image that no reader knows": (deployment('image: "corp/nim/chat:1"'), None),
    "command that another tool fills in": (
        deployment(f'{VLLM}, args: ["--model", "{{{{ .Values.model }}}}"]'),
        None,
    ),
    "address in the object": (
        inference('{modelFormat: {name: huggingface}, storageUri: "hf://a/b"}'),
        "address",
    ),
    "hub's name as an argument of a runtime": (
        inference('{modelFormat: {name: huggingface}, args: ["--model_id=a/b"]}'),
        "address",
    ),
    "container before the server that fetches it": (
        deployment(
            f'{VLLM}, args: ["--model", "/models/a"]',
            "      initContainers: [{name: get, image: aws-cli,"
            ' command: [aws, s3, cp, "s3://weights/a", /models/a]}]\n',
        ),
        "address",
    ),
    "hub's name in the server's settings": (
        deployment(f'{VLLM}, args: ["--model", "a/b"]'),
        "server",
    ),
    "proxy of models elsewhere": (
        deployment('image: "ghcr.io/berriai/litellm:main-v1.80.0", args: ["--port", "4000"]'),
        "none",
    ),
    "graph of other endpoints": (
        GRAPH,
        "none",
    ),
    "image that brings its model": (seldon("{name: a, children: []}"), "none"),
    "prepacked server without an address": (
        seldon("{name: a, implementation: SKLEARN_SERVER}"),
        None,
    ),
    "address deep in a graph": (
        seldon(
            "{name: a, children: [{name: b, children: "
            '[{name: c, implementation: SKLEARN_SERVER, modelUri: "gs://b/m"}]}]}'
        ),
        "address",
    ),
}


@pytest.mark.parametrize("case", NAMED)
def test_what_names_the_models_of_an_endpoint_is_told_or_unread(case: str, tmp_path: Path) -> None:
    text, wanted = NAMED[case]
    (found,) = of_type(graph_of(tmp_path, {"x.yaml": text}), "endpoint").values()
    assert found.properties.get("model_source") == wanted
    assert ("model_source" in found.unread) is (wanted is None)


@pytest.mark.parametrize("case", NAMED)
def test_endpoint_whose_models_nobody_names_never_passes_a_rule_about_them(
    case: str, tmp_path: Path
) -> None:
    text, source = NAMED[case]
    graph = graph_of(tmp_path, {"x.yaml": text})
    (endpoint,) = of_type(graph, "endpoint")
    said = verdicts(graph)
    for rule in (PINNED, *WRITABLE):
        row = (rule, endpoint)
        assert row not in said["pass"]
        if source is None:
            # Where the models come from is asked once; of a bucket that nothing names nothing is.
            assert rule != PINNED or row in said["not_assessed"]
            assert row not in said["fail"]
        elif source != "address":
            assert row not in said["not_assessed"] | said["fail"]


def test_model_of_a_hub_passes_with_its_commit_and_fails_without(tmp_path: Path) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    text = inference('{modelFormat: {name: huggingface}, args: ["--model_id", "a/b"%s]}')
    told = {
        more: verdicts(graph_of(tmp_path, {"x.yaml": text % more}))
        for more in ("", f', "--model_revision", "{commit}"')
    }
    near = told.popitem()[1]
    assert (PINNED, "llm") in near["pass"]
    assert all((PINNED, "llm") in said["fail"] for said in told.values())


def test_store_that_is_filled_in_elsewhere_is_unread_and_not_none(tmp_path: Path) -> None:
    for store in ("{{ .Values.bucket }}", "${BUCKET}", "$(BUCKET)"):
        text = inference(f'{{modelFormat: {{name: onnx}}, storageUri: "s3://{store}/m"}}')
        said = verdicts(graph_of(tmp_path, {"x.yaml": text}))
        assert (WRITABLE[1], "llm") in said["not_assessed"]
