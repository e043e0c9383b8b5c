"""Containers and clusters: what a known image serves, accelerators, cluster logs and keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_EDGE = r"(?:^|[/_.-])(?:{})(?:$|[/_.-])"
# Words of an image's path, registry and tag apart; a word counts only when it stands alone.
_SERVES = tuple(
    (what, re.compile(_EDGE.format("|".join(words))))
    for what, words in (
        ("model", (
            "vllm", "text-generation-inference", "text-embeddings-inference", "tgi", "tei",
            "tritonserver", "triton", "torchserve", "tensorflow[/_-]serving", "tf[_-]serving",
            "ollama", "sglang", "lmdeploy", "localai", "llama[_.-]cpp", "litellm", "bentoml",
            "mlserver", "openllm", "ray-llm", "djl-serving", "djl-inference",
        )),
        ("vectors", ("qdrant", "milvus", "weaviate", "chroma", "chromadb", "pgvector", "marqo")),
        ("tool", (
            "mlflow", "jupyter", "jupyterlab", "jupyterhub", "ray", "label-studio", "gradio",
            "open-webui", "langfuse", "flowise", "tensorboard", "argilla",
        )),
    )
)  # fmt: skip


def serves(raw: Any) -> str | None:
    """Say what an image of a well-known name serves: model, vectors or tool; None if unknown."""
    if not raw:
        return None
    image = str(raw).partition("@")[0].lower()
    first, slash, rest = image.partition("/")
    path = rest if slash and ("." in first or ":" in first) else image
    head, last = path.rpartition("/")[::2]
    name = f"{head}/{last.partition(':')[0]}"
    return next((what for what, pattern in _SERVES if pattern.search(name)), None)


def accelerators(raw: Any) -> int | None:
    """Count the GPUs and inference accelerators that a container asks for."""
    if raw is None:
        return None
    gpus = sum(int(item["value"]) for item in raw if item.get("type") == "GPU")
    return gpus + sum(1 for item in raw if item.get("type") == "InferenceAccelerator")


def rolls_back(raw: Any) -> bool | None:
    """Say whether a failed deployment of a service goes back by itself."""
    if raw is None:
        return None
    breaker, alarms = raw.get("deploymentCircuitBreaker") or {}, raw.get("alarms") or {}
    return any(each.get("enable") and each.get("rollback") for each in (breaker, alarms))


def target_group_arns(raw: Any) -> list[str] | None:
    """Give the target groups that a service's tasks are registered in."""
    if raw is None:
        return None
    return [item["targetGroupArn"] for item in raw if item.get("targetGroupArn")]


def enabled_log_types(raw: Any) -> list[str] | None:
    """Give the kinds of control-plane log that are on."""
    if raw is None:
        return None
    return sorted({str(t) for item in raw if item.get("enabled") for t in item.get("types") or ()})


def secrets_key(raw: Any) -> str | None:
    """Give the key that encrypts a cluster's secrets."""
    for item in raw or ():
        if "secrets" in (item.get("resources") or ()):
            return (item.get("provider") or {}).get("keyArn")
    return None


COMPUTE_SHAPES: Mapping[str, Callable[[Any], Any]] = {
    "accelerators": accelerators,
    "enabled_log_types": enabled_log_types,
    "rolls_back": rolls_back,
    "secrets_key": secrets_key,
    "serves": serves,
    "target_group_arns": target_group_arns,
}
