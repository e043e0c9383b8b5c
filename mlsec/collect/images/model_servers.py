"""Well-known images that serve models or vectors, or are tools of ML development."""

from __future__ import annotations

from typing import Any

from mlsec.core.regex import regex

_EDGE = r"(?:^|[/_.-])(?:{})(?:$|[/_.-])"
# Words of an image's path, registry and tag apart; a word counts only when it stands alone.
_SERVES = tuple(
    (what, regex(_EDGE.format("|".join(words))))
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
