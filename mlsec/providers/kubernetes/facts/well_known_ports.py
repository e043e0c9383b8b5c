"""What the ports of well-known servers expose."""

from __future__ import annotations

from collections.abc import Mapping

# Source: each product's own documentation of its ports. ``code``: callers can run code;
# ``management``: models and settings are changed there; ``models``: models answer there.
PORTS: Mapping[str, Mapping[int, str]] = {
    "ray": {8265: "code", 10001: "code", 6379: "code", 8080: "metrics",
            44217: "metrics", 44227: "metrics", 52365: "management"},
    "torchserve": {8080: "models", 8081: "management", 8082: "metrics", 7070: "models",
                   7071: "management"},
    "triton": {8000: "models", 8001: "models", 8002: "metrics"},
    "milvus": {19530: "data", 9091: "management"},
    "qdrant": {6333: "data", 6334: "data", 6335: "management"},
    "mlserver": {8080: "models", 8081: "models", 8082: "metrics"},
}  # fmt: skip
# What every other port of a product exposes.
OTHERWISE: Mapping[str, str] = {
    "jupyter": "code", "mlflow": "management", "airflow": "code",
    "langflow": "code", "flowise": "code", "n8n": "code", "dify": "management",
    "tensorboard": "metrics", "label-studio": "data", "argilla": "data", "langfuse": "data",
    "kubeflow-pipelines": "management", "katib": "management", "qdrant": "data", "milvus": "data",
    "weaviate": "data", "chroma": "data", "pgvector": "data",
}  # fmt: skip
# What a port of Ray is by the names that its operator gives. What an application of Ray Serve does
# is up to whoever wrote it.
_RAY: Mapping[str, str] = {
    "dashboard": "code", "client": "code", "gcs": "code", "gcs-server": "code", "redis": "code",
    "metrics": "metrics", "dashboard-agent": "management",
}  # fmt: skip


def opened(product: str, port: int, name: str = "") -> str | None:
    """Give what a port of a product exposes; None where that is up to whoever runs it."""
    known = PORTS.get(product, {}).get(port)
    if product == "ray":
        return known or _RAY.get(name)
    return known or OTHERWISE.get(product, "models")
