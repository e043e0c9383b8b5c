"""Ray and MLflow: where jobs run and what they leave behind."""

from __future__ import annotations

from mlsec.collect.serving.product import (
    ANYWHERE,
    LOOPBACK,
    Product,
    Told,
    both,
    either,
    has_star,
    is_one_of,
    open_to_others,
    opposite,
)
from mlsec.collect.serving.reach import reach_of
from mlsec.collect.serving.settings import (
    Answer,
    Settings,
    any_given,
    known,
    truth,
    unknown,
)

_JUPYTER_APPS = ("ServerApp", "NotebookApp", "LabApp")


def read_ray(s: Settings) -> Told:
    """https://docs.ray.io/en/latest/ray-security/token-auth.html and .../cluster/cli.html"""
    is_head = s.has_flag("--head")
    bind = s.find("--dashboard-host", default=LOOPBACK)
    if is_head is None and not s.open_words:
        bind = known(LOOPBACK)  # only the head has a dashboard
    port = s.find("--dashboard-port", default="8265")
    yield "bind", bind
    yield "port", port
    asks = _ray_asks(s)
    yield "access.authenticated", asks
    # Who submits a job runs code on every node.
    reach = reach_of(s.launch, bind, port)
    yield "exposure.management_open", open_to_others(reach, asks)
    client = s.find("--ray-client-server-port", default="10001")
    is_client_on = known(is_head is not None)
    client_reach = reach_of(s.launch, known(ANYWHERE), client)
    yield "client_port_open", both(is_client_on, open_to_others(client_reach, asks))
    yield "encryption.in_transit", s.switch(env=("RAY_USE_TLS",))
    yield (
        "data.telemetry",
        s.switch(env=("RAY_USAGE_STATS_ENABLED",), off=("--disable-usage-stats",), default=True),
    )


def _ray_asks(s: Settings) -> Answer:
    mode = s.variable("RAY_AUTH_MODE")
    if mode is not None:
        return mode.mapped(lambda value: str(value).lower() in ("token", "k8s"))
    if s.open_env:
        return unknown(s.open_env)
    between = unknown("from 2.59 to 2.60 the default depends on how the cluster is started")
    return s.by_version(("<2.59", False), (">=2.61", True), ("", between))


def read_mlflow(s: Settings) -> Told:
    """https://mlflow.org/docs/latest/self-hosting/security/ and .../api_reference/cli.html"""
    bind = s.find("--host", "-h", env=("MLFLOW_HOST",), default=LOOPBACK)
    port = s.find("--port", "-p", env=("MLFLOW_PORT",), default="5000")
    app = s.find("--app-name", env=("MLFLOW_APP_NAME",), default="")
    asks = app.mapped(lambda value: "auth" in str(value) or "oidc" in str(value))
    yield "bind", bind
    yield "port", port
    yield "access.authenticated", asks
    yield "access.default_credentials", _mlflow_password(s, asks)
    yield (
        "exposure.metrics_open",
        open_to_others(
            reach_of(s.launch, bind, port),
            opposite(any_given(s.find("--expose-prometheus", env=("MLFLOW_EXPOSE_PROMETHEUS",)))),
        ),
    )
    yield (
        "encryption.in_transit",
        s.find(
            "--uvicorn-opts", "--gunicorn-opts", env=("MLFLOW_UVICORN_OPTS",), default=""
        ).mapped(lambda value: "certfile" in str(value)),
    )
    hosts = s.find("--allowed-hosts", env=("MLFLOW_SERVER_ALLOWED_HOSTS",), default="")
    yield "any_host", has_star(hosts)
    origins = s.find(
        "--cors-allowed-origins", env=("MLFLOW_SERVER_CORS_ALLOWED_ORIGINS",), default=""
    )
    yield "access.any_origin", has_star(origins)
    yield (
        "guard_off",
        s.switch(
            "--disable-security-middleware", env=("MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE",)
        ),
    )
    yield "data.telemetry", _mlflow_telemetry(s)
    store = s.find("--backend-store-uri", env=("MLFLOW_BACKEND_STORE_URI",), default=None)
    yield "backend", store
    proxied = s.find("--no-serve-artifacts", env=(), default="false")
    yield "serves_artifacts", opposite(truth(proxied))
    default = s.by_version(("<3.7.0", True), ("", False)) if not store.is_set else store
    yield "file_store", default if not store.is_set else store.mapped(_is_file_store)


def _is_file_store(value: object) -> bool:
    text = str(value or "")
    return text.startswith(("file:", "/", "./")) or "://" not in text


def _mlflow_password(s: Settings, asks: Answer) -> Answer:
    if not asks.is_known or not asks.value:
        return asks
    told = s.variable("MLFLOW_AUTH_ADMIN_PASSWORD") or s.key(
        "mlflow.admin_password", "admin_password"
    )
    if told is not None:
        return is_one_of(told, ("password", "password1234", "admin", "admin1234"))
    if s.open_files or s.variable("MLFLOW_AUTH_CONFIG_PATH") is not None:
        return unknown(s.open_files or "its file of users was not found among those scanned")
    if s.open_env:
        return unknown(s.open_env)
    # 2.x made an administrator with the password of its manual; 3.17.2 wants one of its own.
    later = unknown("whether this version still has the password of its manual is not known")
    found = s.by_version(("<3.0.0", True), (">=3.17.2", False), ("", later))
    return found if not found.is_known else known(found.value, asks)


def _mlflow_telemetry(s: Settings) -> Answer:
    off = either(s.switch(env=("MLFLOW_DISABLE_TELEMETRY",)), s.switch(env=("DO_NOT_TRACK",)))
    if not off.is_known or off.value:
        return opposite(off)
    return s.by_version(("<3.2.0", False), ("", True))


PRODUCTS = (
    Product(
        type="serving.ray",
        read=read_ray,
        images=(r"rayproject/ray(?:-[a-z]+)?", r"anyscale/ray(?:-[a-z]+)?"),
        commands=(r"ray start\b", r"-m ray\.scripts\.scripts start\b"),
        packages=("ray",),
        image_user="ray",
        advisories="ray",
    ),
    Product(
        type="serving.mlflow",
        read=read_mlflow,
        images=(r"(?:.+/)?mlflow(?:-server|-tracking)?",),
        commands=(r"mlflow (?:server|ui)\b", r"-m mlflow (?:server|ui)\b"),
        packages=("mlflow", "mlflow-skinny"),
        advisories="mlflow",
        config_env=("MLFLOW_AUTH_CONFIG_PATH",),
    ),
)
