"""Recognisers of servers that answer with models.

Each line is a fact of the product: what it says to anybody who asks, and which of its paths show
whether a sign-in is wanted. Sources: the products' own API pages, and answers recorded from
servers that were started for that (tests/servers/probe/recorded).
"""

from __future__ import annotations

from mlsec.servers.probe.products.product import ExposedPath, Opens, ProductSigns, Sign

_METRICS = ExposedPath(
    opens=Opens.METRICS,
    what="reads its metrics",
    open=Sign(path="/metrics", header="^content-type: text/plain; *version="),
)
_REFUSED = "Token Authorization failed"
_MODELS = ExposedPath(
    opens=Opens.MODEL,
    what="lists the models and can query them",
    open=Sign(path="/v1/models", key="data"),
)

SERVING: tuple[ProductSigns, ...] = (
    ProductSigns(
        name="torchserve",
        title="TorchServe",
        marks=(
            Sign(path="/api-description", key="info.title", value="TorchServe"),
            Sign(path="/ping", status=(400,), key="message", value=_REFUSED),
            Sign(path="/models", status=(400,), key="message", value=_REFUSED),
            Sign(path="/metrics", text=r"^# (?:HELP|TYPE) ts_inference_requests_total"),
        ),
        version=(Sign(path="/api-description", key="info.version"),),
        doors=(
            ExposedPath(
                opens=Opens.MANAGE,
                what="lists the models, and may register one that brings code",
                open=Sign(path="/models", key="models"),
                shut=Sign(path="/models", status=(400,), key="message", value=_REFUSED),
            ),
            ExposedPath(
                opens=Opens.MODEL,
                what="can query the models",
                open=Sign(path="/ping", key="status"),
                shut=Sign(path="/ping", status=(400,), key="message", value=_REFUSED),
            ),
            _METRICS,
            ExposedPath(
                opens=Opens.DOCS,
                what="reads the description of its interface",
                open=Sign(path="/api-description", key="openapi"),
            ),
        ),
    ),
    ProductSigns(
        name="triton",
        title="Triton Inference Server",
        marks=(Sign(path="/v2", key="name", value="^triton$"),),
        version=(Sign(path="/v2", key="version"),),
        doors=(
            ExposedPath(
                opens=Opens.MODEL,
                what="reads the server's identity and can query its models",
                open=Sign(path="/v2", key="name"),
            ),
            # It is asked for by POST, which a probe does not send. "Not this method" comes from
            # the server itself, after its own restriction was checked.
            ExposedPath(
                opens=Opens.MANAGE,
                what="reaches the model repository, and may load models where that is on",
                open=Sign(path="/v2/repository/index", status=(405,)),
            ),
        ),
    ),
    ProductSigns(
        name="mlserver",
        title="MLServer",
        marks=(Sign(path="/v2", key="name", value="^mlserver$"),),
        version=(Sign(path="/v2", key="version"),),
        doors=(
            ExposedPath(
                opens=Opens.MODEL,
                what="reads the server's identity and can query its models",
                open=Sign(path="/v2", key="name"),
            ),
            ExposedPath(
                opens=Opens.MANAGE,
                what="reaches the model repository, and may load and unload models",
                open=Sign(path="/v2/repository/index", status=(405,), header="^allow:.*POST"),
            ),
        ),
    ),
    ProductSigns(
        name="tensorflow-serving",
        title="TensorFlow Serving",
        marks=(
            Sign(path="/", status=(400, 404), key="error", value="^Malformed request: GET"),
            Sign(path="/v1/models", status=(400, 404), key="error", value="^Malformed request"),
        ),
        doors=(
            # It has no sign-in; that its own words come back shows that nobody asks in front.
            ExposedPath(
                opens=Opens.MODEL,
                what="can query the models",
                open=Sign(path="/", status=(400, 404), key="error", value="^Malformed request"),
            ),
            ExposedPath(
                opens=Opens.METRICS,
                what="reads its metrics",
                open=Sign(path="/monitoring/prometheus/metrics", text="^# (?:HELP|TYPE) "),
            ),
        ),
    ),
    ProductSigns(
        name="vllm",
        title="vLLM",
        marks=(
            Sign(path="/v1/models", key="data.0.owned_by", value="^vllm$"),
            Sign(path="/metrics", text=r"^(?:# (?:HELP|TYPE) )?vllm:"),
            Sign(path="/openapi.json", text=r"/v1/load_lora_adapter|vllm\.entrypoints"),
        ),
        version=(Sign(path="/version", key="version"),),
        doors=(_MODELS,),
    ),
    ProductSigns(
        name="sglang",
        title="SGLang",
        marks=(
            Sign(path="/v1/models", key="data.0.owned_by", value="^sglang$"),
            Sign(path="/metrics", text=r"^(?:# (?:HELP|TYPE) )?sglang:"),
            Sign(path="/get_model_info", key="model_path"),
        ),
        doors=(
            _MODELS,
            ExposedPath(
                opens=Opens.MODEL,
                what="reads which model is served, and can query it",
                open=Sign(path="/get_model_info", key="model_path"),
            ),
        ),
    ),
    ProductSigns(
        name="tgi",
        title="Text Generation Inference",
        marks=(Sign(path="/info", key="router", value="text-generation"),),
        version=(Sign(path="/info", key="version"),),
        doors=(
            ExposedPath(
                opens=Opens.MODEL,
                what="reads which model is served, and can query it",
                open=Sign(path="/info", key="model_id"),
            ),
        ),
    ),
    ProductSigns(
        name="ollama",
        title="Ollama",
        marks=(
            Sign(path="/", text="^Ollama is running"),
            Sign(path="/api/tags", key="models.0.digest"),
        ),
        version=(Sign(path="/api/version", key="version"),),
        doors=(
            ExposedPath(
                opens=Opens.MANAGE,
                what="lists the models, and can query, pull and delete them",
                open=Sign(path="/api/tags", key="models"),
            ),
        ),
    ),
    ProductSigns(
        name="llama-cpp",
        title="llama.cpp server",
        marks=(
            Sign(path="/v1/models", key="data.0.owned_by", value="^llamacpp$"),
            Sign(path="/props", key="default_generation_settings"),
            Sign(path="/", status=(200, 401, 404), header="^server: llama.cpp"),
        ),
        version=(Sign(path="/props", key="build_info"),),
        doors=(
            _MODELS,
            ExposedPath(
                opens=Opens.MODEL,
                what="reads the settings of the model, and can query it",
                open=Sign(path="/props", key="default_generation_settings"),
            ),
        ),
    ),
    ProductSigns(
        name="litellm",
        title="LiteLLM",
        marks=(
            Sign(path="/openapi.json", text=r'^\{"openapi":"[0-9.]+","info":\{"title":"LiteLLM'),
            Sign(path="/", text="(?i)<title>LiteLLM API"),
            Sign(path="/health/liveliness", text="I'm alive"),
        ),
        version=(
            Sign(path="/health/readiness", key="litellm_version"),
            Sign(
                path="/openapi.json",
                text=r'^\{"openapi":"[0-9.]+","info":\{"title":"LiteLLM[\s\S]{0,4000}?"version":"([0-9][^"]*)"',
            ),
        ),
        doors=(
            _MODELS,
            ExposedPath(
                opens=Opens.MANAGE,
                what="reads which providers are behind it, and may spend their keys",
                open=Sign(path="/model/info", key="data"),
            ),
        ),
    ),
    ProductSigns(
        name="bentoml",
        title="BentoML",
        marks=(
            Sign(path="/", text="(?i)<title>BentoML"),
            Sign(path="/docs.json", key="info.description", value="BentoML"),
            Sign(path="/metrics", text="^# (?:HELP|TYPE) bentoml_"),
        ),
        version=(
            Sign(
                path="/docs.json",
                key="info.description",
                value=r"badge/BentoML-([0-9][0-9A-Za-z.]*)-",
            ),
        ),
        doors=(
            ExposedPath(
                opens=Opens.MODEL,
                what="reads which routes there are, and may call them",
                open=Sign(path="/schema.json", key="routes"),
            ),
            ExposedPath(
                opens=Opens.DOCS,
                what="reads the description of its interface",
                open=Sign(path="/docs.json", key="openapi"),
            ),
        ),
    ),
    ProductSigns(
        name="kserve",
        title="KServe model server",
        marks=(Sign(path="/v1/models", key="models"),),
        doors=(
            ExposedPath(
                opens=Opens.MODEL,
                what="lists the models and can query them",
                open=Sign(path="/v1/models", key="models"),
            ),
        ),
        is_generic=True,
    ),
    ProductSigns(
        name="openai-compatible",
        title="Server of the OpenAI interface",
        marks=(Sign(path="/v1/models", key="data"),),
        doors=(_MODELS,),
        is_generic=True,
    ),
    ProductSigns(
        name="open-inference",
        title="Server of the Open Inference Protocol",
        marks=(Sign(path="/v2", key="extensions"),),
        doors=(
            ExposedPath(
                opens=Opens.MODEL,
                what="reads the server's identity and can query its models",
                open=Sign(path="/v2", key="extensions"),
            ),
        ),
        is_generic=True,
    ),
)
