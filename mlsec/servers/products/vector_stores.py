"""Vector stores: Chroma, Qdrant, Milvus, Weaviate."""

from __future__ import annotations

from mlsec.collect.secrets.default_passwords import is_published
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
    opposite,
)
from mlsec.servers.settings import (
    NO,
    Settings,
    SettingValue,
    any_given,
    known,
    truth,
    unknown,
)


def read_chroma(s: Settings) -> NamedSettings:
    """https://docs.trychroma.com/guides/deploy/; held against 1.5.9

    1.0 took its sign-in away, and its variables.
    """
    bind = _chroma(s, "listen_address", "--host", env=("CHROMA_SERVER_HOST",), default="localhost")
    port = _chroma(s, "port", "--port", env=("CHROMA_SERVER_HTTP_PORT",), default="8000")
    yield "bind", bind
    yield "port", port
    provider = any_given(
        s.find(env=("CHROMA_SERVER_AUTHN_PROVIDER", "CHROMA_SERVER_AUTH_PROVIDER"), default="")
    )
    is_old = s.by_version((">=1.0.0", False), ("", True))
    yield (
        "access.authenticated",
        provider if not provider.is_known or not provider.value else is_old,
    )
    yield "encryption.in_transit", NO
    origins = _chroma(
        s,
        "cors_allow_origins",
        env=("CHROMA_SERVER_CORS_ALLOW_ORIGINS", "CHROMA_CORS_ALLOW_ORIGINS"),
        default="",
    )
    yield "access.any_origin", has_star(origins)
    yield (
        "resets",
        truth(
            _chroma(s, "allow_reset", env=("ALLOW_RESET", "CHROMA_ALLOW_RESET"), default="false")
        ),
    )
    tells = truth(s.find(env=("ANONYMIZED_TELEMETRY",), default=True))
    yield (
        "data.telemetry",
        tells
        if not tells.is_known or not tells.value
        else s.by_version((">=1.0.0", False), ("", True)),
    )


def _chroma(s: Settings, key: str, *flags: str, env: tuple[str, ...], default: str) -> SettingValue:
    """Give a setting; only versions before 1.0 look at variables."""
    looks = s.by_version((">=1.0.0", False), ("", True))
    if looks.is_known and not looks.value:
        return s.find(*flags, keys=(key,), default=default)
    variable = s.variable(*env)
    if not looks.is_known and variable is not None and s.flag(*flags) is None:
        return unknown(looks.why, variable)
    return s.find(*flags, env=env, keys=(key,), default=default)


def read_qdrant(s: Settings) -> NamedSettings:
    """https://qdrant.tech/documentation/guides/configuration/ and .../guides/security/"""
    bind = s.find(env=("QDRANT__SERVICE__HOST",), keys=("service.host",), default=ANYWHERE)
    port = s.find(env=("QDRANT__SERVICE__HTTP_PORT",), keys=("service.http_port",), default="6333")
    key = s.find(env=("QDRANT__SERVICE__API_KEY",), keys=("service.api_key",))
    asks = any_given(key)
    yield "bind", bind
    yield "port", port
    yield "access.authenticated", asks
    yield "access.default_credentials", is_one_of(key)
    yield "exposure.metrics_open", metrics_open(reach_of(s.launch, bind, port), asks)
    yield (
        "encryption.in_transit",
        truth(
            s.find(
                env=("QDRANT__SERVICE__ENABLE_TLS",), keys=("service.enable_tls",), default=False
            )
        ),
    )
    yield (
        "access.any_origin",
        truth(
            s.find(
                env=("QDRANT__SERVICE__ENABLE_CORS",), keys=("service.enable_cors",), default=True
            )
        ),
    )
    yield (
        "data.telemetry",
        opposite(
            either(
                s.has_flag("--disable-telemetry") or NO,
                truth(
                    s.find(
                        env=("QDRANT__TELEMETRY_DISABLED",),
                        keys=("telemetry_disabled",),
                        default=False,
                    )
                ),
            )
        ),
    )


def read_milvus(s: Settings) -> NamedSettings:
    """https://milvus.io/docs/authenticate.md, .../tls.md; a variable has the name of its key"""

    def setting(key: str, default: object) -> SettingValue:
        return s.find(env=(key.replace(".", "_").upper(),), keys=(key,), default=default)

    bind = setting("proxy.ip", "")
    port = setting("proxy.port", "19530")
    yield "bind", bind.mapped(lambda value: str(value or "") or ANYWHERE)
    yield "port", port
    asks = truth(setting("common.security.authorizationEnabled", default=False))
    yield "access.authenticated", asks
    password = setting("common.security.defaultRootPassword", "Milvus")
    yield "access.default_credentials", both(asks, is_one_of(password))
    # The port that tells metrics also shows its state and sets its log level.
    managed = reach_of(s.launch, known(ANYWHERE), setting("common.metricsPort", "9091"))
    yield "exposure.metrics_open", metrics_open(managed, NO)
    tls = setting("common.security.tlsMode", "0")
    yield "encryption.in_transit", tls.mapped(lambda value: str(value) in ("1", "2"))


def read_weaviate(s: Settings) -> NamedSettings:
    """https://docs.weaviate.io/deploy/configuration/env-vars"""
    bind = s.find("--host", default=LOOPBACK)
    port = s.find("--port", default="8080")
    yield "bind", bind
    yield "port", port
    key = s.switch(env=("AUTHENTICATION_APIKEY_ENABLED",))
    token = s.switch(env=("AUTHENTICATION_OIDC_ENABLED",))
    users = s.switch(env=("AUTHENTICATION_DB_USERS_ENABLED",))
    ways = either(key, token, users)
    anonymous = s.variable("AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED")
    lets_in = truth(anonymous) if anonymous is not None else opposite(ways)
    yield "access.authenticated", opposite(lets_in)
    keys = s.find(env=("AUTHENTICATION_APIKEY_ALLOWED_KEYS",), default="")
    yield (
        "access.default_credentials",
        keys.mapped(
            lambda value: any(is_published(part.strip()) for part in str(value).split(","))
        ),
    )
    scheme = s.find("--scheme", default="http")
    yield "encryption.in_transit", scheme.mapped(lambda value: value == "https")
    yield "access.any_origin", has_star(s.find(env=("CORS_ALLOW_ORIGIN",), default="*"))
    measured = s.switch(env=("PROMETHEUS_MONITORING_ENABLED",))
    reach = reach_of(s.launch, bind, s.find(env=("PROMETHEUS_MONITORING_PORT",), default="2112"))
    yield "exposure.metrics_open", metrics_open(reach, opposite(measured))
    yield "data.telemetry", opposite(s.switch(env=("DISABLE_TELEMETRY",)))


PRODUCTS = (
    Product(
        type="serving.chroma",
        read=read_chroma,
        images=(r"(?:ghcr\.io/)?chroma-core/chroma", r"chromadb/chroma"),
        commands=(r"chroma run\b", r"uvicorn chromadb\.app:app\b"),
        packages=("chromadb",),
        entrypoint="chroma run --host 0.0.0.0",
        image_user="root",
        advisories="chroma",
        config_word=r"[^-].*\.ya?ml",
    ),
    Product(
        type="serving.qdrant",
        read=read_qdrant,
        images=(r"(?:.+/)?qdrant",),
        commands=(r"qdrant\b",),
        entrypoint="qdrant",
        image_user="root",
        advisories="qdrant",
        config_flags=("--config-path",),
        config_paths=("/qdrant/config/production.yaml", "/qdrant/config/config.yaml"),
    ),
    Product(
        type="serving.milvus",
        read=read_milvus,
        images=(r"milvusdb/milvus", r"(?:.+/)?milvus"),
        commands=(r"milvus run\b",),
        image_user="root",
        advisories="milvus",
        config_paths=("/milvus/configs/milvus.yaml", "/milvus/configs/user.yaml"),
    ),
    Product(
        type="serving.weaviate",
        read=read_weaviate,
        images=(r"(?:cr\.weaviate\.io/)?semitechnologies/weaviate", r"(?:.+/)?weaviate"),
        commands=(r"weaviate --",),
        entrypoint="weaviate",
        arguments="--host 0.0.0.0 --port 8080 --scheme http",
        image_user="root",
        advisories="weaviate",
    ),
)
