"""Which product a configuration file is of, by its name and by what stands in it."""

from __future__ import annotations

from mlsec.collect.code.code_file import CodeFile
from mlsec.core.regex import regex

_TORCHSERVE = (
    "inference_address|management_address|metrics_address|model_store|load_models"
    "|enable_envvars_config|install_py_dep_per_model|allowed_urls|disable_token_authorization"
    "|enable_model_api"
)
_MLSERVER = (
    "http_port|grpc_port|metrics_port|metrics_endpoint|cors_settings|model_repository_root"
    "|parallel_workers|load_models_at_startup"
)
_TS_START = "torchserve --start"
# Name, what must all stand in it, and the command that would read it. Each pattern is looked for by
# itself and stays on its line: what joins two over a whole file takes the square of its length.
_KINDS = tuple(
    (regex(name), tuple(map(regex, contents)), command)
    for name, contents, command in (
        (r"config\.properties", (rf"(?m)^[ \t]*(?:{_TORCHSERVE})[ \t]*=",), _TS_START),
        (r".+\.properties", (r"(?m)^[ \t]*(?:inference|management)_address[ \t]*=",), _TS_START),
        (r"jupyter_(?:server|notebook|lab)_config\.(?:py|json)", (), "jupyter lab"),
        (r"jupyterhub_config\.py", (), "jupyterhub"),
        # Values of its chart: the keys of its configuration stand below hub.config.
        (r".+\.ya?ml", (r"(?m)^hub:", r"(?m)^(?:singleuser|proxy):"), "jupyterhub"),
        (r"settings\.json", (rf'"(?:{_MLSERVER})"[ \t]*:',), "mlserver start ."),
        (
            r"basic_auth\.ini",
            (r"(?m)^[ \t]*(?:default_permission|admin_username|database_uri)[ \t]*=",),
            "mlflow server --app-name basic-auth",
        ),
        (r".+\.ya?ml", (r"(?m)^model_list:", r"\blitellm_params:"), "litellm"),
        (r".+\.py", (r"\bgradio\b", r"\.launch\("), "gradio app.py"),
        (
            r"config\.toml",
            (r"(?m)^\[(?:server|browser)\]", "enableCORS|enableXsrf|gatherUsage|headless"),
            "streamlit run app.py",
        ),
        (
            r".+\.ya?ml",
            (
                r"(?m)^listen_address:",
                r"(?m)^(?:persist_path|cors_allow_origins|allow_reset|port):",
            ),
            "chroma run",
        ),
        (r"redis(?:-stack)?\.conf", (), "redis-server"),
        (r"postgresql\.conf", (), "postgres"),
        (r"milvus\.ya?ml", (r"(?m)^(?:common|etcd|minio|proxy):",), "milvus run standalone"),
        (
            # The values of a chart say service: too, of the object that the chart makes.
            r"(?!values[.-]).+\.ya?ml",
            (r"(?m)^service:", r"(?m)^[ \t]+(?:enable_tls|grpc_port|http_port):"),
            "qdrant",
        ),
        (
            r".+\.ya?ml",
            (r"(?m)^receivers:", r"(?m)^exporters:", r"(?m)^service:"),
            "otelcol",
        ),
        (r".+\.json", (r'"identities"[ \t]*:', r'"secretKey"[ \t]*:'), "weed s3"),
    )
)


def is_server_config(name: str, text: str) -> bool:
    """Whether a file is the configuration of a server that is read here."""
    return _command(name, text) is not None


def product_of_config(file: CodeFile) -> str | None:
    """Give the command that would read a configuration file; None for none that is known."""
    return _command(file.path.rpartition("/")[2], file.text)


def _command(name: str, text: str) -> str | None:
    for pattern, contents, command in _KINDS:
        if pattern.fullmatch(name) and all(content.search(text) for content in contents):
            return command
    return None
