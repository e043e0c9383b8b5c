"""Gateways and applications around models: LiteLLM, Open WebUI, Langflow, Flowise."""

from __future__ import annotations

from mlsec.servers.products.product import (
    ANYWHERE,
    LOOPBACK,
    NamedSettings,
    Product,
    both,
    either,
    has_star,
    is_one_of,
    opposite,
)
from mlsec.servers.settings import (
    NO,
    Settings,
    SettingValue,
    any_given,
    is_given,
    known,
    no,
    truth,
    unknown,
    yes,
)

_LITELLM_KEYS = ("sk-1234", "sk-12345", "sk-123456", "sk-master", "sk-litellm", "sk-test", "sk-key")


def read_litellm(s: Settings) -> NamedSettings:
    """https://docs.litellm.ai/docs/proxy/config_settings and .../proxy/prod

    Held against 1.108.7. Its options are click's: a variable with nothing in it counts as none.
    """
    yield "bind", s.find("--host", env=("HOST",), default=ANYWHERE, is_blank_unset=True)
    yield "port", s.find("--port", env=("PORT",), default="4000", is_blank_unset=True)
    key = _litellm_key(s)
    permits = either(
        s.switch(env=("LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY",)),
        truth(
            s.find(
                keys=("general_settings.dangerously_permit_weak_or_unset_master_key",),
                default=False,
            )
        ),
    )
    yield "access.authenticated", _litellm_asks(s, key, permits)
    yield (
        "access.default_credentials",
        either(
            is_one_of(key, _LITELLM_KEYS),
            is_one_of(s.find(env=("UI_PASSWORD",)), ("admin", "password", "litellm", "sk-1234")),
        ),
    )
    yield "encryption.in_transit", _litellm_tls(s)
    # Nothing in the variable means any, too.
    origins = s.find(env=("LITELLM_CORS_ORIGINS",), default="*", is_blank_unset=True)
    yield "access.any_origin", has_star(origins)
    yield (
        "data.telemetry",
        opposite(
            s.find("--telemetry", keys=("litellm_settings.telemetry",), default=True).mapped(
                lambda value: str(value).lower() == "false"
            )
        ),
    )
    yield (
        "data.logs_prompts",
        either(
            s.has_flag("--detailed_debug") or NO,
            truth(s.find(keys=("litellm_settings.set_verbose",), default=False)),
            truth(s.find(keys=("general_settings.store_prompts_in_spend_logs",), default=False)),
        ),
    )
    yield "weak_key_permitted", permits
    yield "salt_key_missing", opposite(any_given(s.find(env=("LITELLM_SALT_KEY",))))


def _litellm_tls(s: Settings) -> SettingValue:
    return both(
        any_given(s.find("--ssl_certfile_path", env=("SSL_CERTFILE_PATH",))),
        any_given(s.find("--ssl_keyfile_path", env=("SSL_KEYFILE_PATH",))),
    )


def _litellm_key(s: Settings) -> SettingValue:
    elsewhere = s.key("include") or s.variable("LITELLM_CONFIG_BUCKET_NAME")
    key_setting = s.key("general_settings.master_key") or s.variable("LITELLM_MASTER_KEY")
    if elsewhere is not None:
        return unknown("more of its configuration lies elsewhere", elsewhere)
    if key_setting is None:
        hidden = s.hidden(has_flags=False)
        return unknown(hidden) if hidden else known(None)
    text = str(key_setting.value) if key_setting.is_known else ""
    if text.startswith("os.environ/"):
        variable = s.variable(text.partition("/")[2])
        if variable is not None:
            return variable
        return SettingValue(
            why=f"the variable {text.partition('/')[2]} is set where it is started",
            place=key_setting.place,
            file=key_setting.file,
        )
    return key_setting


def _litellm_asks(s: Settings, key: SettingValue, permits: SettingValue) -> SettingValue:
    given = is_given(key)
    if not given.is_known or given.value:
        return given
    # From 1.104.0 on it does not start without a key, unless it is configured to.
    refuses = s.by_version(("<1.104.0", False), ("", True))
    if permits.is_known and permits.value:
        return no(permits)
    if refuses.is_known and refuses.value:
        return opposite(permits)
    return refuses if not refuses.is_known else no(key)


def read_open_webui(s: Settings) -> NamedSettings:
    """https://docs.openwebui.com/reference/env-configuration"""
    yield "bind", s.find("--host", env=("HOST",), default=ANYWHERE)
    yield "port", s.find("--port", env=("PORT",), default="8080")
    yield "access.authenticated", s.switch(env=("WEBUI_AUTH",), default=True)
    yield (
        "access.default_credentials",
        is_one_of(
            s.find(env=("WEBUI_SECRET_KEY", "WEBUI_JWT_SECRET_KEY")),
            ("t0p-s3cr3t", "changeme", "secret"),
        ),
    )
    yield "encryption.in_transit", NO
    yield "access.any_origin", has_star(s.find(env=("CORS_ALLOW_ORIGIN",), default="*"))
    yield "signup_open", s.switch(env=("ENABLE_SIGNUP",), default=True)
    yield "default_role", s.find(env=("DEFAULT_USER_ROLE",), default="pending")
    yield (
        "runs_code",
        either(
            s.switch(env=("ENABLE_CODE_EXECUTION",), default=True),
            s.switch(env=("ENABLE_CODE_INTERPRETER",), default=True),
        ),
    )
    checks = s.switch(env=("ENABLE_RAG_LOCAL_WEB_FETCH", "RAG_LOCAL_WEB_FETCH"), default=False)
    yield "fetches_internal_addresses", checks


def read_langflow(s: Settings) -> NamedSettings:
    """https://docs.langflow.org/api-keys-and-authentication and .../environment-variables"""
    yield "bind", s.find("--host", env=("LANGFLOW_HOST",), default=LOOPBACK)
    yield "port", s.find("--port", env=("LANGFLOW_PORT",), default="7860")
    automatic = s.switch(env=("LANGFLOW_AUTO_LOGIN",), default=True)
    yield "automatic_login", automatic
    # Whoever opens the page is signed in as the superuser.
    yield "access.authenticated", opposite(automatic)
    password = s.find(env=("LANGFLOW_SUPERUSER_PASSWORD",), default="langflow")
    weak = is_one_of(password, ("langflow", "superuser", "admin", "password", "123456", "changeme"))
    yield "access.default_credentials", both(opposite(automatic), weak)
    yield (
        "encryption.in_transit",
        any_given(s.find("--ssl-cert-file-path", env=("LANGFLOW_SSL_CERT_FILE",))),
    )
    yield "access.any_origin", has_star(s.find(env=("LANGFLOW_CORS_ORIGINS",), default="*"))
    yield "activates_new_users", s.switch(env=("LANGFLOW_NEW_USER_IS_ACTIVE",))
    yield (
        "data.telemetry",
        opposite(either(s.switch(env=("DO_NOT_TRACK",)), s.switch(env=("LANGFLOW_DO_NOT_TRACK",)))),
    )


def read_flowise(s: Settings) -> NamedSettings:
    """https://docs.flowiseai.com/configuration/authorization and .../environment-variables"""
    yield "bind", s.find(env=("HOST",), default=ANYWHERE)
    yield "port", s.find("--PORT", env=("PORT",), default="3000")
    user = s.find("--FLOWISE_USERNAME", env=("FLOWISE_USERNAME",))
    password = s.find("--FLOWISE_PASSWORD", env=("FLOWISE_PASSWORD",))
    yield "access.authenticated", _flowise_asks(s, user, password)
    yield (
        "access.default_credentials",
        is_one_of(password, ("1234", "admin", "password", "flowise", "changeme", "test")),
    )
    yield "encryption.in_transit", NO
    yield (
        "access.any_origin",
        has_star(s.find("--CORS_ORIGINS", env=("CORS_ORIGINS",), default="*")),
    )
    yield "any_frame", has_star(s.find("--IFRAME_ORIGINS", env=("IFRAME_ORIGINS",), default="*"))
    tracks = opposite(s.switch(env=("DISABLE_FLOWISE_TELEMETRY",)))
    yield (
        "data.telemetry",
        tracks
        if not tracks.is_known or not tracks.value
        else s.by_version(("<3.0.0", True), ("", False)),
    )
    modules = s.find(env=("ALLOW_BUILTIN_DEP", "TOOL_FUNCTION_BUILTIN_DEP"), default="")
    yield (
        "code_can_access_host",
        modules.mapped(
            lambda value: any(
                part.strip() in ("*", "true", "fs", "child_process")
                for part in str(value).split(",")
            )
        ),
    )


def _flowise_asks(s: Settings, user: SettingValue, password: SettingValue) -> SettingValue:
    """Before 3.0 both have to be set; from then on it has accounts, which cannot be turned off."""
    given = both(is_given(user), is_given(password))
    if given.is_known and given.value:
        return yes(given)
    by_default = s.by_version(("<3.0.0", False), ("", True))
    if by_default.is_known and by_default.value:
        return by_default
    if not given.is_known:
        return given
    return by_default


PRODUCTS = (
    Product(
        type="serving.litellm",
        read=read_litellm,
        images=(r"(?:.+/)?litellm(?:[-_][a-z_-]+)?",),
        commands=(r"litellm\b", r"-m litellm\b"),
        packages=("litellm",),
        entrypoint="litellm",
        arguments="--port 4000",
        tag=r"(?:main-|litellm_[a-z_]+-)?v?([0-9]+(?:\.[0-9]+)+)",
        image_user="root",
        advisories="litellm",
        config_flags=("--config", "-c"),
        config_env=("CONFIG_FILE_PATH",),
        is_env_first=True,
    ),
    Product(
        type="serving.open_webui",
        read=read_open_webui,
        images=(r"(?:.+/)?open-webui",),
        commands=(r"open-webui serve\b",),
        packages=("open-webui",),
        entrypoint="open-webui serve",
        image_user="root",
        advisories="open-webui",
    ),
    Product(
        type="serving.langflow",
        read=read_langflow,
        images=(r"langflowai/langflow(?:-(?!frontend)[a-z]+)?", r"(?:.+/)?langflow"),
        commands=(r"langflow run\b", r"-m langflow run\b"),
        packages=("langflow",),
        entrypoint="langflow run",
        image_env={"LANGFLOW_HOST": ANYWHERE, "LANGFLOW_PORT": "7860"},
        image_user="1000",
        advisories="langflow",
    ),
    Product(
        type="serving.flowise",
        read=read_flowise,
        images=(r"flowiseai/flowise", r"(?:.+/)?flowise"),
        commands=(r"flowise start\b",),
        packages=("flowise",),
        entrypoint="flowise start",
        image_user="node",
        advisories="flowise",
    ),
)
