"""Servers of any model: Triton, TorchServe, TensorFlow Serving, KServe, MLServer, BentoML."""

from __future__ import annotations

from mlsec.collect.serving.product import (
    ANYWHERE,
    LOOPBACK,
    Product,
    Told,
    both,
    either,
    has_star,
    model_source,
    open_to_others,
    opposite,
)
from mlsec.collect.serving.reach import reach_of
from mlsec.collect.serving.settings import (
    NO,
    YES,
    Answer,
    Settings,
    any_given,
    known,
    no,
    truth,
    unknown,
)


def read_triton(s: Settings) -> Told:
    """https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/customization_guide/deploy.html"""
    bind = s.find("--http-address", default=ANYWHERE)
    port = s.find("--http-port", default="8000")
    restricted = s.find("--http-restricted-api", default="")
    yield "bind", bind
    yield "port", port
    yield "access.authenticated", restricted.mapped(lambda value: "inference" in str(value or ""))
    metrics = s.switch("--allow-metrics", default=True)
    metrics_port = s.find("--metrics-port", default="8002")
    metrics_reach = reach_of(s.launch, s.find("--metrics-address", default=ANYWHERE), metrics_port)
    yield "exposure.metrics_open", open_to_others(metrics_reach, opposite(metrics))
    yield "encryption.in_transit", NO
    mode = s.find("--model-control-mode", default="none")
    yield "control_mode", mode
    is_guarded = restricted.mapped(lambda value: "model-repository" in str(value or ""))
    is_explicit = mode.mapped(lambda value: value == "explicit")
    yield "supply.clients_load", both(is_explicit, opposite(is_guarded))
    guards = restricted.mapped(lambda value: "shared-memory" in str(value or ""))
    reach = reach_of(s.launch, bind, port)
    yield "shared_memory_open", open_to_others(reach, guards)
    # Every Python model of the repository is a program that the server runs.
    yield from _repository(s.find("--model-repository", "--model-store", default=None))


def read_torchserve(s: Settings) -> Told:
    """https://pytorch.org/serve/configuration.html, .../token_authorization_api.html"""
    in_env = truth(s.key("enable_envvars_config") or NO)
    env = in_env.is_known and bool(in_env.value)

    def setting(name: str, default: object) -> Answer:
        variable = s.variable(f"TS_{name.upper()}") if env else None
        return variable or s.find(keys=(name,), default=default)

    inference = setting("inference_address", "http://127.0.0.1:8080")
    management = setting("management_address", "http://127.0.0.1:8081")
    metrics = setting("metrics_address", "http://127.0.0.1:8082")
    bind, port = inference.mapped(_host_of), inference.mapped(_port_of)
    yield "bind", bind
    yield "port", port
    asks = _torchserve_asks(s, setting)
    yield "access.authenticated", asks
    yield "token_off", _torchserve_token_off(s, setting)
    managed = reach_of(s.launch, management.mapped(_host_of), management.mapped(_port_of))
    yield "exposure.management_reach", managed
    yield "exposure.management_open", open_to_others(managed, asks)
    # The token guards no metrics.
    measured = reach_of(s.launch, metrics.mapped(_host_of), metrics.mapped(_port_of))
    yield "exposure.metrics_open", open_to_others(measured, NO)
    yield "encryption.in_transit", inference.mapped(lambda value: str(value).startswith("https"))
    urls = setting("allowed_urls", "file://.*|http(s)?://.*")
    yield "any_url", urls.mapped(_allows_any)
    told = s.flag("--enable-model-api")
    model_api = (
        told.mapped(lambda _: True)
        if told is not None
        else truth(setting("enable_model_api", s.by_version(("<0.11.1", True), ("", False))))
    )
    yield "supply.clients_load", model_api
    yield "installs_packages", truth(setting("install_py_dep_per_model", default=False))
    origin = setting("cors_allowed_origin", "")
    yield "access.any_origin", has_star(origin)


def _torchserve_token_off(s: Settings, setting: object) -> Answer:
    if s.has_flag("--disable-token-auth") is not None:
        return s.has_flag("--disable-token-auth") or YES
    told = s.key("disable_token_authorization")
    if told is not None:
        return truth(told)
    del setting
    hidden = s.hidden(has_env=False)
    return unknown(hidden) if hidden else NO


def _torchserve_asks(s: Settings, setting: object) -> Answer:
    off = _torchserve_token_off(s, setting)
    if not off.is_known:
        return off
    if off.value:
        return no(off)
    return s.by_version(("<0.11.1", False), ("", True))


def _allows_any(value: object) -> bool:
    """Whether a list of patterns lets in any address of the network."""
    parts = str(value or "").replace("(s)?", "s?").split(",")
    joined = [piece for part in parts for piece in part.split("|")]
    return any(
        piece.strip() in (".*", "https?://.*", "https://.*", "http://.*", "s3://.*")
        for piece in joined
    )


def _host_of(value: object) -> str:
    text = str(value or "").partition("://")[2] or str(value or "")
    if text.startswith("["):
        return text[1 : text.find("]")]
    return text.partition("/")[0].rpartition(":")[0] or text.partition("/")[0]


def _port_of(value: object) -> str:
    text = str(value or "").rstrip("/").rpartition(":")[2]
    return text if text.isdigit() else "80"


def read_tensorflow_serving(s: Settings) -> Told:
    """https://github.com/tensorflow/serving/blob/master/tensorflow_serving/model_servers/main.cc"""
    bind = known(ANYWHERE)
    port = s.find("--rest_api_port", default="0")
    yield "bind", bind
    yield "port", port.mapped(lambda value: "8500" if str(value) == "0" else str(value))
    yield "access.authenticated", NO
    yield "encryption.in_transit", any_given(s.find("--ssl_config_file"))
    monitoring = any_given(s.find("--monitoring_config_file"))
    reach = reach_of(s.launch, bind, port)
    yield "exposure.metrics_open", open_to_others(reach, opposite(monitoring))
    yield from _repository(s.find("--model_base_path", default=None))


def read_kserve_runtime(s: Settings) -> Told:
    """https://kserve.github.io/website/docs/reference/ and the arguments of its Python servers"""
    bind = known(ANYWHERE)
    port = s.find("--http_port", default="8080")
    yield "bind", bind
    yield "port", port
    # It leaves sign-in to the mesh or the gateway.
    yield "access.authenticated", NO
    yield "exposure.metrics_open", open_to_others(reach_of(s.launch, bind, port), NO)
    yield "encryption.in_transit", NO
    yield "supply.remote_code", s.switch("--trust_remote_code")
    model = s.find("--model_id", "--model_dir")
    yield from model_source(model, s.find("--model_revision", "--revision"))


def read_mlserver(s: Settings) -> Told:
    """https://docs.seldon.ai/mlserver/user-guide/settings-reference"""
    bind = s.find(env=("MLSERVER_HOST",), keys=("host",), default=ANYWHERE)
    port = s.find(env=("MLSERVER_HTTP_PORT",), keys=("http_port",), default="8080")
    yield "bind", bind
    yield "port", port
    yield "access.authenticated", NO
    metrics_port = s.find(env=("MLSERVER_METRICS_PORT",), keys=("metrics_port",), default="8082")
    measured = s.find(
        env=("MLSERVER_METRICS_ENDPOINT",), keys=("metrics_endpoint",), default="/metrics"
    )
    reach = reach_of(s.launch, bind, metrics_port)
    yield "exposure.metrics_open", open_to_others(reach, opposite(any_given(measured)))
    yield "encryption.in_transit", NO
    origins = s.find(keys=("cors_settings.allow_origins",), default="")
    yield "access.any_origin", has_star(origins)
    # The routes of the model repository stand on the port that it works on.
    yield "supply.clients_load", YES


def read_bentoml(s: Settings) -> Told:
    """https://docs.bentoml.com/en/latest/reference/bentoml/configurations.html"""
    bind = s.find("--host", "-h", env=("BENTOML_HOST",), default=_bento_host(s))
    port = s.find("--port", "-p", env=("BENTOML_PORT",), default="3000")
    yield "bind", bind
    yield "port", port
    yield "access.authenticated", NO
    yield "exposure.metrics_open", open_to_others(reach_of(s.launch, bind, port), NO)
    yield (
        "encryption.in_transit",
        any_given(s.find("--ssl-certfile", env=("BENTOML_SSL_CERTFILE",))),
    )
    yield (
        "data.telemetry",
        opposite(either(s.switch(env=("BENTOML_DO_NOT_TRACK",)), s.switch(env=("DO_NOT_TRACK",)))),
    )


def _bento_host(s: Settings) -> Answer:
    is_developing = s.has_flag("--development", "--reload")
    return known(LOOPBACK, is_developing) if is_developing is not None else known(ANYWHERE)


def _repository(where: Answer) -> Told:
    yield "supply.model", where
    yield (
        "supply.model_plain_http",
        where.mapped(lambda value: str(value or "").startswith("http://")),
    )


PRODUCTS = (
    Product(
        type="serving.triton",
        read=read_triton,
        images=(r"nvcr\.io/nvidia/tritonserver", r"(?:.+/)?tritonserver"),
        commands=(r"tritonserver\b", r"tritonfrontend\b"),
        image_user="root",
        tag=r"([0-9]{2}\.[0-9]{2})",
        advisories="triton",
    ),
    Product(
        type="serving.torchserve",
        read=read_torchserve,
        images=(r"pytorch/torchserve(?:-[a-z]+)?", r"(?:.+/)?torchserve(?:-kfs)?"),
        commands=(r"torchserve\b",),
        packages=("torchserve",),
        # What docker/dockerd-entrypoint.sh and docker/config.properties of its repository say.
        entrypoint="torchserve --start --ts-config /home/model-server/config.properties"
        " --disable-token-auth",
        image_keys={
            "inference_address": "http://0.0.0.0:8080",
            "management_address": "http://0.0.0.0:8081",
            "metrics_address": "http://0.0.0.0:8082",
        },
        image_user="model-server",
        advisories="torchserve",
        config_flags=("--ts-config",),
        config_env=("TS_CONFIG_FILE",),
        config_paths=("/home/model-server/config.properties",),
    ),
    Product(
        type="serving.tensorflow_serving",
        read=read_tensorflow_serving,
        images=(r"tensorflow/serving",),
        commands=(r"tensorflow_model_server\b",),
        entrypoint="tensorflow_model_server --port=8500 --rest_api_port=8501",
        image_user="root",
        advisories="tensorflow-serving",
    ),
    Product(
        type="serving.kserve_runtime",
        read=read_kserve_runtime,
        images=(r"kserve/[a-z]+server",),
        commands=(r"-m (?:sklearn|xgb|lgb|pmml|paddle|huggingface|custom_)server\b",),
        entrypoint="-m kserve_runtime",
        image_user="1000",
        advisories="kserve",
    ),
    Product(
        type="serving.mlserver",
        read=read_mlserver,
        images=(r"seldonio/mlserver", r"(?:.+/)?mlserver"),
        commands=(r"mlserver start\b",),
        packages=("mlserver",),
        entrypoint="mlserver start .",
        image_user="1000",
        advisories="mlserver",
        config_files=("settings.json",),
    ),
    Product(
        type="serving.bentoml",
        read=read_bentoml,
        commands=(r"bentoml serve(?:-http)?\b", r"-m bentoml serve\b"),
        packages=("bentoml",),
        advisories="bentoml",
    ),
)
