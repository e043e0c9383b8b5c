"""Ray and MLflow: where jobs run and what they leave behind."""

from __future__ import annotations

from collections.abc import Callable

from mlsec.servers.network_reach import reach_of
from mlsec.servers.products.product import (
    ANYWHERE,
    LOOPBACK,
    NamedSettings,
    Product,
    both,
    either,
    has_star,
    is_one_of,
    metrics_open,
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
    truth,
    unknown,
)

Option = Callable[[str, str | None], SettingValue]
# Options of MLflow whose variables are called MLFLOW_SERVER_...

_OF_SERVER = ("allowed-hosts", "cors-allowed-origins", "disable-security-middleware")


def read_ray(s: Settings) -> NamedSettings:
    """https://docs.ray.io/en/latest/ray-security/token-auth.html and .../cluster/cli.html

    Held against 2.60.0.
    """
    is_head = s.has_flag("--head")
    bind = s.find("--dashboard-host", default=LOOPBACK)
    has_page = s.switch("--include-dashboard", default=True)
    if is_head is None and not s.open_words:
        bind = known(LOOPBACK)  # only the head has a dashboard
    port = s.find("--dashboard-port", default="8265")
    yield "bind", bind
    yield "port", port
    asks = _ray_asks(s)
    yield "access.authenticated", asks
    # Who submits a job runs code on every node.
    reach = reach_of(s.launch, bind, port)
    yield "exposure.management_open", both(has_page, open_to_others(reach, asks))
    client = s.find("--ray-client-server-port", default="10001")
    is_client_on = known(is_head is not None)
    client_reach = reach_of(s.launch, known(ANYWHERE), client)
    yield "client_port_open", both(is_client_on, open_to_others(client_reach, asks))
    yield "encryption.in_transit", s.switch(env=("RAY_USE_TLS",))
    yield (
        "data.telemetry",
        s.switch(env=("RAY_USAGE_STATS_ENABLED",), off=("--disable-usage-stats",), default=True),
    )


def _ray_asks(s: Settings) -> SettingValue:
    mode = s.variable("RAY_AUTH_MODE")
    if mode is not None:
        return mode.mapped(lambda value: str(value).lower() in ("token", "k8s"))
    if s.open_env:
        return unknown(s.open_env)
    # 2.59 and 2.60 ask where they find a token; without one "ray start" only warns.
    has_token = any_given(s.find(env=("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")))
    paths = (*s.launch.mounted, *s.launch.files)
    if any(path.endswith("/.ray/auth_token") for path in paths):
        has_token = YES
    if not has_token.is_known:
        return s.by_version(("<2.59", False), (">=2.61", True), ("", has_token))
    return s.by_version(("<2.59", False), (">=2.61", True), ("", bool(has_token.value)))


def read_mlflow(s: Settings) -> NamedSettings:
    """https://mlflow.org/docs/latest/self-hosting/security/ and .../api_reference/cli.html

    Held against 3.17.2. Its options are click's: a variable with nothing in it counts as none.
    """

    def option(name: str, default: str | None) -> SettingValue:
        variable = f"MLFLOW_{'SERVER_' * (name in _OF_SERVER)}{name.replace('-', '_').upper()}"
        return s.find(f"--{name}", env=(variable,), default=default, is_blank_unset=True)

    host_flag = s.flag("-h")
    bind = host_flag if host_flag is not None else option("host", LOOPBACK)
    host_flag = s.flag("-p")
    port = host_flag if host_flag is not None else option("port", "5000")
    # There is no variable for it.
    app = s.find("--app-name", default="")
    asks = app.mapped(lambda value: "auth" in str(value) or "oidc" in str(value))
    yield "bind", bind
    yield "port", port
    yield "access.authenticated", asks
    yield "access.default_credentials", _mlflow_password(s, asks)
    yield (
        "exposure.metrics_open",
        metrics_open(
            reach_of(s.launch, bind, port),
            opposite(any_given(option("expose-prometheus", ""))),
        ),
    )
    yield (
        "encryption.in_transit",
        either(
            *(
                option(name, "").mapped(lambda value: "certfile" in str(value))
                for name in ("uvicorn-opts", "gunicorn-opts")
            )
        ),
    )
    yield from _mlflow_guard(option)
    yield "data.telemetry", _mlflow_telemetry(s)
    yield from _mlflow_stores(s, option("backend-store-uri", None))


def _mlflow_guard(option: Option) -> NamedSettings:
    security_middleware_off = truth(option("disable-security-middleware", "false"))
    yield "security_middleware_off", security_middleware_off
    # Without its guard it answers to any name, and says no page that it may read.
    yield "any_host", either(security_middleware_off, has_star(option("allowed-hosts", "")))
    origins = has_star(option("cors-allowed-origins", ""))
    yield "access.any_origin", both(opposite(security_middleware_off), origins)


def _mlflow_stores(s: Settings, store: SettingValue) -> NamedSettings:
    yield "backend", store
    yield (
        "serves_artifacts",
        s.switch(
            "--serve-artifacts",
            off=("--no-serve-artifacts",),
            env=("MLFLOW_SERVE_ARTIFACTS",),
            default=True,
        ),
    )
    default = s.by_version(("<3.7.0", True), ("", False)) if not store.is_set else store
    yield "file_store", default if not store.is_set else store.mapped(_is_file_store)


def _is_file_store(value: object) -> bool:
    text = str(value or "")
    return text.startswith(("file:", "/", "./")) or "://" not in text


def _mlflow_password(s: Settings, asks: SettingValue) -> SettingValue:
    if not asks.is_known or not asks.value:
        return asks
    password = s.variable("MLFLOW_AUTH_ADMIN_PASSWORD") or s.key(
        "mlflow.admin_password", "admin_password"
    )
    if password is not None:
        return is_one_of(password, ("password", "password1234", "admin", "admin1234"))
    if s.open_files or s.variable("MLFLOW_AUTH_CONFIG_PATH") is not None:
        return unknown(s.open_files or "its file of users was not found among those scanned")
    if s.open_env:
        return unknown(s.open_env)
    # 2.x made an administrator with the password of its manual; 3.17.2 wants one of its own.
    later = unknown("whether this version still has the password of its manual is not known")
    result = s.by_version(("<3.0.0", True), (">=3.17.2", False), ("", later))
    return result if not result.is_known else known(result.value, asks)


def _mlflow_telemetry(s: Settings) -> SettingValue:
    # Of the one it takes "1" as well, of the other only "true".
    asked = s.find(env=("DO_NOT_TRACK",), default="false").mapped(
        lambda value: str(value).lower() == "true"
    )
    off = either(s.switch(env=("MLFLOW_DISABLE_TELEMETRY",)), asked)
    if not off.is_known or off.value:
        return opposite(off)
    return s.by_version(("<3.2.0", False), ("", True))


def read_tensorboard(s: Settings) -> NamedSettings:
    """https://github.com/tensorflow/tensorboard/blob/master/README.md: it has no sign-in."""
    everywhere = s.has_flag("--bind_all")
    bind = s.find("--host", default=LOOPBACK)
    if everywhere is not None:
        bind = known(ANYWHERE, everywhere)
    yield "bind", bind
    yield "port", s.find("--port", default="6006")
    yield "access.authenticated", NO
    yield "encryption.in_transit", NO


PRODUCTS = (
    Product(
        type="serving.tensorboard",
        read=read_tensorboard,
        commands=(r"(?:\S*/)?tensorboard\b",),
        packages=("tensorboard",),
    ),
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
