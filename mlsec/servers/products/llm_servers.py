"""Servers of language models: vLLM, SGLang, Text Generation Inference, LMDeploy, llama.cpp, Ollama.

Each default stands with where it is documented.
"""

from __future__ import annotations

from mlsec.servers.network_reach import reach_of
from mlsec.servers.products.product import (
    ANYWHERE,
    LOOPBACK,
    NamedSettings,
    Product,
    either,
    has_star,
    is_one_of,
    metrics_open,
    model_source,
    opposite,
)
from mlsec.servers.products.vllm import SAMPLE_KEYS, positional, read_vllm
from mlsec.servers.settings import NO, YES, Settings, any_given, known, unknown


def read_sglang(s: Settings) -> NamedSettings:
    """https://docs.sglang.ai/advanced_features/server_arguments.html"""
    bind = s.find("--host", default=LOOPBACK)
    port = s.find("--port", default="30000")
    key = s.find("--api-key")
    yield "bind", bind
    yield "port", port
    yield "access.authenticated", any_given(key)
    yield "access.default_credentials", is_one_of(key, SAMPLE_KEYS)
    metrics = s.switch("--enable-metrics")
    reach = reach_of(s.launch, bind, port)
    yield "exposure.metrics_open", metrics_open(reach, opposite(metrics))
    yield "encryption.in_transit", any_given(s.find("--ssl-certfile"))
    yield "access.any_origin", YES
    yield "data.logs_prompts", s.switch("--log-requests")
    yield "supply.remote_code", s.switch("--trust-remote-code")
    # Weights are replaced by routes that the key guards, where there is one.
    yield (
        "supply.clients_can_load",
        opposite(any_given(s.find("--admin-api-key", default=known(None)), key)),
    )
    yield (
        "disaggregates_prefill",
        any_given(
            s.find("--disaggregation-mode", default="").mapped(lambda v: "" if v == "null" else v)
        ),
    )
    model = s.find("--model-path", "--model")
    yield from model_source(model, s.find("--revision"))


def read_tgi(s: Settings) -> NamedSettings:
    """https://huggingface.co/docs/text-generation-inference/reference/launcher"""
    bind = s.find("--hostname", env=("HOSTNAME",), default=ANYWHERE)
    port = s.find("--port", "-p", env=("PORT",), default="3000")
    key = s.find("--api-key", env=("API_KEY",))
    yield "bind", bind
    yield "port", port
    yield "access.authenticated", any_given(key)
    yield "access.default_credentials", is_one_of(key, SAMPLE_KEYS)
    yield "exposure.metrics_open", metrics_open(reach_of(s.launch, bind, port), NO)
    yield "encryption.in_transit", NO
    origins = s.find("--cors-allow-origin", env=("CORS_ALLOW_ORIGIN",))
    yield "access.any_origin", origins.mapped(lambda v: v is None or "*" in str(v))
    usage = s.find("--usage-stats", env=("USAGE_STATS",), default="on")
    yield "data.telemetry", usage.mapped(lambda value: str(value).lower() != "off")
    yield "supply.remote_code", s.switch("--trust-remote-code", env=("TRUST_REMOTE_CODE",))
    model = s.find("--model-id", env=("MODEL_ID", "HF_MODEL_ID"))
    revision = s.find("--revision", env=("REVISION", "HF_MODEL_REVISION"))
    yield from model_source(model, revision)


def read_lmdeploy(s: Settings) -> NamedSettings:
    """https://lmdeploy.readthedocs.io/en/latest/llm/api_server.html"""
    bind = s.find("--server-name", default=ANYWHERE)
    port = s.find("--server-port", default="23333")
    key = s.find("--api-keys", "--api-key")
    yield "bind", bind
    yield "port", port
    yield "access.authenticated", any_given(key)
    yield "access.default_credentials", is_one_of(key, SAMPLE_KEYS)
    yield "encryption.in_transit", s.switch("--ssl")
    yield "access.any_origin", has_star(s.find("--allow-origins", default="*"))
    yield "supply.remote_code", s.switch("--trust-remote-code")
    model = s.flag("--model-path") or positional(s, "api_server")
    hidden = s.hidden(has_env=False, has_keys=False)
    yield from model_source(
        model or (unknown(hidden) if hidden else known(None)), s.find("--revision")
    )


def read_llama_cpp(s: Settings) -> NamedSettings:
    """https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md"""
    bind = s.find("--host", env=("LLAMA_ARG_HOST",), default=LOOPBACK)
    port = s.find("--port", env=("LLAMA_ARG_PORT",), default="8080")
    key = s.find("--api-key", env=("LLAMA_API_KEY",))
    asks = any_given(key, s.find("--api-key-file", env=("LLAMA_ARG_API_KEY_FILE",)))
    yield "bind", bind
    yield "port", port
    yield "access.authenticated", asks
    yield "access.default_credentials", is_one_of(key, SAMPLE_KEYS)
    metrics = s.switch("--metrics", env=("LLAMA_ARG_ENDPOINT_METRICS",))
    reach = reach_of(s.launch, bind, port)
    asks_for_metrics = either(opposite(metrics), asks)
    yield "exposure.metrics_open", metrics_open(reach, asks_for_metrics)
    yield (
        "encryption.in_transit",
        any_given(s.find("--ssl-cert-file", env=("LLAMA_ARG_SSL_CERT_FILE",))),
    )
    yield "access.any_origin", YES
    yield "supply.model", s.find("--model", "-m", "--hf-repo", "-hf", env=("LLAMA_ARG_MODEL",))
    yield "exposes_slots", s.switch("--slots", env=("LLAMA_ARG_ENDPOINT_SLOTS",))
    url = s.find("--model-url", "-mu", env=("LLAMA_ARG_MODEL_URL",), default="")
    yield (
        "supply.model_plain_http",
        url.mapped(lambda value: str(value or "").startswith("http://")),
    )


def read_ollama(s: Settings) -> NamedSettings:
    """https://github.com/ollama/ollama/blob/main/docs/faq.mdx and its envconfig"""
    host = s.find(env=("OLLAMA_HOST",), default="127.0.0.1:11434")
    bind = host.mapped(_host_of)
    port = host.mapped(_port_of)
    yield "bind", bind
    yield "port", port
    # It has no sign-in of its own.
    yield "access.authenticated", NO
    yield "encryption.in_transit", NO
    yield "access.any_origin", has_star(s.find(env=("OLLAMA_ORIGINS",), default=""))
    yield "data.logs_prompts", s.switch(env=("OLLAMA_DEBUG",))
    # Pull, create and delete are routes like any other.
    yield "supply.clients_can_load", YES
    yield "supply.plain_registry", s.switch(env=("OLLAMA_INSECURE",))


def _host_of(value: object) -> str:
    text = str(value or "").partition("://")[2] or str(value or "")
    text = text.rstrip("/")
    if text.startswith("["):
        return text[1 : text.find("]")]
    return text.partition(":")[0] if text.count(":") < 2 else text


def _port_of(value: object) -> str:
    text = str(value or "").rstrip("/").rpartition(":")[2]
    return text if text.isdecimal() else "11434"


PRODUCTS = (
    Product(
        type="serving.vllm",
        read=read_vllm,
        images=(
            r"(?:.+/)?vllm-openai(?:-[a-z0-9]+)?",
            r"(?:.+/)?vllm",
            r"public\.ecr\.aws/.+/vllm",
        ),
        commands=(r"vllm serve\b", r"-m vllm\.entrypoints\.", r"-m vllm serve\b"),
        packages=("vllm",),
        entrypoint="vllm serve",
        image_user="root",
        advisories="vllm",
        config_flags=("--config",),
    ),
    Product(
        type="serving.sglang",
        read=read_sglang,
        images=(r"(?:.+/)?sglang",),
        commands=(r"-m sglang\.launch_server\b", r"sglang serve\b", r"sglang launch_server\b"),
        packages=("sglang",),
        image_user="root",
        advisories="sglang",
    ),
    Product(
        type="serving.tgi",
        read=read_tgi,
        images=(
            r"(?:.+/)?text-generation-inference",
            r"(?:.+/)?tgi-[a-z]+",
            # Those that Google builds: ...-cu124.2-3.ubuntu2204.py311.
            r"(?:.+/)?huggingface-text-generation-inference-[\w.-]+",
        ),
        commands=(r"text-generation-launcher\b",),
        entrypoint="text-generation-launcher",
        image_env={"PORT": "80"},
        image_user="root",
        advisories="tgi",
    ),
    Product(
        type="serving.lmdeploy",
        read=read_lmdeploy,
        images=(r"(?:.+/)?lmdeploy",),
        commands=(r"lmdeploy serve api_server\b",),
        packages=("lmdeploy",),
        image_user="root",
        advisories="lmdeploy",
    ),
    Product(
        type="serving.llama_cpp",
        read=read_llama_cpp,
        images=(r"(?:.+/)?llama\.cpp", r"(?:.+/)?llama-server"),
        commands=(r"llama-server\b", r"server -m\b.*\.gguf"),
        entrypoint="llama-server",
        image_env={"LLAMA_ARG_HOST": ANYWHERE},
        image_user="root",
        tag=r"(?:server(?:-[a-z]+)?-)(b[0-9]+)",
        advisories="llama-cpp",
    ),
    Product(
        type="serving.ollama",
        read=read_ollama,
        images=(r"(?:.+/)?ollama",),
        commands=(r"ollama serve\b", r"ollama start\b"),
        entrypoint="ollama",
        arguments="serve",
        image_env={"OLLAMA_HOST": "0.0.0.0:11434"},
        image_user="root",
        advisories="ollama",
    ),
)
