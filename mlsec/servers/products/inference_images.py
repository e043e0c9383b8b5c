"""Servers that come as a finished image: NVIDIA NIM and Text Embeddings Inference.

Each default stands with where it is documented.
"""

from __future__ import annotations

from mlsec.servers.network_reach import reach_of
from mlsec.servers.products.product import (
    ANYWHERE,
    NamedSettings,
    Product,
    is_one_of,
    metrics_open,
    model_source,
)
from mlsec.servers.settings import NO, Settings, SettingValue, any_given, known, unknown

_SAMPLE_KEYS = ("changeme", "secret", "test", "none")


def read_nim(s: Settings) -> NamedSettings:
    """https://docs.nvidia.com/nim/large-language-models/latest/reference/environment-variables.html"""
    bind = known(ANYWHERE)
    port = s.find(env=("NIM_SERVER_PORT", "NIM_HTTP_API_PORT"), default="8000")
    mode = s.find(env=("NIM_SSL_MODE",), default="DISABLED")
    yield "bind", bind
    yield "port", port
    # It asks nobody: what stands before it has to, or clients show a certificate.
    yield "access.authenticated", _asks(s, mode)
    yield "exposure.metrics_open", metrics_open(reach_of(s.launch, bind, port), NO)
    yield "encryption.in_transit", mode.mapped(lambda word: str(word).upper() in ("TLS", "MTLS"))
    model = s.find(env=("NIM_MODEL_PATH", "NIM_MODEL_NAME"), default="")
    yield from model_source(model.mapped(_of_hub), known(None))


def _asks(s: Settings, mode: SettingValue) -> SettingValue:
    passed = s.find(env=("NIM_PASSTHROUGH_ARGS",), default="")
    if passed.is_known and "--api-key" in str(passed.value or ""):
        return unknown("whether the key that is passed on is asked for", passed)
    return mode.mapped(lambda word: str(word).upper() == "MTLS")


def _of_hub(value: object) -> str:
    """Give a path of a model as hubs name it; what the image brings is named by no hub."""
    text = str(value or "")
    return text.removeprefix("hf://") if text.startswith("hf://") else text and f"/{text}"


def read_tei(s: Settings) -> NamedSettings:
    """https://huggingface.co/docs/text-embeddings-inference/cli_arguments"""
    bind = s.find("--hostname", env=("HOSTNAME",), default=ANYWHERE)
    port = s.find("--port", "-p", env=("PORT",), default="3000")
    key = s.find("--api-key", env=("API_KEY",))
    yield "bind", bind
    yield "port", port
    yield "access.authenticated", any_given(key)
    yield "access.default_credentials", is_one_of(key, _SAMPLE_KEYS)
    # The key does not guard /metrics.
    yield "exposure.metrics_open", metrics_open(reach_of(s.launch, bind, port), NO)
    yield "encryption.in_transit", NO
    origins = s.find("--cors-allow-origin", env=("CORS_ALLOW_ORIGIN",))
    yield "access.any_origin", origins.mapped(lambda value: value is None or "*" in str(value))
    model = s.find("--model-id", env=("MODEL_ID",))
    yield from model_source(model, s.find("--revision", env=("REVISION",)))


PRODUCTS = (
    Product(
        type="serving.nim",
        read=read_nim,
        images=(r"nvcr\.io/nim/.+",),
        commands=(r"(?:/opt/nvidia/nvidia_entrypoint\.sh )?/opt/nim/start[-_]server\.sh\b",),
        entrypoint="/opt/nvidia/nvidia_entrypoint.sh",
        arguments="/opt/nim/start_server.sh",
    ),
    Product(
        type="serving.tei",
        read=read_tei,
        images=(r"(?:.+/)?text-embeddings-inference", r"(?:.+/)?tei-[a-z]+"),
        commands=(r"text-embeddings-router\b",),
        entrypoint="text-embeddings-router",
        image_env={"PORT": "80"},
        image_user="root",
        tag=r"(?:[a-z0-9]+-)?v?([0-9]+(?:\.[0-9]+)+)",
    ),
)
