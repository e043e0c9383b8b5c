"""A made repository: each part is one manifest, one Python file, one Terraform root, one script."""

from __future__ import annotations

from pathlib import Path

_MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: model-{0}, namespace: team-{0}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: model-{0}}}}}
  template:
    metadata: {{labels: {{app: model-{0}}}}}
    spec:
      serviceAccountName: model-{0}
      containers:
        - name: server
          image: vllm/vllm-openai:v0.10.{0}
          args: [--model, org/model-{0}, --port, "8000"]
          resources: {{limits: {{memory: 8Gi}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: model-{0}, namespace: team-{0}}}
spec: {{selector: {{app: model-{0}}}, ports: [{{port: 80, targetPort: 8000}}]}}
"""
_PYTHON = """\
import torch
from transformers import AutoModel

NAME = "org/model-{0}"


def load(path):
    weights = torch.load(path, weights_only=True)
    return AutoModel.from_pretrained(NAME, revision="main"), weights
"""
_TERRAFORM = """\
resource "aws_sagemaker_notebook_instance" "n{0}" {{
  name          = "notebook-{0}"
  instance_type = "ml.t3.medium"
  role_arn      = aws_iam_role.r{0}.arn
}}
resource "aws_iam_role" "r{0}" {{
  name               = "role-{0}"
  assume_role_policy = jsonencode({{ Version = "2012-10-17", Statement = [] }})
}}
"""
_SCRIPT = """\
#!/bin/sh
set -e
NAME=model-{0}
if [ -n "$1" ]; then NAME=$1; fi
kubectl apply -n team-{0} -f ../manifests/$NAME.yaml
"""


def write(folder: Path, parts: int) -> tuple[int, int]:
    """Write so many parts; says how many files there are, and their size in bytes."""
    places = {
        "manifests/model-{0}.yaml": _MANIFEST,
        "src/model_{0}.py": _PYTHON,
        "terraform/root-{0}/main.tf": _TERRAFORM,
        "scripts/deploy-{0}.sh": _SCRIPT,
    }
    files = size_bytes = 0
    for number in range(parts):
        for place, text in places.items():
            path = folder / place.format(number)
            path.parent.mkdir(parents=True, exist_ok=True)
            size_bytes += path.write_text(text.format(number))
            files += 1
    return files, size_bytes
