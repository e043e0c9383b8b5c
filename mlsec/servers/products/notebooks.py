"""Where people work in a browser: Jupyter, JupyterHub, Gradio, Streamlit."""

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
    is_one_of,
    open_to_others,
    opposite,
)
from mlsec.servers.settings import (
    NO,
    YES,
    Settings,
    SettingValue,
    any_given,
    is_given,
    known,
    truth,
    unknown,
    yes,
)


def _apps(s: Settings) -> tuple[str, ...]:
    """Give the classes that a setting may stand under; the bare server reads its own only."""
    first = [str(word.value).rpartition("/")[2] for word in s.words[:2]]
    is_bare = first[:1] == ["jupyter-server"] or first == ["jupyter", "server"]
    return ("ServerApp",) if is_bare else ("ServerApp", "NotebookApp", "LabApp")


def _jupyter(
    s: Settings, name: str, *flags: str, default: object = None, env: tuple[str, ...] = ()
) -> SettingValue:
    """Give a trait by all the classes that have had it."""
    classes = (*_apps(s), "IdentityProvider", "PasswordIdentityProvider", "Application")
    return s.find(
        *flags,
        *(f"--{class_}.{name}" for class_ in classes),
        env=env,
        keys=tuple(f"{class_}.{name}" for class_ in classes),
        default=default,
    )


def read_jupyter(s: Settings) -> NamedSettings:
    """https://jupyter-server.readthedocs.io/en/latest/other/full-config.html"""
    bind = _jupyter(s, "ip", "--ip", default="localhost")
    port = _jupyter(s, "port", "--port", env=("JUPYTER_PORT",), default="8888")
    yield "bind", bind
    yield "port", port
    asks = _jupyter_asks(s)
    yield "access.authenticated", asks
    token = _jupyter(s, "token", "--token", env=("JUPYTER_TOKEN",))
    yield (
        "access.default_credentials",
        is_one_of(
            token,
            ("token", "jupyter", "password", "changeme", "secret", "easy", "admin", "test", "1234"),
        ),
    )
    reach = reach_of(s.launch, bind, port)
    yield (
        "exposure.metrics_open",
        # Where nobody has to sign in, nobody has to for these.
        open_to_others(
            reach, both(asks, truth(_jupyter(s, "authenticate_prometheus", default=True)))
        ),
    )
    yield "encryption.in_transit", any_given(_jupyter(s, "certfile", "--certfile"))
    origin = _jupyter(s, "allow_origin", default="")
    pattern = _jupyter(s, "allow_origin_pat", default="")
    yield "access.any_origin", either(has_star(origin), has_star(pattern))
    yield "xsrf_off", truth(_jupyter(s, "disable_check_xsrf", default=False))
    yield (
        "runs_as_root_allowed",
        either(s.has_flag("--allow-root") or NO, truth(_jupyter(s, "allow_root", default=False))),
    )
    yield "remote_access", truth(_jupyter(s, "allow_remote_access", default=False))
    yield "terminals", truth(_jupyter(s, "terminals_enabled", default=True))
    yield "unauthenticated_routes", truth(_jupyter(s, "allow_unauthenticated_access", default=True))


def _jupyter_asks(s: Settings) -> SettingValue:
    """An empty token and no password lets in everybody; without either it makes a token itself."""
    flags = tuple(f"--{item}.token" for item in (*_apps(s), "IdentityProvider"))
    keys = tuple(flag[2:] for flag in flags)
    token = s.flag("--token", *flags) or s.key(*keys)
    password = any_given(
        s.find(
            *(f"--{app}.password" for app in _apps(s)),
            "--PasswordIdentityProvider.hashed_password",
            keys=(
                *(f"{app}.password" for app in _apps(s)),
                "PasswordIdentityProvider.hashed_password",
            ),
        )
    )
    if token is not None:
        given = is_given(token)
        return either(given, password) if given.is_known else given
    # An empty JUPYTER_TOKEN counts as none.
    variable = s.variable("JUPYTER_TOKEN", "JUPYTER_TOKEN_FILE")
    if variable is not None:
        return variable if not variable.is_known and not variable.is_given else yes(variable)
    hidden = s.open_words or s.open_files
    return unknown(hidden) if hidden else YES


def read_jupyterhub(s: Settings) -> NamedSettings:
    """https://jupyterhub.readthedocs.io/en/stable/reference/config-reference.html

    Its chart takes the same keys below ``hub.config``: https://z2jh.jupyter.org/en/stable/resources/reference.html
    """
    bind = s.find("--ip", keys=("JupyterHub.ip",), default="")
    port = s.find("--port", keys=("JupyterHub.port",), default="8000")
    service = s.key("proxy.service.type")
    if service is not None and service.value == "ClusterIP":
        bind = unknown("whether an ingress leads to its proxy is not known", service)
    yield "bind", bind.mapped(lambda value: str(value or "") or ANYWHERE)
    yield "port", port
    kind = _hub_setting(s, "JupyterHub.authenticator_class", _unless_chart(s, "pam"))
    yield "authenticator", kind
    is_null = kind.mapped(lambda value: "null" in str(value).lower())
    password = s.find(
        keys=(
            *_hub_keys("DummyAuthenticator.password"),
            *_hub_keys("SharedPasswordAuthenticator.user_password"),
        )
    )
    is_dummy = kind.mapped(lambda value: "dummy" in str(value).lower())
    lets_all = both(is_dummy, opposite(any_given(password)))
    yield "access.authenticated", opposite(either(is_null, lets_all))
    yield (
        "access.default_credentials",
        is_one_of(password, ("password", "changeme", "jupyter", "test")),
    )
    yield "encryption.in_transit", _hub_tls(s)
    yield (
        "admin_access",
        truth(_hub_setting(s, "JupyterHub.admin_access", _unless_chart(s, default=False))),
    )
    yield "allows_all_users", truth(_hub_setting(s, "Authenticator.allow_all", default=False))


def _hub_keys(name: str) -> tuple[str, ...]:
    return (name, f"hub.config.{name}")


def _hub_setting(s: Settings, name: str, default: object) -> SettingValue:
    return s.find(f"--{name}", keys=_hub_keys(name), default=default)


def _unless_chart(s: Settings, default: object) -> SettingValue:
    """Give what JupyterHub does by itself; its chart has other defaults, and often other values."""
    if s.key("hub") is None:
        return known(default)
    return unknown("whether other values of the chart set it is not known")


def _hub_tls(s: Settings) -> SettingValue:
    chart = s.key("proxy.https.enabled")
    if chart is not None:
        return truth(chart)
    if s.key("hub") is not None:
        return unknown("whether a load balancer ends TLS before it is not known")
    return any_given(s.find("--ssl-cert", keys=("JupyterHub.ssl_cert",)))


def read_gradio(s: Settings) -> NamedSettings:
    """https://www.gradio.app/guides/environment-variables and .../docs/gradio/blocks#launch"""
    bind = _gradio(s, "server_name", LOOPBACK)
    port = _gradio(s, "server_port", "7860")
    yield "bind", bind
    yield "port", port
    yield "access.authenticated", any_given(s.find(keys=("launch.auth",)))
    yield "share", truth(_gradio(s, "share", default=False))
    yield "encryption.in_transit", any_given(s.find(keys=("launch.ssl_certfile",)))
    paths = s.find(env=("GRADIO_ALLOWED_PATHS",), keys=("launch.allowed_paths",), default="")
    yield "serves_whole_disk", paths.mapped(_is_whole_disk)
    analytics = s.find(env=("GRADIO_ANALYTICS_ENABLED",), default="True")
    # Any other word than this one turns it off.
    yield "data.telemetry", analytics.mapped(lambda value: value == "True")


def _gradio(s: Settings, name: str, default: object) -> SettingValue:
    """Give an argument of ``launch``; a variable counts where it has none. Held against 6.31.0."""
    setting = s.key(f"launch.{name}")
    if setting is not None and setting.value not in (None, ""):
        return setting
    return s.find(env=(f"GRADIO_{name.upper()}",), keys=(f"launch.{name}",), default=default)


def _is_whole_disk(value: object) -> bool:
    parts = value if isinstance(value, list | tuple) else str(value or "").split(",")
    return any(str(part).strip() in ("/", "/root", "/home", "~") for part in parts)


def read_streamlit(s: Settings) -> NamedSettings:
    """https://docs.streamlit.io/develop/api-reference/configuration/config.toml"""
    bind = s.find(
        "--server.address", env=("STREAMLIT_SERVER_ADDRESS",), keys=("server.address",),
        default=ANYWHERE,
    )  # fmt: skip
    port = s.find(
        "--server.port", env=("STREAMLIT_SERVER_PORT",), keys=("server.port",), default="8501"
    )
    yield "bind", bind
    yield "port", port
    # Sign-in is what the app itself does with st.login.
    yield "access.authenticated", NO
    yield (
        "encryption.in_transit",
        any_given(s.find("--server.sslCertFile", keys=("server.sslCertFile",))),
    )
    yield "access.any_origin", opposite(
        truth(
            s.find(
                "--server.enableCORS", env=("STREAMLIT_SERVER_ENABLE_CORS",),
                keys=("server.enableCORS",), default=True,
            )
        )
    )  # fmt: skip
    yield "xsrf_off", opposite(
        truth(
            s.find(
                "--server.enableXsrfProtection", env=("STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION",),
                keys=("server.enableXsrfProtection",), default=True,
            )
        )
    )  # fmt: skip
    yield "data.telemetry", truth(
        s.find(
            "--browser.gatherUsageStats", env=("STREAMLIT_BROWSER_GATHER_USAGE_STATS",),
            keys=("browser.gatherUsageStats",), default=True,
        )
    )  # fmt: skip


PRODUCTS = (
    Product(
        type="serving.jupyter",
        read=read_jupyter,
        images=(r"(?:quay\.io/)?jupyter/[a-z-]+", r"(?:.+/)?[a-z-]*-notebook"),
        commands=(
            r"jupyter[- ](?:lab|notebook|server|nbclassic|labhub|kernelgateway)\b",
            r"start-(?:notebook|singleuser)\.(?:sh|py)\b",
            r"start\.sh jupyter\b",
            r"-m (?:jupyterlab|notebook|jupyter_server|jupyter (?:lab|notebook|server))\b",
        ),
        packages=("jupyter-server", "notebook", "jupyterlab"),
        entrypoint="start-notebook.py --ServerApp.ip=0.0.0.0",
        # What its own configuration file sets.
        image_keys={"ServerApp.ip": ""},
        image_user="jovyan",
        advisories="jupyter-server",
        config_flags=("--config",),
        config_paths=(
            "/etc/jupyter/jupyter_server_config.py",
            "/root/.jupyter/jupyter_server_config.py",
            "/home/jovyan/.jupyter/jupyter_server_config.py",
            "/root/.jupyter/jupyter_notebook_config.py",
            "/home/jovyan/.jupyter/jupyter_notebook_config.py",
        ),
    ),
    Product(
        type="serving.jupyterhub",
        read=read_jupyterhub,
        images=(r"(?:quay\.io/)?jupyterhub/jupyterhub",),
        commands=(r"jupyterhub\b", r"-m jupyterhub\b"),
        packages=("jupyterhub",),
        entrypoint="jupyterhub",
        image_user="root",
        advisories="jupyterhub",
        config_flags=("-f", "--config"),
        config_paths=("/srv/jupyterhub/jupyterhub_config.py",),
    ),
    Product(
        type="serving.gradio",
        read=read_gradio,
        commands=(r"gradio [^ ]+\.py\b",),
        packages=("gradio",),
        advisories="gradio",
        config_word=r"[^-].*\.py",
    ),
    Product(
        type="serving.streamlit",
        read=read_streamlit,
        commands=(r"streamlit run\b", r"-m streamlit run\b"),
        packages=("streamlit",),
        advisories="streamlit",
    ),
)
