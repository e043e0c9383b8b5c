"""Servers of any model: Triton, TensorFlow Serving, KServe, MLServer, BentoML."""

from __future__ import annotations

from mlsec.servers.network_reach import reach_of
from mlsec.servers.products.product import (
    ANYWHERE,
    LOOPBACK,
    NamedSettings,
    Product,
    both,
    either,
    has_star,
    metrics_open,
    model_source,
    open_to_others,
    opposite,
)
from mlsec.servers.settings import (
    NO,
    YES,
    Settings,
    SettingValue,
    any_given,
    known,
)


def read_triton(s: Settings) -> NamedSettings:
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
    yield "exposure.metrics_open", metrics_open(metrics_reach, opposite(metrics))
    yield "encryption.in_transit", NO
    mode = s.find("--model-control-mode", default="none")
    yield "control_mode", mode
    is_guarded = restricted.mapped(lambda value: "model-repository" in str(value or ""))
    is_explicit = mode.mapped(lambda value: value == "explicit")
    yield "supply.clients_can_load", both(is_explicit, opposite(is_guarded))
    guards = restricted.mapped(lambda value: "shared-memory" in str(value or ""))
    reach = reach_of(s.launch, bind, port)
    yield "shared_memory_open", open_to_others(reach, guards)
    # Every Python model of the repository is a program that the server runs.
    yield from _repository(s.find("--model-repository", "--model-store", default=None))


def read_tensorflow_serving(s: Settings) -> NamedSettings:
    """https://github.com/tensorflow/serving/blob/master/tensorflow_serving/model_servers/main.cc"""
    bind = known(ANYWHERE)
    port = s.find("--rest_api_port", default="0")
    yield "bind", bind
    yield "port", port.mapped(lambda value: "8500" if str(value) == "0" else str(value))
    yield "access.authenticated", NO
    yield "encryption.in_transit", any_given(s.find("--ssl_config_file"))
    monitoring = any_given(s.find("--monitoring_config_file"))
    reach = reach_of(s.launch, bind, port)
    yield "exposure.metrics_open", metrics_open(reach, opposite(monitoring))
    yield from _repository(s.find("--model_base_path", default=None))


def read_kserve_runtime(s: Settings) -> NamedSettings:
    """https://kserve.github.io/website/docs/reference/ and the arguments of its Python servers"""
    bind = known(ANYWHERE)
    port = s.find("--http_port", default="8080")
    yield "bind", bind
    yield "port", port
    # It leaves sign-in to the mesh or the gateway.
    yield "access.authenticated", NO
    yield "exposure.metrics_open", metrics_open(reach_of(s.launch, bind, port), NO)
    yield "encryption.in_transit", NO
    yield "supply.remote_code", s.switch("--trust_remote_code")
    model = s.find("--model_id", "--model_dir")
    yield from model_source(model, s.find("--model_revision", "--revision"))


def read_mlserver(s: Settings) -> NamedSettings:
    """https://docs.seldon.ai/mlserver/user-guide/settings-reference; held against 1.7.1"""
    bind = _mlserver(s, "host", ANYWHERE)
    port = _mlserver(s, "http_port", "8080")
    yield "bind", bind
    yield "port", port
    yield "access.authenticated", NO
    measured = _mlserver(s, "metrics_endpoint", "/metrics")
    reach = reach_of(s.launch, bind, _mlserver(s, "metrics_port", "8082"))
    yield "exposure.metrics_open", metrics_open(reach, opposite(any_given(measured)))
    yield "encryption.in_transit", NO
    origins = s.find(keys=("cors_settings.allow_origins",), default="")
    yield "access.any_origin", has_star(origins)
    # The routes of the model repository stand on the port that it works on.
    yield "supply.clients_can_load", YES


def _mlserver(s: Settings, name: str, default: str) -> SettingValue:
    """Give a setting; what stands in its file counts more than a variable."""
    setting = s.key(name)
    if setting is not None:
        return setting
    return s.find(env=(f"MLSERVER_{name.upper()}",), keys=(name,), default=default)


def read_bentoml(s: Settings) -> NamedSettings:
    """https://docs.bentoml.com/en/latest/reference/bentoml/configurations.html"""
    bind = s.find("--host", "-h", env=("BENTOML_HOST",), default=_bento_host(s))
    port = s.find("--port", "-p", env=("BENTOML_PORT",), default="3000")
    yield "bind", bind
    yield "port", port
    yield "access.authenticated", NO
    yield "exposure.metrics_open", metrics_open(reach_of(s.launch, bind, port), NO)
    yield (
        "encryption.in_transit",
        any_given(s.find("--ssl-certfile", env=("BENTOML_SSL_CERTFILE",))),
    )
    yield (
        "data.telemetry",
        opposite(either(s.switch(env=("BENTOML_DO_NOT_TRACK",)), s.switch(env=("DO_NOT_TRACK",)))),
    )


def _bento_host(s: Settings) -> SettingValue:
    is_developing = s.has_flag("--development", "--reload")
    return known(LOOPBACK, is_developing) if is_developing is not None else known(ANYWHERE)


def _repository(where: SettingValue) -> NamedSettings:
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
        config_folder_after="start",
    ),
    Product(
        type="serving.bentoml",
        read=read_bentoml,
        commands=(r"bentoml serve(?:-http)?\b", r"-m bentoml serve\b"),
        packages=("bentoml",),
        advisories="bentoml",
    ),
)
