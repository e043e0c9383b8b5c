"""Well-known software by image name, and the purpose of pods that run it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mlsec.core.regex import regex

_EDGE = r"(?:^|[/_.-])(?:{})(?:$|[/_.-])"
# Product, what its pods do, the words of an image's path that mean it (registry and tag apart).
_NAMES: tuple[tuple[str, str, str], ...] = (
    ("vllm", "serving", r"vllm|vllm-openai|llm-d|lmcache"),
    ("tgi", "serving", r"text-generation-inference|tgi"),
    ("tei", "serving", r"text-embeddings-inference|tei"),
    ("triton", "serving", r"tritonserver|triton-inference-server"),
    ("torchserve", "serving", r"torchserve|torchserve-kfs|pytorch/torchserve"),
    ("tensorflow-serving", "serving", r"tensorflow/serving|tf-serving|tensorflow-serving"),
    ("sglang", "serving", r"sglang"),
    ("lmdeploy", "serving", r"lmdeploy"),
    ("nim", "serving", r"nvcr\.io/nim|nim/[a-z0-9-]+"),
    ("ollama", "serving", r"ollama"),
    ("llama.cpp", "serving", r"llama[_.-]?cpp|llama-server"),
    ("localai", "serving", r"localai"),
    ("litellm", "serving", r"litellm"),
    ("bentoml", "serving", r"bentoml|openllm"),
    ("mlserver", "serving", r"mlserver"),
    ("openvino", "serving", r"openvino/model_server|openvino-model-server|ovms"),
    ("djl", "serving", r"djl-serving|djl-inference"),
    ("kserve", "serving",
     r"huggingfaceserver|sklearnserver|xgbserver|lgbserver|pmmlserver|paddleserver|kserve/[a-z]+server"),
    ("seldon", "serving", r"seldonio/(?:mlserver|sklearnserver|mock_classifier|[a-z-]*server)"),
    ("xinference", "serving", r"xinference|xprobe"),
    ("infinity", "serving", r"michaelf34/infinity"),
    ("qdrant", "vectors", r"qdrant"),
    ("milvus", "vectors", r"milvus"),
    ("weaviate", "vectors", r"weaviate"),
    ("chroma", "vectors", r"chroma|chromadb"),
    ("pgvector", "vectors", r"pgvector"),
    ("jupyter", "notebook",
     r"jupyter|jupyterlab|jupyterhub|[a-z-]{0,60}-notebook|notebook-servers|singleuser|codeserver-python"),
    ("mlflow", "tool", r"mlflow"),
    ("ray", "ray", r"rayproject/[a-z-]+|ray-ml|ray-llm|(?<![_.-])ray"),
    ("label-studio", "tool", r"label-studio"),
    ("gradio", "tool", r"gradio"),
    ("open-webui", "tool", r"open-webui"),
    ("langfuse", "tool", r"langfuse"),
    ("langflow", "tool", r"langflow"),
    ("flowise", "tool", r"flowise"),
    ("dify", "tool", r"dify-api|dify-web"),
    ("n8n", "tool", r"n8nio/n8n"),
    ("tensorboard", "tool", r"tensorboard"),
    ("argilla", "tool", r"argilla"),
    ("airflow", "tool", r"apache/airflow"),
    ("kubeflow-pipelines", "tool", r"ml-pipeline|kfp-[a-z-]+"),
    ("katib", "tool", r"katib-[a-z-]+|katib"),
)  # fmt: skip
_PRODUCTS = tuple((name, regex(_EDGE.format(form))) for name, _, form in _NAMES)
RUNS: Mapping[str, str] = {name: runs for name, runs, _ in _NAMES}
# Databases, queues, stores and monitors: callers run no code there and change no models.
_STORES = regex(
    r"\A(?:postgres(?:ql)?|mysql|mariadb|mongo(?:db)?|redis|valkey|memcached|rabbitmq|kafka|zookeeper"
    r"|nats|minio|seaweedfs|elasticsearch|opensearch|kibana|clickhouse|influxdb|etcd|cassandra"
    r"|grafana|prometheus|alertmanager|loki|tempo|jaeger|keycloak|dex|mailpit|mailhog|vault|registry"
    r"|[a-z0-9-]{1,40}-exporter)(?:-(?:[0-9]{1,6}|server|alpine|stack|ha|oss|c[89]s|rhel[0-9])){0,3}\Z"
)
# Images of serving infrastructure that serve no models themselves.
_ASIDE = regex(
    r"controller|operator|webhook|(?:^|[/-])init(?:$|[-])|exporter|storage-initializer|manager"
    r"|router|gateway|dashboard|frontend|web-?app|agent(?:$|[-])|cli(?:$|[-])|benchmark"
)
# Commands that start a server, whatever the image is called.
_COMMANDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("vllm", regex(r"\bvllm(?:\s+serve\b|\.entrypoints)")),
    ("sglang", regex(r"\bsglang\.launch_server\b")),
    ("tgi", regex(r"\btext-generation-launcher\b")),
    ("triton", regex(r"\btritonserver\b")),
    ("torchserve", regex(r"\btorchserve\b")),
    ("tensorflow-serving", regex(r"\btensorflow_model_server\b")),
    ("mlserver", regex(r"\bmlserver\s+start\b")),
    ("ollama", regex(r"\bollama\s+serve\b")),
    ("llama.cpp", regex(r"\bllama-server\b|\bllama_cpp\.server\b")),
    ("litellm", regex(r"\blitellm\s+--")),
    ("bentoml", regex(r"\bbentoml\s+serve")),
    ("mlflow", regex(r"\bmlflow\s+(?:server|ui|models\s+serve)\b")),
    ("jupyter", regex(r"\bjupyter(?:-|\s+)(?:lab|notebook|server)\b|\bstart-notebook")),
    ("ray", regex(r"\bray\s+start\b|\bserve\s+run\b")),
    ("gradio", regex(r"\bgradio\s")),
)


def product_of(image: str) -> str | None:
    """Give the software of an image, None if its name is not known."""
    path = _path_of(image)
    if _ASIDE.search(path.rpartition("/")[2]):
        return None
    return next((name for name, form in _PRODUCTS if form.search(path)), None)


def is_store_or_monitor(image: str) -> bool:
    """Whether an image is that of a well-known database, queue, store or monitor."""
    return bool(_STORES.search(_path_of(image).rpartition("/")[2]))


def names_product(text: str) -> bool:
    """Whether a name, such as that of a service, has that of well-known software in it."""
    lower = text.lower()
    return any(form.search(lower) for _, form in _PRODUCTS)


def product_of_command(words: Iterable[str]) -> str | None:
    """Give the software that a command line starts."""
    line = " ".join(words)[:4000]
    return next((name for name, form in _COMMANDS if form.search(line)), None)


def _path_of(image: str) -> str:
    address = image.partition("@")[0].lower()
    head, _, last = address.rpartition("/")
    name = last.partition(":")[0]
    path = f"{head}/{name}" if head else name
    first, slash, rest = path.partition("/")
    is_host = bool(slash) and ("." in first or ":" in first)
    # With some registries the owner identifies it; the host alone never does.
    return path if first in ("nvcr.io", "quay.io", "ghcr.io") or not is_host else rest
