"""A server in a cluster is joined to its doors, its identity and the store of its model."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.content_paths import content_folder
from mlsec.core.enums import Status
from mlsec.engine.rules.load import load_content
from mlsec.repository import collector
from mlsec.snapshot.store import Snapshot

_POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: llm, namespace: models}
spec:
  selector: {matchLabels: {app: llm}}
  template:
    metadata: {labels: {app: llm}}
    spec:
      containers:
        - name: vllm
          image: vllm/vllm-openai:v0.24.0
          args: [--model, "s3://acme-models/llm", KEY]
---
apiVersion: v1
kind: Service
metadata: {name: llm, namespace: models}
spec:
  type: DOOR
  selector: {app: llm}
  ports: [{port: 80, targetPort: 8000}]
"""
_BUCKET = """
resource "aws_s3_bucket" "models" {
  bucket = "acme-models"
}
resource "aws_s3_bucket_policy" "models" {
  bucket = aws_s3_bucket.models.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::WRITER:root" }
      Action    = "s3:PutObject"
      Resource  = "arn:aws:s3:::acme-models/*"
    }]
  })
}
"""
_SCENES = {
    "open": {"DOOR": "LoadBalancer", "KEY": "--max-num-seqs=8", "WRITER": "999999999999"},
    "near": {"DOOR": "LoadBalancer", "KEY": "--api-key=$(K)", "WRITER": "999999999999"},
    "inside": {"DOOR": "ClusterIP", "KEY": "--max-num-seqs=8", "WRITER": "999999999999"},
}
_DOOR = "server/public-entry-point-without-authentication"
_STORE = "model-server/weights-externally-writable"


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, set[tuple[str, Status]]]:
    ruleset = load_content(content_folder("rules"))
    root = tmp_path_factory.mktemp("relations")
    with Snapshot.create(root / "x.mlsnap") as snapshot:
        for name, values in _SCENES.items():
            folder = root / name
            folder.mkdir()
            for file, text in (("llm.yaml", _POD), ("main.tf", _BUCKET)):
                for word, value in values.items():
                    text = text.replace(word, value)  # noqa: PLW2901 - filled in step by step
                (folder / file).write_text(text)
            settings = CollectSettings(vocabulary=ruleset.vocabulary)
            collector.collect(str(folder), snapshot, settings, None)
        snapshot.finish()
    with Snapshot.open(root / "x.mlsnap") as snapshot:
        told = pipeline.judge(snapshot, ruleset, pipeline.Judging(), lambda *_: None)
    return {
        name: {
            (f.rule, f.status)
            for f in told.findings
            if f.resource.scope.endswith(f"/{name}") and f.resource.type == "serving.vllm"
        }
        for name in _SCENES
    }


@pytest.mark.parametrize(
    ("scene", "status"), [("open", Status.FAIL), ("near", None), ("inside", None)]
)
def test_an_open_door_to_a_server_without_sign_in_is_found(
    scene: str, status: Status | None, failed: Mapping[str, set[tuple[str, Status]]]
) -> None:
    found = {got for rule, got in failed[scene] if rule == _DOOR}
    assert found == ({status} if status else set())


def test_the_store_of_a_model_is_that_of_the_cloud(
    failed: Mapping[str, set[tuple[str, Status]]],
) -> None:
    """It is reached; who is outside of the account, code that names no account cannot tell."""
    assert {got for rule, got in failed["open"] if rule == _STORE} == {Status.NOT_ASSESSED}
