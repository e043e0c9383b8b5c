"""TorchServe: what its file of properties, its variables and its flags make of it.

Held against 0.12.0, which tests/servers starts. A variable counts where the file says so, and
never for a token that a flag has turned off; only the word "true" turns something on.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mlsec.servers.network_reach import reach_of
from mlsec.servers.products.product import (
    NamedSettings,
    Product,
    has_star,
    metrics_open,
    open_to_others,
    opposite,
)
from mlsec.servers.settings import Settings, SettingValue, known, no, unknown

_DEFAULT_PORTS = {
    "inference": ("80", "443"),
    "management": ("8081", "8444"),
    "metrics": ("8082", "8445"),
}
_VARIABLE = re.compile(r"\$\$([^$]+)\$\$")


def read_torchserve(s: Settings) -> NamedSettings:
    """https://docs.pytorch.org/serve/configuration.html, .../token_authorization_api.html"""
    setting = _settings_of(s)
    inference = setting("inference_address", "http://127.0.0.1:8080")
    bind, port = _place(inference, "inference")
    yield "bind", bind
    yield "port", port
    off = _token_off(s, setting)
    yield "token_off", off
    asks = _asks(s, off)
    yield "access.authenticated", asks
    managed = reach_of(
        s.launch, *_place(setting("management_address", "http://127.0.0.1:8081"), "management")
    )
    yield "exposure.management_reach", managed
    yield "exposure.management_open", open_to_others(managed, asks)
    # The token guards no metrics.
    measured = reach_of(
        s.launch, *_place(setting("metrics_address", "http://127.0.0.1:8082"), "metrics")
    )
    is_off = opposite(_switch(setting("enable_metrics_api", "true")))
    yield "exposure.metrics_open", metrics_open(measured, is_off)
    yield "encryption.in_transit", inference.mapped(lambda value: _is_tls(str(value)))
    yield "any_url", setting("allowed_urls", "file://.*|http(s)?://.*").mapped(_allows_any)
    yield "supply.clients_can_load", _clients_load(s, setting)
    yield "installs_packages", _switch(setting("install_py_dep_per_model", "false"))
    yield "access.any_origin", has_star(setting("cors_allowed_origin", ""))


Setting = Callable[[str, object], SettingValue]


def _settings_of(s: Settings) -> Setting:
    """Give what reads one property: a variable over the file where the file lets it."""
    in_env = _switch(s.find(keys=("enable_envvars_config",), default="false"))
    urls_in_env = _switch(s.find(keys=("use_env_allowed_urls",), default="false"))

    def setting(name: str, default: object) -> SettingValue:
        allowed = in_env
        if name == "allowed_urls" and in_env.is_known and in_env.value:
            allowed = urls_in_env
        variable = s.variable(f"TS_{name.upper()}")
        if allowed.is_known and allowed.value:
            if variable is not None:
                return variable
            if s.open_env:
                return unknown(s.open_env)
        elif not allowed.is_known and variable is not None:
            return unknown(allowed.why, variable)
        return _filled(s, s.find(keys=(name,), default=default))

    return setting


def _filled(s: Settings, answer: SettingValue) -> SettingValue:
    """Put the variables in that a property names as ``$$NAME$$``."""
    if not answer.is_known or not isinstance(answer.value, str):
        return answer
    text = answer.value
    for name in _VARIABLE.findall(text):
        variable = s.variable(name)
        if variable is None or not variable.is_known:
            why = variable.why if variable is not None else f"the variable {name} is set elsewhere"
            return unknown(why, answer)
        text = text.replace(f"$${name}$$", str(variable.value))
    return known(text, answer)


def _switch(answer: SettingValue) -> SettingValue:
    return answer.mapped(lambda value: str(value).strip().lower() == "true")


def _token_off(s: Settings, setting: Setting) -> SettingValue:
    flag = s.has_flag("--disable-token-auth", "--dt")
    if flag is not None:
        return flag
    switched_off = _switch(setting("disable_token_authorization", "false"))
    if not switched_off.is_set and s.open_words:
        return unknown(s.open_words)
    return switched_off


def _asks(s: Settings, off: SettingValue) -> SettingValue:
    if not off.is_known:
        return off
    if off.value:
        return no(off)
    return s.by_version(("<0.11.1", False), ("", True))


def _clients_load(s: Settings, setting: Setting) -> SettingValue:
    flag = s.has_flag("--enable-model-api")
    if flag is not None:
        return flag
    enabled = setting("enable_model_api", s.by_version(("<0.11.1", "true"), ("", "false")))
    if not enabled.is_set and s.open_words:
        return unknown(s.open_words)
    return _switch(enabled)


def _allows_any(value: object) -> bool:
    """Whether a list of patterns lets in any address of the network."""
    parts = str(value or "").replace("(s)?", "s?").split(",")
    joined = [piece for part in parts for piece in part.split("|")]
    return any(
        piece.strip() in (".*", "https?://.*", "https://.*", "http://.*", "s3://.*")
        for piece in joined
    )


def _is_tls(address: str) -> bool:
    return address.lower().startswith("https:")


def _place(address: SettingValue, kind: str) -> tuple[SettingValue, SettingValue]:
    """Give host and port of an address; without a port, that of its kind."""
    plain, tls = _DEFAULT_PORTS[kind]

    def port(value: object) -> str:
        match = re.search(r":([0-9]+)/?\Z", str(value))
        return match[1] if match is not None else tls if _is_tls(str(value)) else plain

    return address.mapped(_host_of), address.mapped(port)


def _host_of(value: object) -> str:
    text = str(value or "").partition("://")[2] or str(value or "")
    if text.startswith("["):
        return text[1 : text.find("]")]
    return text.partition("/")[0].rpartition(":")[0] or text.partition("/")[0]


PRODUCTS = (
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
        config_files=("config.properties",),
        is_env_first=True,
    ),
)
